-- Approvals: which actions need how many of which role, what waits for them, and who gave them.

-- Lengths of time are microseconds.
create table approval_rule (
    id uuid primary key,
    name text not null constraint approval_rule_name unique,
    actions text[] not null constraint approval_rule_actions check (cardinality(actions) between 1 and 100),
    -- What of: as grants say it; {} is everything.
    scope jsonb not null default '{}',
    approvals smallint not null constraint approval_rule_approvals check (approvals between 1 and 10),
    -- Who approves holds it.
    role text not null,
    reason_pattern text,
    reason_least smallint not null,
    pending_for bigint not null constraint approval_rule_pending check (pending_for > 0),
    delay bigint not null constraint approval_rule_delay check (delay >= 0),
    valid_for bigint constraint approval_rule_valid check (valid_for > 0),
    created_at timestamptz not null,
    created_by text not null,
    updated_at timestamptz not null,
    updated_by text not null,
    revision bigint not null default 1
);
create index approval_rule_list on approval_rule (created_at, id);

-- One row: whether one person may approve their own, since when, and after how long.
create table approval_setting (
    id boolean primary key default true constraint approval_setting_one check (id),
    solo boolean not null default false,
    solo_delay bigint not null default 3600000000 constraint approval_setting_delay check (solo_delay > 0),
    changed_at timestamptz,
    changed_by text,
    reason text,
    revision bigint not null default 1
);
insert into approval_setting default values;

-- A request that waits, or waited. humans: the people behind it (the requester, or the owner of a service account and
-- whoever issued it an access token), none of whom decides. needs: what every rule that caught it asks for, with those
-- who held the role at that moment. request, result: sealed.
create table approval (
    id uuid primary key,
    action text not null,
    operation text not null,
    state text not null constraint approval_state check (state in
        ('pending', 'approved', 'running', 'executed', 'failed', 'unknown', 'rejected', 'cancelled', 'expired')),
    requester uuid not null constraint approval_requester references principal (id),
    humans uuid[] not null constraint approval_humans check (cardinality(humans) > 0),
    access_token uuid,
    address text,
    reason text,
    needs jsonb not null constraint approval_needs check (jsonb_array_length(needs) > 0),
    method text not null,
    path text not null,
    subject text,
    key uuid,
    -- What it may be used for, as approvers see it: checked again before it runs.
    key_readable boolean,
    key_policy integer,
    request bytea not null,
    request_generation integer generated always as (sealed_generation(request)) stored
        constraint approval_request_generation references key_encryption_key (generation),
    digest bytea not null constraint approval_digest check (length(digest) = 32),
    -- Its answer is shown once: its requester fetches it, which runs it.
    fetched boolean not null,
    requested_at timestamptz not null,
    expires_at timestamptz not null,
    delay bigint not null,
    valid_for bigint,
    approved_at timestamptz,
    due_at timestamptz,
    lapses_at timestamptz,
    claimed_at timestamptz,
    finished_at timestamptz,
    ended_by text,
    end_reason text,
    status smallint,
    result bytea,
    result_generation integer generated always as (sealed_generation(result)) stored
        constraint approval_result_generation references key_encryption_key (generation),
    revision bigint not null default 1
);
create index approval_list on approval (requested_at, id);
create index approval_of on approval (requester, requested_at, id);
create index approval_open on approval (state, expires_at) where state in ('pending', 'approved', 'running');
create index approval_request_generation on approval (request_generation, id);
create index approval_result_generation on approval (result_generation, id) where result is not null;

-- People only: one vote a person.
create table approval_vote (
    approval uuid not null constraint approval_vote_approval references approval (id) on delete cascade,
    approver uuid not null constraint approval_vote_approver references principal (id),
    verdict text not null constraint approval_vote_verdict check (verdict in ('approve', 'reject')),
    reason text not null,
    -- Of one's own request, in solo mode.
    solo boolean not null default false,
    access_token uuid,
    at timestamptz not null,
    constraint approval_vote_once primary key (approval, approver)
);

-- Whether an active user holds a role on everything, by themselves or by a group. Whoever came by breaking glass is
-- somebody else a second time, and decides nothing.
create function holds_role(p_principal uuid, p_role text, p_at timestamptz) returns boolean
language sql stable as $$
    select exists (select from principal p where p.id = p_principal and p.kind = 'user' and p.status = 'active'
            and p.expires_at is null)
        and exists (select from granted_to g where g.grantee = p_principal and g.role = p_role
            and g.effect = 'allow' and g.scope = '{}' and (g.expires_at is null or g.expires_at > p_at))
        and not exists (select from granted_to g where g.grantee = p_principal and g.role = p_role
            and g.effect = 'deny' and g.scope = '{}' and (g.expires_at is null or g.expires_at > p_at))
$$;

-- Whether solo mode lets this person approve their own: it was on before the request, and nobody else holds the role.
create function approves_alone(p_principal uuid, p_role text, p_requested timestamptz, p_at timestamptz) returns boolean
language sql stable as $$
    select coalesce((select s.solo and s.changed_at < p_requested from approval_setting s), false)
        and holds_role(p_principal, p_role, p_at)
        and not exists (select from principal p where p.id <> p_principal and p.kind = 'user' and p.status = 'active'
            and holds_role(p.id, p_role, p_at))
