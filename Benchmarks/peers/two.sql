\set n random(1, 100000)
select principal_id, scopes, cidrs, expires_at from token where hash = sha256(convert_to('kbt_' || lpad(:n::text, 40, '0'), 'UTF8'));
select id, owner_id, exchange, account, label, environment, status, permissions, ip_allow_list, tags, last_used_at, error_count, created_at, updated_at, rotation from key where id = ('00000000-0000-7000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid and owner_id = :n::bigint % 20000;
