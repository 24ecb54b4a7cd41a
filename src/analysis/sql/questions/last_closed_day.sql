-- Which day is the last that the orders exports cover in full? The day before the newest one was made; NULL without any.
select max(cast(exported_at as date)) - 1 as as_of
from marts.files
where kind = 'orders'
