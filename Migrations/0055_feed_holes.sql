-- Until when the exchange takes no question of ours, as it said itself.
alter table candle_feed add column shut_out_until timestamptz;

-- Candles that the exchange had not when a feed passed their time. It is asked again a few times, then they stay missing
-- (`due_at` is null). `ends` is the open time of the first candle behind.
create table candle_feed_hole (
    feed uuid not null constraint candle_feed_hole_feed references candle_feed (id) on delete cascade,
    first timestamptz not null,
    ends timestamptz not null,
    missing integer not null,
    tries integer not null default 0,
    due_at timestamptz,
    primary key (feed, first)
);
create index candle_feed_hole_due on candle_feed_hole (due_at) where due_at is not null;
