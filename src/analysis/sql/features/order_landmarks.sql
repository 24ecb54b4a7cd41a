-- One row: an order of a shop that is still open to escalation at the end of a landmark day, with what was known of it by then.
-- Known by the end of day T: what is dated T or earlier by a time of its own (whichever export tells it), and what has no
-- time of its own if an export made on T or earlier shows it. Nothing else is looked at, so that an order of a past day looks
-- as it looked on that day (docs/decisions/0030). `ends_at` is the first moment that is not known any more.
-- $landmarks: the days. $unseen_days: for how long some orders export has to show an order; where none does it may have been signed
-- for since, and unless a request or a ticket is open it is left out. $late_days: after which a sent parcel is late where no delivery was promised. $prior_orders: the
-- weight of the shop's own rate in a history. $mature_days: how old an order or request has to be to count in one.
-- grain: shop_id, order_id, landmark_on
-- reads: staging.orders, staging.interventions, signs.requests, signs.tickets, facts.order_sightings, facts.request_dates, facts.request_deadlines, facts.request_reasons, facts.ticket_versions, marts.files
with landmarks as materialized (
    select distinct
        cast(day as date) as landmark_on,
        cast(cast(day as date) + 1 as timestamp) as ends_at,
        cast(cast(day as date) - 89 as timestamp) as oldest_at,
        cast(cast(day as date) - 14 as timestamp) as signed_since,
        cast(cast(day as date) - cast($unseen_days as integer) + 1 as timestamp) as seen_since,
    from unnest(cast($landmarks as date[])) as days(day)
),

-- An order without a deal time is known to be dealt from the first export whose status shows that it went on.
dealt as not materialized (
    select shop_id, order_id, dealt_at, dealt_at as known_at, paid_fen, product_id, product_name, courier, province,
        promised_ship_at, promised_delivery_at, shipped_at, signed_at, exported_at
    from staging.orders
    where dealt_at is not null
    union all
    select orders.shop_id, orders.order_id, coalesce(orders.paid_at, try_strptime(left(orders.order_id, 6), '%y%m%d')),
        sightings.paid_seen_at, orders.paid_fen, orders.product_id, orders.product_name, orders.courier, orders.province,
        orders.promised_ship_at, orders.promised_delivery_at, orders.shipped_at, orders.signed_at, orders.exported_at
    from staging.orders as orders
    join facts.order_sightings as sightings
        on orders.shop_id = sightings.shop_id and orders.order_id = sightings.order_id
    where orders.dealt_at is null and sightings.paid_seen_at is not null
),

tickets as materialized (
    select
        versions.shop_id,
        versions.ticket_id,
        types.order_id,
        types.counts,
        coalesce(min(versions.created_at), min(versions.exported_at)) as opened_at,
        least(
            min(versions.closed_at),
            min(versions.exported_at) filter (where regexp_matches(
                concat_ws(' ', versions.ticket_status, versions.progress),
                '完结|关闭|完成|结束|违规已处理|待扣款|已扣款|已判责|撤销|撤回|取消'
            ))
        ) as closed_at,
        least(
            min(versions.closed_at) filter (where versions.closed_at > versions.deadline_at),
            min(versions.exported_at) filter (where
                coalesce(versions.is_punished, false)
                or coalesce(versions.is_merchant_liable, false)
                or coalesce(versions.penalty_fen, 0) <> 0
                or regexp_matches(
                    concat_ws(' ', versions.ticket_status, versions.progress, versions.outcome),
                    '已超时|已逾期|逾期未处理|违规已处理|待扣款'
                )
            )
        ) as lapsed_at,
        arg_min(versions.deadline_at, versions.version_no) as deadline_at,
    from facts.ticket_versions as versions
    join signs.tickets as types on versions.shop_id = types.shop_id and versions.ticket_id = types.ticket_id
    where types.order_id is not null
    group by versions.shop_id, versions.ticket_id, types.order_id, types.counts
),

