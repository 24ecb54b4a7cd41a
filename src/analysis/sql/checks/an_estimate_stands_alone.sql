-- A component of an order that has an estimate beside what the ledger or the shop's notes say.
select shop_id, order_id, component
from marts.loss_entries
group by shop_id, order_id, component
having count(*) filter (where source = 'estimate') > 0 and count(*) filter (where source <> 'estimate') > 0
