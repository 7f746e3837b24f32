-- When windows by the clock of a place are open, around a moment: every moment whose local time is in one,
-- also where the clock is changed. What the clock shows twice is open both times; of what it leaves out, the
-- rest is. A window of a day meets one change at most.
create or replace function weekly_openings(p_windows jsonb, p_time_zone text, p_around timestamptz)
    returns table (starts_at timestamptz, ends_at timestamptz)
language sql stable strict parallel safe as $$
    with clock as (
        select d.day + make_interval(mins => w.from_minute) as opens,
            d.day + make_interval(days => (w.to_minute <= w.from_minute)::int, mins => w.to_minute) as closes
        from jsonb_to_recordset(p_windows) as w (days smallint[], from_minute integer, to_minute integer)
        cross join generate_series(
            date_trunc('day', p_around at time zone p_time_zone) - interval '1 day',
            date_trunc('day', p_around at time zone p_time_zone) + interval '3 days',
            interval '1 day') as d (day)
        where extract(isodow from d.day)::int = any (w.days)
    ), span as (
        select opens, closes, opens at time zone p_time_zone - interval '3 hours' as early,
            closes at time zone p_time_zone + interval '3 hours' as late
        from clock
    ), shift as (
        select opens, closes, early, late,
            early at time zone p_time_zone - early at time zone 'UTC' as before,
            late at time zone p_time_zone - late at time zone 'UTC' as after
        from span
    ), change as (
        -- To the hour, then to the minute.
        select s.*, (
            select min(m.moment) from (
                select min(h.moment) as next
                from generate_series(s.early, s.late, interval '1 hour') as h (moment)
                where s.before <> s.after
                    and h.moment at time zone p_time_zone - h.moment at time zone 'UTC' = s.after
            ) hour cross join generate_series(
                hour.next - interval '1 hour', hour.next, interval '1 minute') as m (moment)
            where m.moment at time zone p_time_zone - m.moment at time zone 'UTC' = s.after
        ) as moment
        from shift s
    ), part as (
        -- With the clock as it was, and as it is then.
        select (opens - before) at time zone 'UTC' as opens_before,
            least((closes - before) at time zone 'UTC', moment) as closes_before,
            greatest((opens - after) at time zone 'UTC', moment) as opens_after,
            (closes - after) at time zone 'UTC' as closes_after, moment is not null as is_changed
        from change
    ), whole as (
        select *, is_changed and opens_after < closes_after as is_open_after,
            closes_before = opens_after as is_one
        from part
    )
    select opens_before, case when is_open_after and is_one then closes_after else closes_before end
    from whole where opens_before < closes_before
    union all
    select opens_after, closes_after
    from whole where is_open_after and not (is_one and opens_before < closes_before)
$$;
