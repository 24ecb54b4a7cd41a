-- One row: an after-sales request in which the exports show that the platform stepped in, in any version ever archived.
-- A status seen once stays a fact: 平台处理中 in Tuesday's export counts although Friday's says 退款成功.
-- A decision of the platform seen once stays one too, also where the request was withdrawn later.
-- `last_unseen_at` is the newest export before the first sign that showed the request without one.
-- grain: shop_id, after_sales_id
-- reads: archive.after_sales, input.platform_words, input.platform_accounts
with versions as (
    select
        shop_id,
        after_sales_id,
        order_id,
        exported_at,
        version_no,
        intervened_at,
        ticket_id,
        applied_at,
        coalesce(is_intervened, false)
            or intervened_at is not null
            or coalesce(is_dispute_refund, false)
            or coalesce(decided_by_role = '平台', false)
            or is_intervention_list as is_reported,
        exists (
            select 1 from input.platform_words as words where contains(requests.after_sales_status, words.word)
        ) or exists (
            select 1 from input.platform_accounts as accounts where requests.refund_agreed_by = accounts.account
        ) as is_in_status,
        coalesce(is_speed_refund, false)
            or regexp_matches(after_sales_status, '平台主动|极速退款') as is_started_by_platform,
        case
            when regexp_matches(after_sales_status, '平台同意') then 'buyer'
            when regexp_matches(after_sales_status, '平台拒绝') then 'merchant'
        end as platform_decision,
        regexp_matches(after_sales_status, '撤销|取消') as is_withdrawn,
    from archive.after_sales as requests
    where fate is null
),

first_signs as (
    select
        shop_id,
        after_sales_id,
        min(exported_at) as first_seen_at,
    from versions
    where is_reported or is_in_status
    group by shop_id, after_sales_id
)

select
    versions.shop_id,
    versions.after_sales_id,
    max(versions.order_id) as order_id,
    bool_or(versions.is_reported) as is_reported,
    bool_or(versions.is_started_by_platform) as is_started_by_platform,
    min(versions.intervened_at) as intervened_at,
    max(versions.ticket_id) as ticket_id,
    min(versions.applied_at) as applied_at,
    min(first_signs.first_seen_at) as first_seen_at,
    max(versions.exported_at) filter (where versions.exported_at < first_signs.first_seen_at) as last_unseen_at,
    arg_min(versions.platform_decision, versions.version_no) as platform_decision,
    min(versions.exported_at) filter (where versions.platform_decision is not null) as decision_seen_at,
    min(versions.exported_at) filter (where versions.is_withdrawn) as withdrawal_seen_at,
from versions
join first_signs on versions.shop_id = first_signs.shop_id and versions.after_sales_id = first_signs.after_sales_id
group by versions.shop_id, versions.after_sales_id
