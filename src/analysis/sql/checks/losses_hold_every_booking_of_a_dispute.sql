-- An order whose counted ledger entries are not what the ledger books on it as losses and recoveries.
select *
from (
    select shop_id, order_id, sum(amount_fen) as fen, sum(ledger_rows) as bookings
    from marts.loss_entries
    where source = 'ledger' and is_counted
    group by shop_id, order_id
) as entries
full join (
    select shop_id, order_id, sum(amount_fen) as fen, sum(ledger_rows) as bookings
    from facts.ledger_order_components
    where class in ('loss', 'recovery')
    group by shop_id, order_id
) as booked using (shop_id, order_id)
where entries.fen is distinct from booked.fen or entries.bookings is distinct from booked.bookings
