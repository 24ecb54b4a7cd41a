-- One row: a booking of the platform's ledger (账务明细), with what it is; expenses are negative; no order number means a
-- shop-level booking.
-- grain: file_id, row_no
-- as: view
-- reads: staging.ledger_entries, signs.ledger_kinds
select
    entries.shop_id,
    entries.occurred_at,
    entries.order_id,
    entries.income_fen,
    entries.expense_fen,
    entries.account_type,
    entries.business,
    entries.remark,
    kinds.component,
    kinds.ledger_class,
    kinds.rule,
    entries.ordinal,
    entries.copies,
    entries.exported_at,
    entries.file_id,
    entries.row_no,
from staging.ledger_entries as entries
join signs.ledger_kinds as kinds on entries.kind_id = kinds.kind_id
