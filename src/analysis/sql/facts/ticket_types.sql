-- One row: a ticket with the type that its title belongs to (rules/tickets.toml).
-- Titles are matched once each, because a pattern that comes from a column is compiled for every row that meets it.
-- grain: shop_id, ticket_id
-- reads: staging.tickets, input.ticket_types
with titles as (
    select distinct ticket_title from staging.tickets
),

matched as (
    select
        titles.ticket_title,
        arg_min(types.ticket_type, types.priority) as ticket_type,
    from titles
    join input.ticket_types as types on regexp_matches(titles.ticket_title, types.pattern)
    group by titles.ticket_title
)

select
    tickets.shop_id,
    tickets.ticket_id,
    tickets.order_id,
    coalesce(matched.ticket_type, 'other') as ticket_type,
from staging.tickets as tickets
left join matched on tickets.ticket_title = matched.ticket_title
