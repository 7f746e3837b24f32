-- Rows that came before their month's table lie where all other times are, and kept the table from being made ever after.

-- One partition of one table. Making it takes the whole table: two tables in one transaction would wait for a writer
-- that waits for the other. What lies in the table of all other times and is of that month is moved.
create or replace function ensure_partition(p_parent text, p_month date) returns boolean
language plpgsql as $$
declare
    v_month date := date_trunc('month', p_month)::date;
    v_from timestamptz := v_month::timestamp at time zone 'UTC';
    v_to timestamptz := (v_month + interval '1 month') at time zone 'UTC';
    v_name text := p_parent || '_' || to_char(v_month, 'YYYYMM');
    v_other text := p_parent || '_other';
    v_columns text;
    v_moves boolean;
begin
    if to_regclass(v_name) is not null then
        return false;
    end if;
    execute format('lock table only %I in access exclusive mode', p_parent);
    -- Another node may have made it meanwhile.
    if to_regclass(v_name) is not null then
        return false;
    end if;
    execute format('select exists (select from %I where at >= $1 and at < $2)', v_other) into v_moves
        using v_from, v_to;
    if not v_moves then
        execute format('create table %I partition of %I for values from (%L) to (%L)', v_name, p_parent, v_from, v_to);
        return true;
    end if;
    select string_agg(quote_ident(attname), ', ' order by attnum) into v_columns from pg_attribute
        where attrelid = p_parent::regclass and attnum > 0 and not attisdropped and attgenerated = '';
    execute format('create table %I (like %I including all excluding indexes)', v_name, p_parent);
    execute format(
        'with moved as (delete from %I where at >= $1 and at < $2 returning %s) insert into %I (%s) select %s from moved',
        v_other, v_columns, v_name, v_columns, v_columns) using v_from, v_to;
    execute format('alter table %I attach partition %I for values from (%L) to (%L)', p_parent, v_name, v_from, v_to);
    return true;
end
$$;
