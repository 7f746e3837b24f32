-- Closes of markets, settled; what was counted of each; and walks back that are bounded.

-- One source and interval. `seen` says what of all closed candles was seen last, and `seen_at` since when that is so.
-- While `began_at` is set, candles of the newest close are awaited since then. `turn` is raised whenever a close is
-- settled, or what was settled is corrected: whoever measures markets compares it with the turn that he measured.
create table market_close (
    source text not null,
    interval text not null,
    newest timestamptz not null,
    seen text not null,
    seen_at timestamptz not null,
    began_at timestamptz,
    settled timestamptz,
    settled_at timestamptz,
    turn bigint not null default 0,
    -- The turn that was counted last.
    counted bigint not null default 0,
    constraint market_close_key primary key (source, interval)
);

-- What was counted at a close; a correction is another row of the same candle.
create table market_reading (
    source text not null,
    interval text not null,
    time timestamptz not null,
    known_at timestamptz not null,
    model smallint not null,
    tokens integer not null,
    live integer not null,
    above integer not null,
    above_of integer not null,
    graded integer not null,
    graded_of integer not null,
    constraint market_reading_key primary key (source, interval, model, time, known_at)
);

-- Closed candles alone: an open one that moves changes nothing.
alter table market_watch rename column version to rewritten;

-- A series' last closed candles that opened in (p_after, p_upto], newest first. The walk ends at p_after, however little
-- of it was known.
create function candles_back(
    p_series integer, p_after timestamptz, p_upto timestamptz, p_known timestamptz, p_count integer)
    returns table (open_time timestamptz, close double precision)
language sql stable as $$
    select a.open_time, a.close from (
        (select c.open_time, c.close from candle c
            where c.series = p_series and c.open_time > p_after and c.open_time <= p_upto
                and c.closed and c.known_at <= p_known
            order by c.open_time desc limit p_count)
        union all
        (select r.open_time, r.close from candle_revision r
            where r.series = p_series and r.open_time > p_after and r.open_time <= p_upto
                and r.closed and r.known_at <= p_known and r.ended_at > p_known and p_known < 'infinity'
            order by r.open_time desc limit p_count)
    ) a order by a.open_time desc limit p_count
$$;

-- The newest closed candle of every token of one source and interval that opened at `p_before` or earlier. A token that
-- is more than two candles behind the newest of all has stopped, and is not live. Of a moment long ago only the last 200
-- candles of each series before it are looked at, and no series that was not there.
create or replace function market_last(
    p_source text, p_interval text, p_length interval, p_before timestamptz, p_known timestamptz)
    returns table (series integer, token_id uuid, symbol text, open_time timestamptz, close double precision,
        newest timestamptz, is_live boolean)
language sql stable as $$
    select l.id, l.token_id, l.symbol, l.open_time, l.close, l.newest, l.open_time >= l.newest - 2 * p_length
    from (
        select s.id, s.token_id, t.symbol, c.open_time, c.close, max(c.open_time) over () as newest
        from series s join ticker t using (token_id)
        cross join lateral candles_back(s.id, least(p_before, s.last_closed) - 200 * p_length,
            least(p_before, s.last_closed), p_known, 1) c
        where s.source = p_source and s.interval = p_interval and s.created_at <= p_known
            and s.first_open <= p_before
    ) l
$$;

create or replace function market_breadth(
    p_source text, p_interval text, p_length interval, p_before timestamptz, p_known timestamptz, p_model smallint)
    returns table (token_id uuid, newest timestamptz, is_live boolean, is_above boolean, grade double precision)
language sql stable as $$
    select l.token_id, l.newest, l.is_live, a.is_above, g.value
    from market_last(p_source, p_interval, p_length, p_before, p_known) l
    left join lateral (
        select l.close > avg(k.close) as is_above
        from candles_back(l.series, l.open_time - 200 * p_length, l.open_time, p_known, 50) k
        having count(*) = 50
    ) a on l.is_live
    left join lateral (
        select r.value from (
            select value, known_at from grade
            where series = l.series and model_number = p_model and time = l.open_time and known_at <= p_known
            union all
            select value, known_at from grade_revision
            where series = l.series and model_number = p_model and time = l.open_time and known_at <= p_known
                and ended_at > p_known and p_known < 'infinity'
        ) r
        order by r.known_at desc limit 1
    ) g on l.is_live
$$;

create or replace function narrative_tokens(
    p_source text, p_interval text, p_length interval, p_before timestamptz, p_known timestamptz)
    returns table (token_id uuid, newest timestamptz, week_return double precision, is_above boolean,
        volume double precision, volume_before double precision)
language sql stable as $$
    select l.token_id, l.newest, l.close / b.close - 1, a.is_above, v.volume, v.volume_before
    from market_last(p_source, p_interval, p_length, p_before, p_known) l
    left join lateral candle_at(l.series, l.open_time - interval '168 hours', p_known) b on true
    left join lateral (
        select l.close > avg(k.close) as is_above
        from candles_back(l.series, l.open_time - 200 * p_length, l.open_time, p_known, 20) k
        having count(*) = 20
    ) a on true
    left join lateral (
        select sum(k.close * k.volume) filter (where k.open_time > l.open_time - interval '168 hours') as volume,
            sum(k.close * k.volume) filter (where k.open_time <= l.open_time - interval '168 hours') as volume_before
        from candles_between(l.series, l.open_time - interval '336 hours', l.open_time, p_known) k
    ) v on true
    where l.is_live
$$;

drop function market_moves(text, text, interval, interval, timestamptz, timestamptz);
drop function candles_last(integer, timestamptz, timestamptz, integer);
