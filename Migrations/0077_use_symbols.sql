-- A batch of orders was found by the symbol of its first one only. Null where all of them name that one, as in nearly
-- every use; null among them where an order names none.
alter table usage_event add column symbols text[];
