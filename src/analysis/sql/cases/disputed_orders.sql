-- One row: an order that a dispute touched, with all that its costs are reckoned from: request, tickets, intervention, ledger.
-- Touched is an order with an after-sales request, a ticket that is a dispute or went against the shop, an intervention,
-- a booking of a loss or recovery, or a cost noted by hand. Whether the goods had been sent is told by the shipping time, else
-- by the request, else by the order's status. Where the ledger books a refund, it decides: one that it took
-- back whole is none. A refund is partial where it leaves more than the postage. Of a partial
-- return as many pieces came back as the refunded share of the price, half up, at least one.
-- `goods_cost_fen`: what the order's pieces cost the shop: unit costs where set, else a share of the goods' price, half up.
-- grain: shop_id, order_id
-- reads: signs.refunds, signs.tickets, staging.tickets, staging.orders, staging.costs, facts.intervention_signs, facts.request_reasons, facts.ledger_order_components, input.causes, input.unit_costs
with ticketed as (
    select
        types.shop_id,
        types.order_id,
        types.ticket_id,
        types.ticket_type,
        types.began_at,
        causes.is_dispute,
        coalesce(tickets.is_punished, false) or coalesce(tickets.is_merchant_liable, false) as is_lost,
        abs(tickets.penalty_fen) as penalty_fen,
        tickets.closed_at,
    from signs.tickets as types
    join staging.tickets as tickets on types.shop_id = tickets.shop_id and types.ticket_id = tickets.ticket_id
    join input.causes as causes on causes.known_from = 'ticket_type' and types.ticket_type = causes.name
    where causes.is_dispute or tickets.is_punished or tickets.is_merchant_liable
),

contested as (
    select
        shop_id,
        order_id,
        count(*) filter (where is_dispute) as dispute_tickets,
        min(began_at) as began_at,
        arg_min(ticket_type, (not is_dispute, began_at, ticket_id)) as ticket_type,
        min(ticket_type) filter (where is_lost and ticket_type in ('false_shipping', 'out_of_stock')) as penalised_for,
        cast(sum(penalty_fen) filter (where is_lost) as bigint) as penalty_fen,
        max(closed_at) filter (where is_lost) as lost_at,
    from ticketed
    where order_id is not null
    group by shop_id, order_id
),

interventions as (
    select
        shop_id,
        order_id,
        min(began_at) as began_at,
        bool_or(initiated_by = 'platform') and not bool_or(initiated_by = 'buyer') as is_started_by_platform,
    from facts.intervention_signs
    group by shop_id, order_id
),

booked as (
    select
        components.shop_id,
        components.order_id,
        min(components.first_booked_at) as first_booked_at,
        min(components.amount_fen) filter (where components.component = 'refund') as refund_fen,
        max(components.last_booked_at) filter (where components.component = 'refund') as refunded_at,
        min(components.amount_fen) filter (where components.component = 'coupon_back') as coupon_back_fen,
        -min(components.amount_fen) filter (where components.component = 'fee_returned') as fee_returned_fen,
        arg_max(components.component, (components.amount_fen, components.component)) filter (where causes.name is not null) as component,
    from facts.ledger_order_components as components
    left join input.causes as causes on causes.known_from = 'component' and components.component = causes.name
    where components.class in ('loss', 'recovery')
    group by components.shop_id, components.order_id
),

noted as (
    select shop_id, order_id, cast(min(spent_on) as timestamp) as noted_at from staging.costs group by shop_id, order_id
),

touched as (
    select shop_id, order_id, applied_at as touched_at from signs.refunds
    union all
    select shop_id, order_id, began_at as touched_at from contested
    union all
    select shop_id, order_id, began_at as touched_at from interventions
    union all
    select shop_id, order_id, first_booked_at as touched_at from booked
    union all
    select shop_id, order_id, noted_at as touched_at from noted
),

disputed as (
    select shop_id, order_id, min(touched_at) as disputed_at from touched group by shop_id, order_id
),

