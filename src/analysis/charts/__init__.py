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
from analysis.charts.model import (
    baselines,
    drift,
    folds,
    gain,
    model_card,
    model_features,
    model_measures,
    months,
    reliability,
    training_notice,
    verdict,
)
from analysis.charts.outlook import forecast, rolloff
from analysis.charts.proof import evidence, obtainable
from analysis.charts.reconciling import reconciliation
from analysis.charts.segmenting import movers, segments
from analysis.charts.shown import Chart, Fragment, Numbers, PerShop, numbers
from analysis.charts.tables import files, interventions, masthead, overview, sources
from analysis.charts.tiles import tiles
from analysis.charts.today import due, why, worklist
from analysis.charts.waiting import backlog
from analysis.charts.watching import feedback_table, feedback_text, watch_reasons, watchlist

__all__ = [
    "Chart",
    "Fragment",
    "Numbers",
    "PerShop",
    "appeals",
    "backlog",
    "baselines",
    "changes",
    "cohorts",
    "coverage",
    "definitions",
    "drift",
    "due",
    "evidence",
    "feedback_table",
    "feedback_text",
    "files",
    "folds",
    "footnotes",
    "forecast",
    "gain",
    "interventions",
    "lapses",
    "masthead",
    "model_card",
    "model_features",
    "model_measures",
    "months",
    "movers",
    "numbers",
    "obtainable",
    "overview",
    "reconciliation",
    "reliability",
    "rolling",
    "rolloff",
    "segments",
    "signal",
    "sources",
    "tiles",
    "training_notice",
    "verdict",
    "watch_reasons",
    "watchlist",
    "why",
    "worklist",
]
