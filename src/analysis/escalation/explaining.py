"""How likely is each order to escalate, what speaks for it and what against?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.escalation.fitting import matrix
from analysis.escalation.measures import Array, Whole
from analysis.escalation.training import Trained

REASONS = ("reason_1", "reason_2", "reason_3")
COUNTER = "counter_reason"
SCORED_COLUMNS = [
    "shop_id", "order_id", "landmark_on", "probability", "base_rate", "reason_1", "reason_1_weight", "reason_2",
    "reason_2_weight", "reason_3", "reason_3_weight", "counter_reason", "counter_reason_weight", "model_version",
]  # fmt: skip


def score(trained: Trained, features: pd.DataFrame, explained: int | None = None) -> pd.DataFrame:
    """The probability of each row, and why, on the index of `features`: SCORED_COLUMNS.

    `probability` is missing where `trained.verdict.ranks` is false, `base_rate` (the row's shop's own) where nothing is known
    at all. A reason is a feature's name, its weight how far it moves the log-odds from those of the average row,
    β·(x − mean) of the logistic regression, also where boosted trees give the probability: `reason_1` to `reason_3` are
    the three largest above 0, `counter_reason` the lowest below 0; missing where there is none. Only the `explained` most
    probable rows get reasons; None: all.
    """
    shop, shops = pd.factorize(features["shop_id"])
    names = list(map(str, shops))
    count = len(features)
    found = features[["shop_id", "order_id", "landmark_on"]].copy()
    base = trained.base.probability(np.zeros(count), shop, names) if trained.base else np.full(count, np.nan)
    probability, reasons = np.full(count, np.nan), _reasons(np.zeros((0, 0)), (), np.zeros(0, dtype=np.int64), count)
    linear = trained.linear
    if trained.verdict.ranks and linear is not None:
        model, level = (trained.boosted or linear), (trained.boosted_level or trained.level)
        assert level is not None
        probability = level.probability(model.log_odds(matrix(features, model.names)), shop, names)
        row = np.arange(count)
        if explained is not None and explained < count:
            row = np.sort(np.argpartition(-probability, explained)[:explained])
        reasons = _reasons(
            linear.contributions(features if len(row) == count else features.iloc[row]), linear.names, row, count
        )
    columns = {"probability": pd.array(probability, "Float64"), "base_rate": pd.array(base, "Float64")}
    return found.assign(**columns, **reasons, model_version=trained.version)[SCORED_COLUMNS]


def _reasons(contributions: Array, names: tuple[str, ...], row: Whole, count: int) -> dict[str, Any]:
    """The columns of the three largest contributions above 0 and of the lowest below 0 at these rows of `count`.

    `contributions` (names × rows) is used up.
    """
    words = pd.array(list(names), dtype="str")
    at = np.arange(len(row))
    columns: dict[str, Any] = {}
    for name in (COUNTER, *REASONS):
        place, weight = np.full(count, -1), np.full(count, np.nan)
        if len(names):
            best = contributions.argmin(axis=0) if name == COUNTER else contributions.argmax(axis=0)
            moved = contributions[best, at]
            speaks = moved < 0 if name == COUNTER else moved > 0
            place[row], weight[row] = np.where(speaks, best, -1), np.where(speaks, moved, np.nan)
            if name != COUNTER:
                contributions[best, at] = -np.inf
        columns[name], columns[f"{name}_weight"] = words.take(place, allow_fill=True), weight
    return columns


def effects(trained: Trained) -> pd.DataFrame:
    """Which way each feature moves the chance, and how far one standard deviation moves it.

    `feature, effect` (log-odds a standard deviation: the standardised coefficient), `odds_ratio` (its exponential), `mean`,
    `weight` (log-odds a unit), largest effect first. Empty: no model could be fitted.
    """
    linear = trained.linear
    columns = ["feature", "effect", "odds_ratio", "mean", "weight"]
    if linear is None:
        return pd.DataFrame(columns=columns)
    effect = linear.weights * linear.scales
    table = pd.DataFrame(
        {
            "feature": linear.names,
            "effect": effect,
            "odds_ratio": np.exp(effect),
            "mean": linear.means,
            "weight": linear.weights,
        }
    )
    return table.sort_values("effect", key=lambda each: -each.abs(), kind="stable", ignore_index=True)[columns]
