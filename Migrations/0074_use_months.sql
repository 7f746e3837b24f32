-- Uses of keys are lines of the trail, and had no end: a month of them goes after the trail's.

-- Takes a month of uses out of their table, which stays, to be archived or dropped by hand.
create function detach_use_month(p_month date) returns void
language plpgsql as $$
begin
    execute format('alter table usage_event detach partition %I', 'usage_event_' || to_char(p_month, 'YYYYMM'));
end
$$;
