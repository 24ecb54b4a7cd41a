-- One row: an after-sales request with the group that its reason belongs to (rules/reasons.toml); no reason given is 'unknown'.
-- Texts are matched once each, because a pattern that comes from a column is compiled for every row that meets it.
-- grain: shop_id, after_sales_id
-- reads: staging.after_sales, input.reason_groups
with texts as (
    select distinct reason from staging.after_sales where reason is not null
),

matched as (
    select
        texts.reason,
        arg_min(groups.reason_group, groups.priority) as reason_group,
    from texts
    join input.reason_groups as groups on regexp_matches(texts.reason, groups.pattern)
    group by texts.reason
)

select
    requests.shop_id,
    requests.after_sales_id,
    requests.order_id,
    case when requests.reason is null then 'unknown' else coalesce(matched.reason_group, 'other') end as reason_group,
from staging.after_sales as requests
left join matched on requests.reason = matched.reason
