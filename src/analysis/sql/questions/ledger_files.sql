-- What does each ledger export up to $as_of say of itself, and what do its rows add up to?
-- One row: a row of marts.ledger_files whose period, or without one whose export, began by then.
select
    shop_id,
    path,
    exported_at,
    stated_from,
    stated_to,
    ledger_rows,
    overlapping_rows,
    stated_total_fen,
    income_fen + expense_fen as total_fen,
    classified_fen,
    unclassified_fen,
    excluded_fen,
    difference_fen,
    unclassified_rows,
    shop_rows,
    flags,
from marts.ledger_files
where coalesce(cast(stated_from as date), cast(exported_at as date) - 1) <= $as_of
order by shop_id, stated_from, exported_at, path
