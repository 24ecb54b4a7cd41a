-- How many orders were dealt by segment between $window_start and $window_end, and what is a product called?
select
    days.shop_id,
    days.dimension,
    days.segment,
    coalesce(max(names.product_name), days.segment) as label,
    cast(sum(days.orders_dealt) as bigint) as orders_dealt,
from marts.segment_days as days
left join (
    select shop_id, product_id, max(product_name) as product_name from marts.orders where product_id is not null group by all
) as names
    on days.dimension = 'product' and days.shop_id = names.shop_id and days.segment = names.product_id
where days.on_date between $window_start and $window_end
group by days.shop_id, days.dimension, days.segment
order by days.shop_id, days.dimension, days.segment
