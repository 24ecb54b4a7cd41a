-- Which interventions that the platform did not begin of itself had begun by the end of $as_of, as far as exports for that day tell?
-- One row: an intervention. `requested_on`: the day of the request that it grew from, else of the order's first. `known_on`:
-- the day since which it is known that the order is one; between `began_on` and it nobody could tell (docs/decisions/0030).
with first_requests as (
    select shop_id, order_id, min(cast(applied_at as date)) as applied_on
    from marts.after_sales
    group by shop_id, order_id
),

known as (
    select
        *,
        case
            when dated_by = 'reported' then began_on
            else greatest(began_on, cast(first_seen_at as date))
        end as known_on,
    from marts.interventions
    where initiated_by <> 'platform' and began_on <= $as_of
)

select
    known.shop_id,
    known.order_id,
    known.began_on,
    known.initiated_by,
    coalesce(cast(requests.applied_at as date), first_requests.applied_on) as requested_on,
    orders.dealt_on,
    known.known_on,
from known
left join marts.after_sales as requests
    on known.shop_id = requests.shop_id and known.after_sales_id = requests.after_sales_id
left join first_requests on known.shop_id = first_requests.shop_id and known.order_id = first_requests.order_id
left join marts.orders as orders on known.shop_id = orders.shop_id and known.order_id = orders.order_id
where known.known_on <= cast($as_of as date) + 1
order by known.shop_id, known.began_on, known.order_id, known.known_on
