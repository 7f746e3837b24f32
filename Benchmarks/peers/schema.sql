-- The peer's tables for "check a token, read one key": as wide as ours, 100,000 rows each.
create table token (
    hash bytea primary key,
    principal_id bigint not null,
    scopes text[] not null,
    cidrs text[] not null,
    expires_at timestamptz not null
);
create table key (
    id uuid primary key,
    owner_id bigint not null,
    exchange text not null,
    account text not null,
    label text not null,
    environment text not null,
    status text not null,
    permissions text[] not null,
    ip_allow_list text[] not null,
    tags text[] not null,
    last_used_at timestamptz,
    error_count integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    rotation jsonb not null
);
create index key_owner on key (owner_id);

insert into token
select sha256(convert_to('kbt_' || lpad(n::text, 40, '0'), 'UTF8')), n % 20000, array['keys:read', 'usage:read'],
    array['127.0.0.1/32', '10.0.0.0/8'], now() + interval '1 year'
from generate_series(1, 100000) n;

insert into key
select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, n % 20000,
    (array['binance', 'kraken', 'coinbase', 'okx', 'bybit'])[1 + n % 5], 'main', 'Trading key ' || n, 'live',
    'active', array['read', 'trade_spot'], array['203.0.113.7', '198.51.100.9'], array['spot', 'grid'],
    now() - n % 1000 * interval '1 minute', n % 3, now() - interval '90 days', now() - interval '1 day',
    jsonb_build_object('every', '90d', 'remind_before', jsonb_build_array('14d', '3d'), 'note', md5(n::text))
from generate_series(1, 100000) n;

vacuum analyze;
