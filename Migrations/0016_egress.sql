-- Where a key's requests leave from, and whether its passphrase may be handed out: both under the key's tag.
alter table exchange_key
    add column egress_address text,
    add column passphrase_disclosable boolean not null default false;

-- What each node sends from: `name=source@seen as`.
alter table node add column egress text[] not null default '{}';

-- By how much a number may lie below the highest that was seen, as the exchange told.
alter table key_probe add column nonce_window bigint;

-- Which node sends for a key whose requests carry rising numbers. The serial tells one hold from the next, so that
-- letting go late lets nothing go that was taken since.
create table key_sender (
    key uuid primary key,
    node uuid not null,
    serial bigint not null,
    until timestamptz not null
);
