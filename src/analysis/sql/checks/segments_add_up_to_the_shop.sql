-- On every day the orders of all products (couriers, provinces) are the orders of the shop.
with parts as (
    select shop_id, on_date, dimension, cast(sum(orders_dealt) as bigint) as orders
    from marts.segment_days
    where dimension <> 'reason'
    group by shop_id, on_date, dimension
)

select parts.*, days.orders_dealt
from parts
left join marts.shop_days as days on parts.shop_id = days.shop_id and parts.on_date = days.on_date
where parts.orders <> coalesce(days.orders_dealt, 0)
