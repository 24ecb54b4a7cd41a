"""The walk-forward's predictions → tables: how good, how true, how sure, and beside which baselines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.escalation import measures
from analysis.escalation.baselines import baselines
from analysis.escalation.fitting import Rows
from analysis.escalation.measures import Array, Ranking, Whole, ratio
from analysis.escalation.walkforward import OutOfFold

DRAWS, DRAWS_AT_ONCE = 200, 20
LEVELS = (0.025, 0.975)
WIDE = (0.01, 0.99)  # for the alarm on a change of regime
MODEL = "model"
GAIN_DAILY = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
TABLES = ("overall", "baselines", "folds", "by_month", "reliability", "gain")


@dataclass(frozen=True)
class Tested:
    """The tested rows: outcomes, their orders, days and months, and every score by name; `probability` is the model's.

    `base_rate`: the probability of a model that knows nothing. `fold`: the block of each row, the last one the latest.
    """

    outcome: Array
    order: Whole
    day: Whole
    fold: Whole
    probability: Array
    base_rate: Array
    scores: dict[str, Array]
    capacity: int

    @classmethod
    def of(cls, rows: Rows, features: pd.DataFrame, said: OutOfFold, probability: Array, capacity: int) -> Tested:
        """`features`: the rows of `rows`, with the context that the baselines need."""
        _, order = np.unique(rows.order[said.row], return_inverse=True)
        scores = {MODEL: probability, **baselines(features.iloc[said.row], said.base_rate)}
        outcome, day = rows.outcome[said.row], rows.day[said.row]
        return cls(outcome, order, day, said.fold, probability, said.base_rate, scores, capacity)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Tested:
        """The chosen rows only."""
        scores = {name: score[chosen] for name, score in self.scores.items()}
        order, day, fold = self.order[chosen], self.day[chosen], self.fold[chosen]
        outcome, probability, base = self.outcome[chosen], self.probability[chosen], self.base_rate[chosen]
        return Tested(outcome, order, day, fold, probability, base, scores, self.capacity)


@dataclass(frozen=True)
class Drawn:
    """Every statistic as it is (`value`) and for each draw of orders (`draws`, a column a statistic)."""

    value: pd.Series
    draws: pd.DataFrame

    def interval(self, name: str, levels: tuple[float, float] = LEVELS) -> tuple[float, float]:
        found = self.draws[name].to_numpy()
        found = found[np.isfinite(found)]
        low, high = np.quantile(found, levels) if len(found) else (np.nan, np.nan)
        return float(low), float(high)


def drawn(tested: Tested, seed: int, draws: int = DRAWS) -> Drawn:
    """The statistics and their bootstrap: orders are drawn with replacement, all rows of an order together.

    What a list takes is decided once, on the days as they were; a draw weighs what it took.
    """
    count = int(tested.order.max(initial=-1)) + 1
    sums = _sums(tested)
    by_order = np.column_stack([np.bincount(tested.order, weights=each, minlength=count) for each in sums.values()])
    rankings = {name: Ranking.of(tested.outcome, score) for name, score in tested.scores.items()}

    def added(weights: Array) -> pd.DataFrame:
        totals = pd.DataFrame(weights @ by_order, columns=list(sums))
        precision = {
            f"average_precision {name}": [ranking.average_precision(weight[tested.order]) for weight in weights]
            for name, ranking in rankings.items()
        }
        return totals.assign(**precision)

    rng = np.random.default_rng(seed)
    sizes = [min(DRAWS_AT_ONCE, draws - begin) for begin in range(0, draws, DRAWS_AT_ONCE)]
    parts = [added(np.stack([_weights(rng, count) for _ in range(size)])) for size in sizes]
    every = _statistics(pd.concat([added(np.ones((1, count))), *parts], ignore_index=True), list(rankings))
    return Drawn(every.iloc[0], every.iloc[1:])


def _weights(rng: np.random.Generator, count: int) -> Array:
    return np.bincount(rng.integers(0, count, count), minlength=count).astype(float)


def _sums(tested: Tested) -> dict[str, Array]:
    """What is added up over rows; every statistic but average precision is made of these sums."""
    outcome, probability = tested.outcome, tested.probability
    error, base_error = (probability - outcome) ** 2, (tested.base_rate - outcome) ** 2
    is_last = (tested.fold == tested.fold.max(initial=0)).astype(float)
    sums = {"rows": np.ones(len(outcome)), "positive": outcome, "predicted": probability}
    sums |= {"error": error, "base_error": base_error}
    sums |= {f"last {name}": sums[name] * is_last for name in ("positive", "predicted", "error", "base_error")}
    for name, score in tested.scores.items():
        take = measures.taken(tested.day, score, tested.capacity)
        sums |= {f"taken {name}": take, f"caught {name}": take * outcome}
        sums |= {f"last taken {name}": take * is_last, f"last caught {name}": take * outcome * is_last}
    of_bin = measures.bins(probability)
    for each in range(measures.BINS):
        inside = of_bin == each
        sums |= {f"rows {each}": inside.astype(float), f"positive {each}": inside * outcome}
        sums |= {f"predicted {each}": inside * probability}
    return sums


def _statistics(totals: pd.DataFrame, scores: list[str]) -> pd.DataFrame:
    each_off = [(totals[f"predicted {each}"] - totals[f"positive {each}"]).abs() for each in range(measures.BINS)]
    off = pd.concat(each_off, axis=1).sum(axis=1)
    found: dict[str, pd.Series] = {
        "brier_skill": 1 - _over(totals["error"], totals["base_error"]),
        "last brier_skill": 1 - _over(totals["last error"], totals["last base_error"]),
        "earlier brier_skill": 1
        - _over(totals["error"] - totals["last error"], totals["base_error"] - totals["last base_error"]),
        "predicted_over_actual": _over(totals["predicted"], totals["positive"]),
        "last predicted_over_actual": _over(totals["last predicted"], totals["last positive"]),
        "calibration_error": _over(off, totals["rows"]),
    }
    for each in range(measures.BINS):
        found[f"actual {each}"] = _over(totals[f"positive {each}"], totals[f"rows {each}"])
    for name in scores:
        found[f"precision {name}"] = _over(totals[f"caught {name}"], totals[f"taken {name}"])
        found[f"recall {name}"] = _over(totals[f"caught {name}"], totals["positive"])
        found[f"average_precision {name}"] = totals[f"average_precision {name}"]
        found[f"last precision {name}"] = _over(totals[f"last caught {name}"], totals[f"last taken {name}"])
    for name in scores[1:]:
        found[f"gain {name}"] = found[f"precision {MODEL}"] - found[f"precision {name}"]
    return pd.DataFrame(found)


def _over(above: pd.Series, below: pd.Series) -> pd.Series:
    return above / below.where(below != 0)


def tables(tested: Tested, found: Drawn, folds: OutOfFold, rows: Rows) -> dict[str, pd.DataFrame]:
    """The frames of TABLES; rates are shares, intervals 95 %, days dates; `capacity` orders a day are listed.

    - `overall`: `measure, value, low, high, ceiling` (the best that any list could have reached), the area under the curve last.
    - `baselines`: a row for the model and each of BASELINES: `name`, `average_precision`, `precision`, `recall` with `_low` and
      `_high`, and `model_gain`: how much higher the model's precision is, paired.
    - `folds`: `fold, known_until_on, begins_on, ends_on, training_rows, training_cases, rows, cases` and the measures.
    - `by_month`: `month` (its first day), `rows, cases` and the measures. Cases are orders; rows are order-landmarks.
    - `reliability`: `bin, rows, predicted, actual, actual_low, actual_high`.
    - `gain`: `name, daily, listed_share, recall`: which share of the escalating landmarks a list of `daily` orders a day holds.
    """
    return {
        "overall": _overall(tested, found),
        "baselines": _baselines(tested, found),
        "folds": _folds(tested, folds, rows),
        "by_month": _by_month(tested),
        "reliability": _reliability(tested, found),
        "gain": _gain(tested),
    }


def _overall(tested: Tested, found: Drawn) -> pd.DataFrame:
    names = {
        "average_precision": f"average_precision {MODEL}",
        "precision": f"precision {MODEL}",
        "recall": f"recall {MODEL}",
        "brier_skill": "brier_skill",
        "calibration_error": "calibration_error",
        "predicted_over_actual": "predicted_over_actual",
    }
    best = dict(
        zip(("precision", "recall"), measures.ceiling(tested.day, tested.outcome, tested.capacity), strict=True)
    )
    listed = [
        (measure, found.value[name], *found.interval(name), best.get(measure, np.nan))
        for measure, name in names.items()
    ]
    area = measures.auc(tested.outcome, tested.probability)
    listed.append(("auc", area, *_auc_interval(area, tested), np.nan))
    return pd.DataFrame(listed, columns=["measure", "value", "low", "high", "ceiling"])


def _auc_interval(area: float, tested: Tested) -> tuple[float, float]:
    """Hanley and McNeil's (1982), with orders in place of rows: rows of one order share its outcome."""
    positive = len(np.unique(tested.order[tested.outcome > 0]))
    negative = int(tested.order.max(initial=-1)) + 1 - positive
    if positive < 1 or negative < 1:
        return np.nan, np.nan
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (positive - 1) * (first - area**2) + (negative - 1) * (second - area**2)
    half = 1.959963984540054 * np.sqrt(spread / (positive * negative))
    return max(area - half, 0.0), min(area + half, 1.0)


