"""The measures against scikit-learn, against worked examples, and against the same thing done the long way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.escalation import measures
from analysis.escalation.baselines import baselines, follows_rule
from analysis.escalation.measures import Ranking, taken

some_rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=40
)


def columns(rows: list[tuple[int, ...]]) -> list[np.ndarray]:
    return [np.array(each, dtype=float) for each in zip(*rows, strict=True)]


@settings(deadline=None)
@given(some_rows)
def test_average_precision_is_scikit_learns_with_and_without_weights(rows: list[tuple[int, ...]]) -> None:
    from sklearn.metrics import average_precision_score

    outcome, score, _, weight = columns(rows)
    ranking = Ranking.of(outcome, score)
    if outcome.any():
        assert ranking.average_precision() == pytest.approx(average_precision_score(outcome, score))
    if (outcome * weight).any():
        expected = average_precision_score(outcome, score, sample_weight=weight)
        assert ranking.average_precision(weight) == pytest.approx(expected)
    else:
        assert np.isnan(ranking.average_precision(weight))


@settings(deadline=None)
@given(some_rows)
def test_the_area_under_the_curve_is_scikit_learns(rows: list[tuple[int, ...]]) -> None:
    from sklearn.metrics import roc_auc_score

    outcome, score, *_ = columns(rows)
    if 0 < outcome.sum() < len(outcome):
        assert measures.auc(outcome, score) == pytest.approx(roc_auc_score(outcome, score))
    else:
        assert np.isnan(measures.auc(outcome, score))


@given(some_rows, st.integers(1, 5))
def test_the_daily_list_takes_the_best_of_each_day_and_draws_among_equals(
    rows: list[tuple[int, ...]], capacity: int
) -> None:
    _, score, day, _ = columns(rows)
    found = taken(day.astype(int), score, capacity)
    for n, share in enumerate(found):
        same_day = day == day[n]
        better, equal = (same_day & (score > score[n])).sum(), (same_day & (score == score[n])).sum()
        assert share == pytest.approx(min(max((capacity - better) / equal, 0), 1))


def test_a_worked_list_of_two_days() -> None:
    day = np.array([1, 1, 1, 2, 2])
    outcome = np.array([1.0, 0, 1, 0, 0])
    take = taken(day, np.array([0.9, 0.8, 0.1, 0.5, 0.5]), 2)
    assert take.tolist() == [1, 1, 0, 1, 1]
    assert (take * outcome).sum() / take.sum() == 1 / 4
    assert measures.ceiling(day, outcome, 2) == (2 / 4, 2 / 2)
    assert measures.ceiling(day, outcome, 1) == (1 / 2, 1 / 2)


def test_bins_hold_equal_numbers_of_rows() -> None:
    found = np.bincount(measures.bins(np.random.default_rng(0).random(1000)))
    assert len(found) == measures.BINS and abs(found - 100).max() <= 1
    assert len(measures.bins(np.zeros(0))) == 0
    tied = measures.bins(np.repeat([0.1, 0.5], 10))
    assert len(set(tied[:10])) == len(set(tied[10:])) == 1 and tied[0] < tied[-1]


def test_the_rule_is_a_missed_promise_or_a_request_older_than_a_day() -> None:
    frame = pd.DataFrame(
        {
            "promise_missed": [True, False, False, None, False],
            "open_request_hours": [0.0, 24.0, 24.5, np.nan, 0.0],
            "dealt_on": pd.to_datetime(pd.Series(["2026-05-01", "2026-05-03", "2026-05-02", None, "2026-05-01"])),
            "paid_fen": pd.array([100, 300, 200, None, 0], "Int64"),
        }
    )
    assert follows_rule(frame).tolist() == [True, False, True, False, False]
    scores = baselines(frame, np.full(5, 0.1))
    assert np.argsort(-scores["newest_first"], kind="stable").tolist() == [1, 2, 0, 4, 3]
    assert np.argsort(-scores["largest_first"], kind="stable").tolist() == [1, 2, 0, 4, 3]
