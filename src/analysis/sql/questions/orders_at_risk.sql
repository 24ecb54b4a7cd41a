-- Which shipped orders may become a case: an open request, a parcel that is late, or a high score, as known at the end of $as_of?
-- A parcel is late when it is not signed for after its promised delivery, or $late_days days after it was sent where none was
-- promised. $high_scores: the orders that the model sets on the watch list, shop and order joined by a line end. `why`:
-- open_request, late, high_score, joined by commas. Orders that were refunded are left out.
-- One that no export of the last $unseen_days days shows may have been signed for since, and is not called late.
with open_requests as (
    select shop_id, order_id, arg_min(reason_group, applied_at) as reason_group
    from marts.after_sales
    where cast(applied_at as date) <= $as_of
        and not regexp_matches(coalesce(after_sales_status, ''), '成功|撤销|取消|拒绝|驳回|关闭|失败')
    group by shop_id, order_id
),

shipped as (
    select
        orders.*,
        open_requests.order_id is not null as has_open_request,
        open_requests.reason_group,
        orders.signed_at is null and orders.exported_at >= cast($as_of as date) - cast($unseen_days as integer) + 1 and coalesce(
            orders.promised_delivery_at < cast($as_of as date) + 1,
            orders.shipped_at < cast($as_of as date) + 1 - to_days(cast($late_days as integer))
        ) as is_late,
        list_contains(cast($high_scores as varchar[]), orders.shop_id || chr(10) || orders.order_id) as has_high_score,
    from marts.orders as orders
    left join open_requests on orders.shop_id = open_requests.shop_id and orders.order_id = open_requests.order_id
    where cast(orders.shipped_at as date) between cast($as_of as date) - 90 and $as_of and not coalesce(orders.is_refunded, false)
)

select
    shop_id,
    order_id,
    courier,
    tracking_no,
    shipped_at,
    signed_at,
    coalesce(reason_group, 'not_received') as reason_group,
    concat_ws(
        ',',
        case when has_open_request then 'open_request' end,
        case when is_late then 'late' end,
        case when has_high_score then 'high_score' end
    ) as why,
from shipped
where has_open_request or is_late or has_high_score
order by shop_id, order_id
