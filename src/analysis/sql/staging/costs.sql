-- One row: a cost of a dispute, or what came back, as the merchant noted it; the amount as written.
-- Two lists that name the same order, item and day tell of the same costs: the newest list's rows hold. Alike rows of one
-- list are costs of their own.
-- grain: file_id, row_no
-- reads: archive.costs
with versions as (
    select * from archive.costs where fate is null
),

newest as (
    select
        shop_id,
        order_id,
        component,
        spent_on,
        arg_max(file_id, version_no) as file_id,
    from versions
    group by shop_id, order_id, component, spent_on
)

select
    versions.shop_id,
    versions.order_id,
    versions.component,
    versions.amount_fen,
    versions.spent_on,
    versions.exported_at,
    versions.file_id,
    versions.row_no,
from versions
join newest on versions.shop_id = newest.shop_id and versions.order_id = newest.order_id
    and versions.component = newest.component and versions.spent_on = newest.spent_on
    and versions.file_id = newest.file_id
