-- One row: a day that at least one export of a kind covers for a shop; a day without a row is a hole, not a zero.
-- An orders export covers from its first order's day to the day before it was made; where its last order is older than
-- `orders_quiet_days`, it was cut to a range and covers to that order's day only. After-sales exports likewise, with
-- `after_sales_quiet_days` at both ends, because a quiet shop has days without a request.
-- grain: shop_id, kind, on_date
-- reads: archive.files, input.calendar
with ranges as (
    select
        shop_id,
        kind,
        case
            when kind = 'after_sales' then covers_from - cast($after_sales_quiet_days as integer)
            else covers_from
        end as from_date,
        case
            when kind = 'orders' and covers_to >= cast(exported_at as date) - 1 - cast($orders_quiet_days as integer)
                then cast(exported_at as date) - 1
            when kind = 'after_sales' and covers_to >= cast(exported_at as date) - 1 - cast($after_sales_quiet_days as integer)
                then cast(exported_at as date) - 1
            else least(covers_to, cast(exported_at as date) - 1)
        end as to_date,
    from archive.files
    where covers_from is not null and kind <> 'platform_figures'
    union all
    select shop_id, kind, covers_from, covers_to from archive.files where kind = 'platform_figures' and covers_from is not null
)

select
    ranges.shop_id,
    ranges.kind,
    calendar.on_date,
    count(*) as files,
from ranges
join input.calendar as calendar on calendar.on_date between ranges.from_date and ranges.to_date
group by ranges.shop_id, ranges.kind, calendar.on_date
order by ranges.shop_id, ranges.kind, calendar.on_date
