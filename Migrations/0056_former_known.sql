-- When it became known that a ticker was a token's no more; of those from before that is not known any more.
alter table former_ticker add column known_at timestamptz not null default '-infinity';
alter table former_ticker alter column known_at drop default;
