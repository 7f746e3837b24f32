-- Tokens, series, candles, grades and signals. A `…_revision` table keeps what was known from `known_at`
-- until `ended_at`; the table beside it keeps what is known now.

create table token (
    id uuid primary key,
    revision bigint not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- A ticker is a token's for a time, [valid_from, valid_to). Its writers meet at these unique indexes.
create table ticker (
    token_id uuid primary key references token (id),
    symbol text not null,
    valid_from timestamptz,
    valid_to timestamptz,
    constraint ticker_time check (valid_from < valid_to),
    constraint ticker_begin unique nulls not distinct (symbol, valid_from)
);
create unique index ticker_current on ticker (symbol) where valid_to is null;

-- One token from one source at one interval, with what lists show of it. `dirty_from` is the work queue: the
-- earliest candle (or reading of the market gate) that the analysis has not seen. Whoever analyses a series
-- holds its row's lock, so two nodes never do the same one.
create table series (
    id integer generated always as identity primary key,
    token_id uuid not null references token (id),
    source text not null,
    interval text not null,
    first_open timestamptz,
    last_open timestamptz,
    last_closed timestamptz,
    candles bigint not null default 0,
    -- Candles with more than one revision.
    revised bigint not null default 0,
    -- Raised by whatever changes candles; `rewritten` is the version that last changed one at or before
    -- last_closed.
    version bigint not null default 0,
    rewritten bigint not null default 0,
    dirty_from timestamptz,
    -- Raised by every step of the analysis: a copy of its state that was kept at another number is outdated.
    analysed bigint not null default 0,
    -- The moment for which open signals were last asked whether their data have stopped.
    stale_at timestamptz,
    grade_time timestamptz,
    grade double precision,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint series_name unique (token_id, source, interval)
) with (fillfactor = 50);
create index series_market on series (source, interval);
create index series_dirty on series (dirty_from) where dirty_from is not null;

-- Wide columns first: 92 bytes a row. Not partitioned; the key carries the column that partitions would need.
create table candle (
    open_time timestamptz not null,
    known_at timestamptz not null,
    open double precision not null,
    high double precision not null,
    low double precision not null,
    close double precision not null,
    volume double precision not null,
    series integer not null,
    revision integer not null,
    closed boolean not null,
    constraint candle_key primary key (series, open_time)
);

create table candle_revision (
    open_time timestamptz not null,
    known_at timestamptz not null,
    ended_at timestamptz not null,
    open double precision not null,
    high double precision not null,
    low double precision not null,
    close double precision not null,
    volume double precision not null,
    series integer not null,
    revision integer not null,
    closed boolean not null,
    constraint candle_revision_key primary key (series, open_time, revision)
);

create table grade_model (
    id smallint primary key,
    name text not null,
    parameters_hash text not null,
    constraint grade_model_name unique (name, parameters_hash)
);

create table grade (
    time timestamptz not null,
    known_at timestamptz not null,
    first_time timestamptz not null,
    value double precision not null,
    previous double precision,
    data_quality double precision not null,
    series integer not null,
    bars integer not null,
    revision integer not null,
    missing smallint not null,
    model smallint not null,
    retroactive boolean not null,
    constraint grade_key primary key (series, time)
);

create table grade_revision (
    time timestamptz not null,
    known_at timestamptz not null,
    ended_at timestamptz not null,
    first_time timestamptz not null,
    value double precision not null,
    previous double precision,
    data_quality double precision not null,
    series integer not null,
    bars integer not null,
    revision integer not null,
    missing smallint not null,
    model smallint not null,
    retroactive boolean not null,
    constraint grade_revision_key primary key (series, time, revision)
);

-- `body` is the JSON of all that follows from candles, as text: its members keep their order and its numbers
-- their digits. A withdrawn signal is one that other candles left no room for.
create table signal (
    id uuid primary key,
    series integer not null,
    direction text not null constraint signal_direction check (direction in ('bullish', 'bearish')),
    decided_at timestamptz not null,
    state text not null constraint signal_state check (state in ('open', 'closed', 'stale')),
    withdrawn boolean not null default false,
    retroactive boolean not null,
    revision integer not null default 1,
    known_at timestamptz not null,
    roi_close double precision,
    roi_net double precision,
    body text not null,
    constraint signal_name unique (series, decided_at, direction)
);
create index signal_decided on signal (decided_at, id) where not withdrawn;
create index signal_open on signal (series) where state = 'open' and not withdrawn;

create table signal_revision (
    id uuid not null,
    revision integer not null,
    known_at timestamptz not null,
    ended_at timestamptz not null,
    state text not null,
    withdrawn boolean not null,
    retroactive boolean not null,
    roi_close double precision,
    roi_net double precision,
    body text not null,
    constraint signal_revision_key primary key (id, revision)
);
