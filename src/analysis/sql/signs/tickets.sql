-- One row: a ticket whose type counts as an intervention, always or because it lapsed (rules/tickets.toml).
-- A ticket lapsed when any version of it was punished, held the shop liable, cost money, said so, or was closed too late.
-- grain: shop_id, ticket_id
-- reads: staging.tickets, archive.tickets, input.ticket_types
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

lapsed as (
    select
        shop_id,
        ticket_id,
        bool_or(
            coalesce(is_punished, false)
            or coalesce(is_merchant_liable, false)
            or coalesce(penalty_fen, 0) <> 0
            or regexp_matches(concat_ws(' ', ticket_status, progress, outcome), '已超时|已逾期|逾期未处理|违规已处理|待扣款')
            or coalesce(closed_at > deadline_at, false)
        ) as has_lapsed,
    from archive.tickets
    where fate is null
    group by shop_id, ticket_id
),

judged as (
    select
        tickets.*,
        typed.counts,
        lapsed.has_lapsed,
    from staging.tickets as tickets
    join typed on tickets.ticket_title = typed.ticket_title
    join lapsed on tickets.shop_id = lapsed.shop_id and tickets.ticket_id = lapsed.ticket_id
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
