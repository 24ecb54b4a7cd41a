-- How many requests and tickets came up and were settled on each day up to $as_of?
-- What is settled without a date of its own is settled on the day of the export that shows it.
with cases as (
    select
        shop_id,
        cast(applied_at as date) as opened_on,
        case
            when regexp_matches(after_sales_status, '成功|撤销|取消|拒绝|驳回|关闭|失败|逾期')
                then cast(coalesce(refund_agreed_at, exported_at) as date)
        end as settled_on,
    from marts.after_sales
    where applied_at is not null
    union all
    select
        shop_id,
        cast(created_at as date) as opened_on,
        case
            when closed_at is not null or regexp_matches(ticket_status, '完结|关闭|违规已处理')
                then cast(coalesce(closed_at, exported_at) as date)
        end as settled_on,
    from marts.tickets
    where created_at is not null
),

changes as (
    select shop_id, opened_on as on_date, 1 as opened, 0 as settled from cases where opened_on <= $as_of
    union all
    select shop_id, settled_on as on_date, 0 as opened, 1 as settled from cases
    where opened_on <= $as_of and settled_on between opened_on and $as_of
)

select
    shop_id,
    on_date,
    cast(sum(opened) as bigint) as opened,
    cast(sum(settled) as bigint) as settled,
from changes
group by shop_id, on_date
order by shop_id, on_date
