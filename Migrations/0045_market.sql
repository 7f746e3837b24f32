-- Watchlists, movers, the market, supplied facts and metrics, the Investor Grade and narratives.

-- Its owner's; `watchlist_share` says who else sees or changes it.
create table watchlist (
    id uuid primary key,
    owner text not null,
    name text not null,
    description text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revision bigint not null default 1
);
create unique index watchlist_name on watchlist (owner, lower(name));

create table watchlist_token (
    watchlist uuid not null constraint watchlist_token_list references watchlist (id) on delete cascade,
    token_id uuid not null constraint watchlist_token_token references token (id),
    place integer not null,
    constraint watchlist_token_once primary key (watchlist, token_id)
);

-- `holder` is `desk` (everybody), or the id of a principal or a group as people read it.
create table watchlist_share (
    watchlist uuid not null constraint watchlist_share_list references watchlist (id) on delete cascade,
    holder text not null,
    group_id uuid,
    can_write boolean not null,
    constraint watchlist_share_once primary key (watchlist, holder)
);

-- What somebody may do with a watchlist: 3 is its owner, 2 changes it, 1 sees it, 0 does not know of it.
create function watchlist_access(p_watchlist uuid, p_owner text, p_principal text, p_id uuid)
    returns integer
language sql stable as $$
    select case when p_owner = p_principal then 3 else coalesce((
        select max(case when s.can_write then 2 else 1 end) from watchlist_share s
        where s.watchlist = p_watchlist and (s.holder in ('desk', p_principal)
            or s.group_id in (select m.group_id from group_member m where m.principal = p_id))
    ), 0) end
$$;

create view watchlist_whole as
select w.id, w.owner, w.name, w.description, w.created_at, w.updated_at, w.revision,
    array(select t.token_id from watchlist_token t where t.watchlist = w.id order by t.place) as tokens,
    array(select k.symbol from watchlist_token t join ticker k using (token_id)
        where t.watchlist = w.id order by t.place) as symbols,
    array(select s.holder from watchlist_share s where s.watchlist = w.id order by s.holder) as holders,
    array(select s.can_write from watchlist_share s where s.watchlist = w.id order by s.holder) as can_write
from watchlist w;

-- A series' closed candles that opened in (p_after, p_upto], as they were known at a time; `infinity` is now. Bounds and
-- limits stand in both branches of these functions, so that each is a walk along an index.
create function candles_between(
    p_series integer, p_after timestamptz, p_upto timestamptz, p_known timestamptz)
    returns table (open_time timestamptz, close double precision, volume double precision)
language sql stable as $$
    select c.open_time, c.close, c.volume from candle c
    where c.series = p_series and c.open_time > p_after and c.open_time <= p_upto
        and c.closed and c.known_at <= p_known
    union all
    select r.open_time, r.close, r.volume from candle_revision r
    where r.series = p_series and r.open_time > p_after and r.open_time <= p_upto
        and r.closed and r.known_at <= p_known and r.ended_at > p_known and p_known < 'infinity'
$$;

-- The one that opened at a time.
create function candle_at(p_series integer, p_time timestamptz, p_known timestamptz)
    returns table (open_time timestamptz, close double precision)
language sql stable as $$
    select c.open_time, c.close from candle c
    where c.series = p_series and c.open_time = p_time and c.closed and c.known_at <= p_known
    union all
    select r.open_time, r.close from candle_revision r
    where r.series = p_series and r.open_time = p_time
        and r.closed and r.known_at <= p_known and r.ended_at > p_known and p_known < 'infinity'
$$;

-- The last ones that opened at p_upto or earlier, newest first.
create function candles_last(p_series integer, p_upto timestamptz, p_known timestamptz, p_count integer)
    returns table (open_time timestamptz, close double precision)
