-- One row: what `shop_days` counts, for one product, SKU, courier, province or group of request reasons.
-- A product goes by its number, or by its name where the number is missing; a SKU by its number, else its code, else its
-- name. An order's reason is that of its first request, so only orders with a request have one, and all that is counted of
-- a reason is counted on the order's deal day. Orders whose export does not tell a segment stand under the segment ''.
-- Orders of a segment that share all their days are counted once, so that each order is touched once a dimension and not
-- once more for every kind of day.
-- grain: shop_id, on_date, dimension, segment
-- reads: facts.dated_orders, facts.request_reasons
with first_requests as (
    select
        shop_id,
        order_id,
        arg_min(reason_group, after_sales_id) as reason,
    from facts.request_reasons
    group by shop_id, order_id
),

segmented as (
    select
        orders.shop_id,
        coalesce(orders.product_id, orders.product_name, '') as product,
        coalesce(orders.sku_id, orders.sku_code, orders.sku_name, '') as sku,
        coalesce(orders.courier, '') as courier,
        coalesce(orders.province, '') as province,
        first_requests.reason,
        orders.dealt_on,
        orders.paid_on,
        orders.shipped_on,
        orders.signed_on,
        orders.is_cancelled_before_shipping,
        orders.is_refunded,
    from facts.dated_orders as orders
    left join first_requests on orders.shop_id = first_requests.shop_id and orders.order_id = first_requests.order_id
),

alike as (
    select
        shop_id,
        case
            when grouping(product) = 0 then 'product'
            when grouping(sku) = 0 then 'sku'
            when grouping(courier) = 0 then 'courier'
            when grouping(province) = 0 then 'province'
            else 'reason'
        end as dimension,
        coalesce(product, sku, courier, province, reason) as segment,
        dealt_on,
        paid_on,
        shipped_on,
        signed_on,
        count(*) as orders,
        count(*) filter (where is_cancelled_before_shipping) as cancelled,
        count(*) filter (where is_refunded) as refunded,
    from segmented
    group by grouping sets (
        (shop_id, dealt_on, paid_on, shipped_on, signed_on, product),
        (shop_id, dealt_on, paid_on, shipped_on, signed_on, sku),
        (shop_id, dealt_on, paid_on, shipped_on, signed_on, courier),
        (shop_id, dealt_on, paid_on, shipped_on, signed_on, province),
        (shop_id, dealt_on, paid_on, shipped_on, signed_on, reason)
    )
),

parts as (
    select shop_id, dealt_on as on_date, dimension, segment, orders as orders_dealt,
        case when dimension = 'reason' and paid_on is not null then orders else 0 end as orders_paid,
        case when dimension = 'reason' and shipped_on is not null then orders else 0 end as orders_shipped,
        case when dimension = 'reason' and signed_on is not null then orders else 0 end as orders_signed,
        cancelled as orders_cancelled_before_shipping, refunded as orders_refunded
    from alike
    where segment is not null
    union all
    select shop_id, paid_on, dimension, segment, 0, orders, 0, 0, 0, 0 from alike where dimension <> 'reason'
    union all
    select shop_id, shipped_on, dimension, segment, 0, 0, orders, 0, 0, 0 from alike where dimension <> 'reason'
    union all
    select shop_id, signed_on, dimension, segment, 0, 0, 0, orders, 0, 0 from alike where dimension <> 'reason'
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
where on_date is not null
group by shop_id, on_date, dimension, segment
order by shop_id, on_date, dimension, segment
