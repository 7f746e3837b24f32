-- Rules over past candles. What was asked for stays as it was asked; a run that was cut short begins again from it.
create table backtest (
    id uuid primary key,
    name text not null,
    request jsonb not null,
    -- SHA-256 of the rule alone.
    rule_digest bytea not null,
    state text not null,
    author text not null,
    created_at timestamptz not null,
    -- Candles are taken as they were known then.
    known_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    -- How often a node took it up.
    attempts integer not null default 0,
    steps_done integer not null default 0,
    steps integer not null default 0,
    -- Distinct rules that this installation had tried when it ended.
    variants_tried bigint,
    error text,
    -- The bytes that were made: the same for the same request and candles.
    report bytea,
    chart bytea,
    constraint backtest_state check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled'))
);
create index backtest_newest on backtest (id desc);
create index backtest_waiting on backtest (id) where state in ('queued', 'running');

-- Every rule that was ever tried; deleting a backtest takes nothing from it.
create table backtest_variant (
    digest bytea primary key,
    first_tried_at timestamptz not null
);
