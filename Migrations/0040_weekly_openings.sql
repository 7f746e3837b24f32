-- When windows of the week are open around a moment, by the clock of a place: one keeps its hours when clocks are put
-- forward or back, and one that ends before it begins ends on the next day.
create function weekly_openings(p_windows jsonb, p_time_zone text, p_around timestamptz)
    returns table (starts_at timestamptz, ends_at timestamptz)
language sql stable strict parallel safe as $$
    select (d.day + make_interval(mins => w.from_minute)) at time zone p_time_zone,
        (d.day + make_interval(days => (w.to_minute <= w.from_minute)::int, mins => w.to_minute))
            at time zone p_time_zone
    from jsonb_to_recordset(p_windows) as w (days smallint[], from_minute integer, to_minute integer)
    cross join generate_series(
        date_trunc('day', p_around at time zone p_time_zone) - interval '1 day',
        date_trunc('day', p_around at time zone p_time_zone) + interval '3 days',
        interval '1 day') as d (day)
    where extract(isodow from d.day)::int = any (w.days)
$$;
