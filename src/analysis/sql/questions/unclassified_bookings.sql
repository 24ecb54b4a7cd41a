-- Which bookings up to $as_of does no rule of the ledger know, and how much money are they?
-- One row: a shop and a wording of its bookings. `amount_fen` has the ledger's own sign: income is positive.
select
    shop_id,
    coalesce(business, account_type) as wording,
    cast(sum(copies) as bigint) as ledger_rows,
    cast(sum((income_fen + expense_fen) * copies) as bigint) as amount_fen,
    max(occurred_at) as last_booked_at,
from marts.ledger_entries
where ledger_class = 'unclassified' and cast(occurred_at as date) <= $as_of
group by shop_id, coalesce(business, account_type)
order by shop_id, abs(amount_fen) desc, wording
