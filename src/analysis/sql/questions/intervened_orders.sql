-- In which orders had the platform stepped in by the end of $as_of?
-- One row: an order with the first day of an intervention, however it ended.
select
    shop_id,
    order_id,
    min(began_on) as began_on,
from marts.interventions
where began_on <= $as_of
group by shop_id, order_id
order by shop_id, order_id