-- One row: a sign that the platform stepped in at someone's request, with the moment since which it is known, not that on
-- which the intervention is booked; who began it is judged by what the first export told.
signs as materialized (
    select shop_id, order_id, began_at as known_at, decided_at as ended_at
    from staging.interventions
    where not contains(coalesce(initiated_by, ''), '平台')
    union all
    select signs.shop_id, signs.order_id, least(signs.intervened_at, signs.first_seen_at), dates.ended_at
    from signs.requests as signs
    join facts.request_dates as dates
        on signs.shop_id = dates.shop_id and signs.after_sales_id = dates.after_sales_id
    where dates.platform_seen_at is null or dates.platform_seen_at > least(signs.intervened_at, signs.first_seen_at)
    union all
    select shop_id, order_id, intervention_seen_at, null
    from facts.order_sightings
    where intervention_seen_at is not null
    union all
    select shop_id, order_id, case counts when 'yes' then opened_at else greatest(opened_at, lapsed_at) end, closed_at
    from tickets
    where counts = 'yes' or (counts = 'lapsed' and lapsed_at is not null)
),

escalated as materialized (
    select shop_id, order_id, min(known_at) as known_at from signs group by shop_id, order_id
),

-- The order's oldest open request.
open_requests as materialized (
    select
        landmarks.landmark_on,
        landmarks.ends_at,
        dates.shop_id,
        dates.order_id,
        dates.after_sales_id,
        dates.opened_at,
    from facts.request_dates as dates
    join landmarks
        on dates.opened_at < landmarks.ends_at
        and dates.opened_at >= landmarks.oldest_at
        and (dates.ended_at is null or dates.ended_at >= landmarks.ends_at)
    qualify row_number() over (
        partition by dates.shop_id, dates.order_id, landmarks.landmark_on
        order by dates.opened_at, dates.after_sales_id
    ) = 1
),

-- One row: something known of an order by the end of a landmark day, beside its own times.
known as (
    select
        requests.landmark_on,
        requests.shop_id,
        requests.order_id,
        false as is_out,
        requests.opened_at as requested_at,
        reasons.reason_group,
        deadlines.step_deadline_at,
        0 as tickets,
        false as has_open_ticket,
        cast(null as timestamp) as ticket_deadline_at,
    from open_requests as requests
    left join facts.request_reasons as reasons
        on requests.shop_id = reasons.shop_id and requests.after_sales_id = reasons.after_sales_id
    left join facts.request_deadlines as deadlines
        on requests.shop_id = deadlines.shop_id and requests.after_sales_id = deadlines.after_sales_id
        and deadlines.seen_at < requests.ends_at
        and (deadlines.seen_until is null or deadlines.seen_until >= requests.ends_at)
    union all
    select landmarks.landmark_on, ends.shop_id, ends.order_id, true, null, null, null, 0, false, null
    from (
        select shop_id, order_id, ended_seen_at as ended_at from facts.order_sightings
        union all
        select shop_id, order_id, refunded_at from facts.request_dates
    ) as ends
    join landmarks on ends.ended_at < landmarks.ends_at and ends.ended_at >= landmarks.oldest_at
    union all
    select landmarks.landmark_on, signs.shop_id, signs.order_id, true, null, null, null, 0, false, null
    from signs
    join landmarks
        on signs.known_at < landmarks.ends_at
        and signs.known_at >= landmarks.oldest_at
        and (signs.ended_at is null or signs.ended_at >= landmarks.ends_at)
    union all
    select
        landmarks.landmark_on,
        tickets.shop_id,
        tickets.order_id,
        false,
        null,
        null,
        null,
        1,
        tickets.closed_at is null or tickets.closed_at >= landmarks.ends_at,
        case when tickets.closed_at is null or tickets.closed_at >= landmarks.ends_at then tickets.deadline_at end
    from tickets
    join landmarks on tickets.opened_at < landmarks.ends_at and tickets.opened_at >= landmarks.oldest_at
),

