-- Ways in: where a session came from, browsers that are known, how a visit to the provider began, when a factor is due.

-- issuer: the provider that vouched, where one did.
alter table session
    add column via text not null default 'password',
    add column issuer text,
    add constraint session_via check (via in ('password', 'passkey', 'openid') and (via = 'openid') = (issuer is not null));
alter table pending_login
    add column via text not null default 'password',
    add column issuer text,
    add constraint pending_login_via check (via in ('password', 'openid') and (via = 'openid') = (issuer is not null));

-- A browser that somebody logged in with, by the SHA-256 of its cookie: its attempts are counted apart, so that nobody
-- else can use them up.
create table known_device (
    hash bytea primary key,
    principal uuid not null constraint known_device_principal references principal (id),
    last_used_at timestamptz not null,
    expires_at timestamptz not null
);
create index known_device_of on known_device (principal, last_used_at);
create index known_device_expiry on known_device (expires_at);

-- errand: what comes of the visit. session: in which it began, if it did.
alter table openid_attempt
    add column errand text not null default 'login',
    add column session uuid constraint openid_attempt_session references session (id) on delete cascade,
    add column began_at timestamptz not null default clock_timestamp(),
    add constraint openid_attempt_errand check (
        errand in ('login', 'link', 'step_up') and (errand = 'login') = (session is null));
create index openid_attempt_of on openid_attempt (session) where session is not null;

-- Memberships that a group of the provider's leads to, as openid_grant has grants.
create table openid_member (
    group_id uuid not null,
    principal uuid not null,
    group_name text not null,
    constraint openid_member_once primary key (group_id, principal),
    constraint openid_member_of foreign key (group_id, principal) references group_member (group_id, principal)
        on delete cascade
);
create index openid_member_list on openid_member (principal);

-- From when a second factor is a duty of somebody; null for whoever has one, and for service accounts. A factor that
-- was not confirmed is none.
create function mfa_due_at(p_principal uuid) returns timestamptz
language sql stable strict parallel safe as $$
    select coalesce(p.joined_at, p.created_at) + i.mfa_grace
    from principal p cross join sign_in i
    where p.id = p_principal and p.kind = 'user' and not exists (
        select from factor f where f.principal = p.id and f.confirmed_at is not null)
$$;
