-- One row: a file in the exports folder that was not loaded, and why; the next run tries it again.
-- grain: path
-- reads: input.refused_files
select
    shop_id,
    path,
    message_zh,
    message_en,
from input.refused_files
order by path
