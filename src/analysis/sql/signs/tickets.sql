-- One row: a ticket whose type counts as an intervention, always or because it lapsed (rules/tickets.toml).
-- A ticket lapsed when the platform punished it, held the shop liable, charged for it, said so, or closed it too late.
-- grain: shop_id, ticket_id
-- reads: staging.tickets, input.ticket_types
with titles as (
    select distinct ticket_title from staging.tickets
),

typed as (
    select
        titles.ticket_title,
        arg_min(types.counts, types.priority) as counts,
    from titles
    join input.ticket_types as types on regexp_matches(titles.ticket_title, types.pattern)
    group by titles.ticket_title
),

judged as (
    select
        tickets.*,
        typed.counts,
        coalesce(tickets.is_punished, false)
            or coalesce(tickets.is_merchant_liable, false)
            or coalesce(tickets.penalty_fen, 0) <> 0
            or regexp_matches(
                concat_ws(' ', tickets.ticket_status, tickets.progress, tickets.outcome),
                '已超时|已逾期|逾期未处理|违规已处理|待扣款'
            )
            or coalesce(tickets.closed_at > tickets.deadline_at, false) as has_lapsed,
    from staging.tickets as tickets
    join typed on tickets.ticket_title = typed.ticket_title
)

select
    shop_id,
    ticket_id,
    order_id,
    coalesce(created_at, exported_at) as began_at,
    created_at is not null as has_created_at,
    case when is_merchant_liable then 'buyer' when is_merchant_liable = false then 'merchant' else 'pending' end as outcome,
    case when is_merchant_liable is not null then closed_at end as decided_at,
from judged
where counts = 'yes' or (counts = 'lapsed' and has_lapsed)
