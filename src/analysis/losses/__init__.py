"""Loss entries → what the disputes of a window cost, by component, cause, product, courier and week, and what came back.

All functions take small frames (the answers to the questions `loss_entries` and `loss_orders`, one row an entry and one
an order) and never change them. Amounts are integer fen: + cost to the merchant, − came back; missing is not known.
"""

from analysis.losses.carriers import carriers_to_claim, claims
from analysis.losses.causes import by_cause, by_component
from analysis.losses.products import top_products
from analysis.losses.savings import savings
from analysis.losses.summary import LOSS_COLUMNS, SUMMARY_COLUMNS, listed, summary
from analysis.losses.trend import trend
from analysis.losses.waterfall import waterfall

__all__ = [
    "LOSS_COLUMNS",
    "SUMMARY_COLUMNS",
    "by_cause",
    "by_component",
    "carriers_to_claim",
    "claims",
    "listed",
    "savings",
    "summary",
    "top_products",
    "trend",
    "waterfall",
]
