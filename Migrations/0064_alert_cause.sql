-- What is held for a webhook: why, and what it is.
alter table alert_due
    -- A silence or a maintenance window hides it: it is told if it still fires when that is over.
    add column is_muted boolean not null default false,
    -- Of a rule whose alerts last, so that it is worth a look later.
    add column lasts boolean not null default false,
    -- No firing, but what was said since of an alert that was told.
    add column is_said boolean not null default false;

-- What it took beside the event: counts, steps, what was crossed.
alter table rule_firing add column cause json;
