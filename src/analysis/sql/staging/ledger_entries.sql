-- One row: a booking of the platform's ledger, once however many exports show it.
-- Bookings that are alike in every field are told apart by their ordinal inside a file, so that real repeats survive. An empty amount is 0,
-- however an export writes it. Only
-- bookings whose hash occurs twice are numbered: the others are alone for certain, and numbering costs ten times a scan.
-- `bookings` and `marked` are read anew each time, because keeping every row for the second reader costs more.
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

marked as not materialized (
    select
        bookings.*,
        repeated.likeness is not null as may_repeat,
    from bookings
    left join repeated on bookings.likeness = repeated.likeness
),

numbered as (
    select
        *,
        row_number() over (
            partition by file_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark
            order by row_no
        ) as ordinal,
    from marked
    where may_repeat
),

newest as (
    select
        *,
        count(*) over (
            partition by shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark, ordinal
        ) as copies,
    from numbered
    qualify row_number() over (
        partition by shop_id, occurred_at, order_id, income_fen, expense_fen, account_type, business, remark, ordinal
        order by version_no desc
    ) = 1
),

kept as (
    select * exclude (ordinal, copies), ordinal, copies from newest
    union all
    select *, 1 as ordinal, 1 as copies from marked where not may_repeat
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
