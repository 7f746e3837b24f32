-- Breadth of one moment: of every living token whether it closed above the mean of its last 50 closes (null
-- with fewer), and the grade of the same candle as it was known.
create function market_breadth(
    p_source text, p_interval text, p_length interval, p_before timestamptz, p_known timestamptz, p_model smallint)
    returns table (token_id uuid, newest timestamptz, is_live boolean, is_above boolean, grade double precision)
language sql stable as $$
    select l.token_id, l.newest, l.is_live, a.is_above, g.value
    from market_last(p_source, p_interval, p_length, p_before, p_known) l
    left join lateral (
        select l.close > avg(k.close) as is_above
        from candles_last(l.series, l.open_time, p_known, 50) k
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
