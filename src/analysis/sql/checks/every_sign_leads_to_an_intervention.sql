-- No order with a sign of an intervention is without one, and no order without a sign has one.
select coalesce(signs.shop_id, interventions.shop_id) as shop_id, coalesce(signs.order_id, interventions.order_id) as order_id
from (select distinct shop_id, order_id from facts.intervention_signs) as signs
full join (select distinct shop_id, order_id from marts.interventions) as interventions
    on signs.shop_id = interventions.shop_id and signs.order_id = interventions.order_id
where signs.order_id is null or interventions.order_id is null
