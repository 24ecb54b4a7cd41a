-- One row: a reason that buyers gave, with the group that it belongs to (rules/reasons.toml).
-- Texts are matched once each, because a pattern that comes from a column is compiled for every row that meets it.
-- grain: reason
-- reads: staging.after_sales, input.reason_groups
with texts as (
    select distinct reason from staging.after_sales where reason is not null
)

select
    texts.reason,
    coalesce(arg_min(groups.reason_group, groups.priority), 'other') as reason_group,
from texts
left join input.reason_groups as groups on regexp_matches(texts.reason, groups.pattern)
group by texts.reason
order by texts.reason
