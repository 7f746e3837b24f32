-- Models side by side. `model_number` says which one (0 trader/v0, 1 trader/v1), `model` with which
-- parameters.
alter table grade add column model_number smallint not null default 0;
alter table grade drop constraint grade_key;
alter table grade add constraint grade_key primary key (series, model_number, time);
alter table grade alter column model_number drop default;

alter table grade_revision add column model_number smallint not null default 0;
alter table grade_revision drop constraint grade_revision_key;
alter table grade_revision add constraint grade_revision_key
    primary key (series, model_number, time, revision);
alter table grade_revision alter column model_number drop default;

-- A revision of a signal is of its signal's model.
alter table signal add column model_number smallint not null default 0;
alter table signal drop constraint signal_name;
alter table signal add constraint signal_name unique (series, model_number, decided_at, direction);
alter table signal alter column model_number drop default;
-- What it was decided with, for lists and for the measure of how good that was.
alter table signal add column confidence double precision;

-- The newest grade of trader/v1 beside that of trader/v0.
alter table series add column grade_v1_time timestamptz, add column grade_v1 double precision;
