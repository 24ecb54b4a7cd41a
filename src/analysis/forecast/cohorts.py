"""The rate by the day of the order: how many of a recent day's orders will have had an event once all have come.

Never on one axis with the rate by the day of the event: that one is complete, this one is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.forecast import counts
from analysis.forecast.arrivals import Array, discounted

LONGEST_DELAY_DAYS = 90
DAYS_SHOWN = 90
POOL_EVENTS = 20  # a shop's own delays outweigh those of all shops together from this many events on
MATURE_COMPLETION = 0.5
FINAL_COMPLETION = 0.9  # too little is still to come to learn from
LOOKS, LOOK_DAYS, RECENT_LOOKS = 16, 7, 4  # once a week: independent enough, and cheap
FEWEST_ERRORS = 28
OUTSIDE_TOO_OFTEN = 0.2  # more than 80 % bands should leave out; they usually leave out less, as counts are whole
COLUMNS = [
    "shop_id", "ordered_on", "orders", "reported", "completion", "expected", "low80", "high80", "rate_reported",
    "rate_expected", "is_mature", "note",
]  # fmt: skip
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Units:
    """One entry a unit with an event: shop's column, row of its order day, and days from the order to its first event."""

    shop: Whole
    row: Whole
    delay: Whole


@dataclass(frozen=True)
class _Look:
    """What was known at the end of one day; arrays are order days (up to that day) × shops.

    `by_age`: G, delays × shops. `ages`: of the order days. `to_come`: events still expected, with the `spread` of `counts`.
    """

    by_age: Array
    ages: Whole
    reported: Array
    completion: Array
    to_come: Array
    spread: Array


def nowcast(
    orders: pd.DataFrame, events: pd.DataFrame, since: pd.Series, as_of: date, days: int = DAYS_SHOWN
) -> pd.DataFrame:
    """How many of each recent day's orders have had an event, and how many will have?

    `orders`: orders made, day × shop; a day that is not in it has none. `events`: `shop_id, unit_id, ordered_on, booked_on`,
    the counted ones; a unit counts once, on its first event; without an order day it cannot be placed and is left out.
    `since`: shop_id → first day of covered history; shops without one, order days before it and events before it are left
    out. One row a shop × order day, the last `days` up to `as_of`, with COLUMNS:

    - `reported`: units with an event so far. `completion`: the share of events that has come by the day's age, by reverse-time
      Kaplan–Meier (Lagakos, Barraj and De Gruttola 1988), of delays up to LONGEST_DELAY_DAYS or the longest that could be
      seen; a shop with few events leans on all shops. Missing where no shop had an event.
    - `expected`: reported + orders × (1 − completion) × rate, Bornhuetter and Ferguson's (1972) with a Gamma prior: rate is
      (shape + reported) / (shape / mean + orders × completion), the mean is the shop's recent rate by completed orders.
    - `low80`, `high80`: negative binomial around it; its spread is what the errors of earlier weekly looks at
      days that are mature by now show, never less than the rate's own uncertainty.
    - `is_mature`: completion >= MATURE_COMPLETION; grey the others.
    - `note`, the same for all rows of a shop: `few_errors` (fewer than FEWEST_ERRORS to learn the spread from), `bands_too_narrow` (in the last
      RECENT_LOOKS weekly looks, more than OUTSIDE_TOO_OFTEN of the outcomes lay outside the 80 % band that
      older errors gave: the shop has changed, do not lean on these bands) or ''.
    """
    shops = sorted(since.dropna().index)
    starts = pd.to_datetime(since.reindex(shops)).to_numpy().astype("datetime64[D]")
    last = np.datetime64(as_of, "D")
    first = min([*starts, last])
    calendar = pd.date_range(first, as_of)
    begins = (starts - first).astype(int)
    made = orders.set_axis(pd.DatetimeIndex(orders.index), axis=0).reindex(index=calendar, columns=shops)
    made_orders = made.to_numpy(dtype=float, na_value=0.0) * (np.arange(len(calendar))[:, None] >= begins)
    units = _units(events, shops, starts, first, last)

    now = _look(units, made_orders, len(calendar))
    learnt, recent_outside, errors = _learnt(units, made_orders, now)
    spread = np.maximum(now.spread, learnt)
    low, high = (now.reported + counts.quantile(level, now.to_come, spread) for level in counts.BANDS[80])
    note = np.select(
        [errors < FEWEST_ERRORS, recent_outside > OUTSIDE_TOO_OFTEN], ["few_errors", "bands_too_narrow"], ""
    )

    row = np.arange(max(len(calendar) - days, 0), len(calendar))
    covered = (row[:, None] >= begins).T.ravel()

    def shown(values: Array) -> Array:
        chosen: Array = values[row].T.ravel()[covered]
        return chosen

    expected = now.reported + now.to_come
    made_shown = shown(made_orders)
    rated = np.where(made_shown > 0, made_shown, np.nan)
    dtypes: Any = {"shop_id": "str", "orders": "Int64", "reported": "Int64", "low80": "Int64", "high80": "Int64"}
    dtypes |= dict.fromkeys(["completion", "expected", "rate_reported", "rate_expected"], "Float64")
    return pd.DataFrame(
        {
            "shop_id": np.repeat(shops, len(row))[covered],
            "ordered_on": np.tile(calendar[row].date, len(shops))[covered],
            "orders": made_shown,
            "reported": shown(now.reported),
            "completion": shown(now.completion),
            "expected": shown(expected),
            "low80": shown(low),
            "high80": shown(high),
            "rate_reported": shown(now.reported) / rated,
            "rate_expected": shown(expected) / rated,
            "is_mature": shown(now.completion) >= MATURE_COMPLETION,
            "note": np.repeat(note, len(row))[covered],
        }
    ).astype(dtypes)[COLUMNS]


