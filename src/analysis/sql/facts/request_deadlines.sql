-- One row: a deadline of an after-sales request's step (超时时间; NULL: none), as exports from `seen_at` on show it, until
-- `seen_until`, when an export first showed another (NULL: none did).
-- grain: shop_id, after_sales_id, version_no
-- reads: archive.after_sales
-- plain: after_sales_id
with deadlines as (
    select
        shop_id,
        after_sales_id,
        step_deadline_at,
        min(version_no) as version_no,
        min(exported_at) as seen_at,
    from archive.after_sales
    where fate is null
    group by shop_id, after_sales_id, step_deadline_at
)

select
    shop_id,
    after_sales_id,
    version_no,
    step_deadline_at,
    seen_at,
    lead(seen_at) over (partition by shop_id, after_sales_id order by version_no) as seen_until,
from deadlines
