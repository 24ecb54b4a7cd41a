-- One row: what one disputed order cost the shop under one component, by the ledger, by the shop's own notes, or estimated.
-- Basis: what the order would have left without the dispute, less what it left; costs are positive, what came back is negative.
-- The refund is the whole revenue; goods, freight and fee would have been spent either way, so where they are gone they are inside
-- the refund and not counted (`is_counted`); what the dispute saved of them, or what they are still worth, is taken off.
-- An estimate stands only where neither ledger nor notes have the component. Where the ledger has an order's refund, it has the
-- coupon, fee and compensation that went with it, so that none of these is estimated beside it.
-- NULL amount: unknown, and `rule` says what is missing. Shares of amounts are rounded half up.
-- grain: shop_id, order_id, component, source
-- reads: cases.disputed_orders, facts.ledger_order_components, staging.costs, input.penalties
with orders as (
    select
        *,
        cast(round(cast($technical_fee_rate as decimal(9, 6)) * (refund_fen + coupon_back_fen)) as bigint) as refunded_fee_fen,
        is_refunded and not is_partial and coalesce(is_before_shipping, false) as is_not_sent,
        is_refunded and not is_partial and not coalesce(is_before_shipping, false) as is_sent_and_refunded,
        not coalesce(has_ledger_refund, false) as is_without_ledger_refund,
    from cases.disputed_orders
),

booked as (
    select shop_id, order_id, component, amount_fen, last_booked_at as booked_at, ledger_rows, rule
    from facts.ledger_order_components
    where class in ('loss', 'recovery')
),

noted as (
    select
        shop_id,
        order_id,
        component,
        cast(sum(
            case when component in ('carrier_claim', 'returned_goods') then -abs(amount_fen) else amount_fen end
        ) as bigint) as amount_fen,
        cast(max(spent_on) as timestamp) as booked_at,
    from staging.costs
    group by shop_id, order_id, component
),

refunds as (
    select
        shop_id, order_id, 'refund' as component, refund_fen as amount_fen, refunded_at as booked_at,
        case when refund_fen is null then 'missing: refund_fen' else 'refund_stated' end as rule,
    from orders
    where is_refunded and is_without_ledger_refund
    union all
    select shop_id, order_id, 'coupon_back', platform_discount_fen, refunded_at, 'platform_discount'
    from orders
    where is_refunded and is_without_ledger_refund and not is_partial and platform_discount_fen > 0
    union all
    select
        shop_id, order_id, 'fee_returned',
        -refunded_fee_fen, refunded_at, 'technical_fee_rate',
    from orders
    where is_refunded and is_without_ledger_refund and refund_fen is not null
),

penalised as (
    select
        orders.shop_id, orders.order_id, orders.penalised_for as component,
        coalesce(nullif(orders.penalty_fen, 0), penalties.penalty_fen) as amount_fen,
        coalesce(orders.lost_at, orders.disputed_at) as booked_at,
        case
            when orders.penalty_fen > 0 then 'ticket_penalty'
            when penalties.penalty_fen is not null then 'penalties_yuan.' || orders.penalised_for
            else 'missing: penalties_yuan.' || orders.penalised_for
        end as rule,
    from orders
    left join input.penalties as penalties on orders.penalised_for = penalties.component
    where orders.penalised_for is not null
    union all
    select
        shop_id, order_id, 'compensation', penalty_fen - coalesce(refund_fen, 0),
        coalesce(lost_at, disputed_at), 'ticket_penalty',
    from orders
    where penalised_for is null and is_without_ledger_refund and penalty_fen > coalesce(refund_fen, 0)
        and (refund_fen is not null or not is_refunded)
),

