-- Whether candles of a series come as they close, and since when they do not. Null: they never did, as of history
-- that was uploaded at once.
alter table series
    add column freshness text constraint series_freshness check (freshness in ('live', 'stale')),
    add column stale_since timestamptz,
    add constraint series_stale check ((freshness is not distinct from 'stale') = (stale_since is not null));
