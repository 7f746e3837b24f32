-- An alert's life: who looks after it and until when, who it is given to, what was said of it, who was told.

-- An acknowledgement ends then, and when the alert gets worse than it was at that time.
alter table alert add column ack_until timestamptz;
alter table alert add column ack_count bigint;
alter table alert add column ack_severity text;
alter table alert add column assignee text;
alter table alert add column reopened_at timestamptz;
alter table alert add column reopen_reason text;
-- Whether anybody was told that it fires, and why nobody was when it fired last.
alter table alert add column is_told boolean not null default true;
alter table alert add column untold json;
-- Whom routes and escalations chose; and whether those were told too who subscribed to alerts.
alter table alert add column told_to uuid[] not null default '{}';
alter table alert add column tells_subscribers boolean not null default true;
create index alert_ack_until on alert (ack_until) where state = 'firing' and ack_until is not null;
create index alert_assignee on alert (assignee, last_at) where assignee is not null;

create table alert_comment (
    id uuid primary key,
    alert uuid not null,
    at timestamptz not null,
    author text not null,
    body text not null
);
create index alert_comment_of_alert on alert_comment (alert, id);

-- What was decided otherwise than to tell an alert at once to those whom its rule names, or who subscribed.
create table alert_telling (
    id uuid primary key,
    alert uuid not null,
    -- The event that tells it.
    event uuid not null,
    at timestamptz not null,
    verdict text not null constraint alert_telling_verdict check (verdict in ('told', 'held', 'hidden')),
    -- What hides or holds it, and which routes chose: [{"by": "silence", "id": "sil_…"}].
    reasons json not null,
    webhooks uuid[] not null
);
create index alert_telling_of_alert on alert_telling (alert, id);
create index alert_telling_of_event on alert_telling (event);
create index alert_telling_at on alert_telling (at);
