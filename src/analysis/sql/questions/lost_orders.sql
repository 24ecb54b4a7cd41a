-- Which orders were lost up to the end of $as_of, with which refund, and who agreed to it?
-- One row: an order in which the platform stepped in for the buyer, whose refund the platform calls a dispute, or one of whose
-- tickets held the shop liable or punished it. With the order's newest refund. `agreed_by`: `platform` by its role or one
-- of $platform_accounts, `merchant`, or `unknown` (nobody named, as after a timeout).
with lost as (
    select shop_id, order_id, max(decided_at) as decided_at
    from marts.interventions
    where outcome = 'buyer' and began_on <= $as_of
        and coalesce(cast(outcome_known_at as date), began_on) <= $as_of
    group by shop_id, order_id
    union all
    select shop_id, order_id, cast(null as timestamp) as decided_at
    from staging.after_sales
    where is_dispute_refund and coalesce(cast(refund_agreed_at as date), cast(exported_at as date) - 1) <= $as_of
    union all
    select shop_id, arg_max(order_id, version_no) as order_id, max(closed_at) as decided_at
    from facts.ticket_versions
    where cast(exported_at as date) <= cast($as_of as date) + 1
    group by shop_id, ticket_id
    having coalesce(arg_max(is_merchant_liable, version_no), bool_or(is_punished), false)
),

orders as (
    select shop_id, order_id, max(decided_at) as decided_at
    from lost
    group by shop_id, order_id
),

refunds as (
    select *
    from staging.after_sales
    where (contains(after_sales_status, '退款成功') or refund_agreed_at is not null)
        and coalesce(cast(refund_agreed_at as date), cast(exported_at as date) - 1) <= $as_of
    qualify row_number() over (
        partition by shop_id, order_id
        order by refund_agreed_at desc nulls last, after_sales_id desc
    ) = 1
)

select
    orders.shop_id,
    orders.order_id,
    refunds.after_sales_id,
    refunds.refund_fen,
    coalesce(refunds.refund_agreed_at, orders.decided_at) as refunded_at,
    case
        when refunds.decided_by_role = '平台' or contains(refunds.after_sales_status, '平台同意')
            or list_contains($platform_accounts, refunds.refund_agreed_by) then 'platform'
        when refunds.decided_by_role = '商家' or regexp_matches(refunds.after_sales_status, '商家(同意|主动)')
            or (refunds.refund_agreed_by is not null and not regexp_matches(refunds.refund_agreed_by, '平台|系统|小二'))
            then 'merchant'
        else 'unknown'
    end as agreed_by,
from orders
left join refunds on orders.shop_id = refunds.shop_id and orders.order_id = refunds.order_id
order by orders.shop_id, orders.order_id
