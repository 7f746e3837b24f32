-- Receivers, what is on its way to them, and what became of it.

create table webhook (
    id uuid primary key,
    name text not null,
    name_folded text not null constraint webhook_name unique,
    url text not null,
    event_types text[] not null,
    format text not null default 'standard' constraint webhook_format check (format in ('standard')),
    owner text not null,
    status text not null constraint webhook_status check (status in ('active', 'degraded', 'disabled', 'suspended')),
    status_reason text,
    -- Since when it is not active.
    down_since timestamptz,
    -- Ed25519: the half that verifies, and the seed, sealed.
    public_key bytea not null,
    signing_key bytea not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revision bigint not null default 1
);
create index webhook_list on webhook (created_at, id);
create index webhook_owner on webhook (owner);

-- What messages are signed with; sealed. A previous one signs until it expires.
create table webhook_secret (
    id uuid primary key,
    webhook uuid not null constraint webhook_secret_webhook references webhook (id) on delete cascade,
    sealed bytea not null,
    created_at timestamptz not null,
    -- Null: the current one.
    expires_at timestamptz,
    last_used_at timestamptz,
    rotation_notice_at timestamptz
);
create unique index webhook_secret_current on webhook_secret (webhook) where expires_at is null;
create index webhook_secret_of on webhook_secret (webhook, created_at desc);

-- Counts the messages of a webhook. Apart from the webhook, because its row is held from the message to the commit.
create table webhook_sequence (
    webhook uuid primary key,
    last bigint not null default 0
) with (fillfactor = 50);

-- How a receiver does. Apart from both, because every batch of outcomes writes it.
create table webhook_health (
    webhook uuid primary key,
    consecutive_failures integer not null default 0,
    last_success_at timestamptz,
    last_failure_at timestamptz
) with (fillfactor = 50);

-- One message for one webhook. due_at is when somebody may take it: the next attempt, or the end of the lease of
-- whoever has it. next_attempt_at is what people read.
create table delivery (
    id uuid primary key,
    webhook uuid not null,
    message uuid not null,
    event uuid,
    event_type text not null,
    alert uuid,
    -- What its reader must be permitted.
    permissions text[] not null,
    sequence bigint not null,
    state text not null constraint delivery_state check (state in ('pending', 'delivered', 'dead')),
    attempts integer not null default 0,
    -- Attempts that count against the schedule: throttled ones do not.
    counted integer not null default 0,
    schedule_at timestamptz not null,
    next_attempt_at timestamptz,
    due_at timestamptz,
    leased_by uuid,
    last_status integer,
    last_error text,
    dead_reason text,
    dead_at timestamptz,
    delivered_at timestamptz,
    created_at timestamptz not null,
    body bytea not null,
    constraint delivery_pending check ((state = 'pending') = (due_at is not null)),
    constraint delivery_dead check ((state = 'dead') = (dead_at is not null)),
    constraint delivery_reason check ((state = 'dead') = (dead_reason is not null))
) with (fillfactor = 80);
create index delivery_due on delivery (due_at) where state = 'pending';
create index delivery_pending_of on delivery (webhook) where state = 'pending';
create index delivery_dead on delivery (dead_at, id) where state = 'dead';
create index delivery_webhook on delivery (webhook, id);
create index delivery_alert on delivery (alert) where alert is not null;
create index delivery_event on delivery (event) where event is not null;

create table delivery_attempt (
    delivery uuid not null,
    number integer not null,
    at timestamptz not null,
    status integer,
    milliseconds integer not null,
    error text,
    response text,
    primary key (delivery, number)
);
