-- One row: an export that the archive holds, and where each of its rows went. All rows of a list kept by hand are superseded
-- once a newer form of the list replaced it.
-- read_rows = kept_rows + superseded_rows + quarantined_rows + note_rows
-- grain: file_id
-- reads: archive.files, staging.orders, staging.after_sales, staging.tickets, staging.appeals, staging.ledger_entries, staging.platform_figures, staging.interventions, staging.restrictions, staging.costs, staging.outcomes
with current_rows as (
    select file_id, count(*) as kept_rows from staging.orders group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.after_sales group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.tickets group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.appeals group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.ledger_entries group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.platform_figures where is_newest group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.interventions group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.restrictions group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.costs group by file_id
    union all
    select file_id, count(*) as kept_rows from staging.outcomes group by file_id
)

select
    files.file_id,
    files.shop_id,
    files.kind,
    files.path,
    files.exported_at,
    files.dated_by,
    files.is_intervention_list,
    files.covers_from,
    files.covers_to,
    files.read_rows,
    coalesce(current_rows.kept_rows, 0) as kept_rows,
    files.kept_rows - coalesce(current_rows.kept_rows, 0) as superseded_rows,
    files.quarantined_rows,
    files.note_rows,
    files.bad_cells,
    files.sha256,
from archive.files as files
left join current_rows on files.file_id = current_rows.file_id
order by files.shop_id, files.kind, files.exported_at, files.path
