"""What the model is told of an order: the columns of `warehouse.features`, in their order.

`sql/features/order_landmarks.sql` computes them, one row for a shop's order and a landmark; docs/model.md says what each
means. All FEATURES are floats, NaN where not known. CONTEXT is never told to the model: it is what the rule beside it, the
watch list and the reader need.
"""

from __future__ import annotations

from typing import Final

KEY: Final = ("shop_id", "order_id", "landmark_on")

# Which way each is expected to move the chance: 'up' (more of it, likelier), 'down' or 'either'. The value ends a text's key.
DIRECTIONS: Final = {
    "age_days": "either",
    "is_shipped": "either",
    "ship_late_hours": "up",
    "delivery_late_days": "up",
    "waiting_days": "up",
    "has_open_request": "up",
    "request_open_hours": "up",
    "request_hours_left": "down",
    "reason_rate": "up",
    "earlier_tickets": "up",
    "paid_yuan_log": "up",
    "product_rate": "up",
    "courier_rate": "up",
    "province_rate": "up",
}

FEATURES: Final = tuple(DIRECTIONS)

CONTEXT: Final = (
    "dealt_on",
    "promise_missed",
    "open_request_hours",
    "has_open_ticket",
    "deadline_at",
    "paid_fen",
    "product_id",
    "courier",
    "province",
    "reason_group",
)
