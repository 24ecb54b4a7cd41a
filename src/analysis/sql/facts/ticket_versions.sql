-- One row: a ticket as one archived export shows it; every version is kept, so that its state on any past day can be told.
-- `shows_answers`: the export has a column for the shop's answer, so that a blank one says that there was none.
-- `is_dated_by_name`: the file's name says when it was made; else the export is at least as new as what it tells of.
-- grain: shop_id, ticket_id, version_no
-- reads: archive.tickets, archive.files
-- plain: ticket_id, order_id
select
    versions.shop_id,
    versions.ticket_id,
    versions.version_no,
    versions.exported_at,
    versions.order_id,
    versions.ticket_title,
    versions.ticket_status,
    versions.progress,
    versions.created_at,
    versions.deadline_at,
    versions.time_left,
    versions.content,
    versions.reply,
    versions.evidence,
    versions.outcome,
    versions.closed_at,
    versions.is_merchant_liable,
    versions.is_punished,
    versions.penalty_fen,
    versions.staff,
    list_contains(files.columns, 'reply') or list_contains(files.columns, 'evidence') as shows_answers,
    files.dated_by = 'name' as is_dated_by_name,
from archive.tickets as versions
join archive.files as files on versions.file_id = files.file_id
where versions.fate is null
