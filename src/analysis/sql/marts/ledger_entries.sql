-- One row: a booking of the platform's ledger (账务明细); expenses are negative; no order number means a shop-level booking.
-- grain: file_id, row_no
-- as: view
-- reads: staging.ledger_entries
select
    shop_id,
    occurred_at,
    order_id,
    income_fen,
    expense_fen,
    account_type,
    business,
    remark,
    ordinal,
    exported_at,
    file_id,
    row_no,
from staging.ledger_entries
