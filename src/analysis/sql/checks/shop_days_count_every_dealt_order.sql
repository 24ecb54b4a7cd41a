-- Every dealt order stands in exactly one shop day.
with daily as (
    select shop_id, cast(sum(orders_dealt) as bigint) as orders from marts.shop_days group by shop_id
),

single as (
    select shop_id, count(*) as orders from marts.orders where dealt_on is not null group by shop_id
)

select coalesce(daily.shop_id, single.shop_id) as shop_id, daily.orders as by_day, single.orders as by_order
from daily
full join single on daily.shop_id = single.shop_id
where coalesce(daily.orders, 0) <> coalesce(single.orders, 0)
