"""Are today's orders still like those that the model learnt from, and do its probabilities still come true?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from analysis.escalation import measures
from analysis.escalation.fitting import RECENT_DAYS, Rows, matrix
from analysis.escalation.labels import ORDER
from analysis.escalation.measures import Array, Whole

if TYPE_CHECKING:
    from analysis.escalation.training import Trained

BINS = 10
SCORE = "probability"
FALSE_ALARMS = 0.05
FEWEST_ROWS = 50
FEWEST_DAYS = 5
LEVELS = (0.01, 0.99)
DRAWS = 500
DRIFT_COLUMNS = ["kind", "name", "value", "low", "high", "threshold", "is_alarm", "reference_orders", "orders"]


@dataclass(frozen=True)
class Reference:
    """How each feature, and SCORE, was distributed over the last RECENT_DAYS matured days: inner `edges` of the bins, `counts`
    of rows (the last bin: missing), and how many distinct orders the rows are of.

    `factors`: how far one of these days differs from the others, as a multiple of what chance makes of independent orders
    (the 95 % point over the days, at least 1). All orders of a product share its history, so whole days move together; counting
    their orders as independent would see drift every morning (Rao and Scott 1981 on tests with clustered samples). A name is
    missing where fewer than FEWEST_DAYS days have enough orders to tell.
    """

    edges: dict[str, list[float]]
    counts: dict[str, list[int]]
    orders: int
    factors: dict[str, float]

    @classmethod
    def of(cls, rows: Rows, names: Sequence[str], probability: Array) -> Reference:
        recent = rows.day > rows.day.max() - RECENT_DAYS
        used = rows.where(recent)
        columns = dict(zip(names, used.columns(names).T, strict=True)) | {SCORE: probability[recent]}
        edges = {name: _edges(values) for name, values in columns.items()}
        counts = {name: _counts(values, edges[name]).tolist() for name, values in columns.items()}
        orders = len(np.unique(used.order))
        factors = {name: _factor(values, edges[name], used.day, orders) for name, values in columns.items()}
        return cls(edges, counts, orders, {name: each for name, each in factors.items() if each is not None})


def psi(reference: Sequence[int] | Whole, current: Sequence[int] | Whole, n: float, m: float) -> tuple[float, float]:
    """Population stability index of two histograms, and what it must pass to be more than chance.

    Without drift PSI is about χ²(B − 1)·(1/n + 1/m) (Yurdakul 2018), n and m independent observations, B bins that hold
    anything; the threshold is its 95 % point. Half an observation is added to each bin, so that an empty one is not infinite.
    """
    from scipy.special import chdtri  # scipy.stats would take a second to import

    a, b = np.asarray(reference, dtype=float), np.asarray(current, dtype=float)
    used = a + b > 0
    a, b = a[used] + 0.5, b[used] + 0.5
    p, q = a / a.sum(), b / b.sum()
    threshold = chdtri(len(p) - 1, FALSE_ALARMS) * (1 / n + 1 / m) if len(p) > 1 else np.inf
    return float(((p - q) * np.log(p / q)).sum()), float(threshold)


def drift(
    trained: Trained,
    features_now: pd.DataFrame,
    scores: pd.Series | None = None,
    outcomes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What has changed since the model was trained?

    `features_now`: the newest landmark; `scores`: its probabilities as the model gives them, on the same index. `outcomes`:
    matured landmarks that the model did not learn from: `shop_id, order_id, probability, label`. One row a
    finding, DRIFT_COLUMNS: `kind` feature or score: `value` is PSI, alarm above `threshold` (that of `psi`, times the factor of
    `Reference`; infinite where there is none); kind outcome: `value` is predicted /
    actual with its 98 % interval `low`, `high`, alarm where that leaves out 1 (orders are drawn; the seed is fixed).
    Empty: no model was fitted. Below FEWEST_ROWS orders on either side nothing is an alarm.
    """
    reference = trained.reference
    listed: list[dict[str, Any]] = []
    if reference is not None and len(features_now):
        orders = len(features_now[ORDER].drop_duplicates())
        names = [name for name in reference.edges if name != SCORE]
        columns = dict(zip(names, matrix(features_now, names).T, strict=True))
        if scores is not None and scores.notna().any():
            columns[SCORE] = scores.to_numpy(dtype=float, na_value=np.nan)
        for name, values in columns.items():
            value, threshold = psi(
                reference.counts[name], _counts(values, reference.edges[name]), reference.orders, orders
            )
            threshold *= reference.factors.get(name, np.inf)
            enough = min(orders, reference.orders) >= FEWEST_ROWS
            row = {
                "kind": "score" if name == SCORE else "feature",
                "name": name,
                "value": value,
                "threshold": threshold,
            }
            listed.append(
                row | {"is_alarm": enough and value > threshold, "reference_orders": reference.orders, "orders": orders}
            )
    if outcomes is not None and len(outcomes):
        listed.append(_outcome(outcomes))
    return pd.DataFrame(listed, columns=DRIFT_COLUMNS).astype({"is_alarm": bool})


