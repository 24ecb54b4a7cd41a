-- One row: a restriction that the platform put on the shop, as the merchant noted it.
-- grain: shop_id, restriction_type, started_at
-- reads: archive.restrictions
with versions as (
    select * from archive.restrictions where fate is null
),

newest as (
    select
        shop_id,
        restriction_type,
        started_at,
        max(version_no) as version_no,
    from versions
    group by shop_id, restriction_type, started_at
)

select
    versions.shop_id,
    versions.restriction_type,
    versions.started_at,
    versions.ended_at,
    versions.remark,
    versions.exported_at,
    versions.file_id,
    versions.row_no,
from versions
join newest on versions.shop_id = newest.shop_id and versions.restriction_type = newest.restriction_type and versions.started_at = newest.started_at
    and versions.version_no = newest.version_no
