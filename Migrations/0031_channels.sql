-- What stands at the other end of a webhook, when it is no receiver of Standard Webhooks, and how fast it takes messages.

create table webhook_channel (
    webhook uuid primary key constraint webhook_channel_webhook references webhook (id) on delete cascade,
    kind text not null constraint webhook_channel_kind
        check (kind in ('slack', 'discord', 'telegram', 'pagerduty', 'teams', 'json', 'cloudevents', 'email')),
    -- What answers show.
    settings jsonb not null,
    -- What they do not: an object, sealed, and the names in it.
    secrets text[] not null,
    sealed bytea,
    sealed_generation integer generated always as (sealed_generation(sealed)) stored
        constraint webhook_channel_sealed_generation references key_encryption_key (generation)
);
create index webhook_channel_sealed_generation on webhook_channel (sealed_generation, webhook);

-- Token buckets, shared by all nodes. The name is a hash, because what a limit is about is a secret.
create table channel_pace (
    bucket bytea primary key,
    full_at timestamptz not null
) with (fillfactor = 50);
