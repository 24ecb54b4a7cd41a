-- One row: an intervention that the merchant noted by hand.
-- grain: shop_id, order_id, began_at
-- reads: archive.interventions
with versions as (
    select * from archive.interventions where fate is null
),

newest as (
    select
        shop_id,
        order_id,
        began_at,
        max(version_no) as version_no,
    from versions
    group by shop_id, order_id, began_at
)

select
    versions.shop_id,
    versions.order_id,
    versions.began_at,
    versions.initiated_by,
    versions.outcome,
    versions.decided_at,
    versions.remark,
    versions.exported_at,
    versions.file_id,
    versions.row_no,
from versions
join newest on versions.shop_id = newest.shop_id and versions.order_id = newest.order_id and versions.began_at = newest.began_at
    and versions.version_no = newest.version_no
