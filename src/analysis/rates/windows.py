"""Facts and a rule → rolling rates with their intervals, and how they stand against the shop's own lines.

All functions take small frames (one row a shop and day, one row an intervention) and never change them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from analysis.rates.intervals import share, wilson

DAYS_SHOWN = 90
COLUMNS = [
    "shop_id", "metric", "rule", "window_start", "window_end", "numerator", "denominator", "rate", "rate_low", "rate_high",
    "line_rate", "line_count", "status",
]  # fmt: skip
INTERVENTION_KINDS = ("after_sales",)


def judged(interventions: pd.DataFrame, rule: Any) -> pd.DataFrame:
    """Which interventions does the rule count, and why not the others?

    The frame with two more columns: `counted`, and `reason` (empty, `started_by_platform` or `withdrawn_undecided`).
    """
    by_platform = interventions["initiated_by"].isin(rule.excluded_initiators)
    undecided = (
        (interventions["outcome"] == "withdrawn")
        & interventions["decided_at"].isna()
        & rule.excludes_undecided_withdrawn
    )
    reason = np.select([by_platform, undecided], ["started_by_platform", "withdrawn_undecided"], default="")
    return interventions.assign(counted=reason == "", reason=reason)


def rolling(
    shop_days: pd.DataFrame,
    interventions: pd.DataFrame,
    covered_days: pd.DataFrame,
    evidence_sources: pd.DataFrame,
    rule: Any,
    as_of: date,
    line: Callable[[str], Any],
    days: int = DAYS_SHOWN,
) -> pd.DataFrame:
    """What was the rate in each of the last `days` windows, the newest ending on `as_of`?

    One row a shop × window end, with COLUMNS. The numerator is distinct orders with a counted intervention inside the
    window, the denominator the rule's column of `shop_days`, the interval Wilson's at 95 %. A window with a day that no
    orders export covers, or (unless the shop keeps its own list) that no after-sales export covers, is empty:
    status `incomplete`. `no_intervention_source`: nothing the shop exported could show an intervention. `no_orders`: none
    in the window. Else `no_line`, or where the figures stand against the lines: `below`, `above_rate`, `above_count`,
    `above_both`. `line(shop_id)` gives the shop's line.
    """
    shops = sorted(set(shop_days["shop_id"]) | set(evidence_sources["shop_id"]))
    ends = pd.date_range(as_of - timedelta(days=days - 1), as_of)
    calendar = pd.date_range(ends[0] - timedelta(days=rule.window_days - 1), as_of)
    denominators = _by_day(shop_days, rule.denominator, calendar, shops).rolling(rule.window_days).sum().loc[ends]
    numerators = _distinct_orders(judged(interventions, rule), rule, calendar, shops).loc[ends]
    orders_complete = _is_covered(covered_days, ("orders",), calendar, shops, rule.window_days).loc[ends]
    events_complete = _is_covered(covered_days, INTERVENTION_KINDS, calendar, shops, rule.window_days).loc[ends]
    own_list = evidence_sources.set_index("shop_id")["has_own_list"].reindex(shops, fill_value=False).astype(bool)
    any_source = evidence_sources.set_index("shop_id")["has_any"].reindex(shops, fill_value=False).astype(bool)
    complete = orders_complete & (events_complete | own_list)

    long = pd.DataFrame(
        {
            "shop_id": np.repeat(shops, len(ends)),
            "window_end": np.tile(ends, len(shops)),
            "numerator": numerators.to_numpy().T.ravel(),
            "denominator": denominators.to_numpy().T.ravel(),
            "complete": complete.to_numpy().T.ravel(),
            "has_source": np.repeat(any_source.to_numpy(), len(ends)),
        }
    )
    shown = long["complete"] & long["has_source"]
    k = long["numerator"].where(shown).astype("Int64")
    n = long["denominator"].where(shown).astype("Int64")
    low, high = wilson(k, n)
    lines = {shop: line(shop) for shop in shops}
    result = pd.DataFrame(
        {
            "shop_id": long["shop_id"],
            "metric": rule.metric,
            "rule": rule.name,
            "window_start": (long["window_end"] - pd.Timedelta(days=rule.window_days - 1)).dt.date,
            "window_end": long["window_end"].dt.date,
            "numerator": k,
            "denominator": n,
            "rate": share(k, n),
            "rate_low": low,
            "rate_high": high,
            "line_rate": long["shop_id"].map({shop: each.rate for shop, each in lines.items()}).astype("Float64"),
            "line_count": long["shop_id"].map({shop: each.count for shop, each in lines.items()}).astype("Int64"),
        }
    )
    return result.assign(status=_status(result, long["has_source"]))[COLUMNS]


def in_window(interventions: pd.DataFrame, rule: Any, as_of: date) -> pd.DataFrame:
    """The interventions that began inside the rule's window ending on `as_of`."""
    began = pd.to_datetime(interventions[rule.dated_by])
    start = pd.Timestamp(as_of - timedelta(days=rule.window_days - 1))
    inside: pd.DataFrame = interventions.loc[(began >= start) & (began <= pd.Timestamp(as_of))]
    return inside


