-- One row: what one ledger export holds of one wording (signs.ledger_kinds), all its rows, also those that another export repeats.
-- `kind_id` is reckoned as in staging.ledger_entries, which holds each booking once.
-- grain: file_id, kind_id
-- reads: archive.ledger
with bookings as (
    select
        file_id,
        order_id,
        coalesce(income_fen, 0) as income_fen,
        coalesce(expense_fen, 0) as expense_fen,
        hash(
            business,
            account_type,
            case when business is null then remark end,
            coalesce(income_fen, 0) + coalesce(expense_fen, 0) > 0
        ) as kind_id,
    from archive.ledger
    where fate is null
)

select
    file_id,
    kind_id,
    count(*) as ledger_rows,
    count(*) filter (where order_id is null) as shop_rows,
    count(*) filter (where income_fen < 0) as negative_income_rows,
    count(*) filter (where expense_fen > 0) as positive_expense_rows,
    cast(sum(income_fen) as bigint) as income_fen,
    cast(sum(expense_fen) as bigint) as expense_fen,
from bookings
group by file_id, kind_id
order by file_id, kind_id
