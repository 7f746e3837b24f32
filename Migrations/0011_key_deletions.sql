-- Deletions of keys at their exchange, worked off one request at a time. due_at null: nothing more is done about it.
-- sent_at is written before the request leaves, and cleared only when the exchange was seen to take the key long enough
-- after: between two such looks a deletion is sent at most once, however its sender ends.
alter table key_deletion rename column finished_at to proven_at;
alter table key_deletion rename column finished_by to deleted_by;
alter table key_deletion
    -- Versions stay for ever; to check it row by row was a quarter of what a revocation of 10,000 keys pays for this.
    drop constraint key_deletion_version,
    alter column due_at drop not null,
    add column sends integer not null default 0,
    add column sent_at timestamptz,
    -- What the exchange said when it was asked last.
    add column checked_at timestamptz,
    add column outcome text,
    -- When somebody, or the exchange itself (then by nobody), said that it is done.
    add column deleted_at timestamptz,
    -- When it is told next that there is no proof yet; null once nobody waits for one.
    add column stuck_at timestamptz,
    add constraint key_deletion_proof check ((state = 'proven') = (proof is not null));
drop index key_deletion_due;
-- No further index: a revocation writes thousands of rows at once, and what is stuck is looked for once a minute.
create index key_deletion_due on key_deletion (due_at, key, version) where due_at is not null;
