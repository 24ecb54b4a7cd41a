-- One row: a shop's day with what happened to its orders on that day.
-- `orders_cancelled_before_shipping` and `orders_refunded` are those of the orders dealt on that day.
-- grain: shop_id, on_date
-- reads: facts.dated_orders
with dealt as (
    select
        shop_id,
        dealt_on as on_date,
        count(*) as orders_dealt,
        count(*) filter (where is_cancelled_before_shipping) as orders_cancelled_before_shipping,
        count(*) filter (where is_refunded) as orders_refunded,
        count(*) filter (where dealt_source = 'order_number') as orders_dealt_by_number,
    from facts.dated_orders
    where dealt_on is not null
    group by shop_id, dealt_on
),

paid as (
    select shop_id, paid_on as on_date, count(*) as orders_paid
    from facts.dated_orders where paid_on is not null group by shop_id, paid_on
),

shipped as (
    select shop_id, shipped_on as on_date, count(*) as orders_shipped
    from facts.dated_orders where shipped_on is not null group by shop_id, shipped_on
),

signed as (
    select shop_id, signed_on as on_date, count(*) as orders_signed
    from facts.dated_orders where signed_on is not null group by shop_id, signed_on
),

days as (
    select shop_id, on_date from dealt
    union
    select shop_id, on_date from paid
    union
    select shop_id, on_date from shipped
    union
    select shop_id, on_date from signed
)

select
    days.shop_id,
    days.on_date,
    coalesce(dealt.orders_dealt, 0) as orders_dealt,
    coalesce(paid.orders_paid, 0) as orders_paid,
    coalesce(shipped.orders_shipped, 0) as orders_shipped,
    coalesce(signed.orders_signed, 0) as orders_signed,
    coalesce(dealt.orders_cancelled_before_shipping, 0) as orders_cancelled_before_shipping,
    coalesce(dealt.orders_refunded, 0) as orders_refunded,
    coalesce(dealt.orders_dealt_by_number, 0) as orders_dealt_by_number,
from days
left join dealt on days.shop_id = dealt.shop_id and days.on_date = dealt.on_date
left join paid on days.shop_id = paid.shop_id and days.on_date = paid.on_date
left join shipped on days.shop_id = shipped.shop_id and days.on_date = shipped.on_date
left join signed on days.shop_id = signed.shop_id and days.on_date = signed.on_date
order by days.shop_id, days.on_date
