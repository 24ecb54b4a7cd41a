-- What did the disputes cost, as far as it is booked or estimated for a day up to the end of $as_of?
-- One row: an entry of marts.loss_entries, with the day on which the order's dispute began. Of bookings and notes that add up to
-- one entry only those up to that day count. A refund agreed to by then that the ledger booked later, all of it, stands as an
-- estimate with what was booked with it (rule `booked_later`): otherwise a refund on its way would cost nothing.
with entries as (
    select
        entries.*,
        orders.disputed_at,
        orders.refunded_at,
        cast(entries.booked_at as date) > $as_of as is_later,
    from marts.loss_entries as entries
    join cases.disputed_orders as orders on entries.shop_id = orders.shop_id and entries.order_id = orders.order_id
    where cast(orders.disputed_at as date) <= $as_of
),

later as (
    select * from entries where is_later and source <> 'estimate'
),

bookings as (
    select
        shop_id,
        order_id,
        component,
        'ledger' as source,
        -(income_fen + expense_fen) as amount_fen,
        occurred_at as booked_at,
        1 as ledger_rows,
        rule,
    from marts.ledger_entries
    where cast(occurred_at as date) <= $as_of
    union all
    select
        shop_id,
        order_id,
        component,
        'manual',
        case when component in ('carrier_claim', 'returned_goods') then -abs(amount_fen) else amount_fen end,
        cast(spent_on as timestamp),
        0,
        'noted',
    from staging.costs
    where spent_on <= $as_of
),

so_far as (
    select
        later.shop_id,
        later.order_id,
        later.component,
        later.source,
        cast(sum(bookings.amount_fen) as bigint) as amount_fen,
        max(bookings.booked_at) as booked_at,
        cast(sum(bookings.ledger_rows) as bigint) as ledger_rows,
        min(bookings.rule) as rule,
        any_value(later.disputed_at) as disputed_at,
    from later
    join bookings
        on later.shop_id = bookings.shop_id and later.order_id = bookings.order_id
        and later.component = bookings.component and later.source = bookings.source
    group by later.shop_id, later.order_id, later.component, later.source
),

on_their_way as (
    select shop_id, order_id
    from later
    where component = 'refund' and cast(refunded_at as date) <= $as_of
        and (shop_id, order_id) not in (select (shop_id, order_id) from so_far where component = 'refund')
),

known as (
    select shop_id, order_id, component, source, amount_fen, is_counted, booked_at, ledger_rows, rule, disputed_at
    from entries
    where not is_later
    union all
    select shop_id, order_id, component, source, amount_fen, true, booked_at, ledger_rows, rule, disputed_at
    from so_far
    union all
    select shop_id, order_id, component, 'estimate', amount_fen, true, refunded_at, 0, 'booked_later', disputed_at
    from later
    semi join on_their_way on later.shop_id = on_their_way.shop_id and later.order_id = on_their_way.order_id
    anti join so_far
        on later.shop_id = so_far.shop_id and later.order_id = so_far.order_id and later.component = so_far.component
    where source = 'ledger' and component in ('refund', 'coupon_back', 'fee_returned')
)

select
    * exclude (disputed_at),
    cast(disputed_at as date) as disputed_on,
from known
order by shop_id, order_id, component, source
