-- An endpoint that was not reached is looked for before its messages' times: by the oldest of them, then.
-- Null: it was reached, whatever it said, or somebody is at it.
alter table webhook_health add column knock_at timestamptz;
