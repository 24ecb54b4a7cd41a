-- One row: an order with after-sales requests, what they refunded, and what they tell of the goods.
-- A request refunds where its status says so, or where a refund was agreed to and not taken back. Several refunds of one
-- order add up; its type, stage and reason are those of the newest request that refunded, else of the newest.
-- `is_returned`: the goods came back (return received, parcel stopped on its way, exchange done); NULL: a return whose
-- parcel no export follows. `replacement`: what was sent once more, `exchange` (all pieces) or `reshipment` (one piece).
-- grain: shop_id, order_id
-- reads: staging.after_sales
-- plain: order_id, after_sales_id
with requests as (
    select
        *,
        regexp_matches(after_sales_status, '退款成功|(商家|平台)同意退款')
            or (
                refund_agreed_at is not null
                and not regexp_matches(after_sales_status, '撤销|取消|拒绝|驳回|关闭|失败')
            ) as is_refund,
        case
            when regexp_matches(after_sales_status, '(换货|补寄)成功') and contains(after_sales_type, '换货') then 'exchange'
            when regexp_matches(after_sales_status, '(换货|补寄)成功') and contains(after_sales_type, '补寄') then 'reshipment'
        end as replacement,
        regexp_matches(return_status, '已(签收|收货|入库)') as is_received,
        regexp_matches(interception_status, '成功|已拦截') and not regexp_matches(interception_status, '未|不') as is_intercepted,
    from staging.after_sales
),

summed as (
    select
        shop_id,
        order_id,
        min(coalesce(applied_at, exported_at)) as applied_at,
        bool_or(is_refund) as is_refunded,
        case
            when count(*) filter (where is_refund) = count(refund_fen) filter (where is_refund)
                then cast(sum(refund_fen) filter (where is_refund) as bigint)
        end as refund_fen,
        max(coalesce(refund_agreed_at, applied_at, exported_at)) filter (where is_refund) as refunded_at,
        max(order_amount_fen) as order_amount_fen,
        min(replacement) as replacement,
        bool_or(
            (is_refund and coalesce(is_intercepted, false))
            or (is_refund and contains(after_sales_type, '退货') and is_received)
            or replacement = 'exchange'
        ) as has_returned,
        bool_or(is_refund and contains(after_sales_type, '退货') and return_status is null) as may_have_returned,
        arg_max(
            struct_pack(after_sales_id, after_sales_type, shipping_stage, product_id, product_name),
            (coalesce(is_refund, false), coalesce(applied_at, '-infinity'), after_sales_id)
        ) as newest,
    from requests
    group by shop_id, order_id
)

select
    summed.shop_id,
    summed.order_id,
    newest.after_sales_id,
    newest.after_sales_type,
    newest.shipping_stage,
    newest.product_id,
    newest.product_name,
    summed.applied_at,
    summed.is_refunded,
    summed.refund_fen,
    summed.refunded_at,
    summed.order_amount_fen,
    summed.replacement,
    case
        when summed.has_returned then true
        when summed.may_have_returned or (summed.is_refunded and newest.after_sales_type is null) then null
        else false
    end as is_returned,
from summed
