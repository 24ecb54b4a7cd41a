-- One row: an appeal (售后申诉), or an order that can be appealed, newest state.
-- grain: shop_id, order_id, after_sales_id, appeal_type, appeal_subtype
-- as: view
-- reads: staging.appeals
select
    shop_id,
    order_id,
    after_sales_id,
    appeal_type,
    appeal_subtype,
    appeal_status,
    reason,
    refund_fen,
    most_fen,
    goods_fen,
    freight_fen,
    compensation_fen,
    refunded_at,
    time_left,
    until_at,
    outcome,
    appealed_at,
    exported_at,
    file_id,
    row_no,
from staging.appeals
