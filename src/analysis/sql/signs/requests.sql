-- One row: an after-sales request in which the exports show that the platform stepped in, in any version ever archived.
-- A status seen once stays a fact: 平台处理中 in Tuesday's export counts although Friday's says 退款成功.
-- A decision of the platform seen once stays one too, also where the request was withdrawn later.
-- `last_unseen_at` is the newest export before the first sign that showed the request without one.
-- What else a status tells is asked only of requests that have a sign, because few have.
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
        is_speed_refund,
        after_sales_status,
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
),

judged as (
    select
        versions.*,
        first_signs.first_seen_at,
        coalesce(is_speed_refund, false)
            or regexp_matches(after_sales_status, '平台主动|极速退款') as is_started_by_platform,
        case
            when regexp_matches(after_sales_status, '平台同意') then 'buyer'
            when regexp_matches(after_sales_status, '平台拒绝') then 'merchant'
        end as platform_decision,
        regexp_matches(after_sales_status, '撤销|取消') as is_withdrawn,
    from versions
    join first_signs using (shop_id, after_sales_id)
)

select
    shop_id,
    after_sales_id,
    max(order_id) as order_id,
    bool_or(is_reported) as is_reported,
    bool_or(is_started_by_platform) as is_started_by_platform,
    min(intervened_at) as intervened_at,
    max(ticket_id) as ticket_id,
    min(applied_at) as applied_at,
    min(first_seen_at) as first_seen_at,
    max(exported_at) filter (where exported_at < first_seen_at) as last_unseen_at,
    arg_min(platform_decision, version_no) as platform_decision,
    min(exported_at) filter (where platform_decision is not null) as decision_seen_at,
    min(exported_at) filter (where is_withdrawn) as withdrawal_seen_at,
from judged
group by shop_id, after_sales_id
