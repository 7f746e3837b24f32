-- What waits for a receiver that works again is tried before its time, which stays its schedule's.
-- schedule_due_at: that time, of a delivery that is tried before it; such an attempt counts for nothing.
-- keep_until: not tried before its time until then.
alter table delivery
    add column schedule_due_at timestamptz,
    add column keep_until timestamptz;
