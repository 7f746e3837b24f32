-- What alert rules do to keys beside sending, and heartbeats: things whose silence is an event.

comment on column alert_rule.course is 'what it waits for beyond one event, and what it does to keys';
-- Who last changed what the rule does or when it does it, or let it run: it acts by what they may, and by what its
-- owner may. Null: the owner.
alter table alert_rule add column editor text;

alter table key_rotation drop constraint key_rotation_cause;
alter table key_rotation add constraint key_rotation_cause
    check (cause in ('asked', 'scheduled', 'file', 'leaver', 'break_glass', 'rule'));

-- One for each firing and action of its rule, written where the firing is.
create table rule_action_run (
    id uuid primary key,
    rule uuid not null,
    rule_version integer not null,
    alert uuid not null,
    event uuid not null,
    -- Among the actions of that version.
    place smallint not null,
    action json not null,
    -- Of the event; null when it is about none.
    key uuid,
    state text not null
        constraint rule_action_run_state check (state in ('pending', 'done', 'braked', 'refused', 'cancelled')),
    made_at timestamptz not null,
    ended_at timestamptz,
    -- What it changed: these count for the brake.
    touched uuid[] not null default '{}',
    unchanged integer not null default 0,
    forbidden integer not null default 0,
    note text,
    constraint rule_action_run_once unique (rule, event, place)
);
create index rule_action_run_pending on rule_action_run (made_at, id) where state = 'pending';
create index rule_action_run_of_rule on rule_action_run (rule, ended_at);
create index rule_action_run_of_alert on rule_action_run (alert, id);
create index rule_action_run_ended on rule_action_run (ended_at) where state <> 'pending';

create table heartbeat (
    id uuid primary key,
    owner text not null,
    name text not null,
    labels json not null,
    every text not null,
    grace text not null,
    -- The same in seconds.
    every_seconds bigint not null,
    grace_seconds bigint not null,
    is_paused boolean not null,
    -- When it is missed, if nothing comes before; null while it is paused, or missed.
    due_at timestamptz,
    missed_at timestamptz,
    last_ping_at timestamptz,
    pings bigint not null default 0,
    -- SHA-256 of what the address holds at which anybody may ping.
    secret_hash bytea not null unique,
    secret_hint text not null,
    -- Made with it, and gone with it.
    rule uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revision bigint not null
);
create unique index heartbeat_name on heartbeat (lower(name));
create index heartbeat_due on heartbeat (due_at) where due_at is not null;

-- Until when heartbeats were looked at: who was away could hear none. And what Keybell itself sends, so that others
-- hear when it stops.
create table heartbeat_watch (
    is_only boolean primary key default true check (is_only),
    looked_at timestamptz,
    webhook uuid,
    every text not null default '1m',
    every_seconds bigint not null default 60,
    next_at timestamptz,
    sent_at timestamptz,
    updated_at timestamptz,
    updated_by text,
    revision bigint not null default 1
);
insert into heartbeat_watch default values;