language sql stable as $$
    select a.open_time, a.close from (
        (select c.open_time, c.close from candle c
            where c.series = p_series and c.open_time <= p_upto and c.closed and c.known_at <= p_known
            order by c.open_time desc limit p_count)
        union all
        (select r.open_time, r.close from candle_revision r
            where r.series = p_series and r.open_time <= p_upto
                and r.closed and r.known_at <= p_known and r.ended_at > p_known and p_known < 'infinity'
            order by r.open_time desc limit p_count)
    ) a order by a.open_time desc limit p_count
$$;

-- The newest closed candle of every token of one source and interval that opened at `p_before` or earlier. A
-- token that is more than two candles behind the newest of all has stopped, and is left out where `is_live`
-- is asked for.
create function market_last(
    p_source text, p_interval text, p_length interval, p_before timestamptz, p_known timestamptz)
    returns table (series integer, token_id uuid, symbol text, open_time timestamptz, close double precision,
        newest timestamptz, is_live boolean)
language sql stable as $$
    select l.id, l.token_id, l.symbol, l.open_time, l.close, l.newest, l.open_time >= l.newest - 2 * p_length
    from (
        select s.id, s.token_id, t.symbol, c.open_time, c.close, max(c.open_time) over () as newest
        from series s join ticker t using (token_id)
        cross join lateral candles_last(s.id, p_before, p_known, 1) c
        where s.source = p_source and s.interval = p_interval
    ) l
$$;

-- What moved over a window, of every token whose both ends are there: the change between the close at the
-- window's beginning and the newest close, and the quote volume traded between them.
create function market_moves(
    p_source text, p_interval text, p_length interval, p_window interval, p_before timestamptz, p_known timestamptz)
    returns table (token_id uuid, symbol text, from_time timestamptz, from_close double precision,
        to_time timestamptz, to_close double precision, change double precision, volume double precision,
        bars integer, newest timestamptz)
language sql stable as $$
    select l.token_id, l.symbol, b.open_time, b.close, l.open_time, l.close, l.close / b.close - 1,
        v.volume, v.bars::integer, l.newest
    from market_last(p_source, p_interval, p_length, p_before, p_known) l
    cross join lateral candle_at(l.series, l.open_time - p_window, p_known) b
    cross join lateral (
        select sum(k.close * k.volume) as volume, count(*) as bars
        from candles_between(l.series, b.open_time, l.open_time, p_known) k
    ) v
    where l.is_live
$$;

-- Lists of movers that somebody declared. `measured_at` is the newest candle that a list was measured at;
-- `seen` says what of the series was seen then.
create table mover_list (
    id uuid primary key,
    owner text not null,
    name text not null,
    source text not null,
    interval text not null,
    time_window text not null,
    min_volume double precision not null,
    size integer not null,
    measured_at timestamptz,
    seen text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revision bigint not null default 1
);
create unique index mover_list_name on mover_list (lower(name));

-- A token's stays on a side of a list, by the moments at which they were told.
create table mover_stay (
    list uuid not null constraint mover_stay_list references mover_list (id) on delete cascade,
    side text not null constraint mover_stay_side check (side in ('gainers', 'losers')),
    token_id uuid not null references token (id),
    entered_at timestamptz not null,
    left_at timestamptz,
    -- The candle at whose close it entered, and its place then.
    entered_candle timestamptz not null,
    entered_rank integer not null,
    entered_change double precision not null,
    constraint mover_stay_key primary key (list, side, token_id, entered_at)
);
create unique index mover_stay_now on mover_stay (list, side, token_id) where left_at is null;

-- What was seen of a market's own series when its regime was read last.
create table market_watch (
    source text not null,
    interval text not null,
    newest timestamptz not null,
    version bigint not null,
    regime text not null,
    constraint market_watch_key primary key (source, interval)
);

