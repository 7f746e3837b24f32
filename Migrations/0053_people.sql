-- A draft that is gone leaves its revision, so that the next one of the same place never fits an ETag of it.
alter table policy_draft alter column document drop not null;
