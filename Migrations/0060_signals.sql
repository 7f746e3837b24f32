-- A candle that never closed is one that is missing: few rows, and which series have some must not take a walk over all
-- of theirs.
create index candle_unclosed on candle (series, open_time) where not closed;

-- What a revision was decided with.
alter table signal_revision add column confidence double precision;
update signal_revision set confidence = (body::json->>'confidence')::double precision;