cases as materialized (
    select
        landmark_on,
        shop_id,
        order_id,
        bool_or(is_out) as is_out,
        min(requested_at) as requested_at,
        min(reason_group) as reason_group,
        min(step_deadline_at) as step_deadline_at,
        cast(sum(tickets) as integer) as tickets,
        bool_or(has_open_ticket) as has_open_ticket,
        min(ticket_deadline_at) as ticket_deadline_at,
    from known
    group by landmark_on, shop_id, order_id
),

-- Matured orders that are alike are counted once: each enters the histories once it is old enough, that of its courier once it
-- is sent too. As an escalated one it enters once that is known as well.
alike as materialized (
    select
        dealt.shop_id,
        coalesce(dealt.product_id, dealt.product_name) as product,
        dealt.courier,
        dealt.province,
        greatest(cast(dealt.dealt_at as date) + $mature_days, cast(dealt.known_at as date)) as enters_on,
        greatest(cast(dealt.dealt_at as date) + $mature_days, cast(dealt.known_at as date), cast(dealt.shipped_at as date))
            as sent_enters_on,
        dealt.shipped_at is not null as is_sent,
        0 as escalated,
        count(*) as orders,
    from dealt
    where dealt.dealt_at < (select max(ends_at) from landmarks) - to_days($mature_days)
    group by 1, 2, 3, 4, 5, 6, 7
    union all
    select
        dealt.shop_id,
        coalesce(dealt.product_id, dealt.product_name),
        dealt.courier,
        dealt.province,
        greatest(cast(dealt.dealt_at as date) + $mature_days, cast(dealt.known_at as date), cast(escalated.known_at as date)),
        greatest(
            cast(dealt.dealt_at as date) + $mature_days,
            cast(dealt.known_at as date),
            cast(escalated.known_at as date),
            cast(dealt.shipped_at as date)
        ),
        dealt.shipped_at is not null,
        1,
        0,
    from escalated
    join dealt on escalated.shop_id = dealt.shop_id and escalated.order_id = dealt.order_id
),

matured_requests as (
    select
        dates.shop_id,
        reasons.reason_group,
        cast(dates.opened_at as date) + $mature_days as enters_on,
        greatest(cast(dates.opened_at as date) + $mature_days, cast(escalated.known_at as date)) as escalated_enters_on,
        escalated.known_at is not null as is_escalated,
    from facts.request_dates as dates
    join facts.request_reasons as reasons
        on dates.shop_id = reasons.shop_id and dates.after_sales_id = reasons.after_sales_id
    left join escalated on dates.shop_id = escalated.shop_id and dates.order_id = escalated.order_id
),

entries as (
    select shop_id, 'orders' as dimension, '' as segment, enters_on, escalated, orders from alike
    union all
    select shop_id, 'product', product, enters_on, escalated, orders from alike where product is not null
    union all
    select shop_id, 'courier', courier, sent_enters_on, escalated, orders from alike where courier is not null and is_sent
    union all
    select shop_id, 'province', province, enters_on, escalated, orders from alike where province is not null
    union all
    select shop_id, 'requests', '', enters_on, 0, 1 from matured_requests
    union all
    select shop_id, 'requests', '', escalated_enters_on, 1, 0 from matured_requests where is_escalated
    union all
    select shop_id, 'reason', reason_group, enters_on, 0, 1 from matured_requests
    union all
    select shop_id, 'reason', reason_group, escalated_enters_on, 1, 0 from matured_requests where is_escalated
),

daily as materialized (
    select shop_id, dimension, segment, enters_on, sum(escalated) as escalated, sum(orders) as orders
    from entries
    group by shop_id, dimension, segment, enters_on
),

first_landmarks as (
    select days.enters_on, min(landmarks.landmark_on) as landmark_on
    from (select distinct enters_on from daily) as days
    join landmarks on days.enters_on <= landmarks.landmark_on
    group by days.enters_on
),

