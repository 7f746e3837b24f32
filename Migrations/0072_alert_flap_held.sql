-- While a group comes and goes, that it is well is held: the page stays open until it is quiet.
alter table alert_flap
    -- The events that say so of alerts that were told, in the order that they happened.
    add column held uuid[] not null default '{}',
    -- When it was told last that the group comes and goes.
    add column told_at timestamptz not null default now();
create index alert_flap_told_at on alert_flap (told_at);

-- Whose firing it is: several of one group may have the same time. Null of older ones.
alter table rule_firing add column alert uuid;

-- PEM: whom the receiver's certificate must come from; null: the system's authorities.
alter table webhook add column authority text;
