-- What stored signals were made with; where a node says otherwise, they are made anew.
create table signal_setting (
    market_gate boolean not null
);
insert into signal_setting (market_gate) values (true);

-- What a token was called then: the ticker that it gave up first of those that it gave up later. Null is now.
create function ticker_known(p_token uuid, p_known timestamptz) returns text
language sql stable as $$
    select coalesce(
        (select f.symbol from former_ticker f where f.token_id = p_token and f.known_at > p_known
        order by f.known_at, f.valid_to limit 1),
        (select t.symbol from ticker t where t.token_id = p_token))
$$;

create or replace function market_last(
    p_source text, p_interval text, p_length interval, p_before timestamptz, p_known timestamptz)
    returns table (series integer, token_id uuid, symbol text, open_time timestamptz, close double precision,
        newest timestamptz, is_live boolean)
language sql stable as $$
    select l.id, l.token_id, l.symbol, l.open_time, l.close, l.newest, l.open_time >= l.newest - 2 * p_length
    from (
        select s.id, s.token_id,
            case when p_known < 'infinity' then ticker_known(s.token_id, p_known) else t.symbol end as symbol,
            c.open_time, c.close, max(c.open_time) over () as newest
        from series s join ticker t using (token_id)
        cross join lateral candles_back(s.id, least(p_before, s.last_closed) - 200 * p_length,
            least(p_before, s.last_closed), p_known, 1) c
        where s.source = p_source and s.interval = p_interval and s.created_at <= p_known
            and s.first_open <= p_before
    ) l
$$;

-- Whether something was there at a time that is known of it; null is now.
create function was_there(p_made timestamptz, p_ended timestamptz, p_known timestamptz) returns boolean
language sql immutable as $$
    select case when p_known is null then p_ended is null
        else p_made <= p_known and (p_ended is null or p_ended > p_known) end
$$;

-- What was deleted stays known of the time before.
alter table watchlist add column ended_at timestamptz;
drop index watchlist_name;
create unique index watchlist_name on watchlist (owner, lower(name)) where ended_at is null;

alter table narrative add column ended_at timestamptz;
drop index narrative_name;
create unique index narrative_name on narrative (lower(name)) where ended_at is null;

alter table metric_series add column ended_at timestamptz;
alter table metric_series drop constraint metric_series_name;
create unique index metric_series_name on metric_series (token_id, metric, source) where ended_at is null;
create index metric_series_ended on metric_series (token_id, metric, source) where ended_at is not null;

-- A token stands on a list as was known in [known_at, ended_at); of those from before it is not known since when.
alter table watchlist_token add column known_at timestamptz not null default '-infinity';
alter table watchlist_token alter column known_at drop default;
alter table watchlist_token add column ended_at timestamptz;
alter table watchlist_token drop constraint watchlist_token_once;
alter table watchlist_token add constraint watchlist_token_once primary key (watchlist, token_id, known_at);
create unique index watchlist_token_now on watchlist_token (watchlist, token_id) where ended_at is null;

drop view watchlist_whole;

-- Lists with their tokens as they were known at a time; null is now.
create function watchlists_known(p_known timestamptz)
    returns table (id uuid, owner text, name text, description text, created_at timestamptz, updated_at timestamptz,
        revision bigint, tokens uuid[], symbols text[], holders text[], can_write boolean[])
language sql stable as $$
    select w.id, w.owner, w.name, w.description, w.created_at, w.updated_at, w.revision,
        array(select t.token_id from watchlist_token t
            where t.watchlist = w.id and was_there(t.known_at, t.ended_at, p_known) order by t.place, t.token_id),
        array(select case when p_known is null then k.symbol else ticker_known(t.token_id, p_known) end
            from watchlist_token t join ticker k using (token_id)
            where t.watchlist = w.id and was_there(t.known_at, t.ended_at, p_known) order by t.place, t.token_id),
        array(select s.holder from watchlist_share s where s.watchlist = w.id order by s.holder),
        array(select s.can_write from watchlist_share s where s.watchlist = w.id order by s.holder)
    from watchlist w
    where was_there(w.created_at, w.ended_at, p_known)
$$;

-- What people said of a token before they said something else.
create table token_revision (
    token_id uuid not null constraint token_revision_token references token (id),
    revision bigint not null,
    symbol text not null,
    valid_from timestamptz,
    valid_to timestamptz,
    name text,
    categories text[] not null,
    primary_source text,
    updated_at timestamptz not null,
    ended_at timestamptz not null,
    constraint token_revision_key primary key (token_id, revision)
);

