-- What should a reader of the figures know about the data? One count a shop and warning.
select shop_id, 'deal_time_from_order_id' as key, cast(sum(orders_dealt_by_number) as bigint) as count
from marts.shop_days
group by shop_id
having sum(orders_dealt_by_number) > 0
union all
select shop_id, 'destroyed_order_id' as key, count(*) as count
from marts.quarantined_rows
where reason in ('scientific_notation', 'digits_lost')
group by shop_id
union all
select shop_id, 'unknown_reason' as key, count(*) as count
from marts.after_sales
where reason_group = 'other'
group by shop_id
union all
select shop_id, 'unknown_word' as key, count(*) as count
from staging.interventions
where not regexp_matches(coalesce(initiated_by, '买家'), '平台|买家|消费者')
    or not regexp_matches(coalesce(outcome, '处理中'), '撤销|支持买家|支持消费者|支持商家|处理中')
group by shop_id
union all
select shop_id, 'unknown_action' as key, count(*) as count
from marts.outcomes
where action = 'unknown'
group by shop_id
union all
select shop_id, 'ledger_totals' as key, count(*) as count
from marts.ledger_files
where list_contains(string_split(flags, ','), 'totals_disagree')
group by shop_id
union all
select shop_id, 'ledger_no_totals' as key, count(*) as count
from marts.ledger_files
where list_contains(string_split(flags, ','), 'no_totals')
group by shop_id
union all
select shop_id, 'ledger_partial_month' as key, count(*) as count
from marts.ledger_files
where is_partial_month
group by shop_id
union all
select shop_id, 'ledger_wrong_sign' as key, count(*) as count
from marts.ledger_entries
where income_fen < 0 or expense_fen > 0
group by shop_id
union all
select shop_id, 'ledger_unclassified' as key, count(*) as count
from marts.ledger_entries
where ledger_class = 'unclassified'
group by shop_id
union all
select shop_id, 'ledger_without_order' as key, count(*) as count
from marts.ledger_entries
where order_id is null and ledger_class in ('loss', 'recovery')
group by shop_id
union all
select orders.shop_id, 'parcel_unseen' as key, count(*) as count
from marts.orders as orders
join (select shop_id, max(exported_at) as newest_at from marts.orders group by shop_id) as shops
    on orders.shop_id = shops.shop_id
where orders.shipped_at is not null and orders.signed_at is null and not coalesce(orders.is_refunded, false)
    and orders.exported_at < shops.newest_at - to_days(cast($unseen_days as integer))
group by orders.shop_id
union all
select shop_id, 'future_dates' as key, count(*) as count
from marts.orders
where greatest(dealt_at, paid_at, shipped_at, signed_at) > exported_at + to_days(1)
group by shop_id
order by shop_id, key
