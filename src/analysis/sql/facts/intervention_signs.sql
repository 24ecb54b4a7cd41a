-- One row: one sign that the platform stepped in, from one source, with its own best date.
-- `level` is how far a source is trusted, 1 most: the merchant's own list, a request, the orders export, a ticket.
-- A sign is dated by a stated time (its own, or the list's where that lies inside the time in question), else the creation of a ticket inside the time in question, else the first export that
-- showed it where an earlier one did not, else the request's own time (docs/decisions/0001). A column of the orders export
-- that says only yes has no day of its own, so it stands alone only where nothing else is known of the order.
-- A withdrawal has no time of its own: it is known for the day before the first export that showed it, whose state that was.
-- grain: shop_id, order_id, level, sign_id
-- reads: staging.interventions, staging.after_sales, staging.tickets, archive.orders, signs.requests, signs.tickets
with listed as (
    select
        shop_id,
        order_id,
        1 as level,
        cast(began_at as varchar) as sign_id,
        'manual' as source,
        began_at,
        'reported' as dated_by,
        case
            when contains(initiated_by, '平台') then 'platform'
            when regexp_matches(initiated_by, '买家|消费者') then 'buyer'
            else 'unknown'
        end as initiated_by,
        case
            when contains(outcome, '撤销') then 'withdrawn'
            when regexp_matches(outcome, '支持买家|支持消费者') then 'buyer'
            when contains(outcome, '支持商家') then 'merchant'
            else 'pending'
        end as outcome,
        decided_at,
        decided_at as outcome_known_at,
        cast(null as timestamp) as first_seen_at,
        cast(null as timestamp) as last_unseen_at,
        cast(null as varchar) as after_sales_id,
        cast(null as varchar) as ticket_id,
    from staging.interventions
),

request_tickets as (
    select
        requests.shop_id,
        requests.after_sales_id,
        min(tickets.created_at) as created_at,
        arg_min(tickets.ticket_id, tickets.created_at) as ticket_id,
    from signs.requests as requests
    join staging.tickets as tickets on requests.shop_id = tickets.shop_id and requests.order_id = tickets.order_id
    where tickets.created_at <= requests.first_seen_at
        and (requests.applied_at is null or tickets.created_at >= requests.applied_at)
    group by requests.shop_id, requests.after_sales_id
),

request_points as (
    select
        requests.shop_id,
        requests.after_sales_id,
        min(listed.began_at) as began_at,
    from signs.requests as requests
    join listed on requests.shop_id = listed.shop_id and requests.order_id = listed.order_id
    where listed.began_at <= requests.first_seen_at
        and listed.began_at >= coalesce(requests.last_unseen_at, requests.applied_at)
    group by requests.shop_id, requests.after_sales_id
),

requested as (
    select
        requests.shop_id,
        requests.order_id,
        2 as level,
        requests.after_sales_id as sign_id,
        case when requests.is_reported then 'reported' else 'status' end as source,
        case
            when requests.intervened_at is not null then requests.intervened_at
            when request_points.began_at is not null then request_points.began_at
            when request_tickets.created_at is not null then request_tickets.created_at
            when requests.last_unseen_at is not null or requests.applied_at is null then requests.first_seen_at
            else requests.applied_at
        end as began_at,
        case
            when requests.intervened_at is not null or request_points.began_at is not null then 'reported'
            when request_tickets.created_at is not null then 'ticket'
            when requests.last_unseen_at is not null or requests.applied_at is null then 'seen'
            else 'applied'
        end as dated_by,
        case when requests.is_started_by_platform then 'platform' else 'unknown' end as initiated_by,
        case
            when regexp_matches(newest.after_sales_status, '退款成功|平台同意退款') then 'buyer'
            when requests.platform_decision is not null then requests.platform_decision
            when regexp_matches(newest.after_sales_status, '撤销|取消') then 'withdrawn'
            when regexp_matches(newest.after_sales_status, '拒绝|驳回|关闭|失败') then 'merchant'
            else 'pending'
        end as outcome,
        coalesce(newest.refund_agreed_at, requests.decision_seen_at) as decided_at,
        coalesce(newest.refund_agreed_at, requests.decision_seen_at, requests.withdrawal_seen_at - to_days(1)) as outcome_known_at,
        requests.first_seen_at,
        requests.last_unseen_at,
        requests.after_sales_id,
        coalesce(requests.ticket_id, request_tickets.ticket_id) as ticket_id,
    from signs.requests as requests
    join staging.after_sales as newest
        on requests.shop_id = newest.shop_id and requests.after_sales_id = newest.after_sales_id
    left join request_tickets
        on requests.shop_id = request_tickets.shop_id and requests.after_sales_id = request_tickets.after_sales_id
    left join request_points
        on requests.shop_id = request_points.shop_id and requests.after_sales_id = request_points.after_sales_id
),

flagged as (
    select
        shop_id,
        order_id,
        3 as level,
        '' as sign_id,
        'reported' as source,
        coalesce(min(intervened_at), min(exported_at)) as began_at,
        case when min(intervened_at) is not null then 'reported' else 'seen' end as dated_by,
        'unknown' as initiated_by,
        'pending' as outcome,
        cast(null as timestamp) as decided_at,
        cast(null as timestamp) as outcome_known_at,
        min(exported_at) as first_seen_at,
        cast(null as timestamp) as last_unseen_at,
        cast(null as varchar) as after_sales_id,
        cast(null as varchar) as ticket_id,
    from archive.orders
    where fate is null and (is_intervened or intervened_at is not null)
    group by shop_id, order_id
),

ticketed as (
    select
        shop_id,
        order_id,
        4 as level,
        ticket_id as sign_id,
        'ticket' as source,
        began_at,
        case when has_created_at then 'ticket' else 'seen' end as dated_by,
        'unknown' as initiated_by,
        outcome,
        decided_at,
        decided_at as outcome_known_at,
        cast(null as timestamp) as first_seen_at,
        cast(null as timestamp) as last_unseen_at,
        cast(null as varchar) as after_sales_id,
        ticket_id,
    from signs.tickets
    where is_intervention
),

dated_elsewhere as (
    select shop_id, order_id from listed
    union
    select shop_id, order_id from requested
    union
    select shop_id, order_id from ticketed
)

select * from listed
union all
select * from requested
union all
select flagged.*
from flagged
left join dated_elsewhere
    on flagged.shop_id = dated_elsewhere.shop_id and flagged.order_id = dated_elsewhere.order_id
where flagged.dated_by = 'reported' or dated_elsewhere.order_id is null
union all
select * from ticketed
