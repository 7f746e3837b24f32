-- Whether what a caller's rights stand on is what it was when their request was let in: told in the transaction in
-- which they change something. An epoch that is missing, and one without a list, touched everything.
create function hold_authority(p_since bigint, p_grounds text[]) returns void
language plpgsql as $$
begin
    if exists (
        select from authority a
        where a.epoch < p_since
            or a.epoch > p_since and (
                a.epoch - p_since > (
                    select count(*) from authority_change c where c.epoch > p_since and c.epoch <= a.epoch)
                or exists (
                    select from authority_change c
                    where c.epoch > p_since and (c.touched is null or c.touched && p_grounds)))
    ) then
        raise exception 'authority moved' using errcode = 'KB001';
    end if;
end
$$;
