-- Leaving: off-boardings and what they found, secrets that somebody knew, break-glass tokens, and when principals lapse.

-- expires_at: from then on it is refused as if it were disabled, which a job makes it soon after.
-- expiry_notice_at: when something is said of that next. unused_told_at: for a service account that nobody uses.
alter table principal
    add column expires_at timestamptz,
    add column expiry_notice_at timestamptz,
    add column unused_told_at timestamptz;
create index principal_expiry_notice on principal (expiry_notice_at, id) where expiry_notice_at is not null;

-- An owner who comes back by the host: good for whoever joined already, too.
alter table invitation add column recovers boolean not null default false;

alter table key_rotation drop constraint key_rotation_cause;
alter table key_rotation add constraint key_rotation_cause
    check (cause in ('asked', 'scheduled', 'file', 'leaver', 'break_glass'));

-- Keys whose current secret somebody knew, and what is done about it. source: whose knowing it was, off_… or brk_….
-- version: the one that was known; once another is current, nothing is left to do.
create table rotation_wish (
    source uuid not null,
    key uuid not null,
    cause text not null,
    reason text not null,
    version integer,
    made_at timestamptz not null,
    done_at timestamptz,
    rotation uuid,
    note text,
    primary key (source, key)
);
create index rotation_wish_open on rotation_wish (made_at, source, key) where done_at is null;

-- One row for each time that somebody left. It counts for as long as the user is disabled since then.
create table offboarding (
    id uuid primary key,
    -- In the order in which they were made, whatever clocks say.
    number bigint generated always as identity,
    principal uuid not null constraint offboarding_principal references principal (id),
    at timestamptz not null,
    by text,
    reason text not null,
    heir uuid,
    digest text not null,
    steps jsonb not null
);
create index offboarding_of on offboarding (principal, number);

create table offboarding_key (
    offboarding uuid not null constraint offboarding_key_of references offboarding (id),
    key uuid not null,
    facts jsonb not null,
    primary key (offboarding, key)
);

-- Tokens in envelopes. The principal acts under each; it is made when the token is used, and lapses after an hour.
create table break_glass (
    id uuid primary key,
    name text not null,
    role text not null,
    hash bytea not null constraint break_glass_hash unique,
    hint text not null,
    created_at timestamptz not null,
    created_by text not null,
    used_at timestamptz,
    used_from text,
    principal uuid constraint break_glass_principal references principal (id),
    ends_at timestamptz,
    -- When its access was taken, and when what it touched was put up for rotation.
    ended_at timestamptz,
    swept_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    revoke_reason text
);
create index break_glass_list on break_glass (created_at, id);
create index break_glass_open on break_glass (ends_at) where used_at is not null and swept_at is null;
create index break_glass_of on break_glass (principal) where principal is not null;
