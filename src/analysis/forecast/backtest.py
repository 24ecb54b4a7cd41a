"""How good the forecasts of the past were: one row a shop and horizon."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.forecast import counts
from analysis.forecast.arrivals import HORIZONS_DAYS, Array, Windows
from analysis.forecast.replay import Replay

FIRST_ORIGIN_DAYS = 60
SEED = 20210301
Flags = npt.NDArray[np.bool_]
COLUMNS = [
    "shop_id", "horizon_days", "origins", "coverage50", "coverage80", "coverage95", "pit_mean", "pit_distance", "brier",
    "brier_climatology", "brier_no_change", "skill", "skill_no_change", "skill_of", "pending_weight",
]  # fmt: skip


def backtest(past: Replay) -> pd.DataFrame:
    """How well would the forecasts of the shop's own past have done?

    One row a shop × horizon (7, 14, 30) with COLUMNS. Origins: every day from the one with FIRST_ORIGIN_DAYS days of history
    (or one full window, if longer) to `horizon_days` before the last; neighbouring origins share most of their days, so they
    are far fewer in evidence than in number. Each uses only what was known on it (`replay`).

    - `coverage50/80/95`: share of outcomes inside the band as it is shown. Bands of small whole numbers cover more than they
      promise.
    - `pit_mean`, `pit_distance`: the randomised probability integral transform (Czado, Gneiting and Held 2009) should be
      uniform: mean .5, Kolmogorov distance 0. The random part is seeded.
    - `brier…`: mean squared error of the probability of being above the line at the target; of the shop's own past frequency
      (climatology: full windows up to the origin); of "above now, above then" (no change). Missing without a line.
    - `skill` = 1 − error / error of climatology, `skill_no_change` likewise against no change. `skill_of` says which error:
      `breach` is the Brier score; where that tells nothing (no line, or climatology was never wrong, as in a shop that was
      never above its line) `count`: the squared error of the expected count, against the shop's mean count so far and against
      the count now. Missing, and `skill_of` '', where there is no origin, or no count ever changed.
    - `pending_weight`: the weight of open cases in the newest forecast; 0 = they did not help.
    """
    parts = [_horizon(past, h) for h in HORIZONS_DAYS]
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["shop_id", "horizon_days"], ignore_index=True)[COLUMNS]


def is_origin(known: Windows) -> Flags:
    """The days × shops on which a forecast can be made at all."""
    return known.history_days >= max(FIRST_ORIGIN_DAYS, known.window_days)


def band_holds(level: int, low_side: Array, high_side: Array) -> Array:
    """Whether the outcome lies inside the shown band, from P(X < outcome) and P(X <= outcome); NaN where not known."""
    low, high = counts.BANDS[level]
    return np.where(np.isnan(high_side), np.nan, (high_side >= low) & (low_side < high))


def transformed(low_side: Array, high_side: Array) -> Array:
    """The randomised PIT: uniform between P(X < outcome) and P(X <= outcome), the same for the same frame every time."""
    return low_side + np.random.default_rng(SEED).random(low_side.shape) * (high_side - low_side)


def sides(past: Replay, horizon_days: int) -> tuple[Array, Array]:
    """P(X < outcome) and P(X <= outcome) of each forecast that has met its outcome; NaN elsewhere (days × shops)."""
    ahead = past.ahead[horizon_days]
    came = np.where(is_origin(past.known), ahead.outcome - ahead.inside, np.nan)
    high_side = counts.at_most(came, ahead.mean, ahead.spread)
    return counts.at_most(came - 1, ahead.mean, ahead.spread), high_side


def _horizon(past: Replay, h: int) -> pd.DataFrame:
    known, ahead = past.known, past.ahead[h]
    low_side, high_side = sides(past, h)
    pit = transformed(low_side, high_side)
    used = ~np.isnan(high_side)

    full = known.history_days >= known.window_days
    above_now = _indicator(known.counts, past.allowed_now)
    above_then = _indicator(ahead.outcome, ahead.allowed_then)
    briers = _errors(above_then, [ahead.breach, _mean_so_far(above_now, full), above_now], used)
    expected = ahead.inside + ahead.mean
    squares = _errors(ahead.outcome, [expected, _mean_so_far(known.counts, full), known.counts], used)

    of_breach, of_count = briers[1] > 0, squares[1] > 0  # NaN > 0 is False
    ours, climatology, no_change = (np.where(of_breach, b, s) for b, s in zip(briers, squares, strict=True))
    return pd.DataFrame(
        {
            "shop_id": known.shops,
            "horizon_days": h,
            "origins": used.sum(axis=0),
            **{f"coverage{level}": _mean(band_holds(level, low_side, high_side), used) for level in counts.BANDS},
            "pit_mean": _mean(pit, used),
            "pit_distance": _distance(pit, used),
            **dict(zip(["brier", "brier_climatology", "brier_no_change"], briers, strict=True)),
            "skill": _skill(ours, climatology),
            "skill_no_change": _skill(ours, no_change),
            "skill_of": np.select([of_breach, of_count], ["breach", "count"], default=""),
            "pending_weight": ahead.pending_weight[-1],
        }
    ).astype(_DTYPES)


_DTYPES: Any = {
    "shop_id": "str", "horizon_days": "int64", "origins": "int64", "skill_of": "str",
    **dict.fromkeys(set(COLUMNS) - {"shop_id", "horizon_days", "origins", "skill_of"}, "Float64"),
}  # fmt: skip


def _indicator(count: Array, allowed: Array) -> Array:
    return np.where(np.isnan(count) | np.isnan(allowed), np.nan, count > allowed)


def _ratio(total: Array, by: Array) -> Array:
    """Missing where the divisor is not above zero."""
    ratio = np.full(total.shape, np.nan)
    np.divide(total, by, out=ratio, where=by > 0)
    return ratio


def _mean_so_far(values: Array, chosen: Flags) -> Array:
    chosen = chosen & ~np.isnan(values)
    return _ratio(np.cumsum(np.where(chosen, values, 0.0), axis=0), np.cumsum(chosen, axis=0))


def _mean(values: Array, chosen: Flags) -> Array:
    return _ratio(np.where(chosen, values, 0.0).sum(axis=0), chosen.sum(axis=0))


def _errors(outcome: Array, forecasts: list[Array], used: Flags) -> list[Array]:
    """Mean squared error of each forecast over the same origins: those where all of them and the outcome are known."""
    used = used & ~np.isnan(np.array([outcome, *forecasts])).any(axis=0)
    return [_mean((each - outcome) ** 2, used) for each in forecasts]


def _skill(error: Array, reference: Array) -> Array:
    return 1 - _ratio(error, reference)


def _distance(pit: Array, used: Flags) -> Array:
    """Largest distance between the share of values up to u and u (Kolmogorov), a column."""
    number = used.sum(axis=0)
    ordered = np.sort(np.where(used, pit, np.nan), axis=0)
    rank = np.arange(1, len(pit) + 1)[:, None]
    share = rank / np.maximum(number, 1)
    apart = np.maximum(np.abs(share - ordered), np.abs(share - 1 / np.maximum(number, 1) - ordered))
    return np.where(number > 0, np.nan_to_num(apart).max(axis=0, initial=0.0), np.nan)
