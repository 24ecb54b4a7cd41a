-- Every row of a ledger export has a kind, and what is classified, unclassified and excluded is all of the file's money; every
-- booking that is kept is shown.
with held as (
    select
        file_id,
        cast(sum(ledger_rows) as bigint) as ledger_rows,
        cast(sum(income_fen + expense_fen) as bigint) as total_fen,
    from facts.ledger_file_kinds
    group by file_id
),

shown as (
    select file_id, count(*) as kept_rows from marts.ledger_entries group by file_id
),

files as (
    select file_id, kept_rows, kept_rows + superseded_rows as ledger_rows from marts.files where kind = 'ledger'
)

select
    coalesce(files.file_id, held.file_id) as file_id,
    files.ledger_rows as rows_accepted,
    held.ledger_rows as rows_held,
    summed.ledger_rows as rows_summed,
    files.kept_rows as rows_kept,
    shown.kept_rows as rows_shown,
    held.total_fen as fen_held,
    summed.classified_fen + summed.unclassified_fen + summed.excluded_fen as fen_of_classes,
    summed.income_fen + summed.expense_fen as fen_of_columns,
from files
full join held on files.file_id = held.file_id
left join marts.ledger_files as summed on coalesce(files.file_id, held.file_id) = summed.file_id
left join shown on coalesce(files.file_id, held.file_id) = shown.file_id
where coalesce(held.ledger_rows, 0) <> coalesce(files.ledger_rows, -1)
    or coalesce(held.ledger_rows, 0) <> coalesce(summed.ledger_rows, -1)
    or coalesce(shown.kept_rows, 0) <> coalesce(files.kept_rows, -1)
    or coalesce(held.total_fen, 0) <> coalesce(summed.classified_fen + summed.unclassified_fen + summed.excluded_fen, 0)
    or coalesce(held.total_fen, 0) <> coalesce(summed.income_fen + summed.expense_fen, 0)
