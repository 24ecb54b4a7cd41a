"""Matured landmarks → log-odds of an intervention: the logistic regression, its one challenger, and the level of each shop.

All shops are fitted together, so that a small one learns from the large ones what delay and waiting do; what is left of the
difference between shops is one factor a shop, drawn towards 1 where few cases are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from analysis.escalation.labels import ORDER
from analysis.escalation.measures import Array, Whole

INVERSE_PENALTY = 0.05
RECENT_DAYS = 60
FEWEST_RECENT = 10
SHOP_CASES = 5.0  # so many expected cases weigh as much as "this shop is like the others"
CHALLENGER_ROWS = 100_000
CHALLENGER_FEWEST = 50
LATER_SHARE = 0.25


@dataclass(frozen=True)
class Rows:
    """Matured landmarks as arrays, one entry a row; `values` is rows × `names`, NaN where not known.

    `day`: of the landmark, in days since 1970. `known_day`: since when a positive outcome is known; None: since its window is over,
    like the others. `order` and `shop` number the distinct ones; `shops` names the latter.
    """

    names: tuple[str, ...]
    values: Array
    outcome: Array
    day: Whole
    order: Whole
    shop: Whole
    shops: tuple[str, ...]
    known_day: Whole | None = None

    @classmethod
    def of(
        cls, features: pd.DataFrame, labels: pd.Series, names: Sequence[str], known_on: pd.Series | None = None
    ) -> Rows:
        shop, shops = pd.factorize(features["shop_id"], sort=True)
        order: Whole = features.groupby(ORDER, sort=False).ngroup().to_numpy().astype("int64")
        outcome = labels.to_numpy(dtype=float, na_value=np.nan)
        of_shop: Whole = shop.astype("int64")
        known_day = None if known_on is None else _days(known_on)
        return cls(
            tuple(names),
            matrix(features, names),
            outcome,
            _days(features["landmark_on"]),
            order,
            of_shop,
            tuple(map(str, shops)),
            known_day,
        )

    def where(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        day, order, shop = self.day[chosen], self.order[chosen], self.shop[chosen]
        known_day = None if self.known_day is None else self.known_day[chosen]
        return Rows(self.names, self.values[chosen], self.outcome[chosen], day, order, shop, self.shops, known_day)

    def as_known(self, day: int) -> Rows:
        """The same rows with the outcomes as they looked at the end of that day: a case that nobody knew of yet was none."""
        if self.known_day is None:
            return self
        return replace(self, outcome=np.where(self.known_day > day, 0.0, self.outcome))

    def columns(self, names: Sequence[str]) -> Array:
        return self.values[:, [self.names.index(name) for name in names]]

    @property
    def positive_orders(self) -> int:
        """Orders, not rows: an order that escalates is seen on several days before."""
        return len(np.unique(self.order[self.outcome > 0]))

    @property
    def rows_per_case(self) -> float:
        return max(float(self.outcome.sum()) / max(self.positive_orders, 1), 1.0)


def matrix(features: pd.DataFrame, names: Sequence[str]) -> Array:
    """The named columns as floats, rows × names; what is missing or infinite is NaN."""
    values = features[list(names)].to_numpy(dtype=float, na_value=np.nan)
    infinite = np.isinf(values)
    return np.where(infinite, np.nan, values) if infinite.any() else values


def _days(moments: pd.Series) -> Whole:
    """Days since 1970; what is missing lies before all of them."""
    return pd.to_datetime(moments).to_numpy().astype("datetime64[D]").astype(np.int64)


@dataclass(frozen=True)
class Linear:
    """log-odds = `intercept` + Σ `weights`·(x − `means`), x missing: its median. `weights` are a unit of the feature each.

    `scales`: the standard deviations. `estimator`: scikit-learn's pipeline that the numbers are of, None once loaded without.
    """

    names: tuple[str, ...]
    medians: Array
    means: Array
    scales: Array
    weights: Array
    intercept: float
    estimator: Any = None

    def contributions(self, features: pd.DataFrame) -> Array:
        """β·(x − mean), names × rows: how far each feature moves each row's log-odds from the average row's."""
        values = np.array(matrix(features, self.names).T, order="C")
        for row, median in zip(values, self.medians, strict=True):
            row[np.isnan(row)] = median
        values -= self.means[:, None]
        values *= self.weights[:, None]
        return values

    def log_odds(self, values: Array) -> Array:
        return _filled(values, self.medians) @ self.weights + (self.intercept - float(self.means @ self.weights))


@dataclass(frozen=True)
class Boosted:
    """Gradient boosted trees, their raw score made into log-odds by a sigmoid (Platt 1999).

    The sigmoid, and every level, is of landmarks from `later_from` on (days since 1970), which the trees have not seen.
    """

    names: tuple[str, ...]
    estimator: Any
    slope: float
    intercept: float
    later_from: int

    def log_odds(self, values: Array) -> Array:
        raw: Array = self.estimator.decision_function(values)
        return self.slope * raw + self.intercept


@dataclass(frozen=True)
class Level:
    """What is added to log-odds: `shift` for everyone, the logarithm of its factor for a shop (1 for an unknown one)."""

    shift: float
    factors: Mapping[str, float]

    def probability(self, log_odds: Array, shop: Whole, shops: Sequence[str]) -> Array:
        by_shop = np.log([self.factors.get(each, 1.0) for each in shops]) if len(shops) else np.zeros(0)
        found: Array = expit(log_odds + self.shift + by_shop[shop])
        return found


def fit_linear(rows: Rows) -> Linear:
    """L2 logistic regression of C = INVERSE_PENALTY on standardised features; those without any value are dropped."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    known: npt.NDArray[np.bool_] = np.asarray(~np.isnan(rows.values).all(axis=0))
    values = rows.values[:, known]
    medians = _medians(values)
    model = LogisticRegression(C=INVERSE_PENALTY, max_iter=500)
    pipeline = Pipeline([("scale", StandardScaler()), ("model", model)]).fit(_filled(values, medians), rows.outcome > 0)
    scale = pipeline["scale"]
    names = tuple(name for name, kept in zip(rows.names, known, strict=True) if kept)
    return Linear(
        names, medians, scale.mean_, scale.scale_, model.coef_[0] / scale.scale_, float(model.intercept_[0]), pipeline
    )


