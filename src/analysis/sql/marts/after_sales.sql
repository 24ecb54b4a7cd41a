-- One row: an after-sales request (售后), newest state; an order can have several.
-- grain: shop_id, after_sales_id
-- as: view
-- reads: staging.after_sales, facts.request_reasons
select
    requests.shop_id,
    requests.after_sales_id,
    requests.order_id,
    requests.after_sales_status,
    requests.after_sales_type,
    requests.reason,
    reasons.reason_group,
    requests.applied_at,
    requests.refund_fen,
    requests.order_amount_fen,
    requests.shipping_stage,
    requests.step_deadline_at,
    requests.refund_agreed_at,
    requests.refund_agreed_by,
    requests.return_agreed_at,
    requests.return_status,
    requests.return_status_at,
    requests.interception_status,
    requests.tracking_no,
    requests.return_tracking_no,
    requests.product_id,
    requests.product_name,
    requests.sku_name,
    requests.order_mark,
    requests.ticket_id,
    requests.exported_at,
    requests.file_id,
    requests.row_no,
from staging.after_sales as requests
join facts.request_reasons as reasons
    on requests.shop_id = reasons.shop_id and requests.after_sales_id = reasons.after_sales_id