known as (
    select
        disputed.*,
        refunds.after_sales_id,
        refunds.after_sales_type,
        coalesce(orders.product_id, refunds.product_id) as product_id,
        coalesce(orders.product_name, refunds.product_name) as product_name,
        reasons.reason_group,
        contested.ticket_type,
        contested.penalised_for,
        contested.penalty_fen,
        contested.lost_at,
        greatest(coalesce(contested.dispute_tickets, 0), cast(interventions.order_id is not null as integer)) as cases,
        interventions.order_id is not null as is_intervened,
        orders.order_id is not null as has_order,
        orders.quantity,
        orders.goods_total_fen,
        orders.platform_discount_fen,
        orders.postage_fen,
        coalesce(orders.paid_fen, refunds.order_amount_fen) as paid_fen,
        booked.refund_fen is not null as has_ledger_refund,
        case when booked.refund_fen > 0 then coalesce(booked.coupon_back_fen, 0) else 0 end as coupon_back_fen,
        coalesce(booked.fee_returned_fen, 0) as fee_returned_fen,
        coalesce(
            booked.refund_fen > 0,
            case
                when refunds.order_id is not null then refunds.is_refunded
                else contains(orders.order_status, '退款成功') or orders.after_sales_status = '退款成功'
            end,
            false
        ) as is_refunded,
        case
            when booked.refund_fen > 0 then booked.refund_fen
            when booked.refund_fen is null and refunds.is_refunded then least(refunds.refund_fen, coalesce(orders.paid_fen, refunds.refund_fen))
        end as refund_fen,
        coalesce(refunds.refunded_at, booked.refunded_at, disputed.disputed_at) as refunded_at,
        refunds.replacement,
        case
            when orders.shipped_at is not null then false
            when regexp_matches(concat_ws(' ', refunds.shipping_stage, refunds.after_sales_type), '未发货') then true
            when regexp_matches(refunds.shipping_stage, '已发货|已收货|已签收') then false
            when regexp_matches(orders.order_status, '^(已取消|未发货|未成交)') then true
            when regexp_matches(orders.order_status, '^(已发货|已收货|已签收)') then false
        end as is_before_shipping,
        refunds.is_returned,
        coalesce(
            by_sku.unit_cost_fen, by_sku_code.unit_cost_fen, by_product_code.unit_cost_fen, by_product.unit_cost_fen
        ) as unit_cost_fen,
        case
            when interventions.is_started_by_platform then 'platform'
        end as initiator,
        booked.component,
    from disputed
    left join signs.refunds as refunds on disputed.shop_id = refunds.shop_id and disputed.order_id = refunds.order_id
    left join facts.request_reasons as reasons
        on refunds.shop_id = reasons.shop_id and refunds.after_sales_id = reasons.after_sales_id
    left join contested on disputed.shop_id = contested.shop_id and disputed.order_id = contested.order_id
    left join interventions on disputed.shop_id = interventions.shop_id and disputed.order_id = interventions.order_id
    left join booked on disputed.shop_id = booked.shop_id and disputed.order_id = booked.order_id
    left join staging.orders as orders on disputed.shop_id = orders.shop_id and disputed.order_id = orders.order_id
    left join input.unit_costs as by_sku on orders.sku_id = by_sku.item
    left join input.unit_costs as by_sku_code on orders.sku_code = by_sku_code.item
    left join input.unit_costs as by_product_code on orders.product_code = by_product_code.item
    left join input.unit_costs as by_product on coalesce(orders.product_id, refunds.product_id) = by_product.item
),

costed as (
    select
        * exclude (is_returned),
        coalesce(refund_fen < paid_fen - coalesce(postage_fen, 0), false) as is_partial,
        case when coalesce(is_before_shipping, false) then false else is_returned end as is_returned,
        case
            when unit_cost_fen is not null and quantity is not null then unit_cost_fen * quantity
            else cast(round(cast($unit_cost_share as decimal(9, 6)) * goods_total_fen) as bigint)
        end as goods_cost_fen,
        case
            when not has_order then 'missing: order'
            when unit_cost_fen is not null and quantity is not null then 'unit_costs_yuan'
            when $unit_cost_share is null then case
                when unit_cost_fen is not null then 'missing: quantity'
                else 'missing: unit_cost_share'
            end
            when goods_total_fen is null then 'missing: goods_total_fen'
            else 'unit_cost_share'
        end as goods_cost_rule,
    from known
),

counted as (
    select
        *,
        case
            when is_refunded and is_partial
                then greatest(1, (2 * quantity * refund_fen + paid_fen) // nullif(2 * paid_fen, 0))
            else quantity
        end as returned_pieces,
    from costed
)

select
    counted.* exclude (initiator, component, unit_cost_fen, postage_fen, returned_pieces),
    case
        when not is_partial then goods_cost_fen
        else (2 * goods_cost_fen * returned_pieces + quantity) // nullif(2 * quantity, 0)
    end as returned_cost_fen,
    (2 * goods_cost_fen + quantity) // nullif(2 * quantity, 0) as piece_cost_fen,
    coalesce(
        nullif(by_initiator.cause, ''), nullif(by_ticket.cause, ''), nullif(by_reason.cause, ''), nullif(by_component.cause, ''), 'unknown'
    ) as cause,
    case
        when by_initiator.cause <> '' then by_initiator.accountable
        when by_ticket.cause <> '' then by_ticket.accountable
        when by_reason.cause <> '' then by_reason.accountable
        when by_component.cause <> '' then by_component.accountable
        else 'unknown'
    end as accountable,
from counted
left join input.causes as by_initiator on by_initiator.known_from = 'initiator' and counted.initiator = by_initiator.name
left join input.causes as by_ticket on by_ticket.known_from = 'ticket_type' and counted.ticket_type = by_ticket.name
left join input.causes as by_reason on by_reason.known_from = 'reason_group' and counted.reason_group = by_reason.name
left join input.causes as by_component on by_component.known_from = 'component' and counted.component = by_component.name
