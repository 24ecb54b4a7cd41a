-- Which parcels under way has no orders export shown for 14 days before the end of $as_of? Where they are now is not known.
select shop_id, order_id
from marts.orders
where shipped_at is not null and signed_at is null and exported_at < cast($as_of as date) - 13
order by shop_id, order_id
