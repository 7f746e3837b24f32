-- Passwords as proofs that a person is there; the session that an approval was asked by; solo mode's delay.

-- When the password was shown in it last.
alter table session add password_at timestamptz;
-- By the password, and not by a second factor: it counts only for whoever has none.
alter table step_up_proof add by_password boolean not null default false;
-- Which asked for it; null where an access token did.
alter table approval add session uuid;

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
            old.key_readable, old.key_policy, old.digest, old.fetched, old.requested_at, old.expires_at, old.delay,
            old.valid_for, old.reason, old.access_token, old.session, old.address)
        is distinct from
        (new.action, new.operation, new.requester, new.humans, new.needs, new.method, new.path, new.subject, new.key,
            new.key_readable, new.key_policy, new.digest, new.fetched, new.requested_at, new.expires_at, new.delay,
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
