-- Which appeals were made, and which orders does the platform's page offer to appeal, as far as exports for $as_of tell?
-- One row: an appeal or an offer (no kind of appeal named: ''), newest state; one that was exported again later is not told.
select *
from marts.appeals
where cast(exported_at as date) <= cast($as_of as date) + 1
order by shop_id, order_id, after_sales_id, appeal_type, appeal_subtype
