-- One row: a booking of the platform's ledger, once however many exports show it.
-- Bookings that are alike in every field are told apart by their ordinal inside a file, so that real repeats survive. An empty amount is 0,
-- however an export writes it. Only
-- bookings whose hash occurs twice are numbered: the others are alone for certain, and numbering costs ten times a scan.
-- The rows of one export that are alike are counted and numbered as a list, because windows would sort them by every field.
-- `bookings` are read anew each time, because keeping every row for the second reader costs more.
-- `kind_id` stands for the words and the direction of a booking (signs.ledger_kinds).
-- grain: file_id, row_no
-- reads: archive.ledger
-- plain: order_id
with amounts as not materialized (
    select * replace (coalesce(income_fen, 0) as income_fen, coalesce(expense_fen, 0) as expense_fen)
    from archive.ledger
    where fate is null
),

bookings as not materialized (
    select
        *,
        hash(shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark) as likeness,
    from amounts
),

repeated as (
    select likeness from bookings group by likeness having count(*) > 1
),

shown as (
    select
        shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark,
        file_id,
        any_value(exported_at) as exported_at,
        max(version_no) as version_no,
        list(row_no order by row_no) as row_nos,
    from bookings
    semi join repeated using (likeness)
    group by shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark, file_id
),

numbered as (
    select
        * exclude (row_nos),
        unnest(row_nos) as row_no,
        generate_subscripts(row_nos, 1) as ordinal,
    from shown
),

kept as (
    select
        shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark,
        ordinal,
        count(*) as copies,
        arg_max(exported_at, version_no) as exported_at,
        arg_max(file_id, version_no) as file_id,
        arg_max(row_no, version_no) as row_no,
    from numbered
    group by shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark, ordinal
    union all
    select
        shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark,
        1 as ordinal,
        1 as copies,
        exported_at,
        file_id,
        row_no,
    from bookings
    anti join repeated using (likeness)
)

select
    shop_id,
    occurred_at,
    order_id,
    income_fen,
    expense_fen,
    account_type,
    business,
    remark,
    hash(
        business,
        account_type,
        case when business is null then remark end,
        income_fen + expense_fen > 0
    ) as kind_id,
    ordinal,
    copies,
    exported_at,
    file_id,
    row_no,
from kept
