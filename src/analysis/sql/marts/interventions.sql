-- One row: one intervention of the platform in one order, however many sources show it.
-- Signs of one order that lie at most `same_case_days` apart are one case. Inside a case the most trusted source decides
-- how many interventions there are; what the others know (who began it, how it ended) fills its gaps (docs/decisions/0001).
-- A withdrawal ends a case: what the list or a request shows after it is another one, and no other's decision is its own.
-- Most orders have one sign, which is their intervention as it stands: only the others, which are `crowded`, are put together.
-- grain: shop_id, order_id, intervention_no
-- reads: facts.intervention_signs
with crowded as (
    select shop_id, order_id from facts.intervention_signs group by shop_id, order_id having count(*) > 1
),

spaced as (
    select
        *,
        coalesce(
            began_at > lag(began_at) over (partition by shop_id, order_id order by began_at, level, sign_id)
                + to_days($same_case_days),
            true
        ) or coalesce(
            level <= 2
            and lag(case when level <= 2 then outcome end ignore nulls) over (
                partition by shop_id, order_id
                order by began_at, level, sign_id
            ) = 'withdrawn'
            and began_at > lag(began_at) over (partition by shop_id, order_id order by began_at, level, sign_id),
            false
        ) as opens_case,
    from facts.intervention_signs
    semi join crowded using (shop_id, order_id)
),

cases as (
    select
        *,
        sum(cast(opens_case as integer)) over (
            partition by shop_id, order_id
            order by began_at, level, sign_id
            rows between unbounded preceding and current row
        ) as case_no,
    from spaced
),

known as (
    select
        shop_id,
        order_id,
        case_no,
        min(level) as best_level,
        string_agg(distinct source, '+' order by source) as sources,
        min(initiated_by) filter (where initiated_by <> 'unknown') as initiated_by,
        min(outcome) filter (where outcome <> 'pending') as outcome,
        max(decided_at) as decided_at,
        arg_min(outcome_known_at, level) filter (where outcome <> 'pending') as outcome_known_at,
        min(first_seen_at) as first_seen_at,
        max(after_sales_id) as after_sales_id,
        max(ticket_id) as ticket_id,
    from cases
    group by shop_id, order_id, case_no
),

chosen as (
    select cases.*
    from cases
    join known
        on cases.shop_id = known.shop_id and cases.order_id = known.order_id
        and cases.case_no = known.case_no and cases.level = known.best_level
    qualify cases.level <= 2 or row_number() over (
        partition by cases.shop_id, cases.order_id, cases.case_no
        order by cases.began_at, cases.sign_id
    ) = 1
),

merged as (
    select
        chosen.shop_id,
        chosen.order_id,
        row_number() over (
            partition by chosen.shop_id, chosen.order_id
            order by chosen.began_at, chosen.sign_id
        ) as intervention_no,
        chosen.began_at,
        cast(chosen.began_at as date) as began_on,
        chosen.dated_by,
        coalesce(nullif(chosen.initiated_by, 'unknown'), known.initiated_by, 'unknown') as initiated_by,
        coalesce(nullif(chosen.outcome, 'pending'), known.outcome, 'pending') as outcome,
        coalesce(chosen.decided_at, case when chosen.outcome <> 'withdrawn' then known.decided_at end) as decided_at,
        coalesce(chosen.outcome_known_at, known.outcome_known_at) as outcome_known_at,
        chosen.source,
        known.sources,
        coalesce(chosen.first_seen_at, known.first_seen_at) as first_seen_at,
        chosen.last_unseen_at,
        coalesce(chosen.after_sales_id, known.after_sales_id) as after_sales_id,
        coalesce(chosen.ticket_id, known.ticket_id) as ticket_id,
    from chosen
    join known
        on chosen.shop_id = known.shop_id and chosen.order_id = known.order_id and chosen.case_no = known.case_no
)

select * from merged
union all
select
    shop_id,
    order_id,
    1 as intervention_no,
    began_at,
    cast(began_at as date) as began_on,
    dated_by,
    initiated_by,
    outcome,
    decided_at,
    outcome_known_at,
    source,
    source as sources,
    first_seen_at,
    last_unseen_at,
    after_sales_id,
    ticket_id,
from facts.intervention_signs
anti join crowded using (shop_id, order_id)
order by shop_id, order_id, intervention_no
