-- One row: what the team did about an order on the watch list, as the merchant noted it.
-- grain: shop_id, order_id, handled_at
-- reads: archive.outcomes
with versions as (
    select * from archive.outcomes where fate is null
),

newest as (
    select
        shop_id,
        order_id,
        handled_at,
        max(version_no) as version_no,
    from versions
    group by shop_id, order_id, handled_at
)

select
    versions.shop_id,
    versions.order_id,
    versions.handled_at,
    versions.action,
    versions.remark,
    versions.exported_at,
    versions.file_id,
    versions.row_no,
from versions
join newest on versions.shop_id = newest.shop_id and versions.order_id = newest.order_id and versions.handled_at = newest.handled_at
    and versions.version_no = newest.version_no
