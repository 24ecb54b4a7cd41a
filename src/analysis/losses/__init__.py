"""Loss entries → what the disputes of a window cost, by component, cause, product, courier and week, and what came back.

All functions take small frames (the answers to the questions `loss_entries` and `loss_orders`, one row an entry and one
an order) and never change them. Amounts are integer fen: + cost to the merchant, − came back; missing is not known.
"""

from analysis.losses import contest, contest_backtest, restriction
from analysis.losses.assumptions import assumptions
from analysis.losses.carriers import carriers_to_claim, claims
from analysis.losses.causes import by_cause, by_component
from analysis.losses.oddities import oddities
from analysis.losses.products import top_products
from analysis.losses.savings import savings, watched
from analysis.losses.summary import LOSS_COLUMNS, SUMMARY_COLUMNS, listed, summary
from analysis.losses.trend import trend
from analysis.losses.waterfall import waterfall
from analysis.losses.window import WINDOW_DAYS

__all__ = [
    "LOSS_COLUMNS",
    "SUMMARY_COLUMNS",
    "WINDOW_DAYS",
    "assumptions",
    "by_cause",
    "by_component",
    "carriers_to_claim",
    "claims",
    "contest",
    "contest_backtest",
    "listed",
    "oddities",
    "restriction",
    "savings",
    "summary",
    "top_products",
    "trend",
    "watched",
    "waterfall",
]
