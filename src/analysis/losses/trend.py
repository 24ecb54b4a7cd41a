"""Do the disputes cost more than they used to? By weeks from Monday to Sunday, of which only whole ones are judged."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from analysis.losses.intervals import half_up, sum_interval
from analysis.losses.window import by_order, within

WEEKS_SHOWN = 13
WEEKS_BEFORE = 8
"""A week is compared with the mean of so many whole ones before it, …"""
FEWEST_WEEKS = 4
"""… of which so many must be known."""
COLUMNS = [
    "shop_id", "week_start", "week_end", "days", "is_whole", "disputed_orders", "pending_orders", "loss_fen", "low_fen",
    "high_fen", "expected_fen", "verdict",
]  # fmt: skip


def trend(
    entries: pd.DataFrame, orders: pd.DataFrame, shop_days: pd.DataFrame, as_of: date, weeks: int = WEEKS_SHOWN
) -> pd.DataFrame:
    """What did the disputes that began in each of the last `weeks` weeks cost? One row a shop × week, COLUMNS.

    The shops of `shop_days` (`shop_id, on_date`); `days` of the week are known: from the shop's first day to `as_of`. `low_fen`
    and `high_fen`: `intervals.sum_interval`. `expected_fen`: mean of the WEEKS_BEFORE whole weeks before, missing with fewer
    than FEWEST_WEEKS. `verdict`: `higher` (`low_fen` is above it), `lower` (`high_fen` is below it), `open` (below it, but some
    cases are not decided and may still cost), `level`; '' where the week is not whole or there is nothing to compare with.
    """
    monday = as_of - timedelta(days=as_of.weekday())
    back = weeks + WEEKS_BEFORE - 1
    starts = pd.date_range(monday - timedelta(weeks=back), monday, freq="7D", unit="us")
    first = pd.to_datetime(shop_days["on_date"]).groupby(shop_days["shop_id"]).min()
    grid = pd.MultiIndex.from_product([first.index.astype("str"), starts], names=["shop_id", "week_start"])
    table = _weeks(entries, orders, starts[0].date(), as_of).reindex(grid).reset_index()
    began = table["shop_id"].map(first)
    known_from = table["week_start"].where(table["week_start"] >= began, began)
    sunday = table["week_start"] + pd.Timedelta(days=6)
    known_to = sunday.where(sunday <= pd.Timestamp(as_of), pd.Timestamp(as_of))
    days = ((known_to - known_from).dt.days + 1).clip(lower=0).astype("Int64")
    counts = ["disputed_orders", "pending_orders"]
    is_none = table["disputed_orders"].isna()
    table[counts] = table[counts].fillna(0)
    table["loss_fen"] = table["loss_fen"].mask(is_none, 0)
    largest = table.groupby("shop_id")["largest_fen"].transform("max").fillna(0)
    low, high = sum_interval(table["loss_fen"], table["squares"].fillna(0), largest)
    table = table.assign(
        week_end=sunday,
        days=days,
        is_whole=(days == 7).astype("bool"),
        low_fen=half_up(low),
        high_fen=half_up(high),
    )
    table["expected_fen"] = _mean_before(table)
    table = table.assign(verdict=_verdicts(table))
    shown = table[(table["week_start"] >= starts[-weeks]) & (table["days"] > 0)]
    return shown[COLUMNS].reset_index(drop=True)


def _weeks(entries: pd.DataFrame, orders: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """Counts, loss, its squares and its largest by shop and week; a loss is missing where none of it is known."""
    inside, joined = within(entries, orders, first, last)
    lost = by_order(inside, joined[joined["is_counted"]])
    day = lost["disputed_on"].astype("datetime64[us]")
    lost = lost.assign(
        week_start=day - pd.to_timedelta(day.dt.day_of_week, unit="D"),
        is_pending=lost["outcome"] == "pending",
        squares=lost["loss_fen"].astype("Float64") ** 2,
    )
    weeks = lost.groupby(["shop_id", "week_start"])
    found = weeks.agg(
        disputed_orders=("order_id", "size"),
        pending_orders=("is_pending", "sum"),
        squares=("squares", "sum"),
        largest_fen=("loss_fen", "max"),
    )
    found = found.assign(loss_fen=weeks["loss_fen"].sum(min_count=1))
    return found.astype({"disputed_orders": "Int64", "pending_orders": "Int64"})


def _mean_before(table: pd.DataFrame) -> pd.Series:
    whole = table["loss_fen"].where(table["is_whole"]).astype("Float64")
    before = whole.groupby(table["shop_id"]).transform(
        lambda loss: loss.shift(1).rolling(WEEKS_BEFORE, min_periods=FEWEST_WEEKS).mean()
    )
    return half_up(before)


def _verdicts(table: pd.DataFrame) -> np.ndarray:
    is_judged = table["is_whole"] & table["expected_fen"].notna() & table["low_fen"].notna()
    is_higher = (table["low_fen"] > table["expected_fen"]).fillna(False)
    is_lower = (table["high_fen"] < table["expected_fen"]).fillna(False)
    return np.select(
        [~is_judged, is_higher, is_lower & (table["pending_orders"] > 0), is_lower],
        ["", "higher", "open", "lower"],
        default="level",
    )
