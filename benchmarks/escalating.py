"""Order-landmarks → a fitted and judged model; and scoring with reasons against scikit-learn's bare probabilities.

The frame is made up here: the warehouse's features have a benchmark of their own. One order in seven landmarks, four cases in
a hundred orders, so that the challenger is fitted as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.timing import Line, Steps, child, compared, in_turn, median_seconds, same, shown

LIMIT_SECONDS = 60.0
SCORING_LIMIT = 1.2
SHOWN = 1000  # far more than a team acts on
AS_OF = date(2026, 11, 1)
LANDMARKS, STAYS, LABEL_DAYS = 60, 7, 14


def measure(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
    """Raises AnswersDiffer where two fits do not give the same model, or the scores are not scikit-learn's."""
    fits = [child("benchmarks.escalating:fit", rows) for _ in range(repeats)]
    same("the model", *(run.answer for run in fits))
    name = f"{rows} order-landmarks fitted and judged"
    yield Line(name, shown(fits), f"limit {LIMIT_SECONDS:g} s", median_seconds(fits) / LIMIT_SECONDS, 1.0)
    ours, bare = in_turn(
        repeats,
        lambda: child("benchmarks.escalating:score", rows),
        lambda: child("benchmarks.escalating:predict", rows),
    )
    same("the probabilities", *(run.answer for run in (*ours, *bare)))
    yield compared(
        f"{rows} order-landmarks scored, {SHOWN} with reasons",
        ours,
        "predict_proba of the same pipeline",
        bare,
        SCORING_LIMIT,
    )


def fit(rows: str) -> Steps:
    """Labelling, walking forward with both models, judging and the final fit."""
    from analysis import escalation

    features, escalations = made(int(rows))
    yield
    labels = escalation.labelled(features, escalations, AS_OF, LABEL_DAYS)
    trained = escalation.train(features, labels, AS_OF, LABEL_DAYS, capacity=20)
    yield
    yield [trained.version, trained.verdict.code, trained.challenger["state"]]


def score(rows: str) -> Steps:
    from analysis import escalation

    features, _ = made(int(rows))
    trained = _small(int(rows))
    yield
    found = escalation.score(trained, features, explained=SHOWN)
    yield
    yield _digest(found["probability"].to_numpy(float))


def predict(rows: str) -> Steps:
    """The same model as scikit-learn's own pipeline, medians filled in: its probabilities, the level left out of the time."""
    import numpy as np
    from scipy.special import logit
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    features, _ = made(int(rows))
    trained = _small(int(rows))
    assert trained.linear is not None and trained.level is not None
    names = list(trained.linear.names)
    medians = SimpleImputer(strategy="median").fit(np.vstack([trained.linear.medians] * 2))
    pipeline = Pipeline([("missing", medians), *trained.linear.estimator.steps])
    yield
    found = pipeline.predict_proba(features[names].to_numpy())[:, 1]
    yield
    shop = np.zeros(len(features), dtype=np.int64)
    yield _digest(trained.level.probability(logit(found), shop, [str(features["shop_id"].iloc[0])]))


def made(rows: int) -> tuple[Any, Any]:
    """Features and escalations, the same at every run: orders of one shop, each at STAYS landmarks on end."""
    import numpy as np
    import pandas as pd

    from analysis.escalation import FEATURES

    rng = np.random.default_rng(0)
    orders = -(-rows // STAYS)
    order = np.repeat(np.arange(orders), STAYS)[:rows]
    age = np.tile(np.arange(STAYS), orders)[:rows]
    first = rng.integers(0, LANDMARKS, orders)
    late = np.clip(rng.normal(0, 3, orders)[order] + age - 4, 0, None)
    start = np.datetime64(AS_OF - timedelta(days=LANDMARKS + STAYS - 1))
    ids = np.array([f"260901-{each:015d}" for each in range(orders)], dtype=object)
    features = pd.DataFrame({"shop_id": "shop", "order_id": ids[order]}).astype("str")
    features["landmark_on"] = start + first[order] + age
    for name in FEATURES:
        features[name] = rng.normal(size=rows)
    features["age_days"], features["delivery_late_days"] = age.astype(float), late
    features["request_hours_left"] = np.where(rng.random(rows) < 0.1, features["request_hours_left"], np.nan)
    features["dealt_on"] = start + first[order]
    features["promise_missed"] = late > 0
    features["open_request_hours"] = np.where(rng.random(rows) < 0.1, rng.random(rows) * 90, 0.0)
    features["paid_fen"] = rng.integers(1000, 20000, orders)[order]
    worst = np.zeros(orders)
    np.maximum.at(worst, order, late)
    escalates = np.flatnonzero(rng.random(orders) < 1 / (1 + np.exp(5 - 0.6 * worst)))
    escalations = pd.DataFrame({"shop_id": "shop", "order_id": ids[escalates]}).astype("str")
    escalations["began_on"] = start + first[escalates] + STAYS + rng.integers(0, 6, len(escalates))
    escalations["dealt_on"] = start + first[escalates]
    return features, escalations


def _small(rows: int) -> Any:
    """A model to score with, fitted on fewer rows."""
    from analysis import escalation

    features, escalations = made(min(rows, 20_000))
    labels = escalation.labelled(features, escalations, AS_OF, LABEL_DAYS)
    trained = escalation.train(features, labels, AS_OF, LABEL_DAYS, capacity=20)
    assert trained.verdict.ranks and trained.boosted is None, trained.verdict
    return trained


def _digest(probability: Any) -> list[float]:
    """Enough to tell two sides apart that do the same sums in another order."""
    return [
        round(float(probability.sum()), 4),
        round(float((probability**2).sum()), 4),
        round(float(probability[-1]), 9),
    ]
