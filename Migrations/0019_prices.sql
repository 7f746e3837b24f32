-- Where prices for policy come from. A series that was marked: its newest price, and who pushed it. What an exchange's
-- own ticker says needs no row; it has one once it was suspended.
create table price_source (
    id uuid primary key,
    kind text not null constraint price_source_kind check (kind in ('pulled', 'pushed')),
    name text not null,
    exchange text,
    environment text,
    host text,
    instrument text,
    symbol text,
    series integer constraint price_source_of references series (id) constraint price_source_series unique,
    price double precision,
    -- When its candle closed.
    priced_at timestamptz,
    written_by uuid constraint price_source_writer references principal (id),
    suspended_at timestamptz,
    step_from double precision,
    step_to double precision,
    resumed_at timestamptz,
    resumed_by text,
    created_at timestamptz not null,
    created_by text,
    constraint price_source_shape check ((kind = 'pushed') = (series is not null) and (kind = 'pulled') = (symbol is not null))
);
create unique index price_source_pulled on price_source (name) where kind = 'pulled';
