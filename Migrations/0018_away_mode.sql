-- Away mode: exits while the database is gone.

-- Whether nodes may act by it while they are cut off: under the key's tag.
alter table exchange_key add column away_mode boolean not null default false;
create index exchange_key_away on exchange_key (id) where away_mode;

-- Journals of nodes that were cut off, as far as they are merged into the trail. The row's progress commits with what
-- was merged, so that a use is merged once, however often it is tried.
create table away_journal (
    id uuid primary key,
    -- Not known of one that was changed by somebody.
    node uuid,
    began_at timestamptz,
    ended_at timestamptz,
    state text not null constraint away_journal_state check (state in ('merging', 'merged', 'refused')),
    -- Uses in it, and how many of them are in the trail.
    uses integer not null,
    merged integer not null default 0,
    finished_at timestamptz
);
