-- A sentiment that was observed as a candle opened counts for that candle, and no more for the one before. What was made
-- of any is made again from the first observation on.
update series s set dirty_from = least(s.dirty_from, o.first), dirty_to = 'infinity'
from (
    -- A week is the longest candle.
    select m.token_id, min(v.time) - interval '7 days' as first
    from metric_series m join metric_value v on v.series = m.id
    where m.metric = 'sentiment' and m.ended_at is null
    group by m.token_id
) o
where o.token_id = s.token_id and s.last_closed >= o.first;
