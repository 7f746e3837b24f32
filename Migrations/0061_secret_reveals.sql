-- Who had which version of a secret shown, for as long as that version is there: the trail is kept for a while only, and
-- whoever leaves after that still knows it.
create table secret_reveal (
    key uuid not null,
    version integer not null,
    seen_by text not null,
    -- The last time.
    at timestamptz not null,
    primary key (key, version, seen_by),
    constraint secret_reveal_version foreign key (key, version) references key_version (key, version) on delete cascade
);
create index secret_reveal_seen_by on secret_reveal (seen_by);
