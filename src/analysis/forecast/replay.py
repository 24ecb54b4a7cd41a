"""The forecast of every shop on every day of its history, each from what was known on that day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.forecast import counts
from analysis.forecast.arrivals import BURN_IN_DAYS, HORIZONS_DAYS, Array, Windows, discounted, rates, windows

ORDERS_MEAN_DAYS = 28  # whole weeks: a weekend must not tilt the expected orders
PENDING_WEIGHTS = (0.25, 0.5, 0.75, 1.0)
LEAST_GAIN = 2.0  # natural-log units: what a weight must have gained over 0 before it is used


@dataclass(frozen=True)
class Ahead:
    """One horizon's forecasts; arrays are origin days × shops, missing (NaN) where nothing can be said.

    `inside + X` is the forecast count, X negative binomial with `mean` and `spread`. `allowed`: the count that would not
    exceed the line at the target, at the orders expected then; `allowed_then`: at the orders that came. `outcome`: the count
    on the target day. `pending_weight`: how much the open cases moved the mean.
    """

    inside: Array
    mean: Array
    spread: Array
    allowed: Array
    allowed_then: Array
    outcome: Array
    pending_weight: Array

    @property
    def breach(self) -> Array:
        """P(count > allowed)."""
        return counts.above(self.allowed - self.inside, self.mean, self.spread)


@dataclass(frozen=True)
class Replay:
    """All forecasts of one rule. `allowed_now`: the count that did not exceed the line on each day."""

    known: Windows
    allowed_now: Array
    daily: Array
    ahead: dict[int, Ahead]


def replay(
    events: pd.DataFrame,
    since: pd.Series,
    as_of: date,
    window_days: int,
    denominators: pd.DataFrame,
    allowed: Callable[[pd.DataFrame], pd.DataFrame],
    pending: pd.DataFrame | None = None,
) -> Replay:
    """What would have been forecast on each day up to `as_of`, for 7, 14 and 30 days ahead?

    `events`: `shop_id, unit_id, booked_on` of the counted events. `since`: shop_id → first day of covered history. Shops
    without one are left out. `denominators`: daily orders, day × shop; a day that is not in it has none. `allowed`: window
    denominators (rows × shops) → the largest count that does not exceed the shop's line, missing where it has none.
    `pending`: cases open at the end of each day, day × shop; missing where not known.

    The count h days ahead is what will still be inside, known exactly, plus arrivals (statistics.md; `arrivals.rates`). Orders
    ahead are expected to come as in the last ORDERS_MEAN_DAYS days. Where open cases have helped, the mean of the arrivals is
    scaled by 1 + w·((pending + 1) / (its discounted mean + 1) − 1); w is the weight with the best predictive log score over
    the forecasts that had met their outcome by the origin, and 0 unless that beats 0 by LEAST_GAIN. (Errors of overlapping
    horizons are not separate evidence: their scores are divided by the horizon.) The + 1 keeps a shop with hardly any open
    case from doubling its forecast on the second one.
    """
    known = windows(events, since, as_of, window_days)
    believed = rates(known)
    orders = _wide(denominators, known).fillna(0.0)
    window_orders = orders.rolling(window_days, min_periods=1).sum()
    expected_orders = orders.where(known.history_days >= 1).rolling(ORDERS_MEAN_DAYS, min_periods=1).mean().fillna(0.0)
    allowed_now = _allowed(allowed, window_orders)
    unusual = _unusual(pending, known)

    def looked(h: int) -> Ahead:
        staying = orders.rolling(window_days - h, min_periods=1).sum() if h < window_days else orders * 0.0
        ahead_orders = (staying + expected_orders * known.arriving_days(h)).round()
        mean, weight = _weighted(known.arriving_days(h) * believed.daily, believed.spread[h], known, h, unusual)
        return Ahead(
            inside=known.inside[h],
            mean=mean,
            spread=believed.spread[h],
            allowed=_allowed(allowed, ahead_orders),
            allowed_then=_from_future(allowed_now, h),
            outcome=_from_future(known.counts, h),
            pending_weight=weight,
        )

    return Replay(known, allowed_now, believed.daily, {h: looked(h) for h in HORIZONS_DAYS})


def _wide(frame: pd.DataFrame, known: Windows) -> pd.DataFrame:
    return (
        frame.set_axis(pd.DatetimeIndex(frame.index), axis=0)
        .reindex(index=known.days, columns=known.shops)
        .astype(float)
    )


def _allowed(allowed: Callable[[pd.DataFrame], pd.DataFrame], orders: pd.DataFrame) -> Array:
    return allowed(orders).to_numpy(dtype=float, na_value=np.nan)


def _from_future(values: Array, days: int) -> Array:
    moved = np.full_like(values, np.nan)
    moved[: max(len(values) - days, 0)] = values[days:]
    return moved


def _unusual(pending: pd.DataFrame | None, known: Windows) -> Array | None:
    """Open cases against their own recent mean, less 1; 0 where not known."""
    if pending is None:
        return None
    cases = _wide(pending, known).to_numpy()
    given = ~np.isnan(cases)
    days = discounted(given.astype(float))
    mean = np.divide(discounted(np.where(given, cases, 0.0)), days, out=np.zeros_like(days), where=days > 0)
    return np.where(given, (cases + 1) / (mean + 1) - 1, 0.0)


def _weighted(mean: Array, spread: Array, known: Windows, h: int, unusual: Array | None) -> tuple[Array, Array]:
    """The mean moved by the open cases as far as that would have helped so far, and the weight used."""
    weight, best = np.zeros_like(mean), np.full_like(mean, LEAST_GAIN)
    if unusual is None:
        return mean, weight
    came = np.where(known.history_days >= BURN_IN_DAYS, known.came(h), np.nan)
    plain = counts.log_score(came, mean, spread)
    for w in PENDING_WEIGHTS:
        gain = counts.log_score(came, mean * (1 + w * unusual), spread) - plain
        matured = np.zeros_like(mean)
        matured[h:] = np.cumsum(np.nan_to_num(gain), axis=0)[: max(len(gain) - h, 0)] / h
        weight, best = np.where(matured > best, w, weight), np.maximum(matured, best)
    return mean * (1 + weight * unusual), weight
