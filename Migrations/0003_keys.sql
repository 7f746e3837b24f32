-- Exchange keys: the record of one API key at an exchange. Secrets and their versions come in a table of their own.

-- Every run of one, two and three characters in a text: what an index over parts of labels holds. It needs no
-- extension, and an answer costs what the rarest run of the search costs.
create function label_grams(p_text text) returns text[]
language sql immutable strict parallel safe as $$
    select coalesce(array_agg(distinct substr(p_text, start, size)), '{}')
    from generate_series(1, 3) as size, generate_series(1, greatest(length(p_text) - size + 1, 0)) as start
$$;

-- The longest runs of a search are enough to look for: they hold the shorter ones.
create function search_grams(p_text text) returns text[]
language sql immutable strict parallel safe as $$
    select coalesce(array_agg(distinct substr(p_text, start, least(length(p_text), 3))), '{}')
    from generate_series(1, greatest(length(p_text) - 2, 1)) as start
$$;

-- Closed sets are text, checked by the service, so that an answer is copied from the row as it stands. Principals
-- are text for the same reason. No foreign keys: a key outlives its owner.
create table exchange_key (
    id uuid primary key,
    exchange text not null,
    account text not null,
    label text not null,
    -- The label in lower case: what sorts and is searched, the same on every server.
    label_key text collate "C" not null,
    environment text not null,
    owner text not null,
    tags text[] not null,
    permissions text[] not null,
    ip_allow_list text[] not null,
    status text not null
        constraint exchange_key_status
        check (status in ('quarantined', 'active', 'reduce_only', 'suspended', 'revoked')),
    status_reason text,
    status_changed_at timestamptz not null,
    expires_at timestamptz,
    secret_created_at timestamptz,
    -- Periods as they were written: 90d.
    rotation_every text,
    rotation_remind_before text[] not null default '{}',
    rotation_due_at timestamptz,
    -- When the next event about rotation or expiry is to be written; moved on in the transaction that writes it, so
    -- no restart and no second node repeats or loses one. Null: no more.
    rotation_notice_at timestamptz,
    expiry_notice_at timestamptz,
    handed_out_until timestamptz,
    created_at timestamptz not null,
    created_by text not null,
    updated_at timestamptz not null,
    revision bigint not null default 1
);

create unique index exchange_key_label on exchange_key (exchange, account, label) where status <> 'revoked';

-- One index per order that lists have. Keys without the time come last both ways, so times are sorted as their
-- nearest infinity.
create index exchange_key_created on exchange_key (created_at, id);
create index exchange_key_label_key on exchange_key (label_key, id);
create index exchange_key_expires on exchange_key ((coalesce(expires_at, 'infinity'::timestamptz)), id);
create index exchange_key_expires_last on exchange_key ((coalesce(expires_at, '-infinity'::timestamptz)), id);
create index exchange_key_due on exchange_key ((coalesce(rotation_due_at, 'infinity'::timestamptz)), id);
create index exchange_key_due_last on exchange_key ((coalesce(rotation_due_at, '-infinity'::timestamptz)), id);

-- One index per filter, for values that are rare; common ones are met soon in the list's order.
create index exchange_key_account on exchange_key (account, created_at, id);
create index exchange_key_owner on exchange_key (owner, created_at, id);
create index exchange_key_exchange on exchange_key (exchange, created_at, id);
create index exchange_key_environment on exchange_key (environment, created_at, id);
create index exchange_key_status_created on exchange_key (status, created_at, id);
create index exchange_key_tags on exchange_key using gin (tags);
create index exchange_key_grams on exchange_key using gin (label_grams(label_key));

-- What the jobs look for.
create index exchange_key_rotation_notice on exchange_key (rotation_notice_at, id)
    where rotation_notice_at is not null;
create index exchange_key_expiry_notice on exchange_key (expiry_notice_at, id) where expiry_notice_at is not null;
