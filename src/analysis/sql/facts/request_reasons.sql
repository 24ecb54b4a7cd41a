-- One row: an after-sales request with the group that its reason belongs to; no reason given is 'unknown'.
-- grain: shop_id, after_sales_id
-- as: view
-- reads: staging.after_sales, signs.reasons
select
    requests.shop_id,
    requests.after_sales_id,
    requests.order_id,
    coalesce(reasons.reason_group, 'unknown') as reason_group,
from staging.after_sales as requests
left join signs.reasons as reasons on requests.reason = reasons.reason
