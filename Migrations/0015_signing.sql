-- Keys in use: policies, limits, and a record of every use.

-- Which policy counts: under the key's tag, so that a write past the service cannot loosen it.
alter table exchange_key
    add column policy_version integer not null default 0
        constraint exchange_key_policy_version check (policy_version >= 0),
    add column policy_digest bytea;

-- Every policy that was ever published, as its exact text. owner: key_…, acc_… or desk.
create table policy (
    owner text not null,
    version integer not null constraint policy_version check (version > 0),
    document text not null,
    note text,
    published_at timestamptz not null,
    published_by text not null,
    primary key (owner, version)
);

create table policy_draft (
    owner text primary key,
    document text not null,
    revision bigint not null,
    updated_at timestamptz not null,
    updated_by text not null
);

-- Which policy of an account or of the desk counts, each under a tag of its own.
create table policy_head (
    owner text primary key,
    version integer not null,
    digest bytea not null,
    mac bytea not null
);

-- Permanent rows: clause 0 of a key is its nonce, the others are limits. Windows are fixed, aligned to their length, and
-- rolled in place by whoever holds the row.
create table limit_counter (
    owner text not null,
    clause integer not null,
    window_start timestamptz not null,
    used bigint not null,
    primary key (owner, clause)
) with (fillfactor = 50);

-- One row for each use of a key: the event that rules read, the line of the audit trail (lane, sequence, item), and what
-- became of it at the exchange. Rows that bots report of keys that they hold themselves have no lane.
create table usage_event (
    era integer not null,
    xid xid8 not null default pg_current_xact_id(),
    id uuid not null,
    at timestamptz not null,
    type text not null,
    subject text not null,
    actor text,
    access_token text,
    address text,
    -- Kept as it was written: jsonb cost a third of the insert.
    data json not null,
    -- As it was asked for, so that other policies can be tried on it; not of what may hold passwords.
    request text,
    lane smallint,
    sequence bigint,
    item integer,
    action text not null,
    verdict text not null constraint usage_event_verdict check (verdict in ('allowed', 'denied')),
    operation text not null,
    symbol text,
    outcome text not null,
    http_status smallint,
    code text,
    microseconds bigint,
    answered_at timestamptz,
    -- That its outcome is unknown: told once.
    told_at timestamptz,
    -- Of a report, by whoever sent it.
    client_id text,
    primary key (era, xid, id, at)
) partition by range (at);
create index usage_event_at on usage_event (at, lane, sequence, item);
create index usage_event_subject on usage_event (subject, at, id);
-- What left and was not heard of, or is known to be unknown and was not told.
create index usage_event_open on usage_event (at)
    where outcome in ('authorised', 'unknown') and told_at is null and lane is not null;
create index usage_event_denied on usage_event (at, id) where verdict = 'denied';
-- Rare values of the other filters, and one use by its id. Rows come in the order of their ids, so a summary of each
-- run of pages finds them, and costs an insert next to nothing: a job makes the summaries. In 800,000 rows a rare
-- symbol is found in 3 ms, without summaries in 300.
create index usage_event_rare on usage_event using brin (id uuid_minmax_multi_ops, symbol text_bloom_ops,
    address text_bloom_ops, actor text_bloom_ops, access_token text_bloom_ops, operation text_bloom_ops, outcome text_bloom_ops,
    action text_bloom_ops)
    with (pages_per_range = 32, autosummarize = on);

-- What was reported already, whenever it happened: a partitioned table cannot keep a client's ids unique.
create table usage_report (
    principal text collate "C" not null,
    client_id text collate "C" not null,
    usage uuid not null,
    digest bytea not null,
    constraint usage_report_key primary key (principal, client_id)
);

create table usage_event_other partition of usage_event default;
select ensure_partition('usage_event', ((now() at time zone 'UTC')::date + make_interval(months => step))::date)
    from generate_series(-1, 2) as step;

-- Everything that rules, feeds and streams read, and everything that the trail says, whatever table holds it.
create view feed_event as
    select era, xid, id, at, type, subject, actor, access_token, address, data from event
    union all
    select era, xid, id, at, type, subject, actor, access_token, address, data::jsonb from usage_event;
create view audit_line as
    select lane, sequence, item, at, actor, action, resource, outcome from audit_item
    union all
    select lane, sequence, item, at, actor, action, subject, verdict from usage_event where lane is not null;

-- The lane of this session, picked once, so that sessions do not wait for each other; correctness comes from the row
-- lock alone.
create function audit_lane_of_session() returns smallint
language plpgsql as $$
declare
    v_lane smallint := nullif(current_setting('keybell.audit_lane', true), '')::smallint;
begin
    if v_lane is null then
        select candidate into v_lane from generate_series(0, 63) candidate
            where pg_try_advisory_lock(1801547116, candidate) limit 1;
        v_lane := coalesce(v_lane, (pg_backend_pid() % 64)::smallint);
        perform set_config('keybell.audit_lane', v_lane::text, false);
    end if;
    return v_lane;
end
$$;

create or replace function audit_append(p_at timestamptz, p_body bytea)
returns table (entry_lane smallint, entry_sequence bigint)
language plpgsql as $$
declare
    v_lane smallint := audit_lane_of_session();
    v_head audit_lane;
    v_sequence bigint;
    v_hash bytea;
begin
    select * into v_head from audit_lane where lane = v_lane for no key update;
    v_sequence := v_head.sequence + 1;
    v_hash := sha256(
        '\x01'::bytea || int2send(v_lane) || int8send(v_sequence)
        || int8send((extract(epoch from p_at) * 1000000)::bigint)
        || v_head.hash || coalesce(v_head.checkpoint, ''::bytea) || p_body);
    insert into audit_record (lane, sequence, at, previous, checkpoint, hash, body)
        values (v_lane, v_sequence, p_at, v_head.hash, v_head.checkpoint, v_hash, p_body);
    update audit_lane set sequence = v_sequence, hash = v_hash, checkpoint = null where lane = v_lane;
    entry_lane := v_lane;
    entry_sequence := v_sequence;
    return next;
end
$$;

-- A batch's entry is some kilobytes; compressing each cost a tenth of the batch.
alter table audit_record alter column body set storage external;
