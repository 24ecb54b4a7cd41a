-- Every row of a ledger export has a kind, and what is classified, unclassified and excluded is all of its money.
select files.path, files.ledger_rows, archived.kept_rows, files.income_fen + files.expense_fen as of_rows,
    files.classified_fen + files.unclassified_fen + files.excluded_fen as of_classes,
    archived.total_fen
from marts.ledger_files as files
left join (
    select
        file_id,
        count(*) as kept_rows,
        cast(sum(coalesce(income_fen, 0) + coalesce(expense_fen, 0)) as bigint) as total_fen,
    from archive.ledger
    where fate is null
    group by file_id
) as archived on files.file_id = archived.file_id
where files.ledger_rows <> coalesce(archived.kept_rows, 0)
    or files.classified_fen + files.unclassified_fen + files.excluded_fen <> coalesce(archived.total_fen, 0)
