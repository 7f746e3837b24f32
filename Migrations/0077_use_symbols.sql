-- A batch of orders was found by the symbol of its first one only. Null where all of them name that one, as in nearly
-- every use; null among them where an order names none.
alter table usage_event add column symbols text[];
-- What has one symbol has no place in it, and pays nothing for it.
create index usage_event_symbols on usage_event using gin (symbols) where symbols is not null;