added as (
    select
        daily.shop_id,
        daily.dimension,
        daily.segment,
        first_landmarks.landmark_on,
        sum(daily.escalated) as escalated,
        sum(daily.orders) as orders,
    from daily
    join first_landmarks on daily.enters_on = first_landmarks.enters_on
    group by daily.shop_id, daily.dimension, daily.segment, first_landmarks.landmark_on
),

totals as materialized (
    select
        landmarks.landmark_on,
        added.shop_id,
        added.dimension,
        added.segment,
        cast(sum(added.escalated) as bigint) as escalated,
        cast(sum(added.orders) as bigint) as orders,
    from added
    join landmarks on added.landmark_on <= landmarks.landmark_on
    group by landmarks.landmark_on, added.shop_id, added.dimension, added.segment
),

-- A shop's own rates, drawn towards those of all shops.
overall as (
    select
        landmark_on,
        dimension,
        cast(sum(escalated) as bigint) / nullif(cast(sum(orders) as bigint), 0) as rate,
    from totals
    where dimension in ('orders', 'requests')
    group by landmark_on, dimension
),

shop_rates as materialized (
    select
        overall.landmark_on,
        shops.shop_id,
        max((coalesce(totals.escalated, 0) + $prior_orders * overall.rate) / (coalesce(totals.orders, 0) + $prior_orders))
            filter (where overall.dimension = 'orders') as order_rate,
        max((coalesce(totals.escalated, 0) + $prior_orders * overall.rate) / (coalesce(totals.orders, 0) + $prior_orders))
            filter (where overall.dimension = 'requests') as request_rate,
    from overall
    cross join (select distinct shop_id from marts.files) as shops
    left join totals
        on overall.landmark_on = totals.landmark_on and overall.dimension = totals.dimension and shops.shop_id = totals.shop_id
    group by overall.landmark_on, shops.shop_id
),

histories as materialized (
    select
        totals.landmark_on,
        totals.shop_id,
        totals.dimension,
        totals.segment,
        (totals.escalated + $prior_orders * case totals.dimension
            when 'reason' then shop_rates.request_rate
            else shop_rates.order_rate
        end) / (totals.orders + $prior_orders) as rate,
    from totals
    join shop_rates on totals.landmark_on = shop_rates.landmark_on and totals.shop_id = shop_rates.shop_id
    where totals.dimension not in ('orders', 'requests')
),

-- Those not signed long ago by their own times; of the others, only those with an open request.
candidates as (
    select landmarks.*, dealt.*
    from dealt
    join landmarks
        on dealt.known_at < landmarks.ends_at
        and dealt.dealt_at < landmarks.ends_at
        and dealt.dealt_at >= landmarks.oldest_at
        and (dealt.signed_at is null or dealt.signed_at >= landmarks.signed_since)
    union all
    select landmarks.*, dealt.*
    from open_requests as requests
    join dealt on requests.shop_id = dealt.shop_id and requests.order_id = dealt.order_id
    join landmarks on requests.landmark_on = landmarks.landmark_on
    where dealt.known_at < landmarks.ends_at
        and dealt.dealt_at < landmarks.ends_at
        and dealt.dealt_at >= landmarks.oldest_at
        and dealt.signed_at < landmarks.signed_since
),

open_orders as (
    select
        candidates.landmark_on,
        candidates.ends_at,
        candidates.shop_id,
        candidates.order_id,
        candidates.dealt_at,
        candidates.paid_fen,
        candidates.product_id,
        coalesce(candidates.product_id, candidates.product_name) as product,
        case when candidates.shipped_at < candidates.ends_at then candidates.courier end as courier,
        candidates.province,
        greatest(coalesce(candidates.promised_ship_at, candidates.dealt_at + to_hours(48)), candidates.dealt_at) as ship_due_at,
        case
            when candidates.promised_delivery_at is not null then greatest(candidates.promised_delivery_at, candidates.dealt_at)
            when candidates.shipped_at < candidates.ends_at then candidates.shipped_at + to_days($late_days)
        end as delivery_due_at,
        case when candidates.shipped_at < candidates.ends_at then candidates.shipped_at end as shipped_at,
        case when candidates.signed_at < candidates.ends_at then candidates.signed_at end as signed_at,
        cases.requested_at,
        cases.reason_group,
        cases.step_deadline_at,
        coalesce(cases.tickets, 0) as tickets,
        coalesce(cases.has_open_ticket, false) as has_open_ticket,
        cases.ticket_deadline_at,
    from candidates
    left join cases
        on candidates.landmark_on = cases.landmark_on
        and candidates.shop_id = cases.shop_id
        and candidates.order_id = cases.order_id
    where not coalesce(cases.is_out, false)
        and (
            candidates.signed_at < candidates.ends_at
            or candidates.exported_at >= candidates.seen_since
            or cases.requested_at is not null
            or cases.has_open_ticket
        )
),

