-- One row: a merchant ticket (工单), newest state.
-- grain: shop_id, ticket_id
-- as: view
-- reads: staging.tickets, signs.tickets
select
    tickets.shop_id,
    tickets.ticket_id,
    tickets.order_id,
    tickets.ticket_title,
    types.ticket_type,
    tickets.ticket_status,
    tickets.progress,
    tickets.created_at,
    tickets.deadline_at,
    tickets.time_left,
    tickets.content,
    tickets.reply,
    tickets.evidence,
    tickets.outcome,
    tickets.closed_at,
    tickets.is_merchant_liable,
    tickets.is_punished,
    tickets.penalty_fen,
    tickets.exported_at,
    tickets.file_id,
    tickets.row_no,
from staging.tickets as tickets
join signs.tickets as types on tickets.shop_id = types.shop_id and tickets.ticket_id = types.ticket_id
