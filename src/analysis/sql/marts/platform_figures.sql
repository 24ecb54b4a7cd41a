-- One row: the platform's own figures for one shop and day (服务概况); `--` is NULL.
-- grain: shop_id, stat_on
-- as: view
-- reads: staging.platform_figures
select
    shop_id,
    stat_on,
    intervention_count,
    intervention_rate,
    category_intervention_rate,
    dispute_refund_count,
    dispute_refund_rate,
    quality_refund_rate,
    help_rate,
    refund_rate,
    refund_count,
    refund_fen,
    mean_refund_hours,
    return_refund_hours,
    refund_only_hours,
    exported_at,
    file_id,
    row_no,
from staging.platform_figures
where is_newest
