-- One row: a booking of the platform's ledger, once however many exports show it.
-- Bookings that are alike in every field are told apart by their ordinal inside a file, so that real repeats survive.
-- grain: file_id, row_no
-- reads: archive.ledger
with bookings as (
    select
        *,
        row_number() over (
            partition by file_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark
            order by row_no
        ) as ordinal,
    from archive.ledger
    where fate is null
)

select
    shop_id,
    occurred_at,
    order_id,
    coalesce(income_fen, 0) as income_fen,
    coalesce(expense_fen, 0) as expense_fen,
    account_type,
    business,
    remark,
    ordinal,
    exported_at,
    file_id,
    row_no,
from bookings
qualify row_number() over (
    partition by shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark, ordinal
    order by version_no desc
) = 1
