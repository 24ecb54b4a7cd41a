-- Which requests for the money alone wait for the merchant at the end of $as_of, though the goods were sent?
-- One row: an order's newest such request. A return (退货退款) is not among them, because the goods come back, nor what was not sent yet:
-- there is nothing to contest. The day after $as_of is that of the export which tells how $as_of ended (docs/decisions/0001): what came
-- in on it waits already, what ended on it waits no more. One with the platform or the buyer does not wait for the merchant.
with waiting as (
    select requests.*
    from marts.after_sales as requests
    join facts.request_dates as dates
        on requests.shop_id = dates.shop_id and requests.after_sales_id = dates.after_sales_id
    where cast(dates.opened_at as date) <= cast($as_of as date) + 1
        and case
            when dates.ended_at is null then regexp_matches(requests.after_sales_status, '待商家|^待处理|商家处理中')
            else cast(dates.ended_at as date) > cast($as_of as date) + 1
        end
        and contains(requests.after_sales_type, '退款')
        and not regexp_matches(requests.after_sales_type, '退货|未发货')
    qualify row_number() over (
        partition by requests.shop_id, requests.order_id
        order by requests.applied_at desc nulls last, requests.after_sales_id desc
    ) = 1
)

select
    waiting.shop_id,
    waiting.after_sales_id,
    waiting.order_id,
    waiting.reason_group,
    waiting.refund_fen,
    coalesce(orders.paid_fen, waiting.order_amount_fen) as paid_fen,
    waiting.step_deadline_at as deadline_at,
    coalesce(orders.tracking_no, waiting.tracking_no) as tracking_no,
from waiting
left join marts.orders as orders on waiting.shop_id = orders.shop_id and waiting.order_id = orders.order_id
where case
    when orders.order_id is null then regexp_matches(waiting.shipping_stage, '已发货|已收货|已签收')
    else cast(orders.shipped_at as date) <= cast($as_of as date) + 1
end
order by waiting.shop_id, waiting.order_id
