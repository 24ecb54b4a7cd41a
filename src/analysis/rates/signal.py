"""Whether more arrives a day than before: a control chart on the daily counts.

Rolling windows overlap by all days but one, so run rules on their series are not valid; days do not overlap.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd

COLUMNS = ["shop_id", "on_date", "arrivals", "expected", "cusum", "limit", "is_signal"]
BASIS_COLUMNS = ["shop_id", "reference_days", "reference_arrivals", "expected", "false_alarm_days", "reason"]
FALSE_ALARM_DAYS = 365
DAYS_SHOWN = 30
REFERENCE_DAYS = 60
ENOUGH_DAYS = 30
ENOUGH_ARRIVALS = 10
ALLOWANCE = 0.5
RUNS = 2000
MEAN_STEP, DISPERSION_STEP, DAYS_STEP = 1.3, 1.5, 15
SEED = 20260630


def daily_signal(
    arrivals: pd.DataFrame,
    as_of: date,
    false_alarm_days: int = FALSE_ALARM_DAYS,
    days: int = DAYS_SHOWN,
    reference_days: int = REFERENCE_DAYS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Does more arrive a day, in the last `days` up to `as_of`, than in the `reference_days` before those?

    `arrivals`: one row a day (index: dates), one column a shop, new counted units; missing is a day that no export covers.

    The **signal** frame has one row a shop × day, COLUMNS. A one-sided CUSUM (Page 1954): `cusum` is the arrivals above
    `expected` (the reference's daily mean) and an allowance of half a standard deviation, summed since the chart's first
    day and never below 0; `limit` is where it signals. Both count units. A day that is not covered leaves the sum as it is.
    `cusum` stays above the limit until quiet days have worn it off. Missing: `arrivals` and `is_signal` of a day that is not
    covered; `expected`, `cusum`, `limit` and `is_signal` of a shop without a signal.

    The **basis** frame has one row a shop, BASIS_COLUMNS: what the level was learned from, `false_alarm_days`, and `reason`:
    '' or why there is no signal: `too_short` (fewer than 30 covered days of reference), `too_few_events` (fewer than 10
    arrivals in it).

    What the limit promises: of the charts of shops whose level did not change, a share of 1 − exp(−days / false_alarm_days)
    holds a signal (8 % at 30 and 365 days: once a year, were charts laid end to end). It is simulated, seeded: reference
    and chart of negative binomial days are drawn and judged as the shop's own are, so that a level learned from few events,
    and with it its variance, is as unsure there as here (Jensen et al. 2006 on charts with estimated levels). The limit in
    standard deviations hardly depends on the level, so it is simulated for levels a third apart and not for each shop.
    """
    shown = pd.date_range(as_of - timedelta(days=days - 1), as_of)
    calendar = pd.date_range(shown[0] - timedelta(days=reference_days), as_of)
    counts = arrivals.set_axis(pd.DatetimeIndex(arrivals.index)).reindex(calendar).astype("Float64")
    values = counts.to_numpy(dtype="float64", na_value=np.nan)
    past, now = values[:reference_days], values[reference_days:]
    known, total, mean, spread = _level(past)
    reason = np.select([known < ENOUGH_DAYS, total < ENOUGH_ARRIVALS], ["too_short", "too_few_events"], default="")
    given = reason == ""
    dispersion = np.where(given, spread**2 / np.where(given, mean, 1.0), 1.0)
    steps = np.column_stack(
        [
            np.round(np.log(np.where(given, mean, 1.0)) / np.log(MEAN_STEP)),
            np.round(np.log(dispersion) / np.log(DISPERSION_STEP)),
            known // DAYS_STEP,
        ]
    )
    share = float(-np.expm1(-days / false_alarm_days))
    levels, level = np.unique(steps[given].astype(int), axis=0, return_inverse=True)
    limits = np.array([_limit(*map(int, each), days, share) for each in levels])
    limit = np.full(len(given), np.nan)
    limit[given] = limits[level] * spread[given]
    cusum = np.where(given, _cusum(now, mean, spread), np.nan)
    shops = len(counts.columns)
    signal = pd.DataFrame(
        {
            "shop_id": np.repeat(counts.columns.to_numpy(), days),
            "on_date": np.tile(shown.date, shops),
            "arrivals": pd.Series(now.T.ravel()).astype("Int64"),
            "expected": pd.Series(np.repeat(np.where(given, mean, np.nan), days)).astype("Float64"),
            "cusum": pd.Series(cusum.T.ravel()).astype("Float64"),
            "limit": pd.Series(np.repeat(limit, days)).astype("Float64"),
        }
    )
    signal["is_signal"] = (signal["cusum"] > signal["limit"]).where(signal["arrivals"].notna())
    basis = pd.DataFrame(
        {
            "shop_id": counts.columns.to_numpy(),
            "reference_days": known,
            "reference_arrivals": total.astype(int),
            "expected": pd.Series(np.where(given, mean, np.nan)).astype("Float64"),
            "false_alarm_days": pd.Series(np.where(given, false_alarm_days, np.nan)).astype("Int64"),
            "reason": reason,
        }
    )
    return signal[COLUMNS], basis[BASIS_COLUMNS]


def _level(past: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Covered days, arrivals, mean and standard deviation of the columns; a variance is at least Poisson's, the mean."""
    known = np.sum(~np.isnan(past), axis=0)
    total = np.nansum(past, axis=0)
    mean = total / np.maximum(known, 1)
    variance = np.nansum((past - mean) ** 2, axis=0) / np.maximum(known - 1, 1)
    return known, total, mean, np.sqrt(np.maximum(variance, mean))


def _cusum(days: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    steps = np.nan_to_num(days - mean - ALLOWANCE * spread, nan=0.0)
    walk = np.cumsum(steps, axis=0)
    return walk - np.minimum(np.minimum.accumulate(walk, axis=0), 0.0)


@cache
def _limit(mean_step: int, dispersion_step: int, known_step: int, days: int, share: float) -> float:
    """The limit, in standard deviations, that a `share` of unchanged charts of this level exceeds."""
    mean, dispersion = MEAN_STEP**mean_step, DISPERSION_STEP**dispersion_step
    draw = np.random.default_rng([SEED, 1000 + mean_step, dispersion_step, known_step])
    size = (known_step * DAYS_STEP + days, RUNS)
    if dispersion > 1:
        counts = draw.negative_binomial(mean / (dispersion - 1), 1 / dispersion, size).astype("float64")
    else:
        counts = draw.poisson(mean, size).astype("float64")
    past, now = np.split(counts, [known_step * DAYS_STEP])
    _, total, learned, spread = _level(past)
    usable = total >= ENOUGH_ARRIVALS
    highest = _cusum(now[:, usable], learned[usable], spread[usable]).max(axis=0) / spread[usable]
    return float(np.quantile(highest, 1 - share, method="higher"))
