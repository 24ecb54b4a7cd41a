-- One row: a row of an accepted export that could not be read, with what was wrong; numbers in the value are masked.
-- grain: file_id, row_no
-- reads: archive.files, archive.orders, archive.after_sales, archive.tickets, archive.appeals, archive.ledger, archive.platform_figures, archive.interventions, archive.restrictions, archive.costs, archive.outcomes
with quarantined as (
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.orders where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.after_sales where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.tickets where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.appeals where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.ledger where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.platform_figures where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.interventions where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.restrictions where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.costs where fate = 'quarantined'
    union all
    select shop_id, file_id, row_no, bad_column, bad_value, bad_reason from archive.outcomes where fate = 'quarantined'
)

select
    quarantined.shop_id,
    files.path,
    quarantined.row_no,
    quarantined.bad_column,
    quarantined.bad_value,
    quarantined.bad_reason as reason,
    quarantined.file_id,
from quarantined
join archive.files as files on quarantined.file_id = files.file_id
order by files.path, quarantined.row_no
