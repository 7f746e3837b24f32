-- Secrets in custody: the seal, sealed versions of exchange keys, accounts, modes, probes, rotations, deposits.

-- Since when the installation is sealed by somebody's order. A node opens nothing while it is set; whoever uses a
-- secret reads it in the same transaction.
alter table authority add column sealed_at timestamptz;
-- Which root key the key-encryption keys are wrapped under.
alter table installation add column root_fingerprint text;

-- The generation of the key-encryption key that a node seals with: an old generation goes when no node needs it.
alter table node add column key_generation integer not null default 0;

-- The generation that sealed bytes need, read from the bytes themselves: format 1, then the generation in 4 bytes.
-- Foreign keys on it keep every generation that something still hangs on.
create function sealed_generation(p_sealed bytea) returns integer
language sql immutable strict parallel safe as $$
    select (get_byte(p_sealed, 1) << 24) | (get_byte(p_sealed, 2) << 16)
        | (get_byte(p_sealed, 3) << 8) | get_byte(p_sealed, 4)
$$;

alter table webhook add column signing_key_generation integer
    generated always as (sealed_generation(signing_key)) stored
    constraint webhook_signing_key_generation references key_encryption_key (generation);
create index webhook_signing_key_generation on webhook (signing_key_generation, id);
alter table webhook_secret add column sealed_generation integer
    generated always as (sealed_generation(sealed)) stored
    constraint webhook_secret_sealed_generation references key_encryption_key (generation);
create index webhook_secret_sealed_generation on webhook_secret (sealed_generation, id);

-- Keys of the installation that outlive every generation; each sealed for its purpose.
create table installation_key (
    purpose text primary key constraint installation_key_purpose check (purpose in ('fingerprint', 'audit checkpoint')),
    sealed bytea not null,
    sealed_generation integer generated always as (sealed_generation(sealed)) stored
        constraint installation_key_sealed_generation references key_encryption_key (generation),
    created_at timestamptz not null
);
create index installation_key_sealed_generation on installation_key (sealed_generation);

-- A splitting of the root key. Shares are told right or wrong one by one by their hashes; the shares themselves are
-- nowhere here. One set counts at a time.
create table share_set (
    id bytea primary key constraint share_set_id check (length(id) = 8),
    state text not null constraint share_set_state check (state in ('proving', 'active', 'retired')),
    threshold smallint not null,
    shares smallint not null,
    root_fingerprint text not null,
    hashes bytea[] not null,
    created_at timestamptz not null,
    created_by text not null,
    proven_at timestamptz,
    retired_at timestamptz
);
create unique index share_set_active on share_set (state) where state = 'active';
create unique index share_set_proving on share_set (state) where state = 'proving';

-- A key-encryption key being replaced: how far the sweep is.
create table rekeying (
    generation integer primary key,
    started_at timestamptz not null,
    started_by text not null,
    total bigint not null,
    rewrapped bigint not null default 0,
    finished_at timestamptz,
    -- What was counted at the end: nothing hangs on an older generation.
    proof jsonb
);
create unique index rekeying_open on rekeying ((true)) where finished_at is null;

-- Accounts at exchanges: what keys have in common. Keys name them by exchange, environment and name.
create table account (
    id uuid primary key,
    exchange text not null,
    environment text not null,
    name text not null,
    -- The exchange's own number of it.
    uid text,
    parent uuid constraint account_parent references account (id),
    holder text,
    support_contact text,
    created_at timestamptz not null,
    created_by text not null,
    updated_at timestamptz not null,
    revision bigint not null default 1,
    constraint account_name unique (exchange, environment, name)
);
create index account_list on account (created_at, id);
insert into account (id, exchange, environment, name, created_at, created_by, updated_at)
    select gen_random_uuid(), exchange, environment, account, min(created_at), (array_agg(created_by order by created_at))[1],
        min(created_at)
    from exchange_key group by exchange, environment, account;

-- Standing orders: modes of whole selections. They were written on every key that they cover; a key that comes later
-- takes the strictest that covers it.
create table mode_order (
    id uuid primary key,
    selector jsonb not null constraint mode_order_selector unique,
    mode text not null constraint mode_order_mode check (mode in ('reduce_only', 'suspended')),
    reason text not null,
    ordered_by text not null,
    ordered_at timestamptz not null
);

-- own_mode: what was asked of the key itself; status is the strictest of it, quarantine and the standing orders.
-- mac: over what decides about the key's use, so that a write past the service is found.
-- version_list: the versions as answers show them, written with every change of a version.
alter table exchange_key
    add column own_mode text not null default 'active'
        constraint exchange_key_own_mode check (own_mode in ('active', 'reduce_only', 'suspended', 'revoked')),
    add column own_reason text,
    add column quarantined boolean not null default false,
    add column readable boolean not null default false,
    add column decoy boolean not null default false,
    add column current_version integer,
    add column risks_accepted text,
    add column fingerprint text,
    add column version_list text not null default '[]',
    add column mac bytea;