def _baselines(tested: Tested, found: Drawn) -> pd.DataFrame:
    listed = []
    for name in tested.scores:
        row: dict[str, object] = {"name": name}
        for measure in ("average_precision", "precision", "recall"):
            low, high = found.interval(f"{measure} {name}")
            row |= {measure: found.value[f"{measure} {name}"], f"{measure}_low": low, f"{measure}_high": high}
        low, high = found.interval(f"gain {name}") if name != MODEL else (np.nan, np.nan)
        row |= {"model_gain": found.value.get(f"gain {name}", np.nan), "model_gain_low": low, "model_gain_high": high}
        listed.append(row)
    return pd.DataFrame(listed)


def _measured(tested: Tested) -> dict[str, float]:
    """The measures of some rows, without intervals."""
    outcome, probability = tested.outcome, tested.probability
    row = {
        "rows": len(outcome),
        "cases": len(np.unique(tested.order[outcome > 0])),
        "average_precision": Ranking.of(outcome, probability).average_precision(),
    }
    for name, score in ((MODEL, probability), ("rule", tested.scores["rule"])):
        take = measures.taken(tested.day, score, tested.capacity)
        prefix = "" if name == MODEL else f"{name}_"
        row[f"{prefix}precision"] = ratio((take * outcome).sum(), take.sum())
        row[f"{prefix}recall"] = ratio((take * outcome).sum(), outcome.sum())
    base_error = float(((tested.base_rate - outcome) ** 2).sum())
    row["brier_skill"] = 1 - ratio(float(((probability - outcome) ** 2).sum()), base_error)
    row["predicted_over_actual"] = ratio(probability.sum(), outcome.sum())
    return row


