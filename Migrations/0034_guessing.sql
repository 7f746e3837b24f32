-- Wrong codes are counted in login_guard, by where they come from: what one shows locks out nobody who comes by another.
alter table factor_standing drop column wrong, drop column blocked_until;
comment on table login_guard is 'subject: an origin, an address, or a crowd; of a crowd blocked_until is when all its attempts are back';
