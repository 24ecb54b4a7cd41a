-- How were the tickets' orders refunded up to the end of $as_of, and who agreed to it?
-- One row: an order with a ticket and a refund that succeeded or was agreed to and not taken back, the newest. `agreed_by`: `platform` by its role or one of
-- $platform_accounts, `merchant`, or `unknown` (nobody named, as after a timeout).
select
    shop_id,
    order_id,
    refund_fen,
    refund_agreed_at as refunded_at,
    case
        when decided_by_role = '平台' or contains(after_sales_status, '平台同意')
            or list_contains($platform_accounts, refund_agreed_by) then 'platform'
        when decided_by_role = '商家' or regexp_matches(after_sales_status, '商家(同意|主动)')
            or (refund_agreed_by is not null and not regexp_matches(refund_agreed_by, '平台|系统|小二'))
            then 'merchant'
        else 'unknown'
    end as agreed_by,
from staging.after_sales
where (
        contains(after_sales_status, '退款成功')
        or (
            (refund_agreed_at is not null or regexp_matches(after_sales_status, '(商家|平台)同意退款'))
            and not regexp_matches(coalesce(after_sales_status, ''), '撤销|取消|拒绝|驳回|关闭|失败')
        )
    )
    and coalesce(cast(refund_agreed_at as date), cast(exported_at as date) - 1) <= $as_of
    and (shop_id, order_id) in (select (shop_id, order_id) from marts.tickets)
qualify row_number() over (
    partition by shop_id, order_id
    order by refund_agreed_at desc nulls last, after_sales_id desc
) = 1
order by shop_id, order_id
