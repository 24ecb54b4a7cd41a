-- Where did the rows of every export go, and which files were refused? Messages in $language.
select
    shop_id,
    kind,
    path,
    exported_at,
    read_rows as read,
    kept_rows as kept,
    superseded_rows as superseded,
    quarantined_rows as quarantined,
    note_rows as notes,
    bad_cells,
    false as is_refused,
    '' as message,
from marts.files
union all
select
    shop_id,
    '' as kind,
    path,
    null as exported_at,
    null as read,
    null as kept,
    null as superseded,
    null as quarantined,
    null as notes,
    null as bad_cells,
    true as is_refused,
    case when $language = 'zh' then message_zh else message_en end as message,
from marts.refused_files
order by shop_id, is_refused desc, kind, exported_at, path
