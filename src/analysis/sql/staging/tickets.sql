-- One row: a ticket as its newest archived export shows it; an order can have several.
-- grain: shop_id, ticket_id
-- reads: archive.tickets
with versions as (
    select * from archive.tickets where fate is null
),

newest as (
    select
        shop_id,
        ticket_id,
        max(version_no) as version_no,
    from versions
    group by shop_id, ticket_id
)

select
    versions.shop_id,
    versions.ticket_id,
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
    versions.exported_at,
    versions.file_id,
    versions.row_no,
from versions
join newest on versions.shop_id = newest.shop_id and versions.ticket_id = newest.ticket_id
    and versions.version_no = newest.version_no
