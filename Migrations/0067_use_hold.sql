-- What a batch of uses assumed when it was decided, compared under the locks that it holds until its commit: nothing of
-- it moves before. Everything is as it was assumed, or the transaction fails. Locks are taken in the order in which all
-- take them: authority, counters by their names, the lane. Answers the database's clock.
create function hold_uses(
    p_epoch bigint, p_configuration bigint, p_keys uuid[], p_revisions bigint[], p_statuses text[],
    p_owners text[], p_clauses integer[], p_starts timestamptz[], p_used bigint[],
    p_lane smallint, p_sequence bigint, p_hash bytea, p_checkpoint bytea,
    p_from timestamptz, p_until timestamptz) returns timestamptz
language plpgsql as $$
declare
    v_now timestamptz;
begin
    perform pg_advisory_xact_lock_shared(118064188978280);
    if not exists (
        select from authority
        where epoch = p_epoch and configuration = p_configuration and restored_at is null)
    then
        raise exception 'authority is another' using errcode = 'KB002';
    end if;
    if (select count(*)
        from unnest(p_keys, p_revisions, p_statuses) as a (id, revision, status)
            join exchange_key k on k.id = a.id and k.revision = a.revision and k.status = a.status)
        <> cardinality(p_keys)
    then
        raise exception 'a key is another' using errcode = 'KB002';
    end if;
    if (select count(*)
        from (
            select c.owner, c.clause, c.window_start, c.used, a.window_start as start, a.used as before
            from unnest(p_owners, p_clauses, p_starts, p_used) as a (owner, clause, window_start, used)
                join limit_counter c on c.owner = a.owner and c.clause = a.clause
            order by c.owner, c.clause for no key update of c) as held
        where window_start = start and used = before)
        <> cardinality(p_clauses)
    then
        raise exception 'a counter is another' using errcode = 'KB002';
    end if;
    perform from audit_lane
    where lane = p_lane and sequence = p_sequence and hash = p_hash and checkpoint is not distinct from p_checkpoint
    for no key update;
    if not found then
        raise exception 'the lane is another' using errcode = 'KB002';
    end if;
    v_now := clock_timestamp();
    if v_now < p_from or v_now >= p_until then
        raise exception 'a window is another' using errcode = 'KB002';
    end if;
    return v_now;
end
$$;
