-- What did the team do about orders by the end of $as_of?
select
    shop_id,
    order_id,
    handled_at,
    action,
from marts.outcomes
where cast(handled_at as date) <= $as_of
order by shop_id, order_id, handled_at
