-- One row: what the ledger books on an order under one component of rules/ledger.toml. `amount_fen`: positive is a cost to the shop.
-- Bookings without an order number (withdrawals, advertising) belong to the shop: marts.ledger_entries has them.
-- grain: shop_id, order_id, component
-- reads: staging.ledger_entries, facts.ledger_kinds
-- plain: order_id
select
    entries.shop_id,
    entries.order_id,
    kinds.component,
    any_value(kinds.ledger_class) as class,
    cast(-sum(entries.income_fen + entries.expense_fen) as bigint) as amount_fen,
    count(*) as ledger_rows,
    min(entries.occurred_at) as first_booked_at,
    max(entries.occurred_at) as last_booked_at,
    min(kinds.rule) as rule,
from staging.ledger_entries as entries
join facts.ledger_kinds as kinds on entries.kind_id = kinds.kind_id
where entries.order_id is not null
group by entries.shop_id, entries.order_id, kinds.component
