-- Clients of Token Metrics name tokens by integers: a number stays its token's, and is never given twice.
alter table token add column number integer generated always as identity;
alter table token add constraint token_number unique (number);

-- The one series that stands for a token where nobody names a source: the chosen one, else the longest of those that go
-- on, so that candles of one source that come a little later than another's do not move it. `p_sources` null: of any.
create function primary_series(p_token uuid, p_interval text, p_sources text[])
    returns table (id integer, source text, last_closed timestamptz)
language sql stable parallel safe as $$
    select s.id, s.source, s.last_closed from series s join token k on k.id = s.token_id
    where s.token_id = p_token and s.interval = p_interval and s.last_closed is not null
        and (p_sources is null or s.source = any (p_sources))
    order by s.source = k.primary_source desc nulls last, s.last_closed < max(s.last_closed) over () - interval '3 days', s.candles desc, s.source
    limit 1
$$;
