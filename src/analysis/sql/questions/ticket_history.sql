-- What did each export show of each ticket, as far as it tells of days up to the end of $as_of?
-- One row: a ticket in one export. An export of the next day still tells how $as_of ended (docs/decisions/0001), later ones
-- are not used. `has_answer`: the shop's reply or evidence is there; `shows_answers`: the export would show one.
select
    shop_id,
    ticket_id,
    version_no,
    exported_at,
    created_at,
    ticket_status,
    progress,
    outcome,
    closed_at,
    is_merchant_liable,
    is_punished,
    penalty_fen,
    reply is not null or evidence is not null as has_answer,
    shows_answers,
from facts.ticket_versions
where cast(exported_at as date) <= cast($as_of as date) + 1
order by shop_id, ticket_id, version_no
