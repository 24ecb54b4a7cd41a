"""Our figures beside the platform's own: do they agree, which definition reproduces them, which orders may explain a gap?

A figure of the platform is a count and a rounded share. The two together enclose the denominator, so they judge a definition's
denominator even where our exports do not show every intervention.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

RECONCILIATION_COLUMNS = [
    "shop_id", "date", "rule", "ours_count", "platform_count", "ours_rate", "platform_rate", "within_rounding",
    "difference", "denominator_low", "denominator_high", "denominator",
]  # fmt: skip
FITS_COLUMNS = [
    "shop_id", "rule", "days", "days_count", "days_rate", "days_both", "days_denominator", "place", "is_tied",
    "stopped_on", "verdict",
]  # fmt: skip
GAPS_COLUMNS = ["shop_id", "date", "order_id", "booked_on", "reason", "rules"]
SHOWN_COLUMNS = ["shop_id", "rule", "stat_on", "platform_count", "platform_rate", "missing_count"]

FEWEST_DAYS = 5
"""Comparable days below which no definition is said to fit, or to have fitted: windows of successive days share 29 days."""
DAYS_SINCE = 3
"""Days that a rule must have missed to be said to have stopped."""
TOLERATED_SHARE = 0.3
"""Days that a definition that fits may miss, and one that stopped may still meet: one late order is wrong on many days."""
ONE = 10**10
"""A rate of 1 in the ten digits that `marts.platform_figures` keeps."""
PRINTED_STEP = ONE // 10**4
"""The platform prints two decimals of a percent."""


def reconcile(windows: pd.DataFrame, figures: pd.DataFrame, lag_days: Mapping[str, int]) -> pd.DataFrame:
    """What do we and the platform say about each day, under each definition, and does it agree?

    `windows`: `rolling` of several rules, one after the other. `figures`: the question `platform_figures`; a figure that a
    newer one replaced is left out. `lag_days`: rule → how many days before the statistic day its window ends (none: 0).

    One row a shop × statistic day × rule of the figure's metric, with RECONCILIATION_COLUMNS. `within_rounding`: our
    rate, printed as the platform prints its own, is the platform's. `difference`: our count less the platform's. The
    platform's denominator lies in `denominator_low` to `denominator_high`, both ends included; `denominator` is ours. The
    platform rounds half up, to two decimals of a percent or as finely as the figure is written. Empty: ours where a day of
    the window is not covered, theirs where the platform gave none, the denominator where the count is none or zero (or
    without an upper end, where the rate is zero), `within_rounding` also where we know of no orders.
    """
    rules = windows[["metric", "rule"]].drop_duplicates()
    given = ["shop_id", "metric", "stat_on", "platform_count", "platform_rate"]
    told = figures.loc[figures["is_newest"], given].merge(rules, on="metric")
    told = told.assign(date=pd.to_datetime(told["stat_on"]))
    lags = pd.to_timedelta(told["rule"].map(dict(lag_days)).fillna(0), unit="D")
    ours = windows.assign(window_end=pd.to_datetime(windows["window_end"]))
    found = told.assign(window_end=told["date"] - lags).merge(
        ours[["shop_id", "rule", "window_end", "numerator", "denominator", "rate"]],
        on=["shop_id", "rule", "window_end"],
        how="left",
        validate="one_to_one",
    )
    count, rate = found["platform_count"].astype("Int64"), found["platform_rate"].astype("Float64")
    k, n = found["numerator"].astype("Int64"), found["denominator"].astype("Int64")
    low, high = _bounds(rate)
    is_inside = ((low * n <= 2 * ONE * k) & (2 * ONE * k < high * n)).where(n > 0).astype("boolean")
    some = count.where(count > 0)
    return (
        found.assign(
            date=found["date"].dt.date,
            ours_count=k,
            platform_count=count,
            ours_rate=found["rate"].astype("Float64"),
            platform_rate=rate,
            within_rounding=is_inside,
            difference=k - count,
            denominator_low=2 * ONE * some // high + 1,
            denominator_high=2 * ONE * some // low.where(low > 0),
            denominator=n,
        )[RECONCILIATION_COLUMNS]
        .sort_values(["shop_id", "date", "rule"])
        .reset_index(drop=True)
    )


def fits(reconciliation: pd.DataFrame) -> pd.DataFrame:
    """Which definition do the platform's own figures speak for?

    One row a shop × candidate rule of one metric, with FITS_COLUMNS, the best first. `days`: statistic days with both
    figures; on `days_count` of them the counts are equal, on `days_rate` the rates within the rounding, on `days_both`
    everything that the platform gave is met. On `days_denominator` the platform's count over *our* denominator gives the
    platform's rate: this judges the denominator alone and holds where our exports show too few interventions.

    Candidates that meet at least seven tenths of their days come first, the most days first, then those with the most
    `days_denominator`. `is_tied`: on the days that both have, this one is not behind the first, or by fewer days than the
    first itself misses, so the figures do not choose between them; both have place 1. `stopped_on`: the first day from which a
    rule that had fitted for at least five days no longer does, for at least three, where no candidate fits throughout: then
    it is the platform that changed, and where a candidate fits since, only the days since count. The verdict is the shop's:
    `not_enough_days` (fewer than five, or no candidate can be told from another), `none_fits`, `tied` or `fits`.
    """
    days = _compared(reconciliation)
    candidates = pd.MultiIndex.from_frame(
        reconciliation[["shop_id", "rule"]].drop_duplicates().sort_values(["shop_id", "rule"])
    )
    stopped = _stopped(days)
    judged = _since_the_change(days, stopped)
    counts = judged.groupby(["shop_id", "rule"]).agg(
        days=("date", "size"),
        days_count=("count", "sum"),
        days_rate=("rate", "sum"),
        days_both=("both", "sum"),
        days_denominator=("denominator", "sum"),
    )
    table = counts.reindex(candidates, fill_value=0).astype("int64").reset_index()
    does_fit = (table["days"] > 0) & (table["days_both"] >= (1 - TOLERATED_SHARE) * table["days"])
    table = table.assign(fitting=table["days_both"].where(does_fit, 0))
    order = ["fitting", "days_denominator", "days_both"]
    table = table.sort_values(["shop_id", *order, "rule"], ascending=[True, False, False, False, True])
    table = table.reset_index(drop=True)
    is_first = _not_worse_than_first(table, judged)
    table = (
        table.assign(is_first=is_first).sort_values(["shop_id", "is_first"], ascending=[True, False], kind="stable")
    ).reset_index(drop=True)
    table = table.assign(place=_places(table, order))
    firsts = table.groupby("shop_id")["is_first"].transform("sum")
    table = table.assign(
        is_tied=table["is_first"] & (firsts > 1),
        stopped_on=stopped.reindex(pd.MultiIndex.from_frame(table[["shop_id", "rule"]])).to_numpy(),
        verdict=_verdict(table, firsts),
    )
    stopped_on = table["stopped_on"].dt.date.astype(object)
    return table.assign(stopped_on=stopped_on.where(stopped_on.notna(), None))[FITS_COLUMNS]


def gaps(
    judged: pd.DataFrame,
    reconciliation: pd.DataFrame,
    in_force: str,
    window_days: Mapping[str, int],
    lag_days: Mapping[str, int],
    days: int = 1,
) -> pd.DataFrame:
    """Which orders may explain why our count is not the platform's?

    `judged`: `judged` of several rules, one after the other, with their name in `rule`. For each shop's newest `days`
    statistic days on which the rule in force counts otherwise than the platform: the orders that it counts in that day's
    window and some other rule does not, or the other way round. One row a shop × date × order, with GAPS_COLUMNS:
    `booked_on` the newest day that books it there; `reason` why the rule in force does not count it ('' where it does;
    `booked_on_another_day`, `no_such_event`, or a reason of `judged`); `rules` the others that disagree with it. Empty where
    there is no gap, or no rule counts otherwise.
    """
    own = reconciliation[(reconciliation["rule"] == in_force) & (reconciliation["difference"] != 0).fillna(False)]
    newest = own.sort_values("date", ascending=False).groupby("shop_id").head(days)[["shop_id", "date"]]
    lengths = pd.DataFrame(
        [(rule, lag_days.get(rule, 0), window_days[rule]) for rule in judged["rule"].unique()],
        columns=["rule", "lag_days", "window_days"],
    ).astype({"lag_days": "int64", "window_days": "int64"})
    windows = newest.merge(lengths, how="cross")
    end = pd.to_datetime(windows["date"]) - pd.to_timedelta(windows["lag_days"], unit="D")
    windows = windows.assign(end=end, start=end - pd.to_timedelta(windows["window_days"] - 1, unit="D"))
    counted = judged.loc[judged["counted"], ["shop_id", "rule", "order_id", "booked_on", "enters_on"]]
    near = counted.merge(windows, on=["shop_id", "rule"])
    inside = near[(near["booked_on"] >= near["start"]) & (near["enters_on"] <= near["end"])]
    key = ["shop_id", "date", "order_id"]
    booked = inside.groupby([*key, "rule"])["booked_on"].max().unstack("rule")
    booked = booked.reindex(columns=[in_force, *sorted(set(judged["rule"]) - {in_force})]).astype("datetime64[us]")
    own_day, others = booked[in_force], booked.drop(columns=in_force)
    disagrees = others.notna().ne(own_day.notna(), axis=0)
    found = disagrees.any(axis=1)
    named = np.where(disagrees[found], np.array([f"{rule}, " for rule in others.columns], dtype=object), "")
    booked_on = own_day.fillna(others.max(axis=1))[found].dt.date
    result = pd.DataFrame({"booked_on": booked_on, "rules": pd.Series(named.sum(axis=1), index=booked_on.index)})
    result = result.assign(rules=result["rules"].astype("str").str.removesuffix(", ")).reset_index()
    why = _reasons(result, judged[judged["rule"] == in_force]).mask(own_day[found].notna().to_numpy(), "")
    return result.assign(reason=why)[GAPS_COLUMNS]


def shown_by_platform(reconciliation: pd.DataFrame, as_of: date, within_days: int = 3) -> pd.DataFrame:
    """How many interventions does the platform count that our exports do not show?

    One row a shop × rule with a count of the platform's for one of the `within_days` + 1 days that end on `as_of`, with
    SHOWN_COLUMNS of the newest. `missing_count` is 0 where we count as many or more; empty where our window is not covered.
    """
    oldest = as_of - timedelta(days=within_days)
    told = reconciliation[reconciliation["platform_count"].notna()]
    recent = told[(told["date"] >= oldest) & (told["date"] <= as_of)]
    newest = recent.sort_values("date").drop_duplicates(["shop_id", "rule"], keep="last")
    missing_count = (newest["platform_count"] - newest["ours_count"]).clip(lower=0)
    renamed = newest.assign(missing_count=missing_count).rename(columns={"date": "stat_on"})
    return renamed[SHOWN_COLUMNS].sort_values(["shop_id", "rule"]).reset_index(drop=True)


def _bounds(rate: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Between which shares a printed rate lies, in 1 / (2 × ONE): the lower belongs to it, the upper does not."""
    exact = (rate * ONE + 0.5).floordiv(1).astype("Int64")  # half up: `round` would go to the even neighbour
    step = pd.Series(1, index=rate.index, dtype="Int64")
    written = 10
    while written <= PRINTED_STEP:
        step = step.mask((exact % written == 0).fillna(False), written)
        written *= 10
    return 2 * exact - step, 2 * exact + step


