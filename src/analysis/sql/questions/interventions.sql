-- Which interventions are known up to the end of $as_of, each with what is known of its order?
-- An outcome that became known later is not used: until then the intervention is pending.
select
    interventions.shop_id,
    interventions.order_id,
    interventions.intervention_no,
    interventions.began_at,
    interventions.began_on,
    interventions.dated_by,
    interventions.initiated_by,
    case when cast(interventions.outcome_known_at as date) > $as_of then 'pending' else interventions.outcome end as outcome,
    case when cast(interventions.decided_at as date) <= $as_of then interventions.decided_at end as decided_at,
    interventions.source,
    interventions.sources,
    coalesce(orders.product_id, orders.product_name) as product,
    orders.courier,
    orders.province,
    requests.reason_group,
from marts.interventions as interventions
left join marts.orders as orders
    on interventions.shop_id = orders.shop_id and interventions.order_id = orders.order_id
left join (
    select shop_id, order_id, arg_min(reason_group, after_sales_id) as reason_group from marts.after_sales group by shop_id, order_id
) as requests
    on interventions.shop_id = requests.shop_id and interventions.order_id = requests.order_id
where interventions.began_on <= $as_of
order by interventions.shop_id, interventions.began_at desc, interventions.order_id
