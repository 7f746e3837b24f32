-- Who there is, what they were granted, and the access tokens that they act through.

-- Users and service accounts. The folded columns are what is unique and searched: lower case, normal form C.
create table principal (
    id uuid primary key,
    kind text not null constraint principal_kind check (kind in ('user', 'service_account')),
    name text not null,
    name_folded text not null,
    email text,
    email_folded text,
    purpose text,
    -- The user who answers for a service account.
    owner uuid constraint principal_owner references principal (id),
    status text not null constraint principal_status check (status in ('invited', 'active', 'disabled')),
    -- What enabling goes back to: a user who was disabled before accepting is invited again.
    joined_at timestamptz,
    disabled_at timestamptz,
    disable_reason text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    revision bigint not null default 1,
    constraint principal_shape check ((kind = 'user') = (email is not null) and (kind = 'user') = (owner is null)),
    constraint principal_folded_email check ((email is null) = (email_folded is null))
);
create unique index principal_email on principal (email_folded);
create unique index principal_service_account_name on principal (name_folded) where kind = 'service_account';
create index principal_list on principal (kind, created_at, id);
create index principal_owned on principal (owner) where owner is not null;

-- One-time tokens by their SHA-256. What accepted one is kept, so that a repeat of that call is recognised.
create table invitation (
    id uuid primary key,
    principal uuid not null constraint invitation_principal references principal (id),
    hash bytea not null constraint invitation_hash unique,
    created_at timestamptz not null,
    created_by text not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    used_key text,
    used_digest bytea
);
create index invitation_of on invitation (principal);

-- A role for a principal. scope {} is everything; selectors, deny and time boxes have their place already.
create table access_grant (
    id uuid primary key,
    principal uuid not null constraint access_grant_principal references principal (id),
    role text not null,
    effect text not null default 'allow' constraint access_grant_effect check (effect in ('allow', 'deny')),
    scope jsonb not null default '{}',
    expires_at timestamptz,
    created_at timestamptz not null,
    created_by text,
    constraint access_grant_once unique (principal, role, effect, scope)
);
create index access_grant_role on access_grant (role);
create index access_grant_list on access_grant (created_at, id);

create table access_token (
    id uuid primary key,
    principal uuid not null constraint access_token_principal references principal (id),
    name text not null,
    hash bytea not null constraint access_token_hash unique,
    hint text not null,
    -- Null does not narrow.
    scopes text[],
    -- Empty: from everywhere.
    cidrs text[] not null default '{}',
    created_at timestamptz not null,
    created_by text not null,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    revoke_reason text
);
create index access_token_of on access_token (principal, created_at, id);
create index access_token_list on access_token (created_at, id);
