"""What a reader sees: frames in, figures and tables out, in the words of one language.

`words` is a mapping from key to text (`analysis.texts.load`). Every function answers one question, leaves its
frames unchanged, and gives back something that shows itself in a notebook. Text that comes from an export is
data everywhere: it never becomes markup.
"""

from analysis.charts.changing import changes
from analysis.charts.days import cohorts, signal
from analysis.charts.definitions import definitions, footnotes
from analysis.charts.figures import coverage, rolling
from analysis.charts.lost import appeals, lapses
from analysis.charts.outlook import forecast, rolloff
from analysis.charts.proof import evidence, obtainable
from analysis.charts.reconciling import reconciliation
from analysis.charts.segmenting import movers, segments
from analysis.charts.shown import Chart, Fragment, Numbers, PerShop, numbers
from analysis.charts.tables import files, interventions, masthead, overview, sources
from analysis.charts.tiles import tiles
from analysis.charts.today import due, why, worklist
from analysis.charts.waiting import backlog

__all__ = [
    "Chart",
    "Fragment",
    "Numbers",
    "PerShop",
    "appeals",
    "backlog",
    "changes",
    "cohorts",
    "coverage",
    "definitions",
    "due",
    "evidence",
    "files",
    "footnotes",
    "forecast",
    "interventions",
    "lapses",
    "masthead",
    "movers",
    "numbers",
    "obtainable",
    "overview",
    "reconciliation",
    "rolling",
    "rolloff",
    "segments",
    "signal",
    "sources",
    "tiles",
    "why",
    "worklist",
]
