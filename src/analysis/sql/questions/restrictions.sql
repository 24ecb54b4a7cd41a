-- Which restrictions of the shops has the merchant noted that began up to the end of $as_of?
-- One row: a restriction as noted; `ended_at` may be missing, and may lie after $as_of.
select
    shop_id,
    restriction_type,
    started_at,
    ended_at,
    remark,
from marts.restrictions
where cast(started_at as date) <= $as_of
order by shop_id, started_at, restriction_type
