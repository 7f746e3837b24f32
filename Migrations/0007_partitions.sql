-- One partition of one table. Making it takes the whole table: two tables in one transaction would wait for a writer
-- that waits for the other.
create function ensure_partition(p_parent text, p_month date) returns boolean
language plpgsql as $$
declare
    v_month date := date_trunc('month', p_month)::date;
    v_name text := p_parent || '_' || to_char(v_month, 'YYYYMM');
begin
    if to_regclass(v_name) is not null then
        return false;
    end if;
    execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, p_parent,
        v_month::timestamp at time zone 'UTC', (v_month + interval '1 month') at time zone 'UTC');
    return true;
end
$$;
