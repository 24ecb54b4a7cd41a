-- Which parcel belongs to which order, of those sent since $since?
select shop_id, order_id, tracking_no
from marts.orders
where tracking_no is not null and shipped_at >= $since
order by shop_id, order_id
