-- Which policies of accounts and of the desk count, all in one row under one code: a policy whose row is taken away is
-- missed then, and not only one that is altered. The row is made with the installation's first keys. An older
-- installation has none: its keys are refused every use until the desk's policy is published.
create table policy_register (
    one boolean primary key default true constraint policy_register_one check (one),
    entries text not null,
    mac bytea not null
);
drop table policy_head;
