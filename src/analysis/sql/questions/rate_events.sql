-- What happened up to the end of $as_of that some rule may count? Of the $kinds of events that are asked for: interventions
-- of any day, requests and tickets since $since.
-- One row: an intervention, an after-sales request or a ticket, each with what is known of its order. `known_on` is the day
-- since which the event is one: an order's own day lies before it. An outcome that became known after $as_of is not used:
-- until then the event is pending. A request's outcome is `buyer` where it ended in a refund.
with first_requests as (
    select
        shop_id,
        order_id,
        arg_min(reason_group, after_sales_id) as reason_group,
        arg_min(cast(applied_at as date), after_sales_id) as applied_on,
    from marts.after_sales
    group by shop_id, order_id
),

first_tickets as (
    select shop_id, order_id, arg_min(ticket_type, ticket_id) as ticket_type, min(ticket_id) as ticket_id
    from marts.tickets
    where order_id is not null
    group by shop_id, order_id
),

events as (
    select
        shop_id,
        'intervention' as event,
        concat(order_id, '#', intervention_no) as event_id,
        order_id,
        after_sales_id,
        ticket_id,
        began_at,
        began_on,
        cast(null as date) as applied_on,
        began_on as known_on,
        initiated_by,
        case when cast(outcome_known_at as date) > $as_of then 'pending' else outcome end as outcome,
        case when cast(decided_at as date) <= $as_of then decided_at end as decided_at,
        source,
        sources,
        dated_by,
        cast(null as varchar) as reason_group,
    from marts.interventions
    where list_contains($kinds, 'intervention') and began_on <= $as_of
    union all
    select
        shop_id,
        'request' as event,
        after_sales_id as event_id,
        order_id,
        after_sales_id,
        ticket_id,
        applied_at as began_at,
        cast(applied_at as date) as began_on,
        cast(applied_at as date) as applied_on,
        coalesce(cast(refund_agreed_at as date), cast(applied_at as date)) as known_on,
        'buyer' as initiated_by,
        case
            when cast(coalesce(refund_agreed_at, exported_at - to_days(1)) as date) > $as_of then 'pending'
            when contains(after_sales_status, '退款成功') then 'buyer'
            when regexp_matches(after_sales_status, '撤销|取消') then 'withdrawn'
            when regexp_matches(after_sales_status, '拒绝|驳回|关闭|失败') then 'merchant'
            else 'pending'
        end as outcome,
        case when cast(refund_agreed_at as date) <= $as_of then refund_agreed_at end as decided_at,
        'request' as source,
        'request' as sources,
        'applied' as dated_by,
        reason_group,
    from marts.after_sales
    where list_contains($kinds, 'request')
        and cast(coalesce(applied_at, refund_agreed_at) as date) <= $as_of
        and cast(greatest(applied_at, refund_agreed_at) as date) >= $since
    union all
    select
        shop_id,
        'ticket' as event,
        ticket_id as event_id,
        order_id,
        cast(null as varchar) as after_sales_id,
        ticket_id,
        coalesce(created_at, exported_at) as began_at,
        cast(coalesce(created_at, exported_at) as date) as began_on,
        cast(null as date) as applied_on,
        cast(coalesce(created_at, exported_at) as date) as known_on,
        'unknown' as initiated_by,
        case
            when cast(coalesce(closed_at, exported_at) as date) > $as_of then 'pending'
            when is_merchant_liable then 'buyer'
            when is_merchant_liable = false then 'merchant'
            else 'pending'
        end as outcome,
        case when cast(closed_at as date) <= $as_of then closed_at end as decided_at,
        'ticket' as source,
        'ticket' as sources,
        'ticket' as dated_by,
        cast(null as varchar) as reason_group,
    from marts.tickets
    where list_contains($kinds, 'ticket') and cast(coalesce(created_at, exported_at) as date) between $since and $as_of
)

select
    events.shop_id,
    events.event,
    events.event_id,
    events.order_id,
    events.after_sales_id,
    coalesce(events.ticket_id, first_tickets.ticket_id) as ticket_id,
    events.began_at,
    events.began_on,
    coalesce(events.applied_on, first_requests.applied_on) as applied_on,
    cast(events.decided_at as date) as decided_on,
    orders.dealt_on as ordered_on,
    events.known_on,
    events.initiated_by,
    events.outcome,
    events.decided_at,
    coalesce(events.reason_group, first_requests.reason_group) as reason_group,
    coalesce(orders.product_id, orders.product_name) as product,
    coalesce(orders.sku_id, orders.sku_code, orders.sku_name) as sku,
    orders.courier,
    orders.province,
    first_tickets.ticket_type,
    events.source,
    events.sources,
    events.dated_by,
from events
left join marts.orders as orders
    on events.shop_id = orders.shop_id and events.order_id = orders.order_id
left join first_requests
    on events.shop_id = first_requests.shop_id and events.order_id = first_requests.order_id
left join first_tickets
    on events.shop_id = first_tickets.shop_id and events.order_id = first_tickets.order_id
order by events.shop_id, events.began_at desc, events.order_id, events.event, events.event_id
