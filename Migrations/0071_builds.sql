-- What a node was built from: two of one version may know different schemas. Null: a node that did not say so yet.
alter table node add column schema integer, add column build text;

-- The number that this table has in its database, which no dump brings along: with another one, what stands here came
-- out of a dump, and nobody knows what was revoked since that was taken.
alter table installation add column relation bigint;
update installation set relation = 'installation'::regclass::oid::bigint;
