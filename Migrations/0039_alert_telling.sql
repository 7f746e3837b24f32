-- Who is told of an alert, and when: routes with escalation, silences, maintenance windows, quiet hours.

create table alert_route (
    id uuid primary key,
    name text not null,
    matchers jsonb not null,
    webhooks uuid[] not null,
    -- [{"after": "5m", "webhook_ids": ["whk_…"]}]
    escalation jsonb not null,
    -- New alerts of a minute that are told one by one; the others come as one digest.
    digest_above integer,
    updated_at timestamptz not null,
    updated_by text not null,
    created_at timestamptz not null,
    revision bigint not null
);
create unique index alert_route_name on alert_route (lower(name));

-- The minute that is running, for routes with digests.
create table alert_route_flood (
    route uuid primary key,
    minute timestamptz not null,
    alerts bigint not null
);

create table silence (
    id uuid primary key,
    matchers jsonb not null,
    reason text not null,
    -- Only with an approval.
    hides_security boolean not null,
    author text not null,
    created_at timestamptz not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    ended_at timestamptz,
    ended_by text,
    revision bigint not null
);
create index silence_running on silence (ends_at) where ended_at is null;

-- Once from starts_at to ends_at, or every week in its windows.
create table maintenance_window (
    id uuid primary key,
    name text not null,
    matchers jsonb not null,
    reason text not null,
    starts_at timestamptz,
    ends_at timestamptz,
    time_zone text,
    -- [{"days": [6, 7], "from_minute": 120, "to_minute": 240}], days as ISO 8601 counts them.
    windows jsonb,
    author text not null,
    created_at timestamptz not null,
    constraint maintenance_window_when check ((windows is null) = (starts_at is not null and ends_at is not null))
);

create table quiet_hours (
    principal text primary key,
    time_zone text not null,
    windows jsonb not null,
    webhooks uuid[] not null,
    updated_at timestamptz not null,
    revision bigint not null
);

-- What is to be told later: steps of an escalation, and what quiet hours or a flood held.
create table alert_due (
    id uuid primary key,
    kind text not null constraint alert_due_kind check (kind in ('escalation', 'held')),
    alert uuid not null,
    route uuid,
    step smallint,
    webhook uuid,
    -- The webhook is told because it subscribed, not because somebody chose it.
    is_subscribed boolean,
    event uuid,
    due_at timestamptz not null
);
create unique index alert_due_step on alert_due (alert, route, step) where kind = 'escalation';
create unique index alert_due_held on alert_due (alert, webhook) where kind = 'held';
create index alert_due_at on alert_due (kind, due_at);

-- Groups of rules whose alerts come and go: told once, and again when they are quiet.
create table alert_flap (
    rule uuid not null,
    group_key bytea not null,
    since timestamptz not null,
    last_at timestamptz not null,
    -- The newest.
    alert uuid not null,
    primary key (rule, group_key)
);
create index alert_flap_last_at on alert_flap (last_at);
create index alert_flap_alert on alert_flap (alert);
create index alert_of_group on alert (rule, group_key, resolved_at) where state = 'resolved';
