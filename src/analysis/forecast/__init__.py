"""Past events → what to expect: the rolling count ahead, how far to trust it, and recent order days once complete.

`replay` makes the forecast of every past day and of today; `backtest` says how good they were; `outlook` is today's, without
what has not earned being shown. `nowcast` completes the order days whose events are still to come. Small frames in, small
frames out; all shops at once.
"""

from analysis.forecast.arrivals import HORIZONS_DAYS
from analysis.forecast.backtest import backtest
from analysis.forecast.cohorts import nowcast
from analysis.forecast.outlook import FILE_COLUMNS, one_more, outlook, withheld
from analysis.forecast.replay import Replay, replay

__all__ = [
    "FILE_COLUMNS",
    "HORIZONS_DAYS",
    "Replay",
    "backtest",
    "nowcast",
    "one_more",
    "outlook",
    "replay",
    "withheld",
]
