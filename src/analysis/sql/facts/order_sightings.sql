-- One row: an order of which some export showed what has no time of its own, with the first export that showed each such thing:
-- that it was paid and went on (asked only where its deal time is missing), that it ended (refunded, failed or cancelled
-- before it was sent), that the platform stepped in. What an export shows is known from that export on (docs/decisions/0030).
-- grain: shop_id, order_id
-- reads: archive.orders
with versions as (
    select
        shop_id,
        order_id,
        exported_at,
        intervened_at,
        dealt_at is null and regexp_matches(order_status, '^(待发货|已发货|已签收|已收货|未发货)') as is_paid,
        contains(order_status, '退款成功')
            or coalesce(after_sales_status = '退款成功', false)
            or starts_with(order_status, '未成交')
            or (shipped_at is null and regexp_matches(order_status, '^(已取消|未发货)')) as is_ended,
        coalesce(is_intervened, false) or intervened_at is not null as is_intervened,
    from archive.orders
    where fate is null
)

select
    shop_id,
    order_id,
    min(exported_at) filter (where is_paid) as paid_seen_at,
    min(exported_at) filter (where is_ended) as ended_seen_at,
    min(least(intervened_at, exported_at)) filter (where is_intervened) as intervention_seen_at,
from versions
where is_paid or is_ended or is_intervened
group by shop_id, order_id