-- Every turn of a market's regime; the first row is what it was when it was first read.
create table market_turn (
    source text not null,
    interval text not null,
    time timestamptz not null,
    known_at timestamptz not null,
    regime text not null constraint market_turn_regime check (regime in ('risk_on', 'risk_off')),
    close double precision not null,
    sma50 double precision not null,
    constraint market_turn_key primary key (source, interval, time, known_at)
);

-- What somebody says of a token, 0 to 100, until it expires. `fact_revision` keeps what was said before.
create table fact (
    token_id uuid not null constraint fact_token references token (id),
    name text not null,
    source text not null,
    value double precision not null constraint fact_value check (value between 0 and 100),
    observed_at timestamptz not null,
    expires_at timestamptz not null,
    supplied_by text not null,
    revision integer not null,
    known_at timestamptz not null,
    constraint fact_key primary key (token_id, name, source)
);

create table fact_revision (
    token_id uuid not null,
    name text not null,
    source text not null,
    value double precision not null,
    observed_at timestamptz not null,
    expires_at timestamptz not null,
    supplied_by text not null,
    revision integer not null,
    known_at timestamptz not null,
    ended_at timestamptz not null,
    constraint fact_revision_key primary key (token_id, name, source, revision)
);

-- Facts as they were known at a time; `infinity` is now.
create function facts_known(p_known timestamptz)
    returns table (token_id uuid, name text, source text, value double precision, observed_at timestamptz,
        expires_at timestamptz, supplied_by text, revision integer, known_at timestamptz)
language sql stable as $$
    select token_id, name, source, value, observed_at, expires_at, supplied_by, revision, known_at
    from fact where known_at <= p_known
    union all
    select token_id, name, source, value, observed_at, expires_at, supplied_by, revision, known_at
    from fact_revision where known_at <= p_known and ended_at > p_known
$$;

-- One metric of a token from one source, as sentiment or active addresses.
create table metric_series (
    id integer generated always as identity primary key,
    token_id uuid not null constraint metric_series_token references token (id),
    metric text not null,
    source text not null,
    observations bigint not null default 0,
    newest timestamptz,
    created_at timestamptz not null,
    constraint metric_series_name unique (token_id, metric, source)
);

create table metric_value (
    time timestamptz not null,
    known_at timestamptz not null,
    value double precision not null,
    series integer not null,
    revision integer not null,
    constraint metric_value_key primary key (series, time)
);

create table metric_value_revision (
    time timestamptz not null,
    known_at timestamptz not null,
    ended_at timestamptz not null,
    value double precision not null,
    series integer not null,
    revision integer not null,
    constraint metric_value_revision_key primary key (series, time, revision)
);

-- What the Investor Grade is made of, of some tokens of a source whose daily candle is the newest of all, in the order
-- of their series: one that is behind must not be graded among what it could not know.
create function investor_inputs(
    p_source text, p_before timestamptz, p_known timestamptz, p_after integer, p_limit integer)
    returns table (series integer, token_id uuid, symbol text, open_time timestamptz, candles bigint,
        close double precision, close_90 double precision, close_180 double precision, close_365 double precision,
        mean_return double precision, downside double precision, returns bigint, drawdown double precision,
        median_volume double precision, volumes bigint)
language sql stable as $$
    select l.series, l.token_id, l.symbol, l.open_time, a.candles, l.close, a.close_90, a.close_180, a.close_365,
        a.mean_return, a.downside, a.returns, a.drawdown, a.median_volume, a.volumes
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
            count(*) filter (where d.open_time > l.open_time - interval '2160 hours') as volumes
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

-- Investor Grades of daily candles, with what they were made of; another grade of the same day is a revision.
create table investor_grade (
    token_id uuid not null constraint investor_grade_token references token (id),
    source text not null,
    time timestamptz not null,
    known_at timestamptz not null,
    value double precision not null,
    previous double precision,
    data_quality double precision not null,
    momentum double precision,
    momentum_score double precision,
    sortino double precision,
    risk_score double precision,
    drawdown double precision,
    drawdown_score double precision,
    volume double precision,
    liquidity_score double precision,
    fundamentals double precision,
    facts integer not null,
    candles integer not null,
    model smallint not null,
    revision integer not null,
    retroactive boolean not null,
    constraint investor_grade_key primary key (token_id, source, time)
);

