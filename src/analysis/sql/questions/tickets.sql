-- Which tickets are there, as the exports that tell of days up to the end of $as_of show them?
-- One row: a ticket, with its order and the newest after-sales request of that order. An export of the next day still tells how
-- $as_of ended (docs/decisions/0001): what it shows as opened since is listed too, because it waits already.
-- Each column has its newest value: what a newer export left out (the page's JSON has no content, the template no progress)
-- is remembered from an older one. `exported_at` and `is_dated_by_name` are those of the export which showed `time_left`, else of the newest.
-- Orders and requests are as their newest export shows them; a time after the day that follows $as_of is left out.
with shown as (
    select * from facts.ticket_versions where cast(exported_at as date) <= cast($as_of as date) + 1
),

tickets as (
    select
        shop_id,
        ticket_id,
        arg_max(order_id, version_no) as order_id,
        arg_max(ticket_title, version_no) as ticket_title,
        arg_max(content, version_no) as content,
        arg_max(created_at, version_no) as created_at,
        arg_max(deadline_at, version_no) as stated_deadline_at,
        arg_max(time_left, version_no) as time_left,
        coalesce(
            arg_max(exported_at, version_no) filter (where time_left is not null),
            arg_max(exported_at, version_no)
        ) as exported_at,
        coalesce(
            arg_max(is_dated_by_name, version_no) filter (where time_left is not null),
            arg_max(is_dated_by_name, version_no)
        ) as is_dated_by_name,
        arg_max(ticket_status, version_no) as ticket_status,
        arg_max(progress, version_no) as progress,
        arg_max(reply, version_no) as reply,
        arg_max(evidence, version_no) as evidence,
        bool_or(shows_answers) as shows_answers,
        arg_max(outcome, version_no) as outcome,
        arg_max(closed_at, version_no) as closed_at,
        arg_max(is_merchant_liable, version_no) as is_merchant_liable,
        arg_max(is_punished, version_no) as is_punished,
        arg_max(penalty_fen, version_no) as penalty_fen,
        arg_max(staff, version_no) as staff,
        min(exported_at) as first_seen_at,
        max(exported_at) as last_seen_at,
    from shown
    group by shop_id, ticket_id
),

requests as (
    select *
    from marts.after_sales
    where order_id in (select order_id from tickets)
        and coalesce(cast(applied_at as date), cast($as_of as date)) <= cast($as_of as date) + 1
    qualify row_number() over (
        partition by shop_id, order_id
        order by applied_at desc nulls last, after_sales_id desc
    ) = 1
)

select
    tickets.*,
    orders.order_id is not null as has_order,
    orders.paid_fen,
    orders.received_fen,
    coalesce(orders.product_id, requests.product_id) as product_id,
    coalesce(orders.product_name, requests.product_name) as product_name,
    orders.courier,
    coalesce(orders.tracking_no, requests.tracking_no) as tracking_no,
    case when cast(orders.shipped_at as date) <= cast($as_of as date) + 1 then orders.shipped_at end as shipped_at,
    case when cast(orders.signed_at as date) <= cast($as_of as date) + 1 then orders.signed_at end as signed_at,
    requests.reason_group,
    requests.after_sales_id,
    requests.after_sales_status,
    requests.refund_fen,
from tickets
left join marts.orders as orders on tickets.shop_id = orders.shop_id and tickets.order_id = orders.order_id
left join requests on tickets.shop_id = requests.shop_id and tickets.order_id = requests.order_id
order by tickets.shop_id, tickets.ticket_id
