"""How good is a ranking, and how true are its probabilities? Each measure is a sum over rows, or a few, that may be weighted.

Weights are how the bootstrap works: an order drawn twice counts twice. Rows of one order share its outcome, so orders are
drawn, never single rows. All arrays are one entry a row: `outcome` 0 or 1, `score` any number, `weight` not negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
BINS = 10


@dataclass(frozen=True)
class Ranking:
    """The rows of one score in as few buckets as average precision needs, so that reweighting is cheap.

    A bucket ends with a threshold that holds a positive: `bucket` of each row, `buckets` in all, best first; rows below the
    last positive are in the bucket after them.
    """

    bucket: Whole
    buckets: int
    outcome: Array

    @classmethod
    def of(cls, outcome: Array, score: Array) -> Ranking:
        order = np.argsort(-score, kind="stable")
        tied = np.r_[True, np.diff(score[order]) != 0]
        group = np.cumsum(tied) - 1
        has_positive = np.bincount(group, weights=outcome[order]) > 0
        ends_before: Whole = np.cumsum(has_positive) - has_positive
        bucket = np.empty(len(score), dtype=np.int64)
        bucket[order] = ends_before[group]
        return cls(bucket, int(has_positive.sum()), outcome)

    def average_precision(self, weight: Array | None = None) -> float:
        """Σ (recall gained at a threshold) × (precision there), as scikit-learn's `average_precision_score`; NaN without a positive."""
        weight = np.ones(len(self.outcome)) if weight is None else weight
        positive = np.flatnonzero(self.outcome)
        caught = np.bincount(self.bucket[positive], weights=weight[positive], minlength=self.buckets)
        shown = np.bincount(self.bucket, weights=weight, minlength=self.buckets)[: self.buckets]
        total = caught.sum()
        if total == 0:
            return float("nan")
        among = np.cumsum(shown)
        precision = np.divide(np.cumsum(caught), among, out=np.zeros_like(among), where=among > 0)
        return float((caught * precision).sum() / total)


def taken(day: Whole, score: Array, capacity: int) -> Array:
    """The share of each row that the daily list takes: 1 inside the first `capacity` of its day, 0 outside.

    Where equals stand at the end of the list, each is taken with the same share, as in a draw among them.
    """
    order = np.lexsort((-score, day))
    days, scores = day[order], score[order]
    begins = np.r_[True, (np.diff(days) != 0) | (np.diff(scores) != 0)]
    group = np.cumsum(begins) - 1
    start = np.flatnonzero(begins)
    size = np.diff(np.r_[start, len(order)])
    first_of_day = np.r_[True, np.diff(days) != 0]
    day_start = np.maximum.accumulate(np.where(first_of_day, np.arange(len(order)), 0))[start]
    share = np.clip((capacity - (start - day_start)) / size, 0.0, 1.0)
    found = np.empty(len(order))
    found[order] = share[group]
    return found


def ceiling(day: Whole, outcome: Array, capacity: int) -> tuple[float, float]:
    """The best precision and recall that any list of `capacity` a day could have reached."""
    _, place = np.unique(day, return_inverse=True)
    positives = np.bincount(place, weights=outcome)
    rows = np.bincount(place)
    caught = np.minimum(positives, capacity).sum()
    return ratio(caught, np.minimum(rows, capacity).sum()), ratio(caught, positives.sum())


def bins(probability: Array, count: int = BINS) -> Whole:
    """The bin of each row: equal numbers of rows a bin, equal probabilities together."""
    if not len(probability):
        return np.zeros(0, dtype=np.int64)
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, count + 1)[1:-1]))
    return np.searchsorted(edges, probability, side="left").astype(np.int64)


def auc(outcome: Array, score: Array) -> float:
    """The share of pairs, one positive and one negative, that the score puts in the right order; equals count half."""
    from scipy.stats import rankdata

    positive = outcome > 0
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    return float((rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * m))


def ratio(above: float, below: float) -> float:
    return float(above / below) if below else float("nan")
