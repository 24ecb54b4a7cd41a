-- One row: an after-sales request with the moments since which each thing about it is known (docs/decisions/0030).
-- Stated times count as stated; what only a status tells is known from the first export that shows it. A request ends with
-- 退款成功, 撤销, 取消, 关闭, 失败 or 逾期, or once the platform decided; one that the merchant refused (驳回) is still open, because
-- the buyer's next step is the platform. `platform_seen_at`: an export shows that the platform began it of itself.
-- grain: shop_id, after_sales_id
-- reads: archive.after_sales
-- plain: after_sales_id, order_id
with versions as (
    select
        shop_id,
        after_sales_id,
        order_id,
        exported_at,
        applied_at,
        refund_agreed_at,
        regexp_matches(after_sales_status, '退款成功|平台同意') as is_refunded,
        regexp_matches(after_sales_status, '成功|撤销|取消|关闭|失败|逾期|平台同意|平台拒绝') as is_ended,
        coalesce(is_speed_refund, false)
            or regexp_matches(after_sales_status, '平台主动|极速退款') as is_started_by_platform,
    from archive.after_sales
    where fate is null
)

select
    shop_id,
    after_sales_id,
    max(order_id) as order_id,
    coalesce(min(applied_at), min(exported_at)) as opened_at,
    least(min(refund_agreed_at), min(exported_at) filter (where is_refunded)) as refunded_at,
    least(min(refund_agreed_at), min(exported_at) filter (where is_ended)) as ended_at,
    min(exported_at) filter (where is_started_by_platform) as platform_seen_at,
from versions
group by shop_id, after_sales_id
