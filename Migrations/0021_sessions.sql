-- Passwords, sessions, links to set a password, and what guards log-in.

-- An Argon2id text, which carries its salt and parameters.
create table password (
    principal uuid primary key constraint password_principal references principal (id),
    hash text not null,
    changed_at timestamptz not null
);

-- One-time links to set a password, by their SHA-256.
create table password_reset (
    id uuid primary key,
    principal uuid not null constraint password_reset_principal references principal (id),
    hash bytea not null constraint password_reset_hash unique,
    created_at timestamptz not null,
    created_by text not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index password_reset_of on password_reset (principal);

-- A browser, or a cookie jar, that somebody signed in with; the cookie by its SHA-256. When it lapses is reckoned by
-- `sign_in` as that stands.
create table session (
    id uuid primary key,
    principal uuid not null constraint session_principal references principal (id),
    hash bytea not null constraint session_hash unique,
    device text not null,
    address text,
    created_at timestamptz not null,
    -- To the minute.
    last_used_at timestamptz not null,
    -- The second factor that was shown last, and when.
    factor text,
    factor_at timestamptz,
    ended_at timestamptz,
    ended_by text,
    end_reason text
);
create index session_of on session (principal, created_at, id);
create index session_age on session (created_at);

-- Between the password and the second factor: what goes on with the log-in, once, from the same address.
create table pending_login (
    id uuid primary key,
    principal uuid not null constraint pending_login_principal references principal (id),
    hash bytea not null constraint pending_login_hash unique,
    address text,
    device text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index pending_login_age on pending_login (created_at);

-- Attempts to log in that have not succeeded, of an identity (by its SHA-256: people type passwords there) and of an
-- address. A row is locked before a password is tried, so that no two nodes admit the same attempt.
create table login_guard (
    subject text primary key,
    failures integer not null,
    blocked_until timestamptz,
    touched_at timestamptz not null
);
create index login_guard_age on login_guard (touched_at);

-- What owners decide about log-in. One row.
create table sign_in (
    id smallint primary key default 1 constraint sign_in_single check (id = 1),
    mfa_grace interval not null default '7 days',
    session_idle interval not null default '8 hours',
    session_lifetime interval not null default '7 days',
    updated_at timestamptz,
    updated_by text,
    revision bigint not null default 1
);
insert into sign_in default values;
