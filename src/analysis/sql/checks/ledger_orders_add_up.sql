-- Every booking on an order stands in exactly one of the order's components, with its amount.
with booked as (
    select
        shop_id,
        order_id,
        count(*) as ledger_rows,
        cast(-sum(income_fen + expense_fen) as bigint) as amount_fen,
    from marts.ledger_entries
    where order_id is not null
    group by shop_id, order_id
),

summed as (
    select
        shop_id,
        order_id,
        cast(sum(ledger_rows) as bigint) as ledger_rows,
        cast(sum(amount_fen) as bigint) as amount_fen,
    from facts.ledger_order_components
    group by shop_id, order_id
)

select
    coalesce(booked.shop_id, summed.shop_id) as shop_id,
    coalesce(booked.order_id, summed.order_id) as order_id,
    booked.ledger_rows as rows_booked,
    summed.ledger_rows as rows_summed,
    booked.amount_fen as fen_booked,
    summed.amount_fen as fen_summed,
from booked
full join summed on booked.shop_id = summed.shop_id and booked.order_id = summed.order_id
where booked.ledger_rows is distinct from summed.ledger_rows or booked.amount_fen is distinct from summed.amount_fen
