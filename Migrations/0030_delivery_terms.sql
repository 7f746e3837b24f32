-- How an endpoint wants its messages: in order, in batches, at which pace, which of them, in which form.

alter table webhook
    add column is_ordered boolean not null default false,
    add column is_batched boolean not null default false,
    add column max_per_second integer
        constraint webhook_max_per_second check (max_per_second between 1 and 1000),
    add column payload text not null default 'full' constraint webhook_payload check (payload in ('full', 'thin')),
    add column matchers jsonb not null default '[]',
    add column template jsonb,
    -- Names alone; the values are sealed.
    add column header_names text[] not null default '{}',
    -- What it shows of us to the receiver, as PEM; its key is sealed.
    add column certificate text,
    add column certificate_expires_at timestamptz,
    add column certificate_notice_at timestamptz,
    add column replayed_at timestamptz,
    add constraint webhook_order check (not (is_ordered and is_batched)),
    add constraint webhook_certificate check ((certificate is null) = (certificate_expires_at is null));

-- What a webhook sends besides and nobody reads again; sealed. A change makes another row: what is opened is kept by
-- its id.
create table webhook_private (
    id uuid primary key,
    webhook uuid not null constraint webhook_private_webhook references webhook (id) on delete cascade,
    purpose text not null constraint webhook_private_purpose check (purpose in ('headers', 'client_key', 'channel')),
    sealed bytea not null,
    sealed_generation integer generated always as (sealed_generation(sealed)) stored
        constraint webhook_private_sealed_generation references key_encryption_key (generation),
    constraint webhook_private_once unique (webhook, purpose)
);
create index webhook_private_sealed_generation on webhook_private (sealed_generation, id);

-- Until when nobody tries it: a circuit that is open, or a receiver that throttles.
alter table webhook_health add column opens_at timestamptz;

-- Of webhooks with a rate: when the next request may leave, for all nodes together.
create table webhook_pace (
    webhook uuid primary key,
    next_at timestamptz not null
) with (fillfactor = 50);

-- order_key: messages of a webhook with the same one go one after the other, by sequence. One that waits behind another
-- has due_at infinity until that one is over. alerts, events: those of a batch.
alter table delivery add column order_key text, add column alerts uuid[], add column events uuid[];
create index delivery_order on delivery (webhook, order_key, sequence)
    where state = 'pending' and order_key is not null;
create index delivery_alerts on delivery using gin (alerts) where alerts is not null;
create index delivery_events on delivery using gin (events) where events is not null;

-- Alerts on their way into a batch: a batch takes all that wait.
create table delivery_batch_item (
    id uuid primary key,
    webhook uuid not null,
    alert uuid not null,
    event uuid,
    permissions text[] not null,
    thing text,
    body bytea not null,
    created_at timestamptz not null
);
create index delivery_batch_item_of on delivery_batch_item (webhook, id);
