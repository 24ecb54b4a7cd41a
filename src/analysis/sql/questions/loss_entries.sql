-- What did the disputes cost, as far as it is booked or estimated for a day up to the end of $as_of?
-- One row: an entry of marts.loss_entries, with the day on which the order's dispute began.
select
    entries.shop_id,
    entries.order_id,
    entries.component,
    entries.source,
    entries.amount_fen,
    entries.is_counted,
    entries.booked_at,
    entries.ledger_rows,
    entries.rule,
    cast(orders.disputed_at as date) as disputed_on,
from marts.loss_entries as entries
join cases.disputed_orders as orders on entries.shop_id = orders.shop_id and entries.order_id = orders.order_id
where cast(entries.booked_at as date) <= $as_of and cast(orders.disputed_at as date) <= $as_of
order by entries.shop_id, entries.order_id, entries.component, entries.source
