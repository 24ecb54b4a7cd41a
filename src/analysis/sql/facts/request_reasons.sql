-- One row: an after-sales request with the group that its reason belongs to (rules/reasons.toml); no reason given is 'unknown'.
-- grain: shop_id, after_sales_id
-- reads: staging.after_sales, input.reason_groups
with matched as (
    select
        requests.shop_id,
        requests.after_sales_id,
        min(groups.priority) as priority,
    from staging.after_sales as requests
    join input.reason_groups as groups on regexp_matches(requests.reason, groups.pattern)
    group by requests.shop_id, requests.after_sales_id
)

select
    requests.shop_id,
    requests.after_sales_id,
    requests.order_id,
    case when requests.reason is null then 'unknown' else coalesce(groups.reason_group, 'other') end as reason_group,
from staging.after_sales as requests
left join matched on requests.shop_id = matched.shop_id and requests.after_sales_id = matched.after_sales_id
left join input.reason_groups as groups on matched.priority = groups.priority
