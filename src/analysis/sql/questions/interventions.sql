-- Which interventions are known up to the end of $as_of, each with what is known of its order?
select
    interventions.shop_id,
    interventions.order_id,
    interventions.intervention_no,
    interventions.began_at,
    interventions.began_on,
    interventions.dated_by,
    interventions.initiated_by,
    interventions.outcome,
    interventions.decided_at,
    interventions.source,
    interventions.sources,
    coalesce(orders.product_id, orders.product_name) as product,
    orders.courier,
    orders.province,
    requests.reason,
from marts.interventions as interventions
left join marts.orders as orders
    on interventions.shop_id = orders.shop_id and interventions.order_id = orders.order_id
left join (
    select shop_id, order_id, arg_min(reason, after_sales_id) as reason from marts.after_sales group by shop_id, order_id
) as requests
    on interventions.shop_id = requests.shop_id and interventions.order_id = requests.order_id
where interventions.began_on <= $as_of
order by interventions.shop_id, interventions.began_at desc, interventions.order_id
