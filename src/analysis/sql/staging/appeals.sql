-- One row: an appeal (售后申诉), or an order that can be appealed, as the newest archived export shows it.
-- A row that names no kind of appeal has '' there: it is the page's offer, beside which the appeals that were made stand.
-- `until_at`: the export's own time and what it says is left; a text that holds no time left gives NULL.
-- grain: shop_id, order_id, after_sales_id, appeal_type, appeal_subtype
-- reads: archive.appeals
-- plain: order_id, after_sales_id
with versions as (
    select
        * replace (
            coalesce(after_sales_id, '') as after_sales_id,
            coalesce(appeal_type, '') as appeal_type,
            coalesce(appeal_subtype, '') as appeal_subtype,
            translate(time_left, '０１２３４５６７８９', '0123456789') as time_left
        )
    from archive.appeals
    where fate is null
),

newest as (
    select
        shop_id,
        order_id,
        after_sales_id,
        appeal_type,
        appeal_subtype,
        max(version_no) as version_no,
    from versions
    group by shop_id, order_id, after_sales_id, appeal_type, appeal_subtype
),

timed as (
    select
        *,
        case
            when regexp_full_match(time_left, '[0-9]{1,12}') then cast(time_left as bigint)
            when regexp_matches(time_left, '[0-9]\s*(天|日|小时|时|分|秒)')
                then (
                    86400 * coalesce(try_cast(regexp_extract(time_left, '([0-9]{1,4})\s*[天日]', 1) as bigint), 0)
                    + 3600 * coalesce(try_cast(regexp_extract(time_left, '([0-9]{1,4})\s*(小时|时)', 1) as bigint), 0)
                    + 60 * coalesce(try_cast(regexp_extract(time_left, '([0-9]{1,4})\s*分', 1) as bigint), 0)
                    + coalesce(try_cast(regexp_extract(time_left, '([0-9]{1,4})\s*秒', 1) as bigint), 0)
                ) * 1000
        end as left_ms,
    from versions
)

select
    timed.shop_id,
    timed.order_id,
    timed.after_sales_id,
    timed.appeal_type,
    timed.appeal_subtype,
    timed.appeal_status,
    timed.reason,
    timed.refund_fen,
    timed.most_fen,
    timed.goods_fen,
    timed.freight_fen,
    timed.compensation_fen,
    timed.refunded_at,
    timed.time_left,
    timed.exported_at + to_milliseconds(timed.left_ms) as until_at,
    timed.outcome,
    timed.appealed_at,
    timed.exported_at,
    timed.file_id,
    timed.row_no,
from timed
join newest on timed.shop_id = newest.shop_id and timed.order_id = newest.order_id
    and timed.after_sales_id = newest.after_sales_id and timed.appeal_type = newest.appeal_type
    and timed.appeal_subtype = newest.appeal_subtype and timed.version_no = newest.version_no
