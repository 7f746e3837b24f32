-- Sealed rows that a rotation of the key-encryption key cannot move, because somebody altered them past the service:
-- each is told once a rotation.
alter table rekeying add column blocked text[] not null default '{}';
