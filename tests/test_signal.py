"""The daily signal against simulated shops, whose truth is known, and against a chart summed by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from analysis.rates.signal import BASIS_COLUMNS, COLUMNS, FALSE_ALARM_DAYS, daily_signal

AS_OF = date(2026, 6, 30)
STATED = 1 - np.exp(-30 / FALSE_ALARM_DAYS)


def wide(counts: np.ndarray, last: date = AS_OF) -> pd.DataFrame:
    """Days × shops, the newest day last."""
    index = pd.Index([last - timedelta(days=n) for n in range(len(counts))][::-1])
    return pd.DataFrame(counts, index=index, columns=[f"s{n:04}" for n in range(counts.shape[1])]).astype("Int64")


def drawn(mean: float, dispersion: float, shops: int, days: int = 90, seed: int = 7) -> np.ndarray:
    draw = np.random.default_rng(seed)
    if dispersion == 1:
        return draw.poisson(mean, (days, shops))
    return draw.negative_binomial(mean / (dispersion - 1), 1 / dispersion, (days, shops))


def alarmed(counts: np.ndarray) -> pd.Series:
    """The first day of alarm by shop, missing where there is none; only shops that have a chart."""
    signal, basis = daily_signal(wide(counts), AS_OF)
    first = signal[signal["is_signal"].fillna(False)].groupby("shop_id")["on_date"].min()
    return first.reindex(basis.loc[basis["reason"] == "", "shop_id"])


@pytest.mark.parametrize(
    ("mean", "dispersion"), [(0.25, 1), (0.5, 1), (1.1, 1), (4, 1), (35, 1), (0.6, 2), (1.5, 1.3), (3, 2), (12, 4)]
)
def test_shops_whose_level_stays_alarm_about_as_often_as_stated(mean: float, dispersion: float) -> None:
    """Stated .079. 2000 shops and the limit's own 2000 runs tell it to ± .02; a dispersion that 60 days show too small adds.

    Limits that took the learned level and dispersion for the truth would alarm .12 to .15 of the overdispersed shops.
    """
    share = alarmed(drawn(mean, dispersion, 2000)).notna().mean()
    assert 0.6 * STATED < share < (1.3 if dispersion == 1 else 1.45) * STATED


def test_the_stated_rate_is_the_callers_choice() -> None:
    counts = wide(drawn(2, 1, 2000))
    shares = {}
    for days in (100, 365, 2000):
        signal, basis = daily_signal(counts, AS_OF, false_alarm_days=days)
        assert set(basis["false_alarm_days"]) == {days}
        shares[days] = signal.groupby("shop_id")["is_signal"].any().mean()
        assert 0.5 < shares[days] / (1 - np.exp(-30 / days)) < 1.5
    assert shares[100] > shares[365] > shares[2000]


def test_overdispersed_shops_would_alarm_much_more_often_on_poisson_limits() -> None:
    """Why the dispersion is learned: bursts of the same size a day, on a shop whose reference had none, are a signal."""
    bursts = drawn(2, 4, 1000)
    calm = np.vstack([drawn(2, 1, 1000, days=60), bursts[60:]])
    assert alarmed(bursts).notna().mean() < 0.15
    assert alarmed(calm).notna().mean() > 0.3


@pytest.mark.parametrize(("mean", "found", "within"), [(1, 0.9, 12), (3, 0.99, 7), (10, 0.99, 4)])
def test_a_doubled_level_is_noticed_soon(mean: float, found: float, within: int) -> None:
    counts = np.vstack([drawn(mean, 1, 500, days=60), drawn(2 * mean, 1, 500, days=30, seed=8)])
    first = alarmed(counts)
    assert first.notna().mean() >= found
    chart_starts = AS_OF - timedelta(days=29)
    assert np.median([(day - chart_starts).days + 1 for day in first.dropna()]) <= within


def test_fewer_arrivals_are_no_signal() -> None:
    counts = np.vstack([drawn(4, 1, 300, days=60), drawn(1, 1, 300, days=30, seed=8)])
    assert alarmed(counts).isna().all()


def test_the_chart_by_hand() -> None:
    """Reference: 1 and 3 in turn, mean 2, variance 60/59 raised to Poisson's 2; the allowance is half of √2."""
    past, now = [1, 3] * 30, [2, 5, 5, 0, 0, 9] + [2] * 24
    signal, basis = daily_signal(wide(np.array([past + now]).T), AS_OF)
    allowed, sum_, expected = 2 + 0.5 * 2**0.5, 0.0, []
    for count in now:
        sum_ = max(0.0, sum_ + count - allowed)
        expected.append(sum_)
    assert list(signal["cusum"]) == pytest.approx(expected)
    assert list(signal["arrivals"]) == now and set(signal["expected"]) == {2.0}
    assert list(signal["on_date"]) == [AS_OF - timedelta(days=n) for n in range(30)][::-1]
    assert signal["limit"].nunique() == 1 and list(signal["is_signal"]) == list(signal["cusum"] > signal["limit"][0])
    (row,) = basis.to_dict("records")
    assert row == {
        "shop_id": "s0000", "reference_days": 60, "reference_arrivals": 120, "expected": 2.0, "false_alarm_days": 365,
        "reason": "",
    }  # fmt: skip