def fit_boosted(rows: Rows, names: Sequence[str], label_days: int, seed: int) -> Boosted | None:
    """The challenger, on at most CHALLENGER_ROWS rows (whole orders, evenly spaced), calibrated on the last LATER_SHARE of days.

    Trees see no landmark whose label was still open when the later days begin. None where either part has too few cases.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    if step := -(-len(rows.outcome) // CHALLENGER_ROWS) - 1:
        rows = rows.where(rows.order % (step + 1) == 0)
    all_days = np.unique(rows.day)
    if not len(all_days):
        return None
    begins = all_days[int(len(all_days) * (1 - LATER_SHARE))]
    earlier, later = rows.where(rows.day + label_days <= begins), rows.where(rows.day >= begins)
    if earlier.positive_orders < CHALLENGER_FEWEST or later.positive_orders < FEWEST_RECENT:
        return None
    trees = HistGradientBoostingClassifier(
        max_iter=60,
        max_leaf_nodes=15,
        min_samples_leaf=50,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    ).fit(earlier.columns(names), earlier.outcome > 0)
    raw = trees.decision_function(later.columns(names))
    sigmoid = LogisticRegression(C=1e6).fit(raw[:, None], later.outcome > 0)
    return Boosted(tuple(names), trees, float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0]), int(begins))


def fitted(rows: Rows) -> tuple[Linear, Level]:
    """The logistic regression and the level of the latest matured days."""
    linear = fit_linear(rows)
    return linear, level(linear.log_odds(rows.columns(linear.names)), rows)


def fitted_boosted(rows: Rows, names: Sequence[str], label_days: int, seed: int) -> tuple[Boosted, Level] | None:
    """The challenger and its level, or None where too little is known to fit one."""
    boosted = fit_boosted(rows, names, label_days, seed)
    if boosted is None:
        return None
    later = rows.where(rows.day >= boosted.later_from)
    return boosted, level(boosted.log_odds(later.columns(names)), later)


def level(log_odds: Array, rows: Rows) -> Level:
    """The shift that makes predicted = actual over the last RECENT_DAYS matured days, and each shop's own factor around it.

    A shop's factor is (cases + SHOP_CASES) / (expected cases + SHOP_CASES), the mean of a Gamma–Poisson. Cases are orders:
    rows are divided by how many rows a case has. With fewer than FEWEST_RECENT cases in those days all days are taken.
    """
    recent = rows.day > rows.day.max(initial=0) - RECENT_DAYS
    if rows.where(recent).positive_orders < FEWEST_RECENT:
        recent = np.ones(len(rows.day), dtype=bool)
    used, odds = rows.where(recent), log_odds[recent]
    shift = _shift(odds, float(used.outcome.sum()))
    count = len(rows.shops)
    actual = np.bincount(used.shop, weights=used.outcome, minlength=count) / used.rows_per_case
    expected = np.bincount(used.shop, weights=expit(odds + shift), minlength=count) / used.rows_per_case
    factors = (actual + SHOP_CASES) / (expected + SHOP_CASES)
    return Level(shift, {shop: float(factor) for shop, factor in zip(rows.shops, factors, strict=True)})


def base_level(rows: Rows) -> Level:
    """The level of a model that knows nothing: the base rate and how each shop differs from it."""
    return level(np.zeros(len(rows.outcome)), rows)


def _shift(log_odds: Array, positives: float) -> float:
    """δ with Σ expit(log_odds + δ) = positives, by bisection; half a case where there is none or nothing else."""
    total = len(log_odds)
    wanted = min(max(positives, 0.5), max(total - 0.5, 0.5))
    low, high = -40.0, 40.0
    for _ in range(50):
        middle = (low + high) / 2
        if expit(log_odds + middle).sum() < wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _medians(values: Array) -> Array:
    return np.array([np.median(column[~np.isnan(column)]) for column in values.T])


def _filled(values: Array, medians: Array) -> Array:
    missing = np.isnan(values)
    return np.where(missing, medians, values) if missing.any() else values
