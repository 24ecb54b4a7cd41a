-- What does the platform itself say of each metric, for the days up to $as_of?
-- One row a shop × metric × statistic day × export. `is_newest`: the export that holds; one that it replaced is listed beside it.
-- A metric that an export does not give (no column, or `--`) has no row. `help_rate` and `quality_refund_rate` come without a count.
with figures as (
    select * from staging.platform_figures where stat_on <= $as_of
),

long as (
    select
        *,
        'intervention_rate' as metric,
        intervention_count as platform_count,
        intervention_rate as platform_rate,
        category_intervention_rate as category_rate,
    from figures
    union all
    select
        *,
        'dispute_refund_rate' as metric,
        dispute_refund_count as platform_count,
        dispute_refund_rate as platform_rate,
        null as category_rate,
    from figures
    union all
    select *, 'quality_refund_rate' as metric, null as platform_count, quality_refund_rate as platform_rate, null as category_rate
    from figures
    union all
    select *, 'help_rate' as metric, null as platform_count, help_rate as platform_rate, null as category_rate
    from figures
)

select
    shop_id,
    metric,
    stat_on,
    platform_count,
    platform_rate,
    category_rate,
    exported_at,
    is_newest,
from long
where platform_count is not null or platform_rate is not null or category_rate is not null
order by shop_id, metric, stat_on, is_newest desc, exported_at desc, file_id desc, row_no desc
