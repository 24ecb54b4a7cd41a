-- One row: an after-sales request as its newest archived export shows it.
-- grain: shop_id, after_sales_id
-- reads: archive.after_sales
-- plain: after_sales_id, order_id, tracking_no, return_tracking_no
with versions as (
    select * from archive.after_sales where fate is null
),

newest as (
    select
        shop_id,
        after_sales_id,
        max(version_no) as version_no,
    from versions
    group by shop_id, after_sales_id
)

select
    versions.shop_id,
    versions.after_sales_id,
    versions.order_id,
    versions.after_sales_status,
    versions.after_sales_type,
    versions.order_amount_fen,
    versions.refund_fen,
    versions.shipping_stage,
    versions.tracking_no,
    versions.product_id,
    versions.product_name,
    versions.sku_name,
    versions.step_deadline_at,
    versions.applied_at,
    versions.reason,
    versions.return_tracking_no,
    versions.return_status,
    versions.return_status_at,
    versions.refund_agreed_at,
    versions.refund_agreed_by,
    versions.return_agreed_at,
    versions.interception_status,
    versions.order_mark,
    versions.ticket_id,
    versions.is_intervened,
    versions.intervened_at,
    versions.is_dispute_refund,
    versions.decided_by_role,
    versions.is_speed_refund,
    versions.exported_at,
    versions.file_id,
    versions.row_no,
from versions
join newest on versions.shop_id = newest.shop_id and versions.after_sales_id = newest.after_sales_id
    and versions.version_no = newest.version_no
