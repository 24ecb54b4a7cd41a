"""What was inside each shop's window on each past day, and how fast new units came: all shops at once, days × shops.

Everything on the row of a day is known at the end of that day, so that a row is what a forecast made then could use.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

HORIZONS_DAYS = (7, 14, 30)
HALF_LIFE_DAYS = 21
PRIOR_DAYS = 7  # the mean of the shop's whole history weighs as much as one week
WEEK_DAYS = 7
FEWEST_ERRORS = 28  # daily origins, so that at least four separate weeks tell how wrong the forecast was
BURN_IN_DAYS = 28  # errors of rates that were learnt from less would make the bands too wide for ever


@dataclass(frozen=True)
class Windows:
    """The rolling counts. Arrays are days × shops; `inside` has one array a horizon.

    `history_days`: covered days up to and with this one (below 1: not covered). `counts`: units inside the window that ends
    on the day. `inside[h]`: those known on the day that will still be inside h days later. `arrivals`: the day's units that
    would not be inside without that day.
    """

    days: pd.DatetimeIndex
    shops: list[str]
    window_days: int
    history_days: Array
    counts: Array
    inside: dict[int, Array]
    arrivals: Array

    def arriving_days(self, horizon_days: int) -> int:
        """On how many of the days ahead an arrival would still be inside on the last of them."""
        return min(horizon_days, self.window_days)

    def came(self, horizon_days: int) -> Array:
        """Units that came in the next `horizon_days` and are inside on the last of them; missing where not yet known."""
        came = np.full_like(self.counts, np.nan)
        known = max(len(self.days) - horizon_days, 0)
        came[:known] = self.counts[horizon_days:] - self.inside[horizon_days][:known]
        return came


def windows(events: pd.DataFrame, since: pd.Series, as_of: date, window_days: int) -> Windows:
    """How many distinct units were inside each shop's window on every day of its history, and would be HORIZONS_DAYS later?

    `events`: `shop_id, unit_id, booked_on`, the counted ones only; those before the shop's `since`, after `as_of` or of a
    shop that is not in `since` are left out. An event of day b keeps its unit inside on the days b to b + window_days − 1, or
    until the day before the same unit's next event; so every count is a running sum of entries less exits.
    """
    shops = sorted(since.dropna().index)
    starts = pd.to_datetime(since.reindex(shops)).to_numpy().astype("datetime64[D]")
    first = min([*starts, np.datetime64(as_of, "D")])
    days = pd.date_range(first, as_of)
    rows = np.arange(len(days))[:, None]
    history_days = (rows + 1.0) - (starts - first).astype(int)

    place = pd.Index(shops).get_indexer(pd.Index(events["shop_id"]))
    booked = pd.to_datetime(events["booked_on"]).to_numpy().astype("datetime64[D]")
    kept = (place >= 0) & (booked <= np.datetime64(as_of, "D"))
    kept[kept] &= booked[kept] >= starts[place[kept]]
    table = pd.DataFrame(
        {"shop": place[kept], "unit": events["unit_id"].to_numpy()[kept], "day": (booked[kept] - first).astype(int)}
    )
    table = table.drop_duplicates().sort_values(["shop", "unit", "day"])
    by_unit = table.groupby(["shop", "unit"], sort=False)["day"]
    never = len(days) + window_days
    following = by_unit.shift(-1).fillna(never).to_numpy().astype(int)
    since_last = (table["day"] - by_unit.shift(1)).fillna(never).to_numpy()
    day, shop = table["day"].to_numpy(), table["shop"].to_numpy()

    def held(h: int) -> Array:
        return _running(day, np.minimum(following, day + window_days - h), shop, history_days.shape)

    is_new = since_last >= window_days
    return Windows(
        days=days,
        shops=shops,
        window_days=window_days,
        history_days=history_days,
        counts=held(0),
        inside={h: held(h) for h in HORIZONS_DAYS},
        arrivals=_added(day[is_new], shop[is_new], history_days.shape),
    )


def _added(day: npt.NDArray[np.int_], shop: npt.NDArray[np.int_], shape: tuple[int, ...]) -> Array:
    flat = np.bincount(day * shape[1] + shop, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(float)


def _running(
    start: npt.NDArray[np.int_], stop: npt.NDArray[np.int_], shop: npt.NDArray[np.int_], shape: tuple[int, ...]
) -> Array:
    """How many of the spans start … stop − 1 hold each day."""
    spans = stop > start
    leaves = spans & (stop < shape[0])
    entries = _added(start[spans], shop[spans], shape)
    exits = _added(stop[leaves], shop[leaves], shape)
    return np.cumsum(entries - exits, axis=0)


def discounted(values: Array) -> Array:
    """Running sum down the rows where a value loses half its weight every HALF_LIFE_DAYS."""
    return pd.DataFrame(values).ewm(halflife=HALF_LIFE_DAYS).sum().to_numpy()


@dataclass(frozen=True)
class Rates:
    """What is believed of the arrivals on each day (days × shops).

    `daily`: mean arrivals a day. `spread[h]`: squared coefficient of variation of the level over the next h days; arrivals of
    mean μ have the variance μ + spread·μ² (negative binomial).
    """

    daily: Array
    spread: dict[int, Array]


def rates(known: Windows) -> Rates:
    """How many units come a day, and how far may the level be off?

    Discounted Gamma–Poisson (West and Harrison 1997): the Gamma's shape is the discounted sum of arrivals, its
    rate the discounted number of days, both with a prior of PRIOR_DAYS days at the mean of the shop's history. Its spread is
    1 / shape, or what the shop's own errors show if that is more: of its weekly forecasts and of those over the same horizon,
    each once FEWEST_ERRORS have met their outcome.
    """
    covered = (known.history_days >= 1).astype(float)
    mean = (np.cumsum(known.arrivals, axis=0) + 0.5) / np.maximum(known.history_days, 1)
    shape = discounted(known.arrivals) + PRIOR_DAYS * mean
    daily = shape / (discounted(covered) + PRIOR_DAYS)
    shown = {h: _shown_by_errors(known, daily, h) for h in HORIZONS_DAYS}
    return Rates(daily, {h: np.maximum(1 / shape, np.maximum(shown[WEEK_DAYS], own)) for h, own in shown.items()})


def _shown_by_errors(known: Windows, daily: Array, horizon_days: int) -> Array:
    """The spread that the errors up to each day show, by moments: Σ(error² − mean) / Σ mean²; 0 while they are few."""
    mean = known.arriving_days(horizon_days) * daily
    errors = known.came(horizon_days) - mean
    matured = (known.history_days >= BURN_IN_DAYS) & ~np.isnan(errors)
    excess = _later(np.where(matured, errors**2 - mean, 0.0), horizon_days)
    scale = _later(np.where(matured, mean**2, 0.0), horizon_days)
    number = _later(matured.astype(float), horizon_days)
    return np.divide(excess, scale, out=np.zeros_like(scale), where=number >= FEWEST_ERRORS)


def _later(values: Array, days: int) -> Array:
    """The running sum of values that become known `days` after their own day."""
    known = np.zeros_like(values)
    known[days:] = np.cumsum(values, axis=0)[: max(len(values) - days, 0)]
    return known
