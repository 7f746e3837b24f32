-- Alert rules with their versions, alerts, and which event fired which rule.

create table alert_rule (
    id uuid primary key,
    owner text not null,
    status text not null
        constraint alert_rule_status check (status in ('enabled', 'disabled', 'suspended', 'error')),
    status_reason text,
    version integer not null,
    revision bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    name text not null,
    severity text not null constraint alert_rule_severity check (severity in ('info', 'warning', 'critical')),
    event_types text[] not null,
    condition text,
    group_by text[] not null,
    cooldown text,
    labels json not null,
    send_to uuid[] not null,
    is_security boolean not null,
    is_retroactive boolean not null,
    tests json not null
);
create unique index alert_rule_name on alert_rule (lower(name));
create index alert_rule_owner on alert_rule (owner);

-- What a rule said. Stays when the rule goes, so that its alerts can be explained.
create table alert_rule_version (
    rule uuid not null,
    version integer not null,
    made_at timestamptz not null,
    made_by text not null,
    name text not null,
    severity text not null,
    event_types text[] not null,
    condition text,
    group_by text[] not null,
    cooldown text,
    labels json not null,
    send_to uuid[] not null,
    is_security boolean not null,
    is_retroactive boolean not null,
    primary key (rule, version)
);

-- One alert for each rule and group while it fires; the next firing after it was resolved opens another.
create table alert (
    id uuid primary key,
    rule uuid not null,
    rule_name text not null,
    rule_version integer not null,
    severity text not null,
    state text not null constraint alert_state check (state in ('firing', 'resolved')),
    summary text not null,
    labels json not null,
    send_to uuid[] not null,
    -- SHA-256 of the group's values, which may be of any size.
    group_key bytea not null,
    group_values json not null,
    is_security boolean not null,
    count bigint not null,
    suppressed bigint not null,
    -- The cooldown: until then further firings are only counted. is_quiet: the newest one was.
    quiet_until timestamptz,
    is_quiet boolean not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    -- Of the newest event that fired; who may not read this type may not see the alert.
    event_type text not null,
    event json not null,
    acknowledged_at timestamptz,
    acknowledged_by text,
    acknowledge_note text,
    resolved_at timestamptz,
    resolved_by text,
    resolve_note text,
    revision bigint not null
) with (fillfactor = 70);
create unique index alert_firing_group on alert (rule, group_key) where state = 'firing';
create index alert_last_at on alert (last_at, id);
create index alert_first_at on alert (first_at, id);
create index alert_of_rule on alert (rule, last_at);
create index alert_resolved_at on alert (resolved_at) where state = 'resolved';

-- Nothing fires twice, whoever evaluates it: the transaction that writes the event, or a reader that catches up.
create table rule_firing (
    rule uuid not null,
    event uuid not null,
    group_key bytea not null,
    at timestamptz not null,
    constraint rule_firing_once primary key (rule, event)
);
create index rule_firing_at on rule_firing (at);
