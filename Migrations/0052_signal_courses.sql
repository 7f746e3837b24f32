-- A change of the past is followed until the analysis is in a state again that it was in before.
--
-- `dirty_to` is the last candle whose inputs are other than those that were seen; `course_to` is the same of what an
-- analysis under way has begun with. Null and null of a dirty series: nothing is known, it is followed to its end.
alter table series add column dirty_to timestamptz, add column course_to timestamptz;
update series set dirty_to = 'infinity' where dirty_from is not null;

-- States along a series: the newest one, and one of each thousand candles' time, the milestones.
delete from analysis_state;
alter table analysis_state drop constraint analysis_state_pkey;
alter table analysis_state add column milestone boolean not null;
alter table analysis_state add constraint analysis_state_key primary key (series, time);
-- Numbers with all their digits: trying to make them smaller costs more than it saves.
alter table analysis_state alter column bytes set storage external;

-- Signals now end when their confidence fades. What is open is looked at again from its decision on; what ended stays
-- as it was told.
update series s set dirty_from = least(s.dirty_from, o.decided_at), dirty_to = 'infinity'
from (
    select series, min(decided_at) as decided_at from signal where state = 'open' and not withdrawn group by series
) o
where o.series = s.id;