def _compared(reconciliation: pd.DataFrame) -> pd.DataFrame:
    """The days on which we and the platform both have a figure, and what of it agrees."""
    has_count, has_rate = reconciliation["platform_count"].notna(), reconciliation["platform_rate"].notna()
    count = (reconciliation["difference"] == 0).fillna(False).astype(bool)
    rate = reconciliation["within_rounding"].fillna(False).astype(bool)
    n, low, high = (reconciliation[name] for name in ("denominator", "denominator_low", "denominator_high"))
    encloses = ((n >= low) & ((n <= high) | high.isna())).fillna(False).astype(bool)
    days = pd.DataFrame(
        {
            "shop_id": reconciliation["shop_id"],
            "rule": reconciliation["rule"],
            "date": pd.to_datetime(reconciliation["date"]),
            "count": count,
            "rate": rate,
            "both": (count | ~has_count) & (rate | ~has_rate),
            "denominator": encloses,
        }
    )
    is_comparable = reconciliation["ours_count"].notna() & (has_count | has_rate)
    return days[is_comparable].sort_values(["shop_id", "rule", "date"]).reset_index(drop=True)


def _stopped(days: pd.DataFrame) -> pd.Series:
    """Shop × rule → the day from which it no longer fits; only those that stopped, and only where none fits throughout.

    The days before are those up to the peak of (days met − days missed), which splits best.
    """
    key = ["shop_id", "rule"]
    by_rule = [days[name] for name in key]
    balance = (2 * days["both"].astype("int64") - 1).groupby(by_rule).cumsum()
    at_peak = days["date"].where(balance == balance.groupby(by_rule).transform("max"))
    is_before = days["date"] <= at_peak.groupby(by_rule).transform("min")
    sides = days.assign(
        days_before=is_before,
        met_before=days["both"] & is_before,
        days_after=~is_before,
        met_after=days["both"] & ~is_before,
        stopped_on=days["date"].where(~is_before),
    )
    each = sides.groupby(key).agg(
        days_before=("days_before", "sum"),
        met_before=("met_before", "sum"),
        days_after=("days_after", "sum"),
        met_after=("met_after", "sum"),
        stopped_on=("stopped_on", "min"),
    )
    fitted = each["met_before"] >= (1 - TOLERATED_SHARE) * each["days_before"]
    has_stopped = (
        fitted
        & (each["met_before"] >= FEWEST_DAYS)
        & (each["days_after"] >= DAYS_SINCE)
        & (each["met_after"] <= TOLERATED_SHARE * each["days_after"])
    )
    met, all_days = each["met_before"] + each["met_after"], each["days_before"] + each["days_after"]
    throughout = ~has_stopped & (met >= (1 - TOLERATED_SHARE) * all_days)
    explained = throughout.groupby(level="shop_id").transform("any")
    return each.loc[has_stopped & ~explained, "stopped_on"]


