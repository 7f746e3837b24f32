-- Raised whenever somebody, or a message that came through, makes the endpoint be tried whatever was found out before.
-- What a worker found out at an older one holds no more.
alter table webhook_health add column epoch bigint not null default 1;
