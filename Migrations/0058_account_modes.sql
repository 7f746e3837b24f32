-- What mode an exchange's account is in, where that decides what its orders mean.
alter table key_probe add column account_mode text;

-- What was told already: OKX names the mode by its level.
update key_probe p set account_mode = left(p.raw #>> '{data,0,acctLv}', 64)
from exchange_key k where k.id = p.key and k.exchange = 'okx';
