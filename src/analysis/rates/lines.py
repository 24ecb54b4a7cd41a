"""A shop's own lines: which hold on a day, whether they are exceeded, and how much still fits below them.

All comparisons are made in whole numbers, because a line of 0.07 must not be exceeded by 7 of 100.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

CATEGORY_DAYS = 7
"""How old the platform's category mean may be before a line that hangs on it is no line."""


def with_lines(
    rates: pd.DataFrame, line: Callable[..., Any], category_rates: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The lines that hold for each shop and window end, as columns of their own.

    `rates` with `shop_id, metric, window_end` (datetime64) gains `line_rate`, `line_count` (missing: none is set),
    `target_source` (`settings` or `category_mean`, missing without a rate line), `condition`, `early_share`,
    `persistent_days`, `min_orders`. A line of k × category mean takes the newest mean of at most CATEGORY_DAYS days
    before the window's end; where there is none, the shop's own `rate` holds, if any.
    """
    pairs = rates[["shop_id", "metric"]].drop_duplicates()
    lines = [line(shop, metric) for shop, metric in zip(pairs["shop_id"], pairs["metric"], strict=True)]
    chosen = pairs.assign(
        line_rate=pd.array([each.rate for each in lines], dtype="Float64"),
        line_count=pd.array([each.count for each in lines], dtype="Int64"),
        factor=pd.array([each.category_factor for each in lines], dtype="Float64"),
        condition=[each.condition for each in lines],
        early_share=[each.early_share for each in lines],
        persistent_days=pd.array([each.persistent_days for each in lines], dtype="Int64"),
        min_orders=[each.min_orders for each in lines],
    )
    joined = rates.merge(chosen, on=["shop_id", "metric"], how="left", validate="many_to_one")
    mean = _category_mean(joined, category_rates)
    by_mean = (joined["factor"] * mean).round(10)
    source = pd.Series(pd.NA, index=joined.index, dtype="str").mask(joined["line_rate"].notna(), "settings")
    return joined.assign(
        line_rate=by_mean.fillna(joined["line_rate"]), target_source=source.mask(by_mean.notna(), "category_mean")
    ).drop(columns="factor")


def allowed(n: pd.Series, line_rate: pd.Series, line_count: pd.Series, condition: pd.Series) -> pd.Series:
    """The most units that do not exceed the line, with n orders in the window; missing where no line holds.

    min(floor(L·n), C) where either line counts, the larger of the two where both must be exceeded.
    """
    by_rate = _floor(n, line_rate)
    by_count = line_count.astype("Int64").where(n.notna())
    smaller = by_rate.mask(by_count.notna() & ~(by_rate <= by_count).fillna(False), by_count)
    larger = by_rate.mask(by_count.notna() & ~(by_rate >= by_count).fillna(False), by_count)
    return smaller.where(condition != "both", larger).astype("Int64")


def headroom(rates: pd.DataFrame) -> pd.Series:
    """How many further units fit before the line is exceeded; negative when over, missing where there is no line."""
    fits = allowed(rates["denominator"], rates["line_rate"], rates["line_count"], rates["condition"])
    return (fits - rates["numerator"]).astype("Int64")


def statuses(rates: pd.DataFrame) -> np.ndarray:
    """How does each window stand against its lines? The first that applies.

    `no_intervention_source`; `incomplete`; `no_orders`; `no_line`; `too_few_orders` (fewer than the shop's `min_orders`);
    `above_both`, `above_rate`, `above_count`; `near` (more than `early_share` of a line); `below`.
    """
    k, n = rates["numerator"], rates["denominator"]
    over_rate = _exceeds(k, _floor(n, rates["line_rate"]))
    over_count = _exceeds(k, rates["line_count"])
    early = rates["early_share"].astype("Float64")
    near_rate = _exceeds(k, _floor(n, (rates["line_rate"] * early).round(10)))
    near_count = _exceeds(k, _floor(rates["line_count"], early))
    return np.select(
        [
            ~rates["has_source"].to_numpy(dtype=bool),
            k.isna().to_numpy(dtype=bool),
            (n == 0).fillna(False).to_numpy(dtype=bool),
            (rates["line_rate"].isna() & rates["line_count"].isna()).to_numpy(dtype=bool),
            (n < rates["min_orders"]).fillna(False).to_numpy(dtype=bool),
            over_rate & over_count,
            over_rate,
            over_count,
            near_rate | near_count,
        ],
        [
            "no_intervention_source",
            "incomplete",
            "no_orders",
            "no_line",
            "too_few_orders",
            "above_both",
            "above_rate",
            "above_count",
            "near",
        ],
        default="below",
    )


def _category_mean(rates: pd.DataFrame, category_rates: pd.DataFrame | None) -> pd.Series:
    if category_rates is None or category_rates.empty or rates["factor"].isna().all():
        return pd.Series(pd.NA, index=rates.index, dtype="Float64")
    known = category_rates.dropna(subset=["category_rate"]).assign(stat_on=lambda each: pd.to_datetime(each["stat_on"]))
    wanted = rates[["shop_id", "metric", "window_end"]].reset_index(names="at").sort_values("window_end")
    found = pd.merge_asof(
        wanted.astype({"window_end": "datetime64[us]"}),
        known[["shop_id", "metric", "stat_on", "category_rate"]]
        .astype({"stat_on": "datetime64[us]"})
        .sort_values("stat_on"),
        left_on="window_end",
        right_on="stat_on",
        by=["shop_id", "metric"],
        tolerance=timedelta(days=CATEGORY_DAYS),
    )
    return found.set_index("at")["category_rate"].reindex(rates.index).astype("Float64")


def _floor(n: pd.Series, factor: pd.Series) -> pd.Series:
    """floor(n · factor) without rounding errors: the factor is taken as the decimal that it is written as."""
    exact = {each: Fraction(str(each)) for each in factor.dropna().unique()}
    over = factor.map({each: value.numerator for each, value in exact.items()}).astype("Int64")
    under = factor.map({each: value.denominator for each, value in exact.items()}).astype("Int64")
    return (n.astype("Int64") * over) // under


def _exceeds(k: pd.Series, most: pd.Series) -> np.ndarray:
    return (k > most).fillna(False).to_numpy(dtype=bool)
