-- One row: an after-sales request (售后), newest state; an order can have several.
-- grain: shop_id, after_sales_id
-- reads: staging.after_sales
select
    shop_id,
    after_sales_id,
    order_id,
    after_sales_status,
    after_sales_type,
    reason,
    applied_at,
    refund_fen,
    order_amount_fen,
    shipping_stage,
    step_deadline_at,
    refund_agreed_at,
    refund_agreed_by,
    return_agreed_at,
    return_status,
    return_status_at,
    interception_status,
    tracking_no,
    return_tracking_no,
    product_id,
    product_name,
    sku_name,
    order_mark,
    ticket_id,
    exported_at,
    file_id,
    row_no,
from staging.after_sales
order by shop_id, after_sales_id
