-- Always empty. A node whose write was refused tries here whether the server takes writes again. In plain
-- storage, so that what it tries takes room on the disk.
create table write_probe (filler text not null);
alter table write_probe alter column filler set storage plain;