def _since_the_change(days: pd.DataFrame, stopped: pd.Series) -> pd.DataFrame:
    """The days since the platform's definition changed, where some candidate fits since; else all."""
    since = stopped.groupby(level="shop_id").max().reindex(days["shop_id"]).set_axis(days.index)
    later = days[days["date"] >= since]
    met = later.groupby(["shop_id", "rule"])["both"].mean().groupby(level="shop_id").max()
    is_explained = (met >= 1 - TOLERATED_SHARE).reindex(days["shop_id"], fill_value=False).set_axis(days.index)
    return days[~is_explained | (days["date"] >= since)]


def _not_worse_than_first(table: pd.DataFrame, days: pd.DataFrame) -> pd.Series:
    """Whether the days that both have do not choose between a candidate and its shop's first row.

    What the first misses shows how much the facts may be wrong, so a lead of fewer days than that decides nothing.
    """
    first = table.drop_duplicates("shop_id")[["shop_id", "rule"]]
    its = days.merge(first, on=["shop_id", "rule"])[["shop_id", "date", "both", "denominator"]]
    common = days.merge(its, on=["shop_id", "date"], suffixes=("", "_first"))
    sums = common.groupby(["shop_id", "rule"])[["both", "denominator", "both_first", "denominator_first"]].sum()
    sums = sums.assign(days=common.groupby(["shop_id", "rule"]).size())
    behind, missed = sums["both_first"] - sums["both"], sums["days"] - sums["both_first"]
    as_good = ((behind <= 0) | (behind < missed)) & (sums["denominator"] >= sums["denominator_first"])
    enough = sums["days"] >= sums.groupby(level="shop_id")["days"].transform("max").clip(upper=FEWEST_DAYS)
    found = pd.MultiIndex.from_frame(table[["shop_id", "rule"]]).isin(sums.index[as_good & enough])
    return pd.Series(found, index=table.index) | ~table.duplicated("shop_id")


