-- The state of a series' analysis after the candle at `time`, as bytes. Whoever changes a candle at or
-- before it (or the market's) makes a step of the analysis from there, and that step takes it away.
create table analysis_state (
    series integer primary key,
    time timestamptz not null,
    bytes bytea not null
);
