"""Facts and a rule → rolling rates with their intervals, and how they stand against the shop's own lines.

All functions take small frames (one row a shop and day, one row an event) and never change them.
"""

from analysis.rates.agreement import agreement
from analysis.rates.changes import change_totals, changes
from analysis.rates.headroom import limits, rolloff, status
from analysis.rates.intervals import share, wilson
from analysis.rates.reconciliation import fits, gaps, reconcile
from analysis.rates.segments import segments
from analysis.rates.signal import daily_signal
from analysis.rates.windows import (
    COLUMNS,
    DAYS_SHOWN,
    covered_since,
    daily_orders,
    in_window,
    judged,
    rolling,
    sources,
    units_inside,
)

__all__ = [
    "COLUMNS",
    "DAYS_SHOWN",
    "agreement",
    "change_totals",
    "changes",
    "covered_since",
    "daily_orders",
    "daily_signal",
    "fits",
    "gaps",
    "in_window",
    "judged",
    "limits",
    "reconcile",
    "rolling",
    "rolloff",
    "segments",
    "share",
    "sources",
    "status",
    "units_inside",
    "wilson",
]
