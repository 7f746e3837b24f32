-- Where the pending bootstrap token lies, so that another node leaves it valid and says where to look.
alter table installation add column bootstrap_place text;
