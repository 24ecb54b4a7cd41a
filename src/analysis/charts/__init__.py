"""What a reader sees: frames in, figures and tables out, in the words of one language.

`words` is a mapping from key to text (`analysis.texts.load`). Every function answers one question, leaves its
frames unchanged, and gives back something that shows itself in a notebook. Text that comes from an export is
data everywhere: it never becomes markup.
"""

from analysis.charts.blaming import carrier_claims, loss_causes, loss_products
from analysis.charts.changing import changes
from analysis.charts.contesting import contest, contest_backtest, savings
from analysis.charts.days import cohorts, signal
from analysis.charts.definitions import definitions, footnotes
from analysis.charts.figures import coverage, rolling
from analysis.charts.ledgers import assumptions, ledger_files
from analysis.charts.losses import loss_components, loss_overview, loss_tiles, loss_trend, loss_waterfall
from analysis.charts.lost import appeals, lapses
from analysis.charts.model import (
    baselines,
    drift,
    folds,
    gain,
    model_card,
    model_features,
    model_measures,
    model_notices,
    months,
    reliability,
    standing,
    training_notice,
    verdict,
)
from analysis.charts.outlook import forecast, rolloff
from analysis.charts.proof import evidence, obtainable
from analysis.charts.reconciling import reconciliation
from analysis.charts.restricting import learned_line, restriction_price, restriction_scenario
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
    "assumptions",
    "backlog",
    "baselines",
    "carrier_claims",
    "changes",
    "cohorts",
    "contest",
    "contest_backtest",
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
    "learned_line",
    "ledger_files",
    "loss_causes",
    "loss_components",
    "loss_overview",
    "loss_products",
    "loss_tiles",
    "loss_trend",
    "loss_waterfall",
    "masthead",
    "model_card",
    "model_features",
    "model_measures",
    "model_notices",
    "months",
    "movers",
    "numbers",
    "obtainable",
    "overview",
    "reconciliation",
    "reliability",
    "restriction_price",
    "restriction_scenario",
    "rolling",
    "rolloff",
    "savings",
    "segments",
    "signal",
    "sources",
    "standing",
    "tiles",
    "training_notice",
    "verdict",
    "watch_reasons",
    "watchlist",
    "why",
    "worklist",
]
