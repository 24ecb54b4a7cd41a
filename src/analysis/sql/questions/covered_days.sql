-- Which days do the exports cover?
select * from marts.covered_days
order by shop_id, kind, on_date
