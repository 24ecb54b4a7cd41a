-- One row: a ticket with the type that its title belongs to (rules/tickets.toml); `is_intervention`: a type that counts as one,
-- always or because the ticket lapsed.
-- `counts`: what the type says, 'yes' or 'lapsed' (only once it lapsed); NULL: it never counts.
-- A ticket lapsed when any version of it was punished, held the shop liable, cost money, said so, or was closed too late.
-- grain: shop_id, ticket_id
-- reads: staging.tickets, archive.tickets, input.ticket_types
with titles as (
    select distinct ticket_title from staging.tickets
),

typed as (
    select
        titles.ticket_title,
        arg_min(types.ticket_type, types.priority) as ticket_type,
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
        coalesce(typed.ticket_type, 'other') as ticket_type,
        typed.counts,
        lapsed.has_lapsed,
    from staging.tickets as tickets
    left join typed on tickets.ticket_title = typed.ticket_title
    join lapsed on tickets.shop_id = lapsed.shop_id and tickets.ticket_id = lapsed.ticket_id
)

select
    shop_id,
    ticket_id,
    order_id,
    ticket_type,
    counts,
    coalesce(counts = 'yes' or (counts = 'lapsed' and has_lapsed), false) as is_intervention,
    coalesce(created_at, exported_at) as began_at,
    created_at is not null as has_created_at,
    case when is_merchant_liable then 'buyer' when is_merchant_liable = false then 'merchant' else 'pending' end as outcome,
    case when is_merchant_liable is not null then closed_at end as decided_at,
from judged
