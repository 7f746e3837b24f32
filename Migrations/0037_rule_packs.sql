-- Rules of packs, what rules advise, and rules that know what was before they were enabled.

-- What to do about an alert, in one sentence.
alter table alert_rule add column advice text;
alter table alert_rule_version add column advice text;

-- The rules of an alert rule's pack. Rules of packs belong to the installation: their owner is 'installation'.
create table rule_pack_rule (
    pack text not null,
    -- Of the rule in its pack.
    name text not null,
    rule uuid not null constraint rule_pack_rule_rule references alert_rule on delete cascade,
    -- Of the pack that the rule was made of.
    version integer not null,
    -- What somebody chose: names of parameters with values. The pack says the rest.
    adjustments json not null,
    primary key (pack, name)
);
create unique index rule_pack_rule_of on rule_pack_rule (rule);

-- Shards in which a rule over first values knows what was before it was enabled.
create table rule_primed (
    shard smallint not null,
    rule uuid not null constraint rule_primed_rule references alert_rule on delete cascade,
    -- Which beginning of the rule it is of, as in rule_window.
    content bigint not null,
    primary key (shard, rule)
);

-- When it was told that nobody uses a key; told again when it was used since.
create table key_unused_notice (
    key uuid primary key constraint key_unused_notice_key references exchange_key on delete cascade,
    told_at timestamptz not null
);
