-- What alerts and deliveries are about, so that lists of them are narrowed to the keys and accounts that a reader may see.

-- The id of a key or an account; null: in general. Of an alert, what the event is about that it shows.
alter table alert add column thing text;
alter table delivery add column thing text;

create function event_thing(p_type text, p_subject text) returns text
language sql immutable parallel safe as $$
    select case when p_type ~ '^(key|policy|account|custom)\.' and p_subject ~ '^(key|acc)_[0-9a-z]{26}$' then p_subject end
$$;

update alert set thing = event_thing(event_type, event ->> 'subject')
    where event_thing(event_type, event ->> 'subject') is not null;
update delivery d set thing = event_thing(told.type, told.subject)
    from (
        select id, case when event_type like 'alert.%' then data -> 'event' ->> 'type' else event_type end as type,
            case when event_type like 'alert.%' then data -> 'event' ->> 'subject' else data ->> 'subject' end as subject
        from (select id, event_type, convert_from(body, 'UTF8')::jsonb -> 'data' as data from delivery) as sent
    ) as told
    where told.id = d.id and event_thing(told.type, told.subject) is not null;
