"""What did the restrictions that the platform put on the shop cost, what would a planned one cost, and at which rate do they come?

A restriction takes orders that never existed, so no export shows its cost: it is what would have been sold on those days
less what was. What would have been sold is learned from the same weekdays of the weeks before
(docs/decisions/0028).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from analysis.losses import matching

FEWEST_WEEKS = 4
VOLUME_DAYS = 28
DAYS_BEFORE = 7
COLUMNS = [
    "shop_id", "started_on", "ended_on", "days", "restriction_types", "matched_weeks", "control_shops", "actual_orders",
    "expected_orders", "lost_orders", "lost_orders_low", "lost_orders_high", "lost_orders_alone", "margin_per_order_fen",
    "lost_margin_fen", "lost_margin_low_fen", "lost_margin_high_fen", "verdict", "reason",
]  # fmt: skip
ORDER_COLUMNS = COLUMNS[7:13]
MEASURED_COLUMNS = [
    "shop_id", "restrictions", "compared", "lost_orders", "lost_orders_low", "lost_orders_high", "lost_margin_fen",
    "lost_margin_low_fen", "lost_margin_high_fen", "verdict", "reason",
]  # fmt: skip
SCENARIO_COLUMNS = [
    "shop_id", "restriction_days", "restriction_lost_share", "orders_a_day", "lost_orders", "margin_per_order_fen",
    "lost_margin_fen", "missing",
]  # fmt: skip
BEFORE_COLUMNS = [
    "shop_id", "started_on", "restriction_types", "rate_before", "count_before", "rate_highest", "count_highest", "reason",
]  # fmt: skip
LINE_COLUMNS = [
    "shop_id", "restrictions", "rests_on", "learned_rate", "learned_count", "learned_rate_highest", "learned_count_highest",
    "quiet_days", "quiet_days_as_high",
]  # fmt: skip


def price(
    restrictions: pd.DataFrame,
    shop_days: pd.DataFrame,
    covered_days: pd.DataFrame,
    receipts: pd.DataFrame,
    costs: Any,
    as_of: date,
    orders: str = "orders_dealt",
) -> pd.DataFrame:
    """How many orders and how much margin did each restriction cost that the shop noted?

    `restrictions`: `shop_id, restriction_type, started_at, ended_at`. `shop_days`: `shop_id, on_date` and the column named by
    `orders`. `covered_days`: `shop_id, kind, on_date`. `receipts`: `shop_id, on_date, orders_with_amount, received_fen`.
    `costs`: the settings (`gross_margin_share`).

    One row a restriction, COLUMNS; those of one shop that share a day are one, because nothing tells their effects apart.
    Days are whole ones, `started_on` to `ended_on`. `expected_orders` is the mean of the same days in the weeks before
    (`matched_weeks`: at most matching.WEEKS back, covered, without a restriction). Other shops that were covered and free of restrictions
    throughout (`control_shops`, 0: none, or they sold too little) set those weeks to the market of the restricted days: each
    week's orders × the others' orders then / in that week, a difference in differences of the logarithms. `lost_orders_alone` is the loss without them.

    `lost_orders` = expected − actual. Its interval is Student's for one more draw from those weeks (matching.LEVEL): their standard
    deviation, no less than Poisson's, × √(1 + 1/weeks). Margin = lost orders × `gross_margin_share` × what an order brought on the
    matched days, in fen; missing where the share is not set or no amount is known.

    `verdict`: `lost` where the whole interval is above 0, else `cannot_tell` with the `reason`, the first that holds: `no_end`
    (none is noted, or one before the beginning), `still_running`, `not_covered`, `too_few_matched_days` (fewer than
    FEWEST_WEEKS weeks; longer than two weeks has no match), `no_orders`, `more_than_usual` (the whole interval below 0),
    `spans_zero`. The first four have no numbers. Empty where nothing was noted up to `as_of`.
    """
    spells = matching.spells(restrictions, as_of)
    days = matching.days(shop_days, covered_days, spells, orders, as_of)
    wanted = matching.wanted(spells)
    own = wanted.merge(days, on=["shop_id", "on_date"], how="left")
    own["fits"] = own["orders"].notna() & ((own["week"] == 0) | own["is_free"].eq(True))
    weeks = matching.whole(own, ["spell", "week"])
    control = matching.control(wanted, days, weeks)
    found = spells.join(matching.expected(weeks, control)).join(
        matching.per_order(own[own["fits"] & (own["week"] > 0)], receipts, costs)
    )
    is_covered = found["actual_orders"].notna()
    counted = found["matched_weeks"].fillna(0).astype("int64")
    low, high = found["lost_orders"] - found["half"], found["lost_orders"] + found["half"]
    reason = np.select(
        [
            found["is_open"],
            found["ended_on"] > pd.Timestamp(as_of),
            ~is_covered,
            counted < FEWEST_WEEKS,
            found["expected_orders"] == 0,
            high < 0,
            low <= 0,
        ],
        [
            "no_end", "still_running", "not_covered", "too_few_matched_days", "no_orders", "more_than_usual", "spans_zero",
        ],
        default="",
    )  # fmt: skip
    is_told = ~np.isin(reason, ["no_end", "still_running", "not_covered", "too_few_matched_days"])
    is_known = pd.Series(is_told, index=found.index)
    found = found.assign(
        lost_orders_low=low,
        lost_orders_high=high,
        matched_weeks=counted,
        control_shops=found["control_shops"].fillna(0).astype("int64"),
        verdict=np.where(reason == "", "lost", "cannot_tell"),
        reason=reason,
    )
    shown = [
        "actual_orders",
        "expected_orders",
        "lost_orders",
        "lost_orders_low",
        "lost_orders_high",
        "lost_orders_alone",
    ]
    found[shown] = found[shown].astype("Float64").where(is_known).round(1)
    return (
        _in_money(found)
        .assign(started_on=found["started_on"].dt.date, ended_on=found["ended_on"].dt.date)[COLUMNS]
        .reset_index(drop=True)
    )


def measured(priced: pd.DataFrame) -> pd.DataFrame:
    """What does one restriction cost each shop, by all of its own that could be compared?

    `priced`: the answer of `price`. One row a shop, MEASURED_COLUMNS. The mean over every restriction that has numbers, also those that span
    zero: a mean of the telling ones alone would be of the dearest. Half widths add as squares, as if the restrictions were
    independent. `verdict` `lost` where the margin's interval is above 0 (the orders', where no margin is known), else
    `cannot_tell` with `reason` `nothing_compared` or `spans_zero`; `margin_unknown` stands beside `lost`.
    """
    known = priced[priced["lost_orders"].notna()]
    by_shop = known.groupby("shop_id")
    size = by_shop.size()
    table = pd.DataFrame({"restrictions": priced.groupby("shop_id").size()})
    table["compared"] = size.reindex(table.index).fillna(0).astype("int64")
    for name, low, high in (
        ("lost_orders", "lost_orders_low", "lost_orders_high"),
        ("lost_margin_fen", "lost_margin_low_fen", "lost_margin_high_fen"),
    ):
        whole = by_shop[name].count() == size
        mean = (by_shop[name].sum() / size).where(whole).astype("Float64")
        half = ((known[high] - known[low]) / 2).astype("Float64")
        spread = (half**2).groupby(known["shop_id"]).sum() ** 0.5 / size
        table[[name, low, high]] = pd.DataFrame({name: mean, low: mean - spread, high: mean + spread})
    lowest = table["lost_margin_low_fen"].fillna(table["lost_orders_low"])
    reason = np.select(
        [table["compared"] == 0, (lowest <= 0).fillna(True), table["lost_margin_fen"].isna()],
        ["nothing_compared", "spans_zero", "margin_unknown"],
        default="",
    )
    fen = [name for name in MEASURED_COLUMNS if name.endswith("_fen")]
    table[fen] = table[fen].astype("Float64").round().astype("Int64")
    shown = ["lost_orders", "lost_orders_low", "lost_orders_high"]
    table[shown] = table[shown].astype("Float64").round(1)
    verdict = np.where(np.isin(reason, ["", "margin_unknown"]), "lost", "cannot_tell")
    return table.assign(verdict=verdict, reason=reason).reset_index()[MEASURED_COLUMNS]


def restriction_price_yuan(choices: Any, measured: pd.DataFrame, shops: list[str]) -> pd.DataFrame:
    """What does one restriction cost each shop, and who says so?

    `choices`: the tickets' settings (`restriction_cost_yuan`). `measured`: the answer of `measured`. Index: `shops`; `price_yuan`
    (Float64) and `price_by`: `settings` where set, else `measured` where it could tell, else missing and `unknown`.
    """
    own = measured[(measured["verdict"] == "lost") & measured["lost_margin_fen"].notna()].set_index("shop_id")
    yuan = (own["lost_margin_fen"] / 100).reindex(shops).astype("Float64")
    if choices.restriction_cost_yuan is not None:
        yuan = pd.Series(float(choices.restriction_cost_yuan), index=yuan.index, dtype="Float64")
        by = np.full(len(yuan), "settings")
    else:
        by = np.where(yuan.notna(), "measured", "unknown")
    return pd.DataFrame({"price_yuan": yuan, "price_by": by}).rename_axis("shop_id")


def scenario(
    costs: Any,
    shop_days: pd.DataFrame,
    covered_days: pd.DataFrame,
    receipts: pd.DataFrame,
    as_of: date,
    orders: str = "orders_dealt",
) -> pd.DataFrame:
    """What would a restriction cost that the settings describe? A what-if: it stands apart and is added to nothing.

    One row a shop, SCENARIO_COLUMNS: `restriction_days` × `restriction_lost_share` × the mean orders of the covered days among
    the last VOLUME_DAYS × `gross_margin_share` × what an order brought on them. `missing` names what is not known, joined by
    a comma: the settings, `orders` (no covered day), `amounts`; what hangs on it is missing.
    """
    none = matching.spells(pd.DataFrame(columns=["shop_id", "restriction_type", "started_at", "ended_at"]), as_of)
    days = matching.days(shop_days, covered_days, none, orders, as_of)
    recent = days[days["on_date"] > pd.Timestamp(as_of - timedelta(days=VOLUME_DAYS))]
    share, lost_share = costs.gross_margin_share, costs.restriction_lost_share
    table = pd.DataFrame(index=pd.Index(sorted(days["shop_id"].unique()), name="shop_id"))
    table["restriction_days"] = float(costs.restriction_days)
    table["restriction_lost_share"] = pd.array([lost_share] * len(table), dtype="Float64")
    table["orders_a_day"] = recent.groupby("shop_id")["orders"].mean().astype("Float64").round(2)
    table["lost_orders"] = (table["restriction_days"] * table["restriction_lost_share"] * table["orders_a_day"]).round(
        1
    )
    matched = recent[recent["orders"].notna()].rename(columns={"shop_id": "spell"}).assign(shop_id=lambda x: x["spell"])
    found = table.join(matching.per_order(matched, receipts, costs))
    margin = (found["lost_orders"] * found["margin_per_order_fen"]).round().astype("Int64")
    said = pd.Series("", index=table.index)
    for name, is_missing in (
        ("restriction_lost_share", pd.Series(lost_share is None, index=table.index)),
        ("gross_margin_share", pd.Series(share is None, index=table.index)),
        ("orders", found["orders_a_day"].isna()),
        ("amounts", found["margin_per_order_fen"].isna() & (share is not None)),
    ):
        said = said.mask(is_missing, said + name + ",")
    found = found.assign(
        lost_margin_fen=margin,
        margin_per_order_fen=found["margin_per_order_fen"].round().astype("Int64"),
        missing=said.str.rstrip(","),
    )
    return found.reset_index()[SCENARIO_COLUMNS]


def learned_line(restrictions: pd.DataFrame, rates: pd.DataFrame, as_of: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """At which rate and count did the platform restrict the shop, and what line do its restrictions show?

    `rates`: the rolling rates under one rule, `shop_id, window_end, numerator, rate`, as far back as restrictions were noted.

    The first frame has one row a restriction, BEFORE_COLUMNS: rate and count of the window that ended on the day before it
    (`…_before`), and the highest of the DAYS_BEFORE days before it (`…_highest`: the platform may decide some days later).
    `reason`: `no_rate` where none of those days has a rate.

    The second has one row a shop, LINE_COLUMNS: the lowest of each over its restrictions, for which `rests_on` of the noted
    `restrictions` have a rate. `quiet_days_as_high` of `quiet_days` (those with a rate that are neither restricted nor among the
    DAYS_BEFORE days before) had a rate as high as `learned_rate` or higher, and nothing came: many of them mean that the line
    is not the platform's.
    """
    spells = matching.spells(restrictions, as_of).reset_index()
    told = rates[["shop_id", "window_end", "numerator", "rate"]].assign(
        on_date=pd.to_datetime(rates["window_end"]).astype("datetime64[us]")
    )
    told = told[told["rate"].notna() & (told["on_date"] <= pd.Timestamp(as_of))]
    before = spells.merge(pd.DataFrame({"back": range(1, DAYS_BEFORE + 1)}), how="cross")
    before["on_date"] = before["started_on"] - pd.to_timedelta(before["back"], unit="D")
    seen = before.merge(told, on=["shop_id", "on_date"], how="inner")
    eve = seen[seen["back"] == 1].set_index("spell")
    highest = seen.groupby("spell")[["rate", "numerator"]].max()
    table = spells.set_index("spell").assign(
        rate_before=eve["rate"].astype("Float64"),
        count_before=eve["numerator"].astype("Int64"),
        rate_highest=highest["rate"].astype("Float64"),
        count_highest=highest["numerator"].astype("Int64"),
    )
    table["reason"] = np.where(table["rate_highest"].isna(), "no_rate", "")
    by_shop = table.groupby("shop_id")
    line = pd.DataFrame(
        {
            "restrictions": by_shop.size(),
            "rests_on": by_shop["rate_highest"].count(),
            "learned_rate": by_shop["rate_before"].min(),
            "learned_count": by_shop["count_before"].min(),
            "learned_rate_highest": by_shop["rate_highest"].min(),
            "learned_count_highest": by_shop["count_highest"].min(),
        }
    )
    busy = matching.stretch(spells.assign(started_on=spells["started_on"] - pd.Timedelta(days=DAYS_BEFORE)))
    quiet = told.merge(busy.assign(is_busy=True).drop_duplicates(), on=["shop_id", "on_date"], how="left")
    quiet = quiet[quiet["is_busy"].isna()].join(line["learned_rate"], on="shop_id")
    line["quiet_days"] = quiet.groupby("shop_id").size()
    line["quiet_days_as_high"] = (quiet["rate"] >= quiet["learned_rate"]).fillna(False).groupby(quiet["shop_id"]).sum()
    names = ["quiet_days", "quiet_days_as_high"]
    line[names] = line[names].fillna(0).astype("int64")
    table = table.assign(started_on=table["started_on"].dt.date).reset_index(drop=True)[BEFORE_COLUMNS]
    return table, line.reset_index()[LINE_COLUMNS]


def _in_money(found: pd.DataFrame) -> pd.DataFrame:
    margin = found["margin_per_order_fen"]
    money = {
        f"lost_margin{side}_fen": (found[f"lost_orders{side}"] * margin).round().astype("Int64")
        for side in ("", "_low", "_high")
    }
    return found.assign(margin_per_order_fen=margin.round().astype("Int64"), **money)
