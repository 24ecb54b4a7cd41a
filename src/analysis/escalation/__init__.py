"""Landmarks → which open orders will escalate, how sure, why, and when to say nothing.

`labelled` says what became of each landmark, `train` fits and judges a model on them, `kept` keeps it on disk, `score` says
how likely each open order is to escalate and why, `drift` whether the past still holds. scikit-learn is imported by what fits,
loads or saves a model, and by nothing else.
"""

from analysis.escalation.baselines import BASELINES
from analysis.escalation.columns import CONTEXT, DIRECTIONS, FEATURES, KEY
from analysis.escalation.drift import DRIFT_COLUMNS, drift, judged
from analysis.escalation.explaining import SCORED_COLUMNS, effects, score
from analysis.escalation.keeping import Kept, Refused, is_due, kept, load, save
from analysis.escalation.labels import known_on, label_card, label_days, labelled
from analysis.escalation.training import KINDS, Trained, train
from analysis.escalation.verdicts import CODES, Verdict

__all__ = [
    "BASELINES",
    "CODES",
    "CONTEXT",
    "DIRECTIONS",
    "DRIFT_COLUMNS",
    "FEATURES",
    "KEY",
    "KINDS",
    "SCORED_COLUMNS",
    "Kept",
    "Refused",
    "Trained",
    "Verdict",
    "drift",
    "effects",
    "is_due",
    "judged",
    "kept",
    "known_on",
    "label_card",
    "label_days",
    "labelled",
    "load",
    "save",
    "score",
    "train",
]
