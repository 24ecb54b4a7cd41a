"""Restricted days beside like days: which days of the shop, and of others, say what would have been sold?"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

WEEKS = 8
"""How far back the matched days lie: far enough for an interval, near enough to be the same shop."""
LEVEL = 0.9
"""Of the intervals. One side is then 5 %, and a restriction can only take orders."""
LEAST_CONTROL_ORDERS = 30
"""What the other shops must sell in the time: the noise of fewer is more than the market's movement."""


def spells(restrictions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """The restrictions that began up to `as_of`, as whole days; those of one shop that share a day are one.

    Index `spell`; `shop_id, started_on, ended_on, days, restriction_types, is_open`. One that ends at midnight does not touch the day after.
    `is_open`: no end is noted, or one before the beginning; it is then taken to have lasted its first day.
    """
    began = pd.to_datetime(restrictions["started_at"]).astype("datetime64[us]")
    ended = pd.to_datetime(restrictions["ended_at"]).astype("datetime64[us]")
    is_open = ended.isna() | (ended < began)
    first = began.dt.normalize()
    last = (ended - pd.Timedelta(microseconds=1)).dt.normalize()
    noted = restrictions.assign(started_on=first, ended_on=last.mask(is_open, first).clip(lower=first), is_open=is_open)
    noted = noted[noted["started_on"] <= pd.Timestamp(as_of)]
    noted = noted.sort_values(["shop_id", "started_on", "ended_on", "restriction_type"], ignore_index=True)
    reached = noted.groupby("shop_id")["ended_on"].cummax().groupby(noted["shop_id"]).shift()
    noted["spell"] = (reached.isna() | (noted["started_on"] > reached)).cumsum() - 1
    by_spell = noted.groupby("spell")
    table = pd.DataFrame(
        {
            "shop_id": by_spell["shop_id"].first(),
            "started_on": by_spell["started_on"].min(),
            "ended_on": by_spell["ended_on"].max(),
            "restriction_types": by_spell["restriction_type"].agg(lambda each: ",".join(sorted(set(each)))),
            "is_open": by_spell["is_open"].any(),
        }
    )
    days = (table["ended_on"] - table["started_on"]).dt.days + 1
    return table.assign(days=days)


def stretch(found: pd.DataFrame) -> pd.DataFrame:
    """Every day from `started_on` to `ended_on`: `spell, shop_id, on_date`."""
    length = (found["ended_on"] - found["started_on"]).dt.days + 1
    table = found.reset_index()[["spell", "shop_id", "started_on"]]
    table = table.loc[np.repeat(np.arange(len(table)), length)]
    table["on_date"] = table["started_on"] + pd.to_timedelta(table.groupby("spell").cumcount(), unit="D")
    return table[["spell", "shop_id", "on_date"]].reset_index(drop=True)


def days(shop_days: pd.DataFrame, covered_days: pd.DataFrame, found: pd.DataFrame, orders: str, as_of: date) -> Any:
    """Each covered day of each shop up to `as_of`: `shop_id, on_date, orders, is_free` (of restrictions). No orders are 0."""
    covered = covered_days.loc[covered_days["kind"] == "orders", ["shop_id", "on_date"]].drop_duplicates()
    covered = covered.assign(on_date=pd.to_datetime(covered["on_date"]).astype("datetime64[us]"))
    covered = covered[covered["on_date"] <= pd.Timestamp(as_of)]
    sold = shop_days[["shop_id", "on_date"]].assign(orders=shop_days[orders].astype("float64"))
    sold["on_date"] = pd.to_datetime(sold["on_date"]).astype("datetime64[us]")
    table = covered.merge(sold, on=["shop_id", "on_date"], how="left", validate="one_to_one").fillna({"orders": 0.0})
    restricted = stretch(found)[["shop_id", "on_date"]].drop_duplicates().assign(is_free=False)
    table = table.merge(restricted, on=["shop_id", "on_date"], how="left")
    return table.assign(is_free=table["is_free"].isna())


def wanted(found: pd.DataFrame) -> pd.DataFrame:
    """The days of each spell (`week` 0) and the same weekdays of up to WEEKS weeks before: `spell, shop_id, week, on_date`.

    A spell longer than a week is moved by as many whole weeks as it lasts, so that no day stands for two.
    """
    step = -(-found["days"] // 7)
    table = stretch(found).merge(pd.DataFrame({"week": range(WEEKS + 1)}), how="cross")
    weeks = table["week"] * table["spell"].map(step)
    table["on_date"] = table["on_date"] - pd.to_timedelta(7 * weeks, unit="D")
    return table[weeks <= WEEKS].reset_index(drop=True)


def whole(matched: pd.DataFrame, keys: list[str]) -> pd.Series:
    """The orders of each group of days in which every day `fits`."""
    groups = matched.groupby(keys)
    return groups["orders"].sum()[groups["fits"].all()]


def control(asked: pd.DataFrame, table: pd.DataFrame, weeks: pd.Series) -> pd.DataFrame:
    """The orders of the other shops in the same days: index as `weeks` (spell, week), `control` and `control_shops`.

    Only shops that are covered and free in every week of the spell that counts, 0 among them; only where together they
    sold LEAST_CONTROL_ORDERS a week in the mean, and something in each.
    """
    needed = asked.set_index(["spell", "week"]).loc[weeks.index].reset_index()
    free = table.loc[table["is_free"], ["shop_id", "on_date"]]  # its own days of week 0 are not: never its own control
    pairs = needed.loc[needed["week"] == 0, ["spell", "on_date"]].merge(free, on="on_date")
    pairs = pairs[["spell", "shop_id"]].drop_duplicates()
    others = needed.drop(columns="shop_id").merge(pairs, on="spell").merge(table, on=["shop_id", "on_date"], how="left")
    others["fits"] = others["is_free"].eq(True)
    fits = others.groupby(["spell", "shop_id"])["fits"].all().rename("is_control").reset_index()
    chosen = others.merge(fits[fits["is_control"]], on=["spell", "shop_id"])
    by_week = chosen.groupby(["spell", "week"])
    found = pd.DataFrame({"control": by_week["orders"].sum(), "control_shops": by_week["shop_id"].nunique()})
    by_spell = found.groupby("spell")["control"]
    enough = (by_spell.transform("mean") >= LEAST_CONTROL_ORDERS) & (by_spell.transform("min") > 0)
    return found[enough]


def expected(weeks: pd.Series, others: pd.DataFrame) -> pd.DataFrame:
    """What would have been sold in each spell, and within what?

    Index `spell`: `actual_orders, matched_weeks, control_shops, expected_orders, lost_orders, lost_orders_alone, half` (of
    the interval of the loss). Without the spell's own days there is no row.
    """
    table = weeks.rename("orders").to_frame().join(others)
    week = table.index.get_level_values("week")
    now, past = table[week == 0].droplevel("week"), table[week > 0]
    level = now["control"].reindex(past.index.get_level_values("spell")).to_numpy(dtype="float64", na_value=np.nan)
    scaled = (past["orders"] * level / past["control"].astype("float64")).fillna(past["orders"])
    by_spell = scaled.groupby("spell")
    mean, size = by_spell.mean().reindex(now.index), by_spell.size().reindex(now.index)
    poisson = mean * (1 + (mean / now["control"].astype("float64")).fillna(0))
    variance = np.maximum(by_spell.var().reindex(now.index), poisson)
    freedom = (size - 1).clip(lower=1).to_numpy(dtype="float64", na_value=np.nan)
    half = special.stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(variance * (1 + 1 / size))
    alone = past["orders"].groupby("spell").mean().reindex(now.index)
    return pd.DataFrame(
        {
            "actual_orders": now["orders"],
            "matched_weeks": size,
            "control_shops": now["control_shops"],
            "expected_orders": mean,
            "lost_orders": mean - now["orders"],
            "lost_orders_alone": alone - now["orders"],
            "half": half,
        }
    )


def per_order(matched: pd.DataFrame, receipts: pd.DataFrame, costs: Any) -> pd.Series:
    """The margin of an order on the matched days of each spell, in fen: `margin_per_order_fen`, not rounded."""
    brought = receipts.assign(on_date=pd.to_datetime(receipts["on_date"]).astype("datetime64[us]"))
    found = matched[["spell", "shop_id", "on_date"]].merge(brought, on=["shop_id", "on_date"]).groupby("spell")
    orders = found["orders_with_amount"].sum().astype("Float64")
    share = pd.NA if costs.gross_margin_share is None else costs.gross_margin_share
    mean = found["received_fen"].sum().astype("Float64") / orders.where(orders > 0)
    return (mean * share).astype("Float64").rename("margin_per_order_fen")