$$;

-- Whether every need has its approvals, by people who held the role when it was requested and hold it now.
create function approval_is_met(p_approval uuid, p_at timestamptz) returns boolean
language sql stable as $$
    select coalesce(bool_and(
        (select count(*) from approval_vote v where v.approval = a.id and v.verdict = 'approve' and not v.solo
            and need -> 'candidates' ? v.approver::text and holds_role(v.approver, need ->> 'role', p_at))
            >= (need ->> 'approvals')::integer
        or exists (select from approval_vote v where v.approval = a.id and v.verdict = 'approve' and v.solo
            and need -> 'candidates' ? v.approver::text
            and approves_alone(v.approver, need ->> 'role', a.requested_at, p_at))), false)
    from approval a cross join lateral jsonb_array_elements(a.needs) need
    where a.id = p_approval
$$;

-- Who may vote, whoever writes the row.
create function approval_vote_guard() returns trigger
language plpgsql as $$
declare
    a approval;
begin
    select * into a from approval where id = new.approval for no key update;
    if tg_op = 'UPDATE' and (old.verdict <> 'approve' or new.verdict <> 'reject' or old.approver <> new.approver
            or old.approval <> new.approval) then
        raise exception 'a vote stands' using errcode = 'check_violation', constraint = 'approval_vote_stands';
    end if;
    if not (a.state = 'pending' and a.expires_at > new.at or a.state = 'approved' and new.verdict = 'reject') then
        raise exception 'nothing to decide' using errcode = 'check_violation', constraint = 'approval_vote_open';
    end if;
    if not exists (select from principal p where p.id = new.approver and p.kind = 'user' and p.status = 'active') then
        raise exception 'people decide' using errcode = 'check_violation', constraint = 'approval_vote_person';
    end if;
    if new.approver = a.requester or new.approver = any (a.humans)
            or new.approver = (select p.owner from principal p where p.id = a.requester) then
        if not new.solo or new.verdict <> 'approve' then
            raise exception 'one''s own' using errcode = 'check_violation', constraint = 'approval_vote_own';
        end if;
        if not exists (select from jsonb_array_elements(a.needs) need
                where need -> 'candidates' ? new.approver::text
                    and approves_alone(new.approver, need ->> 'role', a.requested_at, new.at)) then
            raise exception 'one''s own' using errcode = 'check_violation', constraint = 'approval_vote_own';
        end if;
    elsif new.solo then
        raise exception 'not one''s own' using errcode = 'check_violation', constraint = 'approval_vote_solo';
    end if;
    if not exists (select from jsonb_array_elements(a.needs) need
            where need -> 'candidates' ? new.approver::text and holds_role(new.approver, need ->> 'role', new.at)) then
        raise exception 'no such role' using errcode = 'check_violation', constraint = 'approval_vote_role';
    end if;
    return new;
end
$$;
create trigger approval_vote_guard before insert or update on approval_vote
    for each row execute function approval_vote_guard();

-- What was asked for stays as it is, and nothing runs that was not approved.
create function approval_guard() returns trigger
language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'pending' then
            raise exception 'not pending' using errcode = 'check_violation', constraint = 'approval_begins_pending';
        end if;
        return new;
    end if;
    if (old.action, old.operation, old.requester, old.humans, old.needs, old.method, old.path, old.subject, old.key,
            old.key_readable, old.key_policy, old.digest, old.fetched, old.requested_at, old.expires_at, old.delay,
            old.valid_for, old.reason, old.access_token, old.address)
        is distinct from
        (new.action, new.operation, new.requester, new.humans, new.needs, new.method, new.path, new.subject, new.key,
            new.key_readable, new.key_policy, new.digest, new.fetched, new.requested_at, new.expires_at, new.delay,
            new.valid_for, new.reason, new.access_token, new.address) then
        raise exception 'what was asked for' using errcode = 'check_violation', constraint = 'approval_is_fixed';
    end if;
    if old.state = new.state then
        return new;
    end if;
    if (old.state, new.state) not in (('pending', 'approved'), ('pending', 'rejected'), ('pending', 'cancelled'),
            ('pending', 'expired'), ('approved', 'running'), ('approved', 'failed'), ('approved', 'rejected'),
            ('approved', 'cancelled'), ('approved', 'expired'), ('running', 'executed'), ('running', 'failed'),
            ('running', 'unknown')) then
        raise exception 'no such step' using errcode = 'check_violation', constraint = 'approval_step';
    end if;
    if new.state = 'approved' and not approval_is_met(new.id, new.approved_at)
        or new.state = 'running' and (not approval_is_met(new.id, new.claimed_at) or new.claimed_at < old.due_at
            or new.claimed_at >= coalesce(old.lapses_at, 'infinity')) then
        raise exception 'not approved' using errcode = 'check_violation', constraint = 'approval_unmet';
    end if;
    return new;
end
$$;
create trigger approval_guard before insert or update on approval
    for each row execute function approval_guard();