timed as (
    select
        *,
        greatest(epoch(coalesce(shipped_at, ends_at)) - epoch(ship_due_at), 0) / 3600 as ship_late_hours,
        case
            when signed_at is null and delivery_due_at < ends_at then (epoch(ends_at) - epoch(delivery_due_at)) / 86400
            else 0
        end as delivery_late_days,
        (epoch(ends_at) - epoch(requested_at)) / 3600 as open_request_hours,
    from open_orders
)

select
    timed.shop_id,
    timed.order_id,
    timed.landmark_on,
    (epoch(timed.ends_at) - epoch(timed.dealt_at)) / 86400 as age_days,
    cast(timed.shipped_at is not null as double) as is_shipped,
    timed.ship_late_hours,
    timed.delivery_late_days,
    (
        epoch(timed.ends_at)
        - epoch(greatest(timed.dealt_at, timed.shipped_at, timed.signed_at, timed.requested_at))
    ) / 86400 as waiting_days,
    cast(timed.requested_at is not null as double) as has_open_request,
    coalesce(timed.open_request_hours, 0) as request_open_hours,
    case
        when timed.requested_at is null then 0
        when timed.step_deadline_at <= timed.ends_at then 0
        else (epoch(timed.step_deadline_at) - epoch(timed.ends_at)) / 3600
    end as request_hours_left,
    coalesce(reasons.rate, shop_rates.request_rate) as reason_rate,
    cast(timed.tickets as double) as earlier_tickets,
    ln(1 + case when timed.paid_fen < 0 then 0 else timed.paid_fen end / 100) as paid_yuan_log,
    coalesce(products.rate, shop_rates.order_rate) as product_rate,
    coalesce(couriers.rate, shop_rates.order_rate) as courier_rate,
    coalesce(provinces.rate, shop_rates.order_rate) as province_rate,
    cast(timed.dealt_at as date) as dealt_on,
    timed.delivery_late_days > 0 or (timed.shipped_at is null and timed.ship_late_hours > 0) as promise_missed,
    timed.open_request_hours,
    timed.has_open_ticket,
    least(timed.step_deadline_at, timed.ticket_deadline_at) as deadline_at,
    timed.paid_fen,
    timed.product_id,
    timed.courier,
    timed.province,
    timed.reason_group,
from timed
left join shop_rates on timed.landmark_on = shop_rates.landmark_on and timed.shop_id = shop_rates.shop_id
left join histories as products
    on timed.landmark_on = products.landmark_on and timed.shop_id = products.shop_id
    and products.dimension = 'product' and timed.product = products.segment
left join histories as couriers
    on timed.landmark_on = couriers.landmark_on and timed.shop_id = couriers.shop_id
    and couriers.dimension = 'courier' and timed.courier = couriers.segment
left join histories as provinces
    on timed.landmark_on = provinces.landmark_on and timed.shop_id = provinces.shop_id
    and provinces.dimension = 'province' and timed.province = provinces.segment
left join histories as reasons
    on timed.landmark_on = reasons.landmark_on and timed.shop_id = reasons.shop_id
    and reasons.dimension = 'reason' and timed.reason_group = reasons.segment
order by timed.landmark_on, timed.shop_id, timed.order_id
