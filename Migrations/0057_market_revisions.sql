-- Candles that change the past of their market.

-- Of a series: the earliest closed candle that came, or was replaced, when its market had been measured at its close.
-- Whoever settles closes takes it from here.
alter table series add column revised_from timestamptz;

-- What of a market's past is to be measured again: closes from the candle that opened at `next` on. Each reader goes on
-- close by close; a candle that comes meanwhile puts it back.
create table market_revision (
    source text not null,
    interval text not null,
    reader text not null constraint market_revision_reader check (reader in ('readings', 'narratives', 'investor')),
    next timestamptz not null,
    noted_at timestamptz not null,
    constraint market_revision_key primary key (source, interval, reader)
);

-- Decisions at candles that BTC's series had ended before, or had a hole at: the gate is unknown there now.
with market as (
    select distinct on (s.source, s.interval) s.id, s.source, s.interval, s.last_closed, l.length
    from series s join ticker t using (token_id)
        join (values ('1m', interval '1 minute'), ('5m', interval '5 minutes'), ('15m', interval '15 minutes'),
            ('1h', interval '1 hour'), ('4h', interval '4 hours'), ('1d', interval '1 day'), ('1w', interval '7 days'))
            as l (interval, length) using (interval)
    where t.symbol = 'BTC'
    order by s.source, s.interval, t.valid_to desc nulls first
), hole as (
    select m.source, m.interval, least(m.last_closed, (
            select min(c.open_time) from (
                select open_time, lead(open_time) over (order by open_time) as next
                from candle where series = m.id and closed
            ) c
            where c.next > c.open_time + 4 * m.length)) as time
    from market m
), locked as (
    select s.id, h.time from series s join hole h using (source, interval)
    where s.last_closed > h.time
    order by s.id for no key update of s
)
update series s set dirty_from = least(s.dirty_from, l.time), dirty_to = 'infinity'
from locked l where s.id = l.id;