create function primary_source_known(p_token uuid, p_known timestamptz) returns text
language sql stable as $$
    select case when r.token_id is null then k.primary_source else r.primary_source end
    from token k left join lateral (
        select * from token_revision o where o.token_id = k.id and o.ended_at > p_known
        order by o.ended_at, o.revision limit 1
    ) r on true
    where k.id = p_token
$$;

-- Tokens as they were known at a time. What changed before revisions were kept shows as it was when they began, but
-- for its ticker.
create function tokens_known(p_known timestamptz)
    returns table (id uuid, symbol text, valid_from timestamptz, valid_to timestamptz, created_at timestamptz,
        updated_at timestamptz, revision bigint, name text, categories text[], primary_source text, number integer)
language sql stable as $$
    select k.id, coalesce(r.symbol, ticker_known(k.id, p_known)),
        case when r.token_id is null then t.valid_from else r.valid_from end,
        case when r.token_id is null then t.valid_to else r.valid_to end, k.created_at,
        coalesce(r.updated_at, k.updated_at), coalesce(r.revision, k.revision),
        case when r.token_id is null then k.name else r.name end, coalesce(r.categories, k.categories),
        case when r.token_id is null then k.primary_source else r.primary_source end, k.number
    from token k join ticker t on t.token_id = k.id
    left join lateral (
        select * from token_revision o where o.token_id = k.id and o.ended_at > p_known
        order by o.ended_at, o.revision limit 1
    ) r on true
    where k.created_at <= p_known
$$;

-- Which candles an Investor Grade was made of, and how many of the last 100 are missing; of those from before that is
-- not known.
alter table investor_grade add column first_time timestamptz;
alter table investor_grade add column missing_last_100 integer;
alter table investor_grade_revision add column first_time timestamptz;
alter table investor_grade_revision add column missing_last_100 integer;

create or replace function investor_grades_known(p_known timestamptz) returns setof investor_grade
language sql stable as $$
    select * from investor_grade where known_at <= p_known
    union all
    select token_id, source, time, known_at, value, previous, data_quality, momentum, momentum_score, sortino,
        risk_score, drawdown, drawdown_score, volume, liquidity_score, fundamentals, facts, candles, model, revision,
        retroactive, first_time, missing_last_100
    from investor_grade_revision where known_at <= p_known and ended_at > p_known
$$;

drop function investor_inputs(text, timestamptz, timestamptz, integer, integer);
create function investor_inputs(
    p_source text, p_before timestamptz, p_known timestamptz, p_after integer, p_limit integer)
    returns table (series integer, token_id uuid, symbol text, open_time timestamptz, candles bigint,
        close double precision, close_90 double precision, close_180 double precision, close_365 double precision,
        mean_return double precision, downside double precision, returns bigint, drawdown double precision,
        median_volume double precision, volumes bigint, first_time timestamptz, in_last_100 bigint)
language sql stable as $$
    select l.series, l.token_id, l.symbol, l.open_time, a.candles, l.close, a.close_90, a.close_180, a.close_365,
        a.mean_return, a.downside, a.returns, a.drawdown, a.median_volume, a.volumes, a.first_time, a.in_last_100
    from (
        select * from market_last(p_source, '1d', interval '24 hours', p_before, p_known) m
        where m.is_live and m.open_time = m.newest and m.series > p_after order by m.series limit p_limit
    ) l
    cross join lateral (
        select count(*) as candles,
            max(d.close) filter (where d.open_time = l.open_time - interval '2160 hours') as close_90,
            max(d.close) filter (where d.open_time = l.open_time - interval '4320 hours') as close_180,
            max(d.close) filter (where d.open_time = l.open_time - interval '8760 hours') as close_365,
            avg(d.change) as mean_return, sqrt(sum(least(d.change, 0) ^ 2) / nullif(count(d.change), 0)) as downside,
            count(d.change) as returns, min(d.close / d.peak - 1) as drawdown,
            percentile_cont(0.5) within group (order by d.close * d.volume)
                filter (where d.open_time > l.open_time - interval '2160 hours') as median_volume,
            count(*) filter (where d.open_time > l.open_time - interval '2160 hours') as volumes,
            min(d.open_time) as first_time,
            count(*) filter (where d.open_time > l.open_time - interval '2400 hours') as in_last_100
        from (
            select k.open_time, k.close, k.volume, max(k.close) over w as peak,
                case when k.open_time - lag(k.open_time) over w = interval '24 hours'
                    then k.close / lag(k.close) over w - 1 end as change
            from candles_between(l.series, l.open_time - interval '8761 hours', l.open_time, p_known) k
            window w as (order by k.open_time)
        ) d
    ) a
    order by l.series
$$;
