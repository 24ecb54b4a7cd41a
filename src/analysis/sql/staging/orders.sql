-- One row: an order as its newest archived export shows it.
-- What a newer export left out (the columns are chosen by hand each time) is remembered from an older one where it
-- cannot have changed: place, payment and promises.
-- Left joins against the few repeated orders, because ranking every row costs ten times as much (docs/decisions/0003).
-- `versions` is read anew each time: kept for all three readers, every column of every row would wait in memory.
-- grain: shop_id, order_id
-- reads: archive.orders
-- plain: order_id, tracking_no
with versions as not materialized (
    select * from archive.orders where fate is null
),

repeated as (
    select
        shop_id,
        order_id,
        max(version_no) as newest_version_no,
    from versions
    group by shop_id, order_id
    having count(*) > 1
),

remembered as (
    select
        versions.shop_id,
        versions.order_id,
        max(repeated.newest_version_no) as newest_version_no,
        max(versions.paid_at) as paid_at,
        max(versions.promised_ship_at) as promised_ship_at,
        max(versions.promised_delivery_at) as promised_delivery_at,
        max(versions.province) as province,
        max(versions.city) as city,
        max(versions.district) as district,
    from versions
    join repeated on versions.shop_id = repeated.shop_id and versions.order_id = repeated.order_id
    group by versions.shop_id, versions.order_id
)

select
    versions.shop_id,
    versions.order_id,
    versions.order_status,
    versions.product_name,
    versions.product_id,
    versions.sku_id,
    versions.sku_name,
    versions.sku_code,
    versions.product_code,
    versions.quantity,
    versions.goods_total_fen,
    versions.postage_fen,
    versions.shop_discount_fen,
    versions.platform_discount_fen,
    versions.instant_discount_fen,
    versions.paid_fen,
    versions.received_fen,
    versions.dealt_at,
    versions.shipped_at,
    versions.signed_at,
    versions.after_sales_status,
    versions.tracking_no,
    versions.courier,
    versions.is_under_review,
    coalesce(versions.paid_at, remembered.paid_at) as paid_at,
    coalesce(versions.promised_ship_at, remembered.promised_ship_at) as promised_ship_at,
    coalesce(versions.promised_delivery_at, remembered.promised_delivery_at) as promised_delivery_at,
    coalesce(versions.province, remembered.province) as province,
    coalesce(versions.city, remembered.city) as city,
    coalesce(versions.district, remembered.district) as district,
    versions.exported_at,
    versions.file_id,
    versions.row_no,
from versions
left join remembered on versions.shop_id = remembered.shop_id and versions.order_id = remembered.order_id
where remembered.newest_version_no is null or versions.version_no = remembered.newest_version_no
