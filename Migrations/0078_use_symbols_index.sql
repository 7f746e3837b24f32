-- What has one symbol has no place in it, and pays nothing for it. A month that has many rows is left without: none of them
-- has several symbols, and to go through them would keep all uses waiting. Months to come have it from the beginning.
create index usage_event_symbols on only usage_event using gin (symbols) with (fastupdate = off) where symbols is not null;

do $$
declare
    v_month regclass;
    v_name text;
begin
    for v_month in select inhrelid::regclass from pg_inherits where inhparent = 'usage_event'::regclass loop
        continue when pg_relation_size(v_month) > 256 * 1024 * 1024;
        select relname || '_symbols' into v_name from pg_class where oid = v_month;
        execute format(
            'create index %I on %s using gin (symbols) with (fastupdate = off) where symbols is not null', v_name, v_month);
        execute format('alter index usage_event_symbols attach partition %I', v_name);
    end loop;
end
$$;