def _units(events: pd.DataFrame, shops: list[str], starts: Any, first: Any, last: Any) -> _Units:
    place = pd.Index(shops).get_indexer(pd.Index(events["shop_id"]))
    table = pd.DataFrame({"shop": place, "unit": events["unit_id"].to_numpy()}).assign(
        ordered=pd.to_datetime(events["ordered_on"]).to_numpy().astype("datetime64[s]"),
        booked=pd.to_datetime(events["booked_on"]).to_numpy().astype("datetime64[s]"),
    )
    table = table[(place >= 0) & table["ordered"].notna() & (table["booked"] <= last)]
    begin = starts[table["shop"].to_numpy()].astype("datetime64[s]")
    table = table[(table["ordered"] >= begin) & (table["booked"] >= begin)]
    table = table.sort_values(["shop", "unit", "booked", "ordered"]).drop_duplicates(["shop", "unit"])
    delay = (table["booked"] - table["ordered"]).dt.days.to_numpy().clip(0)
    row = (table["ordered"] - pd.Timestamp(first)).dt.days.to_numpy()
    kept = (delay <= LONGEST_DELAY_DAYS) & (row + delay <= (last - first).astype(int))
    return _Units(table["shop"].to_numpy()[kept], row[kept], delay[kept])


def _look(units: _Units, made_orders: Array, known_days: int) -> _Look:
    """What could be said at the end of the day on row `known_days` − 1."""
    orders = made_orders[:known_days]
    known = units.row + units.delay < known_days
    shop, row, delay = units.shop[known], units.row[known], units.delay[known]
    reported = _table(row, shop, orders.shape)
    by_age = _completion(shop, delay, known_days - 1 - row, orders.shape[1])
    ages = np.minimum(np.arange(known_days)[::-1], LONGEST_DELAY_DAYS)
    completion = by_age[ages]

    completed = orders * np.nan_to_num(completion)
    # Half an event in a window of orders: a shop without events is not certain to stay without.
    mean = (discounted(reported)[-1] + 0.5) / np.maximum(discounted(completed)[-1], 1.0)
    fair = mean * completed
    mature = np.nan_to_num(completion) >= MATURE_COMPLETION
    excess = np.where(mature, (reported - fair) ** 2 - fair, 0.0).sum(axis=0)
    scale = np.where(mature, fair**2, 0.0).sum(axis=0)
    varies = np.divide(excess, scale, out=np.ones_like(scale), where=scale > 0)
    shape = 1 / np.clip(varies, 0.01, 1.0)
    rate = (shape + reported) / (shape / mean + completed)
    return _Look(by_age, ages, reported, completion, orders * (1 - completion) * rate, 1 / (shape + reported))


