-- Second factors of users: one-time codes, passkeys, recovery codes; and proofs that a person was there.

create table factor (
    id uuid primary key,
    principal uuid not null constraint factor_principal references principal (id),
    kind text not null constraint factor_kind check (kind in ('totp', 'passkey')),
    name text not null,
    -- Of one-time codes: sealed.
    seed bytea,
    seed_generation integer generated always as (sealed_generation(seed)) stored
        constraint factor_seed_generation references key_encryption_key (generation),
    -- Of a passkey: its id, its public key as COSE writes it, its counter as it was seen last.
    credential bytea constraint factor_credential unique,
    public_key bytea,
    signature_count bigint,
    created_at timestamptz not null,
    -- Null: no code of it was shown yet, and it counts for nothing.
    confirmed_at timestamptz,
    last_used_at timestamptz,
    constraint factor_shape check (
        (kind = 'totp') = (seed is not null)
        and (kind = 'passkey') = (credential is not null and public_key is not null and signature_count is not null))
);
create index factor_of on factor (principal, created_at, id);
create unique index factor_unconfirmed on factor (principal) where confirmed_at is null;
create index factor_seed_generation on factor (seed_generation, id);

-- What counts once for a user, and how often they were wrong: the row that serialises a user's answers.
create table factor_standing (
    principal uuid primary key constraint factor_standing_principal references principal (id),
    -- The newest step of time whose code was taken (RFC 6238, 5.2).
    totp_step bigint not null default 0,
    -- Wrong codes since the last right one.
    wrong integer not null default 0,
    blocked_until timestamptz
);

-- By their SHA-256, with the user's id: 80 random bits need no slow hash.
create table recovery_code (
    principal uuid not null constraint recovery_code_principal references principal (id),
    hash bytea not null,
    created_at timestamptz not null,
    used_at timestamptz,
    primary key (principal, hash)
);

-- Challenges that passkeys answered. They say themselves until when they count; what is over is removed.
create table spent_challenge (
    hash bytea primary key,
    expires_at timestamptz not null
);
create index spent_challenge_expiry on spent_challenge (expires_at);

-- That a person was there, for one action of one access token, once.
create table step_up_proof (
    hash bytea primary key,
    access_token uuid not null constraint step_up_proof_access_token references access_token (id),
    operation text not null,
    method text not null,
    path text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index step_up_proof_expiry on step_up_proof (expires_at);