def _folds(tested: Tested, folds: OutOfFold, rows: Rows) -> pd.DataFrame:
    listed = []
    for number, fold in enumerate(folds.folds):
        past = rows.where(fold.trains(rows.day))
        listed.append(
            {
                "fold": number + 1,
                "known_until_on": _date(fold.known_until),
                "begins_on": _date(fold.begins),
                "ends_on": _date(fold.ends),
                "training_rows": len(past.outcome),
                "training_cases": past.positive_orders,
                **_measured(tested.where(tested.fold == number)),
            }
        )
    return pd.DataFrame(listed)


def _by_month(tested: Tested) -> pd.DataFrame:
    month = tested.day.astype("datetime64[D]").astype("datetime64[M]")
    listed = [
        {"month": pd.Timestamp(each).date(), **_measured(tested.where(month == each))} for each in np.unique(month)
    ]
    return pd.DataFrame(listed)


def _reliability(tested: Tested, found: Drawn) -> pd.DataFrame:
    of_bin = measures.bins(tested.probability)
    listed: list[tuple[object, ...]] = []
    for each in np.unique(of_bin):
        inside = of_bin == each
        low, high = found.interval(f"actual {each}")
        predicted, actual = tested.probability[inside].mean(), tested.outcome[inside].mean()
        listed.append((len(listed) + 1, int(inside.sum()), predicted, actual, low, high))
    return pd.DataFrame(listed, columns=["bin", "rows", "predicted", "actual", "actual_low", "actual_high"])


def _gain(tested: Tested) -> pd.DataFrame:
    most = int(np.bincount(np.unique(tested.day, return_inverse=True)[1]).max(initial=0))
    daily = sorted({each for each in (*GAIN_DAILY, tested.capacity) if each < most} | {most})
    listed = []
    for name, score in tested.scores.items():
        for each in daily:
            take = measures.taken(tested.day, score, each)
            listed.append((name, each, float(take.mean()), ratio((take * tested.outcome).sum(), tested.outcome.sum())))
    return pd.DataFrame(listed, columns=["name", "daily", "listed_share", "recall"])


def _date(day: int) -> object:
    return pd.Timestamp(np.datetime64(day, "D")).date()


def paired_gain(
    outcome: Array, order: Whole, ours: Array, theirs: Array, seed: int, draws: int = DRAWS
) -> tuple[float, float, float]:
    """How much higher is our average precision than theirs, with its 95 % interval from drawing orders, the same for both?"""
    _, order = np.unique(order, return_inverse=True)
    count = int(order.max(initial=-1)) + 1
    pair = Ranking.of(outcome, ours), Ranking.of(outcome, theirs)
    rng = np.random.default_rng(seed)
    weights = (_weights(rng, count)[order] for _ in range(draws))
    gains = [pair[0].average_precision(weight) - pair[1].average_precision(weight) for weight in weights]
    low, high = np.nanquantile(gains, LEVELS)
    return pair[0].average_precision() - pair[1].average_precision(), float(low), float(high)
