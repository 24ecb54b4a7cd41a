-- Who began an intervention, how it ended, how it is known and dated are words of the data dictionary.
select shop_id, order_id, initiated_by, outcome, source, dated_by
from marts.interventions
where initiated_by not in ('buyer', 'platform', 'unknown')
    or outcome not in ('buyer', 'merchant', 'withdrawn', 'pending')
    or source not in ('manual', 'reported', 'status', 'ticket')
    or dated_by not in ('reported', 'ticket', 'seen', 'applied')
    or began_at is null
