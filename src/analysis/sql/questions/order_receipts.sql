-- What did the orders of each day up to $as_of bring in?
-- One row: a shop's day, by the day on which the orders were dealt. `received_fen`: what the shop was to receive, else what the
-- buyer paid; an order cancelled before shipping brought nothing. `orders_with_amount`: the orders of which that is known.
select
    shop_id,
    dealt_on as on_date,
    count(*) filter (
        where is_cancelled_before_shipping or coalesce(received_fen, paid_fen) is not null
    ) as orders_with_amount,
    cast(coalesce(
        sum(coalesce(received_fen, paid_fen)) filter (where not is_cancelled_before_shipping), 0
    ) as bigint) as received_fen,
from facts.dated_orders
where dealt_on <= $as_of
group by shop_id, dealt_on
order by shop_id, dealt_on
