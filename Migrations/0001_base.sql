-- What every room stands on: the installation, authority, sealing, the audit trail, events, jobs, idempotency.

-- One installation. The era is raised when the server under the database is another one (dump and restore), because
-- transaction ids start low there and every new event would sort before the old ones.
create table installation (
    id smallint primary key default 1 constraint installation_single check (id = 1),
    era integer not null default 1,
    system_identifier bigint not null,
    bootstrap_hash bytea,
    bootstrap_expires_at timestamptz,
    bootstrapped_at timestamptz,
    created_at timestamptz not null default clock_timestamp()
);
insert into installation (system_identifier) select system_identifier from pg_control_system();

-- epoch: who may do what. configuration: rules, webhooks, routes. Snapshots of either are checked against it.
create table authority (
    id smallint primary key default 1 constraint authority_single check (id = 1),
    epoch bigint not null default 1,
    configuration bigint not null default 1
);
insert into authority default values;

create table node (
    id uuid primary key,
    version text not null,
    loops integer not null,
    started_at timestamptz not null,
    last_seen_at timestamptz not null
);

create table key_encryption_key (
    generation integer primary key constraint key_encryption_key_generation check (generation > 0),
    wrapped bytea not null,
    created_at timestamptz not null default clock_timestamp()
);

create table idempotency_key (
    principal uuid not null,
    method text not null,
    path text not null,
    key text not null,
    body_digest bytea not null,
    resource text,
    status smallint,
    headers jsonb,
    body bytea,
    created_at timestamptz not null,
    primary key (principal, method, path, key)
);
create index idempotency_key_created on idempotency_key (created_at);

-- The audit trail: 64 lanes, each a hash chain. Rows are bytes; the columns beside them are for finding, and
-- verification compares them with the bytes.
create table audit_lane (
    lane smallint primary key constraint audit_lane_range check (lane between 0 and 63),
    -- The first entry that is kept: retention raises it, and verification begins there.
    first bigint not null default 1,
    sequence bigint not null default 0,
    hash bytea not null default decode(repeat('00', 32), 'hex'),
    -- The hash of the newest checkpoint, until the lane's next entry takes it up.
    checkpoint bytea
);
insert into audit_lane (lane) select generate_series(0, 63);

create table audit_record (
    lane smallint not null,
    sequence bigint not null,
    at timestamptz not null,
    previous bytea not null,
    checkpoint bytea,
    hash bytea not null,
    body bytea not null,
    primary key (lane, sequence, at)
) partition by range (at);

-- What one audit entry holds, item by item, for lists and filters.
create table audit_item (
    lane smallint not null,
    sequence bigint not null,
    item integer not null,
    at timestamptz not null,
    actor text,
    action text not null,
    resource text,
    outcome text not null,
    primary key (lane, sequence, item, at)
) partition by range (at);
create index audit_item_at on audit_item (at, lane, sequence, item);
create index audit_item_actor on audit_item (actor, at);
create index audit_item_resource on audit_item (resource, at);
create index audit_item_action on audit_item (action, at);

create table audit_checkpoint (
    id uuid primary key,
    number bigint not null constraint audit_checkpoint_number unique,
    at timestamptz not null,
    previous bytea,
    body bytea not null,
    hash bytea not null,
    key_id uuid not null,
    public_key bytea not null,
    signature bytea not null,
    exported_at timestamptz,
    -- When the event that tells of it was written.
    announced_at timestamptz
);
create index audit_checkpoint_unannounced on audit_checkpoint (number) where announced_at is null;

-- Appends one entry to this session's lane and returns (lane, sequence). The lane is picked once a session, by a
-- session lock, so that sessions do not wait for each other; correctness comes from the row lock alone.
create function audit_append(p_at timestamptz, p_body bytea) returns table (entry_lane smallint, entry_sequence bigint)
language plpgsql as $$
declare
    v_lane smallint := nullif(current_setting('keybell.audit_lane', true), '')::smallint;
    v_head audit_lane;
    v_sequence bigint;
    v_hash bytea;
begin
    if v_lane is null then
        select candidate into v_lane from generate_series(0, 63) candidate
            where pg_try_advisory_lock(1801547116, candidate) limit 1;
        v_lane := coalesce(v_lane, (pg_backend_pid() % 64)::smallint);
        perform set_config('keybell.audit_lane', v_lane::text, false);
    end if;
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

