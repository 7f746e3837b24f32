-- What was stored before candles had bounds must not spoil what is read of all: it is passed over.

-- A price within the bounds of candles; null is none.
create function sane_price(p_value double precision) returns double precision
language sql immutable parallel safe as $$
    select case when p_value between 1e-15 and 1e15 then p_value end
$$;

create function quote_volume(p_close double precision, p_volume double precision) returns double precision
language sql immutable parallel safe as $$
    select case when p_close between 1e-15 and 1e15 and (p_volume = 0 or p_volume between 1e-30 and 1e30)
        then p_close * p_volume end
$$;

create or replace function candles_between(
    p_series integer, p_after timestamptz, p_upto timestamptz, p_known timestamptz)
    returns table (open_time timestamptz, close double precision, volume double precision)
language sql stable as $$
    select c.open_time, c.close, c.volume from candle c
    where c.series = p_series and c.open_time > p_after and c.open_time <= p_upto
        and c.closed and c.known_at <= p_known and quote_volume(c.close, c.volume) is not null
    union all
    select r.open_time, r.close, r.volume from candle_revision r
    where r.series = p_series and r.open_time > p_after and r.open_time <= p_upto
        and r.closed and r.known_at <= p_known and r.ended_at > p_known and p_known < 'infinity'
        and quote_volume(r.close, r.volume) is not null
$$;

create or replace function candle_at(p_series integer, p_time timestamptz, p_known timestamptz)
    returns table (open_time timestamptz, close double precision)
language sql stable as $$
    select c.open_time, c.close from candle c
    where c.series = p_series and c.open_time = p_time and c.closed and c.known_at <= p_known
        and sane_price(c.close) is not null
    union all
    select r.open_time, r.close from candle_revision r
    where r.series = p_series and r.open_time = p_time
        and r.closed and r.known_at <= p_known and r.ended_at > p_known and p_known < 'infinity'
        and sane_price(r.close) is not null
$$;

create or replace function candles_back(
    p_series integer, p_after timestamptz, p_upto timestamptz, p_known timestamptz, p_count integer)
    returns table (open_time timestamptz, close double precision)
language sql stable as $$
    select a.open_time, a.close from (
        (select c.open_time, c.close from candle c
            where c.series = p_series and c.open_time > p_after and c.open_time <= p_upto
                and c.closed and c.known_at <= p_known and sane_price(c.close) is not null
            order by c.open_time desc limit p_count)
        union all
        (select r.open_time, r.close from candle_revision r
            where r.series = p_series and r.open_time > p_after and r.open_time <= p_upto
                and r.closed and r.known_at <= p_known and r.ended_at > p_known and p_known < 'infinity'
                and sane_price(r.close) is not null
            order by r.open_time desc limit p_count)
    ) a order by a.open_time desc limit p_count
$$;
