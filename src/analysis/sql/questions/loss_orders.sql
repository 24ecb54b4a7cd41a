-- Which orders had a dispute that began up to the end of $as_of, what is known of each, and what is odd about its money?
-- One row: an order of cases.disputed_orders, as the newest exports show it. `outcome`: of its newest intervention begun by then.
-- An order is covered by the ledger where a ledger export's period holds the day of its refund, else that on which its dispute began;
-- the period is the one that the export states, else from its first to its last booking.
-- Flags: refund_without_order (no orders export has it), refund_not_in_ledger (no refund is booked, though the ledger goes on for three
-- days: a refund is booked some days after it was agreed to), order_without_ledger, negative_income (a booking with a negative amount in the income column), partial_month (covered only by exports of part of a month).
with interventions as (
    select
        shop_id,
        order_id,
        arg_max(outcome, intervention_no) as outcome,
    from marts.interventions
    where began_on <= $as_of
    group by shop_id, order_id
),

disputed as (
    select
        *,
        cast(disputed_at as date) as disputed_on,
        cast(case when is_refunded then refunded_at else disputed_at end as date) as money_on,
    from cases.disputed_orders
    where cast(disputed_at as date) <= $as_of
),

periods as (
    select
        files.shop_id,
        coalesce(cast(files.stated_from as date), archived.covers_from) as from_on,
        coalesce(cast(files.stated_to as date), archived.covers_to) as to_on,
        files.is_partial_month is not false as is_partial,
    from marts.ledger_files as files
    join marts.files as archived on files.file_id = archived.file_id
),

covered as (
    select
        disputed.shop_id,
        disputed.order_id,
        bool_and(periods.is_partial) as is_partial,
        max(periods.to_on) >= disputed.money_on + 3 as is_settled,
    from disputed
    join periods
        on disputed.shop_id = periods.shop_id and disputed.money_on between periods.from_on and periods.to_on
    group by disputed.shop_id, disputed.order_id, disputed.money_on
),

negative as (
    select distinct shop_id, order_id from staging.ledger_entries where income_fen < 0 and order_id is not null
)

select
    disputed.shop_id,
    disputed.order_id,
    disputed.disputed_on,
    orders.dealt_on,
    disputed.product_id,
    disputed.product_name,
    orders.courier,
    orders.province,
    disputed.reason_group,
    disputed.ticket_type,
    disputed.after_sales_type,
    interventions.order_id is not null as is_intervened,
    interventions.outcome,
    disputed.is_refunded,
    disputed.is_returned,
    disputed.is_before_shipping,
    disputed.is_partial,
    disputed.paid_fen,
    orders.received_fen,
    disputed.goods_total_fen,
    disputed.quantity,
    disputed.has_order,
    covered.order_id is not null as is_ledger_covered,
    disputed.cause,
    disputed.accountable,
    concat_ws(
        ',',
        case when disputed.is_refunded and not disputed.has_order then 'refund_without_order' end,
        case
            when covered.is_settled and disputed.is_refunded and not coalesce(disputed.has_ledger_refund, false)
                then 'refund_not_in_ledger'
        end,
        case when covered.order_id is null then 'order_without_ledger' end,
        case when negative.order_id is not null then 'negative_income' end,
        case when covered.is_partial then 'partial_month' end
    ) as flags,
from disputed
left join marts.orders as orders on disputed.shop_id = orders.shop_id and disputed.order_id = orders.order_id
left join interventions on disputed.shop_id = interventions.shop_id and disputed.order_id = interventions.order_id
left join covered on disputed.shop_id = covered.shop_id and disputed.order_id = covered.order_id
left join negative on disputed.shop_id = negative.shop_id and disputed.order_id = negative.order_id
order by disputed.shop_id, disputed.order_id