def sources(interventions: pd.DataFrame, rule: Any, as_of: date) -> pd.DataFrame:
    """How are the window's interventions known and dated? One row a shop × source × dated_by, with `interventions`."""
    inside = in_window(interventions, rule, as_of)
    return inside.groupby(["shop_id", "source", "dated_by"], as_index=False).agg(interventions=("order_id", "size"))


def _by_day(frame: pd.DataFrame, column: str, calendar: pd.DatetimeIndex, shops: list[str]) -> pd.DataFrame:
    days = frame.assign(on_date=pd.to_datetime(frame["on_date"]))
    return (
        days.pivot(index="on_date", columns="shop_id", values=column)
        .reindex(index=calendar, columns=shops)
        .fillna(0)
        .astype("float64")
    )


def _is_covered(
    covered_days: pd.DataFrame,
    kinds: tuple[str, ...],
    calendar: pd.DatetimeIndex,
    shops: list[str],
    window_days: int,
) -> pd.DataFrame:
    chosen = covered_days[covered_days["kind"].isin(kinds)].drop_duplicates(["shop_id", "on_date"])
    return _by_day(chosen.assign(one=1), "one", calendar, shops).rolling(window_days).sum() == window_days


def _distinct_orders(
    interventions: pd.DataFrame, rule: Any, calendar: pd.DatetimeIndex, shops: list[str]
) -> pd.DataFrame:
    """Orders with an intervention in the window ending on each day.

    An intervention counts from its day until the earlier of its day + window and the same order's next one, so each order
    counts once; the rolling count is the running sum of arrivals less departures.
    """
    events = interventions[interventions["counted"]]
    events = events.assign(arrives=pd.to_datetime(events[rule.dated_by]))[["shop_id", "order_id", "arrives"]]
    events = events.drop_duplicates().sort_values(["shop_id", "order_id", "arrives"])
    leaves = events["arrives"] + pd.Timedelta(days=rule.window_days)
    following = events.groupby(["shop_id", "order_id"])["arrives"].shift(-1)
    events = events.assign(leaves=leaves.where(following.isna() | (leaves <= following), following))
    arriving = events.groupby(["arrives", "shop_id"]).size().unstack(fill_value=0)
    leaving = events.groupby(["leaves", "shop_id"]).size().unstack(fill_value=0)
    days = calendar.union(pd.DatetimeIndex(arriving.index)).union(pd.DatetimeIndex(leaving.index))
    change = arriving.reindex(index=days, columns=shops, fill_value=0) - leaving.reindex(
        index=days, columns=shops, fill_value=0
    )
    return change.cumsum().reindex(calendar)


def _status(rates: pd.DataFrame, has_source: pd.Series) -> np.ndarray:
    k, n = rates["numerator"], rates["denominator"]
    over_rate = _exceeds(k, n, rates["line_rate"])
    over_count = (k > rates["line_count"]).fillna(False).to_numpy(dtype=bool)
    no_line = (rates["line_rate"].isna() & rates["line_count"].isna()).to_numpy(dtype=bool)
    return np.select(
        [
            ~has_source.to_numpy(dtype=bool),
            k.isna().to_numpy(dtype=bool),
            (n == 0).fillna(False).to_numpy(dtype=bool),
            no_line,
            over_rate & over_count,
            over_rate,
            over_count,
        ],
        [
            "no_intervention_source",
            "incomplete",
            "no_orders",
            "no_line",
            "above_both",
            "above_rate",
            "above_count",
        ],
        default="below",
    )


def _exceeds(k: pd.Series, n: pd.Series, line: pd.Series) -> np.ndarray:
    """Whether k of n is more than the line, in whole numbers: 7 of 100 does not exceed 0.07."""
    exact = {each: Fraction(str(each)) for each in line.dropna().unique()}
    over = k * line.map({each: x.denominator for each, x in exact.items()}).astype("Int64")
    allowed = n * line.map({each: x.numerator for each, x in exact.items()}).astype("Int64")
    return (over > allowed).fillna(False).to_numpy(dtype=bool)