def test_a_shop_that_cannot_be_judged_says_why() -> None:
    counts = wide(drawn(2, 1, 5)).astype("Float64")
    counts["s0001"] = 0
    counts.iloc[:31, 2] = pd.NA  # 29 covered days of reference are left
    counts.iloc[:90, 3] = pd.NA
    counts.iloc[:60, 4] = [1.0] * 9 + [0.0] * 51
    counts.iloc[60:, 4] = 3
    signal, basis = daily_signal(counts, AS_OF)
    assert list(basis["reason"]) == ["", "too_few_events", "too_short", "too_short", "too_few_events"]
    assert list(basis["reference_days"]) == [60, 60, 29, 0, 60]
    assert list(basis["false_alarm_days"].isna()) == list(basis["expected"].isna()) == [False, True, True, True, True]
    silent = signal[signal["shop_id"] != "s0000"]
    assert silent[["expected", "cusum", "limit", "is_signal"]].isna().all(axis=None)
    assert silent.groupby("shop_id")["arrivals"].count().to_dict() == {
        "s0001": 30,
        "s0002": 30,
        "s0003": 0,
        "s0004": 30,
    }
    assert list(silent.loc[silent["shop_id"] == "s0004", "arrivals"]) == [3] * 30


def test_history_that_is_short_or_old_is_missing_not_zero() -> None:
    _, basis = daily_signal(wide(drawn(2, 1, 1, days=60)), AS_OF)
    assert basis["reference_days"][0] == 30 and basis["reason"][0] == ""
    _, basis = daily_signal(wide(drawn(2, 1, 1, days=50)), AS_OF)
    assert basis["reason"][0] == "too_short"
    counts = drawn(2, 1, 1, days=90)
    counts[-1] = 12
    signal, _ = daily_signal(wide(counts, AS_OF - timedelta(days=3)), AS_OF)
    assert list(signal["arrivals"].isna()) == [False] * 27 + [True] * 3
    assert list(signal["is_signal"].isna()) == [False] * 27 + [True] * 3
    assert signal["cusum"].iloc[-1] == signal["cusum"].iloc[26] > 5, "a day that nobody knows moves nothing"
    signal, basis = daily_signal(wide(np.zeros((90, 0))), AS_OF)
    assert signal.empty and basis.empty and list(signal.columns) == COLUMNS and list(basis.columns) == BASIS_COLUMNS


def test_a_shop_has_the_same_chart_in_any_company_and_on_every_run() -> None:
    counts = wide(np.hstack([drawn(2, 1, 3), drawn(9, 3, 3)]))
    kept = counts.copy()
    signal, _ = daily_signal(counts, AS_OF)
    alone, _ = daily_signal(counts[["s0004"]], AS_OF)
    pd.testing.assert_frame_equal(signal[signal["shop_id"] == "s0004"].reset_index(drop=True), alone)
    pd.testing.assert_frame_equal(daily_signal(counts.iloc[::-1], AS_OF)[0], signal)
    pd.testing.assert_frame_equal(counts, kept)


def test_what_came_before_the_reference_plays_no_part() -> None:
    counts = drawn(2, 1, 4, days=120)
    longer, _ = daily_signal(wide(counts), AS_OF)
    pd.testing.assert_frame_equal(longer, daily_signal(wide(counts[30:]), AS_OF)[0])
