-- Which day is the last that the orders exports cover in full? NULL without any orders export.
select max(on_date) as as_of
from marts.covered_days
where kind = 'orders'
