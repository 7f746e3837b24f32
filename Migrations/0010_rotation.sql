-- Rotations: why each was opened, and that its new version was tested, under the key-encryption key: promoting
-- takes nobody else's word for it.
alter table key_rotation
    add column reason text,
    add column tested_at timestamptz,
    add column test_tag bytea;
alter table key_rotation add constraint key_rotation_cause check (cause in ('asked', 'scheduled', 'file'));
