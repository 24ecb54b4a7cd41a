-- One row: a merchant ticket (工单), newest state.
-- grain: shop_id, ticket_id
-- as: view
-- reads: staging.tickets
select
    shop_id,
    ticket_id,
    order_id,
    ticket_title,
    ticket_status,
    progress,
    created_at,
    deadline_at,
    time_left,
    content,
    reply,
    evidence,
    outcome,
    closed_at,
    is_merchant_liable,
    is_punished,
    penalty_fen,
    exported_at,
    file_id,
    row_no,
from staging.tickets
