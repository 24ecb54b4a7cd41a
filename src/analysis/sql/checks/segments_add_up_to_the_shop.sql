-- On every day the orders of all products (SKUs, couriers, provinces) are the orders of the shop.
with dimensions as (
    select distinct dimension from marts.segment_days where dimension <> 'reason'
),

expected as (
    select days.shop_id, days.on_date, dimensions.dimension, days.orders_dealt
    from marts.shop_days as days
    cross join dimensions
),

found as (
    select shop_id, on_date, dimension, cast(sum(orders_dealt) as bigint) as orders_dealt
    from marts.segment_days
    where dimension <> 'reason'
    group by shop_id, on_date, dimension
)

select
    coalesce(expected.shop_id, found.shop_id) as shop_id,
    coalesce(expected.on_date, found.on_date) as on_date,
    coalesce(expected.dimension, found.dimension) as dimension,
    expected.orders_dealt as by_shop,
    found.orders_dealt as by_segment,
from expected
full join found
    on expected.shop_id = found.shop_id and expected.on_date = found.on_date and expected.dimension = found.dimension
where coalesce(expected.orders_dealt, 0) <> coalesce(found.orders_dealt, 0)
