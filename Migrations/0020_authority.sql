-- Who may do what on what: own roles, groups, grants in scope, and what each change of authority touched.

-- Roles beside the built-in ones, which stand in the service.
create table role (
    name text primary key,
    description text not null,
    permissions text[] not null,
    created_at timestamptz not null,
    created_by text not null,
    updated_at timestamptz not null,
    revision bigint not null default 1
);

create table access_group (
    id uuid primary key,
    name text not null,
    name_folded text not null,
    description text,
    created_at timestamptz not null,
    created_by text not null,
    updated_at timestamptz not null,
    revision bigint not null default 1
);
create unique index access_group_name on access_group (name_folded);
create index access_group_list on access_group (created_at, id);

create table group_member (
    group_id uuid not null constraint group_member_group references access_group (id),
    principal uuid not null constraint group_member_principal references principal (id),
    added_at timestamptz not null,
    added_by text not null,
    constraint group_member_once primary key (group_id, principal)
);
create index group_member_of on group_member (principal, group_id);
create index group_member_list on group_member (group_id, added_at, principal);

-- A grant is of a principal or of a group.
alter table access_grant alter column principal drop not null,
    add column group_id uuid constraint access_grant_group references access_group (id),
    add constraint access_grant_grantee check ((principal is null) <> (group_id is null)),
    drop constraint access_grant_once,
    add constraint access_grant_once unique nulls not distinct (principal, group_id, role, effect, scope);
create index access_grant_of_group on access_grant (group_id) where group_id is not null;
create index access_grant_lapses on access_grant (expires_at) where expires_at is not null;

-- The grants of a principal, its groups' too; what has lapsed is left to the reader's clock.
create view granted_to as
    select g.principal as grantee, g.id, g.role, g.effect, g.scope, g.expires_at, g.created_at, null::uuid as group_id
    from access_grant g where g.principal is not null
    union all
    select m.principal, g.id, g.role, g.effect, g.scope, g.expires_at, g.created_at, g.group_id
    from group_member m join access_grant g on g.group_id = m.group_id;

-- The same as one value, the oldest first, own roles with what they permit.
create function granted(p_principal uuid) returns jsonb
language sql stable strict parallel safe as $$
    select coalesce(jsonb_agg(jsonb_build_object(
            'id', g.id, 'role', g.role, 'effect', g.effect, 'on', g.scope, 'group', g.group_id,
            'until', (extract(epoch from g.expires_at) * 1000000)::bigint,
            'permissions', to_jsonb(r.permissions)) order by g.created_at, g.id), '[]')
    from granted_to g left join role r on r.name = g.role
    where g.grantee = p_principal
$$;

-- Whether somebody has, or had a while ago, what owners alone may touch: on whatever, by whatever way.
create function has_owners_power(p_principal uuid) returns boolean
language sql stable parallel safe as $$
    select exists (
        select from granted_to g left join role r on r.name = g.role
        where g.grantee = p_principal and g.effect = 'allow'
            and (g.role = 'owner' or r.permissions @> '{owners:write}'))
$$;

-- The roles by which somebody may use keys, whatever they are on and until when: the built-in ones are told apart by
-- the service, own ones here.
create function key_users_roles(p_principal uuid) returns text[]
language sql stable parallel safe as $$
    select array(
        select g.role from granted_to g left join role r on r.name = g.role
        where g.grantee = p_principal and g.effect = 'allow'
            and (r.name is null or r.permissions && '{keys:sign,keys:proxy}'))
$$;

-- Whether a key or an account is of a scope, as `Sight` writes it.
create function in_scope(
    p_scope jsonb, p_id uuid, p_exchange text, p_environment text, p_account text, p_tags text[], p_owner text
) returns boolean
language sql immutable parallel safe as $$
    select (p_scope->>'id' is null or p_scope->>'id' = p_id::text)
        and (p_scope->>'exchange' is null or p_scope->>'exchange' = p_exchange)
        and (p_scope->>'environment' is null or p_scope->>'environment' = p_environment)
        and (p_scope->>'account' is null or p_scope->>'account' = p_account)
        and (p_scope->>'owner_id' is null or p_scope->>'owner_id' = p_owner)
        and (p_scope->'tags' is null or to_jsonb(p_tags) @> (p_scope->'tags'))
$$;

-- Whether somebody has a permission on a key or an account. A sight that is null is of everything.
create function in_sight(
    p_sight jsonb, p_id uuid, p_exchange text, p_environment text, p_account text, p_tags text[], p_owner text
) returns boolean
language sql immutable parallel safe as $$
    select p_sight is null or (
        exists (
            select from jsonb_array_elements(p_sight->'allow') as s (scope)
            where in_scope(s.scope, p_id, p_exchange, p_environment, p_account, p_tags, p_owner))
        and not exists (
            select from jsonb_array_elements(p_sight->'deny') as s (scope)
            where in_scope(s.scope, p_id, p_exchange, p_environment, p_account, p_tags, p_owner)))
$$;

-- What each change of authority touched, by its epoch, so that whoever knows what held before need not forget all
-- of it. Null is everything; an epoch that is missing too.
create table authority_change (
    epoch bigint primary key,
    at timestamptz not null default clock_timestamp(),
    touched text[]
);