create table investor_grade_revision (like investor_grade, ended_at timestamptz not null,
    constraint investor_grade_revision_key primary key (token_id, source, time, revision));

-- Investor Grades as they were known at a time; `infinity` is now.
create function investor_grades_known(p_known timestamptz) returns setof investor_grade
language sql stable as $$
    select * from investor_grade where known_at <= p_known
    union all
    select token_id, source, time, known_at, value, previous, data_quality, momentum, momentum_score, sortino,
        risk_score, drawdown, drawdown_score, volume, liquidity_score, fundamentals, facts, candles, model, revision,
        retroactive
    from investor_grade_revision where known_at <= p_known and ended_at > p_known
$$;

-- The newest day of each source that was graded, and what of its series and of the facts was seen then.
create table investor_run (
    source text primary key,
    time timestamptz not null,
    seen text not null
);

-- A theme that tokens belong to for a time, measured over one source and interval. `measured_at` is the
-- newest candle at which it was; `seen` says what of candles and members was seen then.
create table narrative (
    id uuid primary key,
    owner text not null,
    name text not null,
    description text,
    source text not null,
    interval text not null,
    measured_at timestamptz,
    seen text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revision bigint not null default 1
);
create unique index narrative_name on narrative (lower(name));

-- A token belongs to it in [valid_from, valid_to), as was known in [known_at, ended_at).
create table narrative_member (
    narrative uuid not null constraint narrative_member_of references narrative (id) on delete cascade,
    token_id uuid not null constraint narrative_member_token references token (id),
    valid_from timestamptz not null,
    valid_to timestamptz not null,
    known_at timestamptz not null,
    ended_at timestamptz not null default 'infinity',
    constraint narrative_member_key primary key (narrative, token_id, valid_from, known_at)
);
create index narrative_member_tokens on narrative_member (token_id);

-- What was measured at a candle's close; measured again, it is another row of the same candle.
create table narrative_score (
    narrative uuid not null constraint narrative_score_of references narrative (id) on delete cascade,
    time timestamptz not null,
    known_at timestamptz not null,
    score double precision not null,
    score_before double precision,
    excess_return double precision not null,
    return_place double precision not null,
    breadth double precision not null,
    share_change double precision not null,
    share_place double precision not null,
    members integer not null,
    fading boolean not null,
    retroactive boolean not null,
    constraint narrative_score_key primary key (narrative, time, known_at)
);

-- Of every living token: its return over seven days, whether it closed above the mean of its last 20 closes,
-- and the quote volume of these seven days and of the seven before.
create function narrative_tokens(
    p_source text, p_interval text, p_length interval, p_before timestamptz, p_known timestamptz)
    returns table (token_id uuid, newest timestamptz, week_return double precision, is_above boolean,
        volume double precision, volume_before double precision)
language sql stable as $$
    select l.token_id, l.newest, l.close / b.close - 1, a.is_above, v.volume, v.volume_before
    from market_last(p_source, p_interval, p_length, p_before, p_known) l
    left join lateral candle_at(l.series, l.open_time - interval '168 hours', p_known) b on true
    left join lateral (
        select l.close > avg(k.close) as is_above
        from candles_last(l.series, l.open_time, p_known, 20) k
        having count(*) = 20
    ) a on true
    left join lateral (
        select sum(k.close * k.volume) filter (where k.open_time > l.open_time - interval '168 hours') as volume,
            sum(k.close * k.volume) filter (where k.open_time <= l.open_time - interval '168 hours') as volume_before
        from candles_between(l.series, l.open_time - interval '336 hours', l.open_time, p_known) k
    ) v on true
    where l.is_live
$$;
