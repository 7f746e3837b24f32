-- Candles that are pulled from an exchange, one feed a series. `next_open` is the open time of the first candle that is
-- not stored yet; it moves in the transaction that stores the ones before, so a feed goes on where it stood.
create table candle_feed (
    id uuid primary key,
    token_id uuid not null references token (id),
    source text not null,
    interval text not null,
    exchange text not null,
    environment text not null,
    market text not null,
    instrument text not null,
    begins_at timestamptz not null,
    next_open timestamptz not null,
    enabled boolean not null default true,
    due_at timestamptz not null,
    candles bigint not null default 0,
    refused bigint not null default 0,
    pulled_at timestamptz,
    failures integer not null default 0,
    failing_since timestamptz,
    error text,
    -- That it fails was told, and will be told again only after it has worked.
    told boolean not null default false,
    revision bigint not null default 1,
    created_at timestamptz not null,
    created_by text,
    updated_at timestamptz not null,
    constraint candle_feed_series unique (token_id, source, interval)
);
create index candle_feed_due on candle_feed (due_at) where enabled;
