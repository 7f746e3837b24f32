-- Alert rules over several events: what they wait for, and what is remembered of each group meanwhile.

-- What a rule waits for beyond one event: for, window, sequence, recover_when, expires_at. Null: one event decides.
alter table alert_rule add column course json;
alter table alert_rule_version add column course json;
-- The transaction that enabled it, or changed what it watches: older events do not concern it, and older states are of
-- something else. Null: from the beginning.
alter table alert_rule add column begun_era integer;
alter table alert_rule add column begun_xid xid8;
alter table alert_rule drop constraint alert_rule_status;
alter table alert_rule add constraint alert_rule_status
    check (status in ('enabled', 'disabled', 'suspended', 'error', 'no_data', 'expired'));

-- The readers of events that such rules have: groups are divided among them by their hash. Whoever holds the lease has
-- read up to the place, and nobody else writes the states of the shard.
create table rule_shard (
    shard smallint primary key,
    node uuid,
    -- Raised by every taking: whoever lost the lease finds another number.
    serial bigint not null,
    lease_until timestamptz,
    era integer not null,
    xid xid8 not null,
    event uuid not null
);
-- From now on, and not from the first event that there ever was.
insert into rule_shard (shard, serial, era, xid, event)
    select shard, 0, installation.era, pg_snapshot_xmin(pg_current_snapshot()), '00000000-0000-0000-0000-000000000000'
    from generate_series(0, 15) as shard, installation;

-- What a rule remembers of a group.
create table rule_window (
    shard smallint not null,
    rule uuid not null,
    -- 128 bits of the SHA-256 of the group's values.
    group_key uuid not null,
    -- Which beginning of the rule this is of; a state of another one is begun anew.
    content bigint not null,
    state bytea not null,
    -- When time alone changes it, if nothing happens before.
    due_at timestamptz,
    touched_at timestamptz not null,
    primary key (shard, rule, group_key)
) with (fillfactor = 70);
create index rule_window_due on rule_window (shard, due_at) where due_at is not null;
