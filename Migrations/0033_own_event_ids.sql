-- Ids that clients give their own events, so that one that is pushed again is not stored again. Of each principal by
-- itself: nobody else's id keeps an event from being told.
create table own_event_id (
    principal uuid not null,
    id text not null,
    -- SHA-256 of what was pushed under it: another event under the same id is refused.
    digest bytea not null,
    -- Set in the transaction that claims the id.
    event uuid,
    created_at timestamptz not null,
    primary key (principal, id)
);
create index own_event_id_age on own_event_id (created_at);