def _table(row: Whole, shop: Whole, shape: tuple[int, ...]) -> Array:
    flat = np.bincount(row * shape[1] + shop, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(float)


def _completion(shop: Whole, delay: Whole, age: Whole, shops: int) -> Array:
    """G: delays (0 … LONGEST_DELAY_DAYS) × shops, the share of events that come within so many days.

    In reverse time an event enters the risk set at the age of its order day, the longest delay that could have been seen, and
    leaves it at its delay: P(delay <= x) = Π over j > x of 1 − events with delay j / events with delay <= j <= age.
    """
    shape = (LONGEST_DELAY_DAYS + 1, shops)
    at = _table(delay, shop, shape)
    too_young = np.cumsum(_table(np.minimum(age, LONGEST_DELAY_DAYS), shop, shape), axis=0)
    at_risk = np.cumsum(at, axis=0)
    at_risk[1:] -= too_young[:-1]
    total = max(len(delay), 1)
    own_at = at + POOL_EVENTS * at.sum(axis=1, keepdims=True) / total
    own_risk = at_risk + POOL_EVENTS * at_risk.sum(axis=1, keepdims=True) / total
    stays = 1 - np.divide(own_at, own_risk, out=np.zeros(shape), where=own_risk > 0)
    later = np.vstack([stays[1:], np.ones((1, shops))])
    complete = np.cumprod(later[::-1], axis=0)[::-1]
    return complete if len(delay) else np.full(shape, np.nan)


@dataclass(frozen=True)
class _Judged:
    """An earlier look against what came since; arrays are order days × shops. `used`: those that tell something."""

    came: Array
    mean: Array
    spread: Array
    used: npt.NDArray[np.bool_]


def _learnt(units: _Units, made_orders: Array, now: _Look) -> tuple[Array, Array, Array]:
    """From the errors of earlier looks, a shop each: the spread, the share of recent outcomes outside, the errors used."""
    back_days = [LOOK_DAYS * (back + 1) for back in range(LOOKS)]
    looks = [_judged(units, made_orders, now, back) for back in back_days if back < len(made_orders)]
    recent, older = looks[:RECENT_LOOKS], looks[RECENT_LOOKS:]
    older_spread = _spread(older, len(made_orders[0]))
    low, high = counts.BANDS[80]
    outside, number = np.zeros_like(older_spread), np.zeros_like(older_spread)
    for look in recent:
        spread = np.maximum(look.spread, older_spread)
        too_few = counts.at_most(look.came, look.mean, spread) < low
        too_many = counts.at_most(look.came - 1, look.mean, spread) >= high
        outside += (look.used & (too_few | too_many)).sum(axis=0)
        number += look.used.sum(axis=0)
    share = np.divide(outside, number, out=np.zeros_like(outside), where=number > 0)
    return _spread(looks, len(outside)), share, sum((look.used.sum(axis=0) for look in looks), start=0 * number)


def _judged(units: _Units, made_orders: Array, now: _Look, back_days: int) -> _Judged:
    """What the look of `back_days` ago expected to come until now, and what came, on order days that are mature by now.

    Counts up to now, not to the end: what has come is known exactly.
    """
    known_days = len(made_orders) - back_days
    then = _look(units, made_orders, known_days)
    later = np.vstack([then.by_age, np.repeat(then.by_age[-1:], back_days, axis=0)])[then.ages + back_days]
    left = 1 - then.completion
    due = np.divide(later - then.completion, left, out=np.zeros_like(left), where=left > 0)
    mean = then.to_come * due
    used = (now.completion[:known_days] >= MATURE_COMPLETION) & (then.completion < FINAL_COMPLETION) & (mean > 0)
    return _Judged(now.reported[:known_days] - then.reported, mean, then.spread, used)


def _spread(looks: list[_Judged], shops: int) -> Array:
    """By moments: Σ((came − mean)² − mean) / Σ mean²."""
    excess, scale = np.zeros(shops), np.zeros(shops)
    for look in looks:
        excess += np.where(look.used, (look.came - look.mean) ** 2 - look.mean, 0.0).sum(axis=0)
        scale += np.where(look.used, look.mean**2, 0.0).sum(axis=0)
    return np.divide(excess, scale, out=np.zeros(shops), where=scale > 0)
