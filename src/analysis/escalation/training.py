"""Landmarks and labels → a trained model, or the reason why none ranks: the ladder from base rate to boosted trees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from analysis.escalation import measures
from analysis.escalation.columns import FEATURES
from analysis.escalation.drift import Reference
from analysis.escalation.evaluating import TABLES, Tested, drawn, paired_gain, tables
from analysis.escalation.fitting import Boosted, Level, Linear, Rows, base_level, fit_linear, fitted, fitted_boosted
from analysis.escalation.verdicts import AUC_ALARM, FEATURE_ALARM, Verdict, judged, verdict
from analysis.escalation.walkforward import FEWEST_CASES, OutOfFold, walk_forward

CHALLENGER_CASES = 400
ALARM_ROWS = 50_000
KINDS = ("none", "base_rate", "logistic", "boosting")


@dataclass(frozen=True)
class Trained:
    """A model as of a day, with all that its card says.

    - `kind`, one of KINDS: what ranks. `none`: nothing is known. `base_rate`: nothing ranks, `verdict` says why.
    - `linear` and its `level`: the logistic regression, there whenever it could be fitted, because it explains; `boosted`
      and `boosted_level` where the challenger won. `base`: the base rate and each shop's factor.
    - `challenger`: `state` (too_few, not_fitted, not_better, better) and, where compared, `gain, gain_low, gain_high` in average precision.
    - `evaluation`: the frames of `evaluating.TABLES`, empty where nothing could be judged. `alarms`: what looks like a leak
      (`auc`, or a feature's name), with its number. `dropped`: features that had no value at all.
    - `replaced`: why the model that lay there before was not used, one of `keeping.REASONS`, or ''.
    - `label_card`: see `labels.label_card`. `reference`: how features and scores were distributed, for `drift`.
    """

    kind: str
    as_of: date
    label_days: int
    capacity: int
    verdict: Verdict
    base: Level | None = None
    linear: Linear | None = None
    level: Level | None = None
    boosted: Boosted | None = None
    boosted_level: Level | None = None
    dropped: tuple[str, ...] = ()
    challenger: Mapping[str, Any] = field(default_factory=dict)
    alarms: Mapping[str, float] = field(default_factory=dict)
    label_card: Mapping[str, Any] = field(default_factory=dict)
    reference: Reference | None = None
    replaced: str = ""
    evaluation: Mapping[str, pd.DataFrame] = field(default_factory=lambda: {name: pd.DataFrame() for name in TABLES})

    @property
    def version(self) -> str:
        """The day and a digest of the numbers: the same inputs give the same, and what is thought of it later changes nothing."""
        linear, boosted = self.linear, self.boosted
        numbers = [
            self.kind,
            self.label_days,
            [level and [level.shift, sorted(level.factors.items())] for level in (self.base, self.level)],
            linear and [linear.names, linear.weights.tolist(), linear.means.tolist(), linear.intercept],
            boosted and [boosted.slope, boosted.intercept],
        ]
        return f"{self.as_of:%Y%m%d}-{hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:8]}"

    @property
    def base_rate(self) -> float:
        """The share of landmarks that an intervention follows, over all shops; NaN where nothing is known."""
        return float("nan") if self.base is None else float(1 / (1 + np.exp(-self.base.shift)))


def train(
    features: pd.DataFrame,
    labels: pd.Series,
    as_of: date,
    label_days: int,
    capacity: int,
    seed: int = 0,
    label_card: Mapping[str, Any] | None = None,
    known_on: pd.Series | None = None,
) -> Trained:
    """The best model that the history supports, judged by walking forward over the landmarks.

    `features`: rows of `warehouse.features`, several landmarks; `labels`: `labelled` of them, missing where too young; `known_on`:
    see there, None takes each label for known when its window is over.
    Fewer than FEWEST_CASES matured cases (orders that escalated): the base rate. Then the logistic regression; from
    CHALLENGER_CASES on boosted trees as well, which replace it only where the 95 % interval of their gain in average precision is
    above 0. Ranks nothing where `verdict.ranks` is false. The same inputs and `seed` give the same model to the last bit.
    """
    from threadpoolctl import threadpool_limits

    import_module("sklearn.ensemble")  # only threads of what is loaded can be limited
    with threadpool_limits(1):  # sums in one order, whatever the machine; and no threads that wait for a busy core
        return _trained(features, labels, as_of, label_days, capacity, seed, dict(label_card or {}), known_on)


def _trained(
    features: pd.DataFrame,
    labels: pd.Series,
    as_of: date,
    label_days: int,
    capacity: int,
    seed: int,
    label_card: dict[str, Any],
    known_on: pd.Series | None,
) -> Trained:
    matured = labels.notna().to_numpy() & (pd.to_datetime(features["landmark_on"]) <= pd.Timestamp(as_of)).to_numpy()
    known = features[matured].reset_index(drop=True)
    rows = Rows.of(known, labels[matured], FEATURES, None if known_on is None else known_on[matured])
    trained = Trained("none", as_of, label_days, capacity, verdict("no_history"), label_card=label_card)
    if not len(known):
        return trained
    cases = rows.positive_orders
    trained = replace(trained, kind="base_rate", base=base_level(rows))
    if cases < FEWEST_CASES:
        return replace(trained, verdict=verdict("too_few", cases=cases, needed=FEWEST_CASES))
    if rows.outcome.min() == 1:
        return replace(trained, verdict=verdict("one_class", cases=cases))
    linear, level = fitted(rows)
    trained = replace(trained, linear=linear, level=level, dropped=tuple(sorted(set(FEATURES) - set(linear.names))))

    said = walk_forward(rows, label_days, cases >= CHALLENGER_CASES, seed)
    if not said.folds or not rows.outcome[said.row].any():
        return replace(trained, verdict=verdict("too_short", cases=cases, needed=FEWEST_CASES))
    challenger = _challenger(rows, said, cases, seed)
    wins = fitted_boosted(rows, linear.names, label_days, seed) if challenger["state"] == "better" else None
    use_trees = np.isfinite(said.boosted) if wins else np.zeros(len(said.row), dtype=bool)
    tested = Tested.of(rows, known, said, np.where(use_trees, said.boosted, said.linear), capacity)
    found = drawn(tested, seed)
    decided = judged(tested, found, cases)
    boosted, boosted_level = wins or (None, None)
    kind = ("boosting" if wins else "logistic") if decided.ranks else "base_rate"
    probability = level.probability(linear.log_odds(rows.columns(linear.names)), rows.shop, rows.shops)
    if boosted and boosted_level:
        probability = boosted_level.probability(boosted.log_odds(rows.columns(linear.names)), rows.shop, rows.shops)
    return replace(
        trained,
        kind=kind,
        verdict=decided,
        boosted=boosted,
        boosted_level=boosted_level,
        challenger=challenger,
        alarms=_alarms(rows, said, tested),
        reference=Reference.of(rows, linear.names, probability),
        evaluation=tables(tested, found, said, rows),
    )


def _challenger(rows: Rows, said: OutOfFold, cases: int, seed: int) -> dict[str, Any]:
    """Whether boosted trees were better where both could be fitted."""
    if cases < CHALLENGER_CASES:
        return {"state": "too_few", "cases": cases, "needed": CHALLENGER_CASES}
    both = np.isfinite(said.boosted)
    row = said.row[both]
    if not rows.outcome[row].any():
        return {"state": "not_fitted"}
    gain, low, high = paired_gain(rows.outcome[row], rows.order[row], said.boosted[both], said.linear[both], seed)
    return {"state": "better" if low > 0 else "not_better", "gain": gain, "gain_low": low, "gain_high": high}


def _alarms(rows: Rows, said: OutOfFold, tested: Tested) -> dict[str, float]:
    """What is too good to be true: the area under the curve, or what it loses in the last fold without one feature."""
    area = measures.auc(tested.outcome, tested.probability)
    alarms = {"auc": area} if area > AUC_ALARM else {}
    fold = said.folds[-1]
    past, later = rows.where(fold.trains(rows.day)), rows.where(fold.tests(rows.day))
    past = past.where(past.order % max(-(-len(past.order) // ALARM_ROWS), 1) == 0)
    if not past.outcome.any() or not later.outcome.any() or past.outcome.all() or later.outcome.all():
        return alarms

    def reached(names: tuple[str, ...]) -> float:
        model = fit_linear(Rows(names, past.columns(names), past.outcome, past.day, past.order, past.shop, past.shops))
        return measures.auc(later.outcome, model.log_odds(later.columns(model.names)))

    whole = fit_linear(past)
    parts = whole.contributions(pd.DataFrame(later.columns(whole.names), columns=list(whole.names)))
    total = parts.sum(axis=0)
    best = measures.auc(later.outcome, total)
    for name, part in zip(whole.names, parts, strict=True):
        # Fitting anew makes up for some of the loss, so that only what is lost without it needs a second look.
        if best - measures.auc(later.outcome, total - part) > FEATURE_ALARM:
            gain = best - reached(tuple(each for each in whole.names if each != name))
            alarms |= {name: gain} if gain > FEATURE_ALARM else {}
    return alarms