def _places(table: pd.DataFrame, order: list[str]) -> pd.Series:
    """Places as in sport: 1, 1, 3."""
    values = table[order].mask(table["is_first"], -1).assign(shop_id=table["shop_id"])
    is_new = (values != values.shift()).any(axis=1)
    position = table.groupby("shop_id").cumcount() + 1
    return position.where(is_new).ffill().astype("int64")


def _verdict(table: pd.DataFrame, firsts: pd.Series) -> pd.Series:
    by_shop = table.groupby("shop_id")
    best_days, best_met = by_shop["days"].transform("first"), by_shop["fitting"].transform("first")
    candidates = by_shop["rule"].transform("size")
    verdict = pd.Series("fits", index=table.index)
    verdict = verdict.mask(firsts > 1, "tied").mask((firsts > 1) & (firsts == candidates), "not_enough_days")
    return verdict.mask(best_met == 0, "none_fits").mask(best_days < FEWEST_DAYS, "not_enough_days")


def _reasons(found: pd.DataFrame, own: pd.DataFrame) -> pd.Series:
    """Why the rule in force does not count these orders: what it says of their event of that day, else of the order."""
    here = own[~own["counted"]].assign(booked_on=own["booked_on"].dt.date)
    here = here.drop_duplicates(["shop_id", "order_id", "booked_on"], keep="last")
    same_day = found.merge(here, on=["shop_id", "order_id", "booked_on"], how="left")["reason"]
    last = own.sort_values(["counted", "booked_on"]).drop_duplicates(["shop_id", "order_id"], keep="last")
    last = last.assign(reason=last["reason"].mask(last["counted"], "booked_on_another_day"))
    any_day = found.merge(last, on=["shop_id", "order_id"], how="left")["reason"]
    return same_day.fillna(any_day).fillna("no_such_event")
