-- How many tellings a silence hid, counted as they are hidden: to count them when somebody asks reads all that
-- was ever told. Silences from before count from now on.
alter table silence add column hidden bigint not null default 0;

-- What was counted and not added up yet: nobody who fires waits for a silence's row.
create table silence_tally (
    id uuid primary key,
    silence uuid not null,
    hidden integer not null
);
create index silence_tally_of on silence_tally (silence);

-- When it was last told that a rule's condition cannot be evaluated: once a day while that goes on.
alter table alert_rule add column failed_at timestamptz;

-- Which firings a cooldown swallowed, and an alert's firings one by one.
alter table rule_firing add column is_suppressed boolean not null default false;
create index rule_firing_of_group on rule_firing (rule, group_key, at, event);

-- What stays away fires again for the same last event, after somebody resolved it.
alter table rule_firing drop constraint rule_firing_once;
alter table rule_firing add constraint rule_firing_once primary key (rule, event, at);
