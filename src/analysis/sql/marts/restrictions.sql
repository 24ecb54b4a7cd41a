-- One row: a restriction of the shop, as the merchant noted it.
-- grain: shop_id, restriction_type, started_at
-- as: view
-- reads: staging.restrictions
select
    shop_id,
    restriction_type,
    started_at,
    ended_at,
    remark,
    file_id,
    row_no,
from staging.restrictions
