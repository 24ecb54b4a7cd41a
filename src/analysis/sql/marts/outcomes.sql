-- One row: what the team did about an order on the watch list, and when.
-- `action`: called, refunded, reshipped, nothing; unknown where the word says none of them. 未处理 and 未联系 come first: they hold
-- the words of deeds.
-- grain: shop_id, order_id, handled_at
-- as: view
-- reads: staging.outcomes
select
    shop_id,
    order_id,
    handled_at,
    case
        when regexp_matches(action, '未|没有|不处理') then 'nothing'
        when regexp_matches(action, '退款') then 'refunded'
        when regexp_matches(action, '补发|重发|换货') then 'reshipped'
        when regexp_matches(action, '联系|电话|沟通') then 'called'
        else 'unknown'
    end as action,
    action as action_words,
    remark,
    exported_at,
    file_id,
    row_no,
from staging.outcomes