-- Events: facts that rules can match, in the order (era, xid, id). A reader takes only rows below the snapshot's
-- xmin: sequences and clocks commit out of order, transaction ids below xmin are all decided.
create table event (
    era integer not null,
    xid xid8 not null default pg_current_xact_id(),
    id uuid not null,
    at timestamptz not null,
    type text not null,
    subject text,
    actor text,
    access_token text,
    address text,
    data jsonb not null,
    primary key (era, xid, id, at)
) partition by range (at);
create index event_type_order on event (type, era, xid, id);
create index event_id on event (id);

-- run: the run under way. With no lease beside it, it was asked for by hand, and no node has taken it yet.
create table job (
    name text primary key,
    next_run_at timestamptz not null,
    run uuid,
    leased_by uuid,
    lease_until timestamptz,
    constraint job_lease check ((leased_by is null) = (lease_until is null) and (leased_by is null or run is not null))
);

create table job_run (
    id uuid primary key,
    job text not null,
    trigger text not null constraint job_run_trigger check (trigger in ('schedule', 'by_hand')),
    requested_by text,
    node uuid,
    started_at timestamptz not null,
    finished_at timestamptz,
    outcome text not null
        constraint job_run_outcome check (outcome in ('running', 'succeeded', 'failed', 'timed_out', 'abandoned')),
    error text,
    result jsonb not null default '{}'
);
create index job_run_job on job_run (job, started_at desc, id desc);

-- Time partitions, made ahead by a job; months of UTC.
create function ensure_partitions(p_from date, p_months integer) returns integer
language plpgsql as $$
declare
    v_month date := date_trunc('month', p_from)::date;
    v_made integer := 0;
    v_parent text;
    v_name text;
begin
    for step in 0 .. p_months - 1 loop
        foreach v_parent in array array['audit_record', 'audit_item', 'event'] loop
            v_name := v_parent || '_' || to_char(v_month, 'YYYYMM');
            if to_regclass(v_name) is null then
                execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, v_parent,
                    v_month::timestamp at time zone 'UTC', (v_month + interval '1 month') at time zone 'UTC');
                v_made := v_made + 1;
            end if;
        end loop;
        v_month := (v_month + interval '1 month')::date;
    end loop;
    return v_made;
end
$$;
-- What falls outside every month (a clock far off) is kept, not refused.
create table audit_record_other partition of audit_record default;
create table audit_item_other partition of audit_item default;
create table event_other partition of event default;
select ensure_partitions((now() at time zone 'UTC')::date - 31, 4);

-- Takes a month of the trail out of its tables, once an exported checkpoint covers all of it. The tables stay, to be
-- archived or dropped by hand. Returns the entries taken out, or null when a checkpoint does not cover them yet.
create function detach_audit_month(p_month date) returns bigint
language plpgsql as $$
declare
    v_records text := 'audit_record_' || to_char(p_month, 'YYYYMM');
    v_items text := 'audit_item_' || to_char(p_month, 'YYYYMM');
    v_body jsonb;
    v_count bigint;
begin
    select convert_from(body, 'UTF8')::jsonb into v_body from audit_checkpoint
        where exported_at is not null order by number desc limit 1;
    -- Nobody appends meanwhile, and checkpoints lock the lanes in the same order.
    perform lane from audit_lane order by lane for no key update;
    execute format(
        'create temporary table detached on commit drop as '
        'select lane, max(sequence) as last, count(*) as entries from %I group by lane', v_records);
    if exists (
        select from detached left join jsonb_to_recordset(v_body -> 'lanes') as span (lane smallint, last bigint)
            using (lane) where detached.last > coalesce(span.last, 0))
    then
        return null;
    end if;
    update audit_lane set first = greatest(first, detached.last + 1) from detached where audit_lane.lane = detached.lane;
    select coalesce(sum(entries), 0) into v_count from detached;
    execute format('alter table audit_record detach partition %I', v_records);
    execute format('alter table audit_item detach partition %I', v_items);
    return v_count;
end
$$;

create function drop_event_month(p_month date) returns void
language plpgsql as $$
begin
    execute format('drop table %I', 'event_' || to_char(p_month, 'YYYYMM'));
end
$$;
