-- What did each segment's orders do between $window_start and $window_end, and what is a product or SKU called?
with names as (
    select
        shop_id,
        'product' as dimension,
        product_id as segment,
        max(product_name) as label,
    from marts.orders
    where product_id is not null
    group by shop_id, product_id
    union all
    select
        shop_id,
        'sku' as dimension,
        coalesce(sku_id, sku_code, sku_name) as segment,
        max(concat_ws(' · ', product_name, sku_name)) as label,
    from marts.orders
    where coalesce(sku_id, sku_code, sku_name) is not null
    group by shop_id, segment
),

counts as (
    select
        shop_id,
        dimension,
        segment,
        cast(sum(orders_dealt) as bigint) as orders_dealt,
        cast(sum(orders_paid) as bigint) as orders_paid,
        cast(sum(orders_shipped) as bigint) as orders_shipped,
        cast(sum(orders_signed) as bigint) as orders_signed,
        cast(sum(orders_cancelled_before_shipping) as bigint) as orders_cancelled_before_shipping,
        cast(sum(orders_refunded) as bigint) as orders_refunded,
    from marts.segment_days
    where on_date between $window_start and $window_end
    group by shop_id, dimension, segment
)

select
    counts.*,
    coalesce(names.label, counts.segment) as label,
from counts
left join names
    on counts.shop_id = names.shop_id and counts.dimension = names.dimension and counts.segment = names.segment
order by counts.shop_id, counts.dimension, counts.segment
