"""How the shop stands against its lines today, and what falls out of the window on each of the next days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from analysis.rates.intervals import share
from analysis.rates.lines import allowed
from analysis.rates.windows import daily_orders, judged, units_inside

DAYS_AHEAD = 30
VOLUME_DAYS = 28
"""The orders expected a day are the mean of this many last days: whole weeks, so that weekdays weigh alike."""
ROLLOFF_COLUMNS = ["shop_id", "rule", "on_date", "leaving", "remaining", "rate_if_none"]
STATUS_COLUMNS = [
    "shop_id", "metric", "rule", "window_start", "window_end", "numerator", "denominator", "rate", "target_rate",
    "target_count", "target_source", "condition", "early_share", "min_orders", "status", "days_above",
    "persistent_days", "is_persistent", "headroom", "headroom_rate", "headroom_count", "headroom_expected",
    "headroom_low", "unseen", "back_under_on", "back_under_late_on",
]  # fmt: skip


def expected_daily(shop_days: pd.DataFrame, rule: Any, as_of: date, shops: list[str]) -> pd.Series:
    """How many orders a day does each shop expect? The mean of the last VOLUME_DAYS days, by shop."""
    calendar = pd.date_range(as_of - timedelta(days=VOLUME_DAYS - 1), as_of)
    return daily_orders(shop_days, rule, calendar, shops).mean()


def rolloff(
    rates: pd.DataFrame, events: pd.DataFrame, shop_days: pd.DataFrame, rule: Any, as_of: date, days: int = DAYS_AHEAD
) -> pd.DataFrame:
    """What falls out of the window on each of the next days, and what stays if nothing new comes?

    One row a shop × day after `as_of`, ROLLOFF_COLUMNS: `leaving` units that are inside no longer, `remaining` those that
    still are, `rate_if_none` = remaining over the orders of the window ending that day, of which those after `as_of` are
    expected (`expected_daily`). A shop whose newest window is empty in `rates` has no rows.
    """
    newest = _newest(rates)
    shops = sorted(newest.loc[newest["numerator"].notna(), "shop_id"])
    ahead = pd.date_range(as_of + timedelta(days=1), as_of + timedelta(days=days))
    stays = units_inside(judged(events, rule), rule)
    inside = stays[(stays["enters_on"] <= pd.Timestamp(as_of)) & (stays["leaves_on"] > pd.Timestamp(as_of))]
    counts = inside.groupby(["leaves_on", "shop_id"]).size().unstack(fill_value=0)
    leaving = counts.reindex(index=ahead, columns=shops, fill_value=0)
    all_inside = inside.groupby("shop_id").size().reindex(shops, fill_value=0)
    remaining = all_inside - leaving.cumsum()
    orders = _orders_ahead(shop_days, rule, as_of, shops, ahead)
    return pd.DataFrame(
        {
            "shop_id": np.repeat(shops, len(ahead)),
            "rule": rule.name,
            "on_date": np.tile(ahead.date, len(shops)),
            "leaving": leaving.to_numpy().T.ravel().astype("int64"),
            "remaining": remaining.to_numpy().T.ravel().astype("int64"),
            "rate_if_none": share(pd.Series(remaining.to_numpy().T.ravel()), pd.Series(orders.to_numpy().T.ravel())),
        }
    )[ROLLOFF_COLUMNS]


def status(
    rates: pd.DataFrame,
    rolloff: pd.DataFrame,
    shop_days: pd.DataFrame,
    rule: Any,
    as_of: date,
    missing: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """How does each shop stand against its lines in its newest window? One row a shop, STATUS_COLUMNS.

    `days_above`: days on end, up to the newest window, on which the line was exceeded; `is_persistent`: at least
    `persistent_days` of them (missing where that is not set). `headroom` is how many more units fit before the line is
    exceeded, `headroom_rate` and `headroom_count` the same for each line alone, `headroom_expected` at the orders expected
    for the next window. `unseen` units are known to the platform and not to the exports (`missing`: `shop_id, missing_count`);
    `headroom_low` counts them too. `back_under_on`: over the line now, the first day on which it is not exceeded if nothing
    new comes; `back_under_late_on` the same where the unseen ones, whose days nobody knows, leave last. Both are missing
    when not over, or not within the days of `rolloff`.
    """
    newest = _newest(rates).reset_index(drop=True)
    shops = sorted(newest["shop_id"])
    alone = newest.assign(condition="either")
    none = pd.Series(pd.NA, index=newest.index)
    by_rate = allowed(newest["denominator"], newest["line_rate"], none.astype("Int64"), alone["condition"])
    by_count = allowed(newest["denominator"], none.astype("Float64"), newest["line_count"], alone["condition"])
    volume = newest["shop_id"].map(expected_daily(shop_days, rule, as_of, shops) * rule.window_days).round()
    at_volume = allowed(volume.astype("Int64"), newest["line_rate"], newest["line_count"], newest["condition"])
    k = newest["numerator"]
    days_above = _days_above(rates)
    above = newest["shop_id"].map(days_above).fillna(0).astype("int64")
    unseen = pd.Series(0, index=newest.index, dtype="Int64")
    if missing is not None:
        unseen = newest["shop_id"].map(missing.set_index("shop_id")["missing_count"]).astype("Int64").fillna(0)
    room = _room_ahead(newest, rolloff, shop_days, rule, as_of)
    low = (newest["headroom"] - unseen).astype("Int64")
    return newest.assign(
        target_rate=newest["line_rate"],
        target_count=newest["line_count"],
        days_above=above,
        is_persistent=(above >= newest["persistent_days"]).astype("boolean"),
        headroom_rate=(by_rate - k).astype("Int64"),
        headroom_count=(by_count - k).astype("Int64"),
        headroom_expected=(at_volume - k).astype("Int64"),
        headroom_low=low,
        unseen=unseen,
        back_under_on=_first_day(room, newest["shop_id"], newest["headroom"], unseen * 0),
        back_under_late_on=_first_day(room, newest["shop_id"], low, unseen),
    )[STATUS_COLUMNS]


def limits(rates: pd.DataFrame) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """The newest line of each shop as a function: orders in the window → the most units that do not exceed the line.

    Takes and gives wide frames, one column a shop; missing where the shop has no line.
    """
    lines = _newest(rates).set_index("shop_id")

    def most(orders: pd.DataFrame) -> pd.DataFrame:
        names = np.tile(orders.columns.to_numpy(), len(orders))
        own = lines.reindex(names).reset_index(drop=True)
        n = pd.Series(orders.to_numpy().ravel()).round().astype("Int64")
        fits = allowed(n, own["line_rate"], own["line_count"], own["condition"])
        values = fits.astype("Float64").to_numpy(dtype="float64", na_value=np.nan).reshape(orders.shape)
        return pd.DataFrame(values, index=orders.index, columns=orders.columns)

    return most


def _newest(rates: pd.DataFrame) -> pd.DataFrame:
    return rates.sort_values(["shop_id", "window_end"]).drop_duplicates("shop_id", keep="last")


def _days_above(rates: pd.DataFrame) -> pd.Series:
    """The length of the unbroken run of windows above the line that ends with the newest, by shop."""
    ordered = rates.sort_values(["shop_id", "window_end"], ascending=[True, False])
    unbroken = ordered["is_above"].astype("int64").groupby(ordered["shop_id"]).cumprod()
    return unbroken.groupby(ordered["shop_id"]).sum()


def _orders_ahead(
    shop_days: pd.DataFrame, rule: Any, as_of: date, shops: list[str], ahead: pd.DatetimeIndex
) -> pd.DataFrame:
    """Orders of the windows that end on the days ahead: those known, and those expected after `as_of`."""
    known = daily_orders(shop_days, rule, pd.date_range(as_of - timedelta(days=rule.window_days - 1), as_of), shops)
    expected = expected_daily(shop_days, rule, as_of, shops)
    coming = pd.DataFrame([expected] * len(ahead), index=ahead, columns=shops)
    return pd.concat([known, coming]).rolling(rule.window_days).sum().loc[ahead]


def _room_ahead(
    newest: pd.DataFrame, rolloff: pd.DataFrame, shop_days: pd.DataFrame, rule: Any, as_of: date
) -> pd.DataFrame:
    """How many units would fit on each day ahead if nothing new comes, day × shop; missing where a shop has no line."""
    shops = sorted(rolloff["shop_id"].unique())
    days = pd.DatetimeIndex(pd.to_datetime(rolloff["on_date"].drop_duplicates()))
    most = limits(newest)(_orders_ahead(shop_days, rule, as_of, shops, days))
    remaining = rolloff.pivot(index="on_date", columns="shop_id", values="remaining").reindex(columns=shops)
    return pd.DataFrame(most.to_numpy() - remaining.to_numpy(), index=remaining.index, columns=shops)


def _first_day(room: pd.DataFrame, shops: pd.Series, headroom: pd.Series, unseen: pd.Series) -> pd.Series:
    """The first day ahead with room for the unseen units, for the shops that have none now; None for the others."""
    found = [
        next(iter(room.index[room[shop] >= more]), None) if shop in room and over else None
        for shop, over, more in zip(shops, (headroom < 0).fillna(False), unseen, strict=True)
    ]
    return pd.Series(found, index=shops.index, dtype="object")