def judged(trained: Trained, found: pd.DataFrame) -> Trained:
    """The model under today's verdict: `drifted` where today's scores raised an alarm, `level_change` where outcomes did.

    Only of a model that ranks, and it still does: what changed is how far to trust it. The numbers then hold `psi` and
    `psi_threshold`, or `predicted_over_actual` with `_low` and `_high` (also as `last_predicted_over_actual`), and how many `features` drifted.
    """
    alarms = found[found["is_alarm"] & found["kind"].isin(["score", "outcome"])]
    if not trained.verdict.ranks or alarms.empty:
        return trained
    numbers = dict(trained.verdict.numbers) | {
        "features": float((found["is_alarm"] & (found["kind"] == "feature")).sum())
    }
    for row in alarms.to_dict("records"):
        if row["kind"] == "score":
            numbers |= {"psi": row["value"], "psi_threshold": row["threshold"]}
        else:
            numbers |= {
                f"predicted_over_actual{end}": row[key]
                for end, key in (("", "value"), ("_low", "low"), ("_high", "high"))
            }
            numbers["last_predicted_over_actual"] = row["value"]
    code = "level_change" if (alarms["kind"] == "outcome").any() else "drifted"
    return replace(trained, verdict=replace(trained.verdict, code=code, numbers=numbers))


def _outcome(outcomes: pd.DataFrame) -> dict[str, Any]:
    known = outcomes[outcomes["label"].notna() & outcomes["probability"].notna()]
    sums = known.assign(label=known["label"].astype(float)).groupby(ORDER, sort=True)[["probability", "label"]].sum()
    predicted, actual = sums.to_numpy(dtype=float).T
    rng = np.random.default_rng(0)
    count = len(sums)
    draws = [np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(DRAWS if count else 0)]
    weights = np.array(draws, dtype=float).reshape(len(draws), count)
    below = weights @ actual
    ratios = (weights @ predicted)[below > 0] / below[below > 0]
    low, high = np.quantile(ratios, LEVELS) if len(ratios) else (np.nan, np.nan)
    is_alarm = (actual > 0).sum() >= 10 and not low <= 1 <= high
    return {
        "kind": "outcome",
        "name": "predicted_over_actual",
        "value": measures.ratio(predicted.sum(), actual.sum()),
        "low": low,
        "high": high,
        "is_alarm": bool(is_alarm),
        "orders": count,
    }


def _edges(values: Array) -> list[float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return []
    return [float(each) for each in np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))]


def _counts(values: Array, edges: list[float]) -> Whole:
    return np.bincount(_bins(values, edges), minlength=len(edges) + 2).astype(np.int64)


def _bins(values: Array, edges: list[float]) -> Whole:
    missing = len(edges) + 1
    return np.where(np.isnan(values), missing, np.searchsorted(edges, values, side="left")).astype(np.int64)


def _factor(values: Array, edges: list[float], day: Whole, orders: int) -> float | None:
    """How far a day differs from the others: PSI over the threshold of independent orders; None where too few days can tell."""
    width = len(edges) + 2
    _, place = np.unique(day, return_inverse=True)
    every = np.bincount(place * width + _bins(values, edges), minlength=(place.max(initial=-1) + 1) * width)
    by_day = every.reshape(-1, width)
    total = by_day.sum(axis=0)
    told = [psi(total - counts, counts, orders, counts.sum()) for counts in by_day if counts.sum() >= FEWEST_ROWS]
    if len(told) < FEWEST_DAYS:
        return None
    return max(float(np.quantile([value / threshold for value, threshold in told], 1 - FALSE_ALARMS)), 1.0)
