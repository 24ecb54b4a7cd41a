-- One row: an order with the dates that definitions use, and how its deal time is known.
-- An order is dealt on its deal time; without one, an order whose status shows that it was paid and went on is dealt on its
-- payment time, else on the date in its number; an unpaid, cancelled or failed order without a deal time is not dealt, also
-- where it was paid (docs/decisions/0002).
-- Status and number are looked at only where the deal time is missing: for every order it would cost more than the rest.
-- grain: shop_id, order_id
-- as: view
-- reads: staging.orders
with stated as (
    select
        *,
        case when dealt_at is null then regexp_matches(order_status, '^(待发货|已发货|已签收|已收货|未发货)') end as shows_payment,
        contains(order_status, '退款成功') or coalesce(after_sales_status = '退款成功', false) as is_refunded,
        case when dealt_at is null then try_strptime(left(order_id, 6), '%y%m%d') end as numbered_at,
    from staging.orders
)

select
    * exclude (shows_payment, numbered_at, dealt_at),
    dealt_at as stated_dealt_at,
    case
        when dealt_at is not null then dealt_at
        when shows_payment then coalesce(paid_at, numbered_at)
    end as dealt_at,
    case
        when dealt_at is not null then 'deal_time'
        when shows_payment and paid_at is not null then 'payment_time'
        when shows_payment then 'order_number'
    end as dealt_source,
    cast(case
        when dealt_at is not null then dealt_at
        when shows_payment then coalesce(paid_at, numbered_at)
    end as date) as dealt_on,
    cast(paid_at as date) as paid_on,
    cast(shipped_at as date) as shipped_on,
    cast(signed_at as date) as signed_on,
    shipped_at is null
        and (starts_with(order_status, '已取消') or starts_with(order_status, '未发货')) as is_cancelled_before_shipping,
from stated
