-- What happened on each shop's days?
select * from marts.shop_days
order by shop_id, on_date
