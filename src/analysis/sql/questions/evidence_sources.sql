-- Which shops have any export that can show interventions, and is any of them the merchant's own list?
select
    shop_id,
    bool_or(kind = 'interventions') as has_own_list,
    bool_or(kind in ('after_sales', 'tickets', 'interventions')) as has_any,
from marts.files
group by shop_id
order by shop_id
