-- Who reset whose ways in, what people prove themselves with first, what broken glass leaves, approvals by account.

-- A factor, a password or an address of somebody that somebody else took away or made anew: whoever did it may have been
-- that person since.
create table way_reset (
    id bigint generated always as identity primary key,
    principal uuid not null constraint way_reset_principal references principal (id),
    what text not null constraint way_reset_what check (what in ('factors', 'password', 'email')),
    actor uuid not null,
    -- The people behind that, as approval.humans has them.
    humans uuid[] not null constraint way_reset_humans check (cardinality(humans) > 0),
    at timestamptz not null
);
create index way_reset_of on way_reset (principal, at);
create index way_reset_by on way_reset (actor, at);

-- Whether an approver may be somebody else who has a part in the request: whoever asked for it, stands behind it or
-- approved it has reset their ways in within 30 days before it, or since; or has reset those of somebody who did.
create function may_be_another(p_approver uuid, p_approval uuid) returns boolean
language sql stable as $$
    with recursive asked as (
        select a.requested_at - interval '30 days' as since, a.requester, a.humans from approval a where a.id = p_approval
    ), reach (id) as (
        select unnest(asked.humans || asked.requester) from asked
        union
        select v.approver from approval_vote v
            where v.approval = p_approval and v.verdict = 'approve' and v.approver <> p_approver
        union
        select r.principal from reach, asked, way_reset r
            where r.at >= asked.since and r.principal <> reach.id and (r.actor = reach.id or reach.id = any (r.humans))
    )
    select exists (select from reach where id = p_approver)
$$;

-- Whether every need has its approvals, by people who held the role when it was requested and hold it now, and who can be
-- nobody else that has a part in it.
create or replace function approval_is_met(p_approval uuid, p_at timestamptz) returns boolean
language sql stable as $$
    select coalesce(bool_and(
        (select count(*) from approval_vote v where v.approval = a.id and v.verdict = 'approve' and not v.solo
            and need -> 'candidates' ? v.approver::text and holds_role(v.approver, need ->> 'role', p_at)
            and not may_be_another(v.approver, a.id))
            >= (need ->> 'approvals')::integer
        or exists (select from approval_vote v where v.approval = a.id and v.verdict = 'approve' and v.solo
            and need -> 'candidates' ? v.approver::text
            and approves_alone(v.approver, need ->> 'role', a.requested_at, p_at))), false)
    from approval a cross join lateral jsonb_array_elements(a.needs) need
    where a.id = p_approval
$$;

-- Who may vote, whoever writes the row.
create or replace function approval_vote_guard() returns trigger
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
    if new.verdict = 'approve' and not new.solo and may_be_another(new.approver, a.id) then
        raise exception 'their ways in were reset' using errcode = 'check_violation', constraint = 'approval_vote_reset';
    end if;
    return new;
end
$$;

-- Of an account, as key is of a key: who may see it is asked there.
alter table approval add column account uuid;

-- What was asked for stays as it is, nothing runs that was not approved, and what somebody approved of their own waits as
-- long as solo mode says, whoever approved beside them.
create or replace function approval_guard() returns trigger
language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'pending' then
            raise exception 'not pending' using errcode = 'check_violation', constraint = 'approval_begins_pending';
        end if;
        return new;
    end if;
    if (old.action, old.operation, old.requester, old.humans, old.needs, old.method, old.path, old.subject, old.key,
            old.account, old.key_readable, old.key_policy, old.digest, old.fetched, old.requested_at, old.expires_at, old.delay,
            old.valid_for, old.reason, old.access_token, old.session, old.address)
        is distinct from
        (new.action, new.operation, new.requester, new.humans, new.needs, new.method, new.path, new.subject, new.key,
            new.account, new.key_readable, new.key_policy, new.digest, new.fetched, new.requested_at, new.expires_at, new.delay,
            new.valid_for, new.reason, new.access_token, new.session, new.address) then
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
    if new.state = 'approved'
        and exists (select from approval_vote v
            where v.approval = new.id and v.verdict = 'approve' and v.solo)
        and new.due_at < new.approved_at + (select s.solo_delay * interval '1 microsecond' from approval_setting s) then
        raise exception 'too early' using errcode = 'check_violation', constraint = 'approval_solo_delay';
    end if;
    return new;
end
$$;

-- The one that joining gave: for a day it may set what its user proves themselves with first.
alter table access_token add column by_joining boolean not null default false;
-- When the provider last saw its person log in; null: it does not say.
alter table session add column vouched_at timestamptz;
-- What became of what was made while it was open, step by step, as off-boarding has it.
alter table break_glass add column left_behind jsonb;

-- Who can come in without an access token. A one-time code is asked for after one of these only.
create view way_in as
    select principal from password
    union select principal from openid_link
    union select principal from factor where kind = 'passkey' and confirmed_at is not null;
