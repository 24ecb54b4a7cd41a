-- One row: the platform's own figures for one shop and day as one export shows them; `is_newest`: the export that holds.
-- grain: shop_id, stat_on, version_no
-- reads: archive.platform_figures
with versions as (
    select * from archive.platform_figures where fate is null
),

newest as (
    select
        shop_id,
        stat_on,
        max(version_no) as version_no,
    from versions
    group by shop_id, stat_on
)

select
    versions.shop_id,
    versions.stat_on,
    versions.dispute_refund_count,
    versions.dispute_refund_rate,
    versions.intervention_count,
    versions.intervention_rate,
    versions.category_intervention_rate,
    versions.quality_refund_rate,
    versions.help_rate,
    versions.mean_refund_hours,
    versions.refund_count,
    versions.refund_fen,
    versions.refund_rate,
    versions.return_refund_hours,
    versions.refund_only_hours,
    versions.exported_at,
    versions.file_id,
    versions.row_no,
    versions.version_no,
    versions.version_no = newest.version_no as is_newest,
from versions
join newest on versions.shop_id = newest.shop_id and versions.stat_on = newest.stat_on
