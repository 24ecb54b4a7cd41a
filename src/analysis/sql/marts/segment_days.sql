-- One row: what `shop_days` counts, for one product, courier, province or group of request reasons.
-- A product goes by its number, or by its name where the number is missing; an order's reason is that of its first request,
-- so only orders with a request have one. Orders whose export does not tell a segment stand under the segment ''.
-- grain: shop_id, on_date, dimension, segment
-- reads: facts.dated_orders, facts.request_reasons
with segmented as (
    select
        shop_id,
        coalesce(product_id, product_name, '') as product,
        coalesce(courier, '') as courier,
        coalesce(province, '') as province,
        dealt_on,
        paid_on,
        shipped_on,
        signed_on,
        is_cancelled_before_shipping,
        is_refunded,
    from facts.dated_orders
),

dealt as (
    select
        shop_id,
        dealt_on as on_date,
        case when grouping(product) = 0 then 'product' when grouping(courier) = 0 then 'courier' else 'province' end as dimension,
        case when grouping(product) = 0 then product when grouping(courier) = 0 then courier else province end as segment,
        count(*) as orders_dealt,
        count(*) filter (where is_cancelled_before_shipping) as orders_cancelled_before_shipping,
        count(*) filter (where is_refunded) as orders_refunded,
    from segmented
    where dealt_on is not null
    group by grouping sets (
        (shop_id, dealt_on, product),
        (shop_id, dealt_on, courier),
        (shop_id, dealt_on, province)
    )
),

paid as (
    select
        shop_id,
        paid_on as on_date,
        case when grouping(product) = 0 then 'product' when grouping(courier) = 0 then 'courier' else 'province' end as dimension,
        case when grouping(product) = 0 then product when grouping(courier) = 0 then courier else province end as segment,
        count(*) as orders_paid,
    from segmented
    where paid_on is not null
    group by grouping sets (
        (shop_id, paid_on, product),
        (shop_id, paid_on, courier),
        (shop_id, paid_on, province)
    )
),

shipped as (
    select
        shop_id,
        shipped_on as on_date,
        case when grouping(product) = 0 then 'product' when grouping(courier) = 0 then 'courier' else 'province' end as dimension,
        case when grouping(product) = 0 then product when grouping(courier) = 0 then courier else province end as segment,
        count(*) as orders_shipped,
    from segmented
    where shipped_on is not null
    group by grouping sets (
        (shop_id, shipped_on, product),
        (shop_id, shipped_on, courier),
        (shop_id, shipped_on, province)
    )
),

signed as (
    select
        shop_id,
        signed_on as on_date,
        case when grouping(product) = 0 then 'product' when grouping(courier) = 0 then 'courier' else 'province' end as dimension,
        case when grouping(product) = 0 then product when grouping(courier) = 0 then courier else province end as segment,
        count(*) as orders_signed,
    from segmented
    where signed_on is not null
    group by grouping sets (
        (shop_id, signed_on, product),
        (shop_id, signed_on, courier),
        (shop_id, signed_on, province)
    )
),

first_requests as (
    select
        shop_id,
        order_id,
        arg_min(reason_group, after_sales_id) as reason,
    from facts.request_reasons
    group by shop_id, order_id
),

by_reason as (
    select
        orders.shop_id,
        orders.dealt_on as on_date,
        'reason' as dimension,
        first_requests.reason as segment,
        count(*) as orders_dealt,
        count(*) filter (where orders.is_cancelled_before_shipping) as orders_cancelled_before_shipping,
        count(*) filter (where orders.is_refunded) as orders_refunded,
        count(*) filter (where orders.paid_on is not null) as orders_paid,
        count(*) filter (where orders.shipped_on is not null) as orders_shipped,
        count(*) filter (where orders.signed_on is not null) as orders_signed,
    from facts.dated_orders as orders
    join first_requests on orders.shop_id = first_requests.shop_id and orders.order_id = first_requests.order_id
    where orders.dealt_on is not null
    group by orders.shop_id, orders.dealt_on, first_requests.reason
),

parts as (
    select shop_id, on_date, dimension, segment, orders_dealt, 0 as orders_paid, 0 as orders_shipped, 0 as orders_signed,
        orders_cancelled_before_shipping, orders_refunded
    from dealt
    union all
    select shop_id, on_date, dimension, segment, 0, orders_paid, 0, 0, 0, 0 from paid
    union all
    select shop_id, on_date, dimension, segment, 0, 0, orders_shipped, 0, 0, 0 from shipped
    union all
    select shop_id, on_date, dimension, segment, 0, 0, 0, orders_signed, 0, 0 from signed
    union all
    select shop_id, on_date, dimension, segment, orders_dealt, orders_paid, orders_shipped, orders_signed,
        orders_cancelled_before_shipping, orders_refunded
    from by_reason
)

select
    shop_id,
    on_date,
    dimension,
    segment,
    cast(sum(orders_dealt) as bigint) as orders_dealt,
    cast(sum(orders_paid) as bigint) as orders_paid,
    cast(sum(orders_shipped) as bigint) as orders_shipped,
    cast(sum(orders_signed) as bigint) as orders_signed,
    cast(sum(orders_cancelled_before_shipping) as bigint) as orders_cancelled_before_shipping,
    cast(sum(orders_refunded) as bigint) as orders_refunded,
from parts
group by shop_id, on_date, dimension, segment
order by shop_id, on_date, dimension, segment
