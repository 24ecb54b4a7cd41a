-- One row: a ledger export, what it says of itself, and what its rows add up to by what they are. Amounts have the ledger's own
-- sign: income is positive. income_fen + expense_fen = classified_fen + unclassified_fen + excluded_fen.
-- `difference_fen`: rows less the export's own `#` totals. A period is partial where it is not whole months, or where the
-- export was made before its end; only the time in a footer proves that.
-- grain: file_id
-- reads: archive.files, facts.ledger_file_kinds, signs.ledger_kinds, staging.ledger_entries
with sums as (
    select
        held.file_id,
        cast(sum(held.ledger_rows) as bigint) as ledger_rows,
        cast(sum(held.shop_rows) as bigint) as shop_rows,
        cast(sum(held.negative_income_rows) as bigint) as negative_income_rows,
        cast(sum(held.positive_expense_rows) as bigint) as positive_expense_rows,
        cast(coalesce(sum(held.ledger_rows) filter (where kinds.ledger_class = 'unclassified'), 0) as bigint)
            as unclassified_rows,
        cast(sum(held.income_fen) as bigint) as income_fen,
        cast(sum(held.expense_fen) as bigint) as expense_fen,
        cast(coalesce(sum(held.income_fen + held.expense_fen) filter (
            where kinds.ledger_class not in ('unclassified', 'transfer')
        ), 0) as bigint) as classified_fen,
        cast(coalesce(sum(held.income_fen + held.expense_fen) filter (
            where kinds.ledger_class = 'unclassified'
        ), 0) as bigint) as unclassified_fen,
        cast(coalesce(sum(held.income_fen + held.expense_fen) filter (
            where kinds.ledger_class = 'transfer'
        ), 0) as bigint) as excluded_fen,
    from facts.ledger_file_kinds as held
    join signs.ledger_kinds as kinds on held.kind_id = kinds.kind_id
    group by held.file_id
),

staged as (
    select file_id, count(*) as kept_rows, count(*) filter (where copies > 1) as repeated_rows
    from staging.ledger_entries
    group by file_id
),

ledgers as (
    select
        files.shop_id,
        files.file_id,
        files.path,
        files.exported_at,
        files.quarantined_rows,
        files.stated_from,
        files.stated_to,
        files.stated_income_fen,
        files.stated_expense_fen,
        coalesce(files.stated_total_fen, files.stated_income_fen + files.stated_expense_fen) as stated_total_fen,
        coalesce(sums.ledger_rows, 0) as ledger_rows,
        coalesce(sums.shop_rows, 0) as shop_rows,
        coalesce(sums.negative_income_rows, 0) as negative_income_rows,
        coalesce(sums.positive_expense_rows, 0) as positive_expense_rows,
        coalesce(sums.unclassified_rows, 0) as unclassified_rows,
        coalesce(sums.income_fen, 0) as income_fen,
        coalesce(sums.expense_fen, 0) as expense_fen,
        coalesce(sums.classified_fen, 0) as classified_fen,
        coalesce(sums.unclassified_fen, 0) as unclassified_fen,
        coalesce(sums.excluded_fen, 0) as excluded_fen,
        coalesce(sums.ledger_rows, 0) - coalesce(staged.kept_rows, 0) + coalesce(staged.repeated_rows, 0) as overlapping_rows,
    from archive.files as files
    left join sums on files.file_id = sums.file_id
    left join staged on files.file_id = staged.file_id
    where files.kind = 'ledger'
),

compared as (
    select
        *,
        income_fen + expense_fen - stated_total_fen as difference_fen,
        coalesce(income_fen <> stated_income_fen, false)
            or coalesce(abs(expense_fen) <> abs(stated_expense_fen), false)
            or coalesce(income_fen + expense_fen <> stated_total_fen, false) as disagrees,
        stated_from <> date_trunc('month', stated_from)
            or stated_to < date_trunc('month', stated_to) + interval 1 month - interval 1 second
            or (stated_total_fen is not null and exported_at < stated_to) as is_partial_month,
    from ledgers
)

select
    shop_id,
    file_id,
    path,
    exported_at,
    stated_from,
    stated_to,
    stated_income_fen,
    stated_expense_fen,
    stated_total_fen,
    income_fen,
    expense_fen,
    classified_fen,
    unclassified_fen,
    excluded_fen,
    difference_fen,
    is_partial_month,
    ledger_rows,
    shop_rows,
    unclassified_rows,
    negative_income_rows,
    positive_expense_rows,
    overlapping_rows,
    nullif(concat_ws(
        ',',
        case when disagrees then 'totals_disagree' end,
        case when stated_total_fen is null then 'no_totals' end,
        case when is_partial_month then 'partial_month' end,
        case when stated_from is null or stated_to is null then 'no_period' end,
        case when overlapping_rows > 0 then 'overlaps' end,
        case when negative_income_rows > 0 then 'negative_income' end,
        case when positive_expense_rows > 0 then 'positive_expense' end,
        case when unclassified_rows > 0 then 'unclassified' end,
        case when quarantined_rows > 0 then 'unreadable_rows' end
    ), '') as flags,
from compared
order by shop_id, stated_from, exported_at, path
