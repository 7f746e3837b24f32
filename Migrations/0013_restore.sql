-- What follows from a restore: nothing is used until an owner has confirmed what happened since the backup.

-- Since when a restore waits to be confirmed. Whoever uses a secret reads it in the same transaction.
alter table authority add column restored_at timestamptz;

-- The restores of this installation.
create table restore (
    id uuid primary key,
    restored_at timestamptz not null,
    -- When the backup was taken.
    backup_at timestamptz not null,
    -- The export that was replayed covers the time up to here.
    replayed_until timestamptz,
    confirmed_at timestamptz,
    confirmed_by text,
    reason text
);
create unique index restore_open on restore ((true)) where confirmed_at is null;

-- What an exported trail shows since the backup that takes authority away, in its order.
create table restore_action (
    restore uuid not null constraint restore_action_restore references restore (id),
    position integer not null,
    at timestamptz not null,
    action text not null,
    resource text,
    detail jsonb not null,
    state text not null constraint restore_action_state check (state in ('waiting', 'done', 'left')),
    -- Why it was left to a person.
    note text,
    primary key (restore, position)
);
