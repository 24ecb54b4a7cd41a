-- One row: words that bookings of the ledger use, with the rule (rules/ledger.toml) that says what they are; NULL: none does.
-- Patterns are matched once for each wording, because a pattern that comes from a column is compiled for every row that meets it.
-- 备注 takes part only where 业务描述 is blank. The words of a booking lead here by `kind_id` of staging.ledger_entries.
-- grain: kind_id
-- reads: staging.ledger_entries, input.ledger_rules
with wordings as (
    select
        kind_id,
        any_value(business) as business,
        any_value(account_type) as account_type,
        any_value(case when business is null then remark end) as remark,
        any_value(income_fen + expense_fen > 0) as is_income,
    from staging.ledger_entries
    group by kind_id
),

parts as (
    select
        *,
        regexp_extract(business, '^[0-9]*') as code,
        case
            when business is null then concat_ws(' ', account_type, remark)
            else regexp_replace(business, '^[0-9]*[|｜]?\s*', '')
        end as words,
    from wordings
),

matched as (
    select
        parts.kind_id,
        arg_min(rules.rule, rules.priority) as rule,
        arg_min(rules.component, rules.priority) as component,
        arg_min(rules.ledger_class, rules.priority) as ledger_class,
    from parts
    join input.ledger_rules as rules
        on starts_with(coalesce(parts.code, ''), rules.code)
        and regexp_matches(parts.words, rules.pattern)
        and (rules.direction = '' or rules.direction = case when parts.is_income then 'income' else 'expense' end)
    group by parts.kind_id
)

select
    parts.kind_id,
    parts.business,
    parts.account_type,
    parts.remark,
    parts.is_income,
    matched.rule,
    coalesce(matched.component, 'unclassified') as component,
    coalesce(matched.ledger_class, 'unclassified') as ledger_class,
from parts
left join matched on parts.kind_id = matched.kind_id
order by parts.kind_id
