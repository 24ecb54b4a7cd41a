-- One row: a shop's day with what happened to its orders on that day.
-- `orders_cancelled_before_shipping` and `orders_refunded` are those of the orders dealt on that day.
-- Orders that share all their days are counted once, so that each order is touched once and not once for every kind of day.
-- grain: shop_id, on_date
-- reads: facts.dated_orders
with alike as (
    select
        shop_id,
        dealt_on,
        paid_on,
        shipped_on,
        signed_on,
        count(*) as orders,
        count(*) filter (where is_cancelled_before_shipping) as cancelled,
        count(*) filter (where is_refunded) as refunded,
        count(*) filter (where dealt_source = 'order_number') as dealt_by_number,
    from facts.dated_orders
    group by shop_id, dealt_on, paid_on, shipped_on, signed_on
),

parts as (
    select shop_id, dealt_on as on_date, orders as orders_dealt, 0 as orders_paid, 0 as orders_shipped, 0 as orders_signed,
        cancelled as orders_cancelled_before_shipping, refunded as orders_refunded, dealt_by_number as orders_dealt_by_number
    from alike
    union all
    select shop_id, paid_on, 0, orders, 0, 0, 0, 0, 0 from alike
    union all
    select shop_id, shipped_on, 0, 0, orders, 0, 0, 0, 0 from alike
    union all
    select shop_id, signed_on, 0, 0, 0, orders, 0, 0, 0 from alike
)

select
    shop_id,
    on_date,
    cast(sum(orders_dealt) as bigint) as orders_dealt,
    cast(sum(orders_paid) as bigint) as orders_paid,
    cast(sum(orders_shipped) as bigint) as orders_shipped,
    cast(sum(orders_signed) as bigint) as orders_signed,
    cast(sum(orders_cancelled_before_shipping) as bigint) as orders_cancelled_before_shipping,
    cast(sum(orders_refunded) as bigint) as orders_refunded,
    cast(sum(orders_dealt_by_number) as bigint) as orders_dealt_by_number,
from parts
where on_date is not null
group by shop_id, on_date
order by shop_id, on_date
