-- Access tokens in full: they lapse by idleness or after a number of uses, are bound to keys, and are rotated.

alter table access_token
    -- Unused for longer, it has lapsed.
    add column idle_seconds bigint constraint access_token_idle check (idle_seconds > 0),
    add column max_uses bigint constraint access_token_max_uses check (max_uses > 0),
    -- Counted only where there is a most.
    add column uses bigint not null default 0,
    -- Ed25519: every request must be signed by it.
    add column public_key bytea constraint access_token_public_key check (octet_length(public_key) = 32),
    add column last_used_address text,
    -- What it was rotated from; nothing is rotated twice.
    add column replaces uuid constraint access_token_replaces references access_token (id),
    add constraint access_token_uses check (uses <= max_uses),
    add constraint access_token_rotated unique (replaces);

-- Of signed requests, by the token: what was used once is never taken again. A job drops old ones.
create table access_token_nonce (
    token uuid not null,
    nonce text not null,
    -- As the signature says.
    created_at timestamptz not null,
    primary key (token, nonce)
);
create index access_token_nonce_created on access_token_nonce (created_at);
