-- Log-in by an OpenID provider: who is whom there, what their groups there gave them, log-ins under way.

-- A user is one person at the provider, and that person one user.
create table openid_link (
    principal uuid primary key constraint openid_link_principal references principal (id),
    issuer text not null,
    subject text not null,
    linked_at timestamptz not null,
    constraint openid_link_once unique (issuer, subject)
);

-- Grants that a group of the provider's leads to: taken back when it does no longer. All others are nobody's business here.
create table openid_grant (
    id uuid primary key constraint openid_grant_of references access_grant (id) on delete cascade,
    principal uuid not null constraint openid_grant_principal references principal (id),
    group_name text not null
);
create index openid_grant_list on openid_grant (principal);

-- Log-ins that a browser began. Nothing here is worth stealing: what the provider is told is derived from the cookie.
create table openid_attempt (
    state_hash bytea primary key,
    browser_hash bytea not null,
    -- Of whoever began it; null over a socket.
    address text,
    expires_at timestamptz not null
);
create index openid_attempt_due on openid_attempt (expires_at);
create index openid_attempt_from on openid_attempt (address);
