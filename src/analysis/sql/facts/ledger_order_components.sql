-- One row: what the ledger books on an order under one component of rules/ledger.toml. `amount_fen`: positive is a cost to the shop.
-- Bookings without an order number (withdrawals, advertising) belong to the shop: marts.ledger_entries has them.
-- Most are alone under their order and component, and only the others are summed: grouping them all costs a half more.
-- grain: shop_id, order_id, component
-- reads: staging.ledger_entries, signs.ledger_kinds
-- plain: order_id
with bookings as not materialized (
    select
        entries.shop_id,
        entries.order_id,
        kinds.component,
        kinds.ledger_class,
        -(entries.income_fen + entries.expense_fen) as amount_fen,
        entries.occurred_at,
        kinds.rule,
        hash(entries.shop_id, entries.order_id, kinds.component) as likeness,
    from staging.ledger_entries as entries
    join signs.ledger_kinds as kinds on entries.kind_id = kinds.kind_id
    where entries.order_id is not null
),

repeated as (
    select likeness from bookings group by likeness having count(*) > 1
),

marked as not materialized (
    select
        bookings.*,
        repeated.likeness is not null as may_repeat,
    from bookings
    left join repeated on bookings.likeness = repeated.likeness
)

select
    shop_id,
    order_id,
    component,
    ledger_class as class,
    amount_fen,
    1 as ledger_rows,
    occurred_at as first_booked_at,
    occurred_at as last_booked_at,
    rule,
from marked
where not may_repeat
union all
select
    shop_id,
    order_id,
    component,
    any_value(ledger_class) as class,
    cast(sum(amount_fen) as bigint) as amount_fen,
    count(*) as ledger_rows,
    min(occurred_at) as first_booked_at,
    max(occurred_at) as last_booked_at,
    min(rule) as rule,
from marked
where may_repeat
group by shop_id, order_id, component