update exchange_key set own_mode = status, own_reason = status_reason;
alter table exchange_key alter column own_mode drop default;
alter table exchange_key add column mac_generation integer
    generated always as (sealed_generation('\x01'::bytea || mac)) stored
    constraint exchange_key_mac_generation references key_encryption_key (generation);
create index exchange_key_mac_generation on exchange_key (mac_generation, id);

-- Sealed secrets. credential holds the API key, the secret and the passphrase, bound to the key and the version; it is
-- gone once the version was destroyed.
create table key_version (
    key uuid not null constraint key_version_key references exchange_key (id),
    version integer not null constraint key_version_number check (version > 0),
    state text not null
        constraint key_version_state check (state in ('pending', 'current', 'previous', 'destroyed')),
    kind text not null constraint key_version_kind check (kind in ('hmac', 'ed25519', 'rsa', 'p256')),
    origin text not null
        constraint key_version_origin check (origin in ('imported', 'generated', 'deposited', 'file')),
    -- Null: a generated pair waits for the exchange's name for it.
    api_key_hint text,
    public_key_pem text,
    credential bytea,
    credential_generation integer generated always as (sealed_generation(credential)) stored
        constraint key_version_credential_generation references key_encryption_key (generation),
    -- HMAC of the secret: finds the same secret elsewhere, and is all that is known of a destroyed one.
    fingerprint bytea not null,
    created_at timestamptz not null,
    created_by text not null,
    -- When the exchange last confirmed it.
    verified_at timestamptz,
    activated_at timestamptz,
    retired_at timestamptz,
    destroyed_at timestamptz,
    destroyed_by text,
    primary key (key, version),
    constraint key_version_destroyed check ((state = 'destroyed') = (credential is null))
);
-- Never two current ones, never two that wait.
create unique index key_version_current on key_version (key) where state = 'current';
create unique index key_version_pending on key_version (key) where state = 'pending';
create index key_version_fingerprint on key_version (fingerprint);
create index key_version_credential_generation on key_version (credential_generation, key, version);

-- What the exchange said of a key when it was asked last.
create table key_probe (
    key uuid primary key constraint key_probe_key references exchange_key (id),
    next_at timestamptz not null,
    -- The version that was asked with.
    version integer,
    probed_at timestamptz,
    outcome text constraint key_probe_outcome check (outcome in
        ('confirmed', 'key_refused', 'address_refused', 'key_or_address_refused', 'permission_missing', 'clock_refused',
        'throttled', 'unreachable', 'unintelligible')),
    detail text,
    permissions text[],
    ip_bound boolean,
    addresses text[],
    expires_at timestamptz,
    uid text,
    raw jsonb,
    drift text[] not null default '{}',
    failures integer not null default 0
);
create index key_probe_next on key_probe (next_at, key);

create table key_rotation (
    id uuid primary key,
    key uuid not null constraint key_rotation_key references exchange_key (id),
    state text not null constraint key_rotation_state check (state in
        ('staged', 'testing', 'promoting', 'overlap', 'retiring', 'done', 'failed', 'rolled_back')),
    -- The step that failed; a resumable one is tried again on request.
    failed_step text,
    error_code text,
    error text,
    resumable boolean not null default false,
    cause text not null,
    version integer,
    previous_version integer,
    overlap text not null,
    deadline timestamptz not null,
    next_at timestamptz,
    attempts integer not null default 0,
    overlap_until timestamptz,
    stuck_told_at timestamptz,
    -- How the old key was seen to be refused.
    proof jsonb,
    created_at timestamptz not null,
    created_by text not null,
    updated_at timestamptz not null,
    finished_at timestamptz,
    revision bigint not null default 1
);
create unique index key_rotation_open on key_rotation (key) where state not in ('done', 'rolled_back');
create index key_rotation_of on key_rotation (key, created_at desc, id desc);
create index key_rotation_list on key_rotation (created_at, id);
create index key_rotation_next on key_rotation (next_at, id) where next_at is not null;
create index key_rotation_deadline on key_rotation (deadline, id) where state not in ('done', 'rolled_back');

-- One-time links through which a holder pastes a secret.
create table key_deposit (
    id uuid primary key,
    key uuid not null constraint key_deposit_key references exchange_key (id),
    hash bytea not null constraint key_deposit_hash unique,
    note text,
    created_at timestamptz not null,
    created_by text not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    used_from text,
    version integer,
    withdrawn_at timestamptz
);
create index key_deposit_of on key_deposit (key, created_at desc, id desc);

-- Keys to be deleted at the exchange: by us where it has an API, else by a person, with proof that the key is refused.
create table key_deletion (
    key uuid not null,
    version integer not null,
    way text not null constraint key_deletion_way check (way in ('api', 'person')),
    state text not null constraint key_deletion_state check (state in ('due', 'deleted', 'proven')),
    due_at timestamptz not null,
    attempts integer not null default 0,
    error text,
    created_at timestamptz not null,
    finished_at timestamptz,
    finished_by text,
    proof jsonb,
    primary key (key, version),
    constraint key_deletion_version foreign key (key, version) references key_version (key, version)
);
create index key_deletion_due on key_deletion (due_at, key) where state = 'due';

-- Bait: an access token that no program has.
alter table access_token add column decoy boolean not null default false;
