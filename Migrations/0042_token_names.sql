-- What people call a token, and which of its sources is read when none is named.
alter table token
    add column name text,
    add column categories text[] not null default '{}',
    add column primary_source text;

-- Tickers that a token had before it was renamed: [valid_from, valid_to). The one that it has, or had last, stands
-- in `ticker`.
create table former_ticker (
    token_id uuid not null references token (id),
    symbol text not null,
    valid_from timestamptz,
    valid_to timestamptz not null,
    constraint former_ticker_time check (valid_from < valid_to),
    constraint former_ticker_begin unique nulls not distinct (symbol, valid_from)
);
create index former_ticker_token on former_ticker (token_id, valid_to);

create view ticker_period as
    select token_id, symbol, valid_from, valid_to from ticker
    union all
    select token_id, symbol, valid_from, valid_to from former_ticker;