handling as (
    select
        shop_id, order_id, 'labour' as component, cases * $labour_fen as amount_fen, disputed_at as booked_at,
        case when $labour_fen is null then 'missing: labour_yuan' else 'labour_yuan' end as rule,
    from orders
    where cases > 0
    union all
    select
        shop_id, order_id, 'reshipped_goods',
        case when replacement = 'exchange' then goods_cost_fen else piece_cost_fen end + $outbound_freight_fen, disputed_at,
        case
            when goods_cost_fen is null then goods_cost_rule
            when piece_cost_fen is null and replacement = 'reshipment' then 'missing: quantity'
            when $outbound_freight_fen is null then 'missing: outbound_freight_yuan'
            else goods_cost_rule
        end,
    from orders
    where replacement is not null
),

goods as (
    select
        shop_id, order_id, 'goods_not_sent' as component, -(goods_cost_fen + $outbound_freight_fen) as amount_fen,
        refunded_at as booked_at,
        case
            when goods_cost_fen is null then goods_cost_rule
            when $outbound_freight_fen is null then 'missing: outbound_freight_yuan'
            else goods_cost_rule
        end as rule,
    from orders
    where is_not_sent
    union all
    select
        shop_id, order_id, 'returned_goods',
        case when is_returned then -cast(round(cast($salvage_share as decimal(9, 6)) * returned_cost_fen) as bigint) end,
        refunded_at,
        case
            when is_returned is null then 'missing: return_status'
            when goods_cost_fen is null then goods_cost_rule
            when returned_cost_fen is null then 'missing: quantity'
            when $salvage_share is null then 'missing: salvage_share'
            else 'salvage_share'
        end,
    from orders
    where is_returned or (is_refunded and is_returned is null and not (is_partial and after_sales_type is null))
    union all
    select
        orders.shop_id, orders.order_id, 'return_freight', $return_freight_fen, refunded_at,
        case when $return_freight_fen is null then 'missing: return_freight_yuan' else 'return_freight_yuan' end,
    from orders
    left join booked
        on orders.shop_id = booked.shop_id and orders.order_id = booked.order_id
        and booked.component = 'freight_compensation'
    where orders.is_returned and booked.order_id is null
),

inside_the_refund as (
    select
        shop_id, order_id, 'goods_not_returned' as component, goods_cost_fen as amount_fen, refunded_at as booked_at,
        goods_cost_rule as rule,
    from orders
    where is_sent_and_refunded and not is_returned
    union all
    select
        shop_id, order_id, 'outbound_freight', $outbound_freight_fen, refunded_at,
        case when $outbound_freight_fen is null then 'missing: outbound_freight_yuan' else 'outbound_freight_yuan' end,
    from orders
    where is_sent_and_refunded
    union all
    select
        shop_id, order_id, 'fee_not_returned',
        refunded_fee_fen - fee_returned_fen, refunded_at, 'technical_fee_rate',
    from orders
    where has_ledger_refund and refunded_fee_fen > fee_returned_fen
),

estimated as (
    select *, true as is_counted from refunds
    union all
    select *, true as is_counted from penalised
    union all
    select *, true as is_counted from handling
    union all
    select *, true as is_counted from goods
    union all
    select *, false as is_counted from inside_the_refund
),

actual as (
    select shop_id, order_id, component from booked
    union
    select shop_id, order_id, component from noted
)

select
    shop_id,
    order_id,
    component,
    'ledger' as source,
    amount_fen,
    true as is_counted,
    booked_at,
    ledger_rows,
    rule,
from booked
union all
select
    shop_id,
    order_id,
    component,
    'manual' as source,
    amount_fen,
    true as is_counted,
    booked_at,
    0 as ledger_rows,
    'noted' as rule,
from noted
union all
select
    estimated.shop_id,
    estimated.order_id,
    estimated.component,
    'estimate' as source,
    estimated.amount_fen,
    estimated.is_counted,
    estimated.booked_at,
    0 as ledger_rows,
    estimated.rule,
from estimated
anti join actual
    on estimated.shop_id = actual.shop_id and estimated.order_id = actual.order_id
    and estimated.component = actual.component
order by shop_id, order_id, component, source
