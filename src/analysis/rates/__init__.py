"""Facts and a rule → rolling rates with their intervals, and how they stand against the shop's own lines.

All functions take small frames (one row a shop and day, one row an event) and never change them.
"""

from analysis.rates.intervals import share, wilson
from analysis.rates.segments import segments
from analysis.rates.windows import COLUMNS, DAYS_SHOWN, in_window, judged, rolling, sources

__all__ = ["COLUMNS", "DAYS_SHOWN", "in_window", "judged", "rolling", "segments", "share", "sources", "wilson"]
