"""What the losses rest on: which assumptions, how many odd orders, and what the watched orders lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
from hypothesis import given

from analysis import losses
from analysis.losses.assumptions import COLUMNS, SETTINGS
from analysis.losses.oddities import COLUMNS as ODDITY_COLUMNS
from analysis.settings import Costs
from tests.loss_worlds import AS_OF, entry, frames, order, worlds


def told(costs: Costs, *rows: tuple[str, int | None]) -> dict[tuple[str, str], dict[Any, Any]]:
    """The assumptions over one disputed order with an estimate for each rule and amount."""
    entries = [entry(1, f"component{n}", amount, source="estimate", rule=rule) for n, (rule, amount) in enumerate(rows)]
    found = losses.assumptions(*frames([order(1)], entries), costs, AS_OF)
    assert list(found.columns) == COLUMNS
    return {(row["setting"], row["item"]): row for row in found.to_dict("records")}


def test_a_setting_says_whether_it_was_chosen_and_how_many_entries_rest_on_it() -> None:
    costs = Costs(labour_yuan=8.0, technical_fee_rate=0.006, reasons={"labour_yuan": "10 分钟"})
    rows = told(costs, ("labour_yuan", 800), ("labour_yuan", 800), ("missing: salvage_share", None))
    assert [name for name, _ in rows] == [
        name for name in SETTINGS if name not in ("unit_costs_yuan", "penalties_yuan")
    ]
    labour = rows["labour_yuan", ""]
    assert (labour["state"], labour["value"], labour["reason"], labour["entries"]) == ("set", 8.0, "10 分钟", 2)
    fee = rows["technical_fee_rate", ""]
    assert (fee["state"], fee["value"], fee["entries"]) == ("preset", 0.006, 0)
    salvage = rows["salvage_share", ""]
    assert (salvage["state"], salvage["unknown_entries"]) == ("missing", 1) and pd.isna(salvage["value"])
    assert rows["unit_cost_share", ""]["unknown_entries"] == 0
    chosen = told(Costs(technical_fee_rate=0.006, reasons={"technical_fee_rate": "平台费率"}))
    assert chosen["technical_fee_rate", ""]["state"] == "set", "a reason makes the preset value one's own"
    assert told(Costs(technical_fee_rate=0.01))["technical_fee_rate", ""]["state"] == "set"


def test_named_pieces_and_penalties_have_a_row_each_and_a_lacking_fact_its_own() -> None:
    costs = Costs(unit_costs_yuan={"b": 2.0, "a": 1.5}, penalties_yuan={"late_shipping": 3.0})
    rows = told(
        costs,
        ("unit_costs_yuan", 150),
        ("penalties_yuan.late_shipping", 300),
        ("missing: penalties_yuan.out_of_stock", None),
        ("missing: return_status", None),
    )
    pieces = {item: row for (name, item), row in rows.items() if name == "unit_costs_yuan"}
    assert list(pieces) == ["a", "b"] and pieces["a"]["entries"] == 1 and pd.isna(pieces["b"]["entries"])
    assert rows["penalties_yuan", "late_shipping"]["entries"] == 1
    lacking = rows["penalties_yuan", "out_of_stock"]
    assert (lacking["state"], lacking["unknown_entries"]) == ("missing", 1)
    assert (rows["return_status", ""]["state"], rows["return_status", ""]["unknown_entries"]) == ("no_export", 1)


def test_disputes_before_the_window_rest_on_nothing() -> None:
    entries = [entry(1, "labour", 800, source="estimate", rule="labour_yuan")]
    old = frames([order(1, disputed_on=AS_OF - timedelta(days=30))], entries)
    found = losses.assumptions(*old, Costs(labour_yuan=8.0), AS_OF).set_index("setting")
    assert found.loc["labour_yuan", "entries"] == 0


def test_an_odd_order_is_counted_under_each_of_its_flags_with_its_loss() -> None:
    entries, orders = frames(
        [order(1), order(2), order(3), order(4, disputed_on=AS_OF - timedelta(days=30)), order(5, shop_id="别店")],
        [entry(1, "refund", 900), entry(1, "goods_not_returned", 500), entry(2, "refund", 100), entry(4, "refund", 7)],
    )
    flags = ["partial_month,negative_income", "partial_month", "", "partial_month", "refund_without_order"]
    found = losses.oddities(entries, orders.assign(flags=flags), AS_OF)
    assert list(found.columns) == ODDITY_COLUMNS
    assert found.fillna({"loss_fen": -1}).to_numpy().tolist() == [
        ["别店", "refund_without_order", 1, 1, -1],
        ["店", "partial_month", 2, 3, 1000],
        ["店", "negative_income", 1, 3, 900],
    ]
    assert losses.oddities(entries, orders.assign(flags=""), AS_OF).empty


def test_a_watched_order_without_a_loss_lost_nothing_and_one_without_an_amount_is_not_known() -> None:
    entries, orders = frames(
        [order(1), order(2), order(3)],
        [
            *(entry(1, "refund", 900), entry(1, "fee_returned", -5), entry(1, "goods_not_returned", 500)),
            entry(2, "refund", None),
        ],
    )
    found = losses.watched(orders[["shop_id", "order_id"]].assign(acted=[True, False, True]), entries)
    assert found["loss_fen"].fillna(-1).tolist() == [895, -1, 0] and found["acted"].tolist() == [True, False, True]
    other = losses.watched(pd.DataFrame({"shop_id": ["别店"], "order_id": [order(1)["order_id"]]}), entries)
    assert other["loss_fen"].tolist() == [0], "an order of another shop is another order"


@given(worlds())
def test_every_unknown_entry_is_named_by_something_that_is_missing(world: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Amounts that are not known carry a rule that says so; the assumptions count each of them once."""
    entries, orders = world
    lacks = entries["amount_fen"].isna()
    entries = entries.assign(
        source=entries["source"].mask(lacks, "estimate"), rule=entries["rule"].mask(lacks, "missing: salvage_share")
    )
    found = losses.assumptions(entries, orders, Costs(), AS_OF)
    start = pd.Timestamp(AS_OF) - pd.Timedelta(days=29)
    inside = orders[pd.to_datetime(orders["disputed_on"]).between(start, pd.Timestamp(AS_OF))]
    counted = entries[lacks].merge(inside[["shop_id", "order_id"]])
    assert found["unknown_entries"].sum() == len(counted)


def test_an_order_with_two_unknown_parts_is_counted_under_both_and_once_in_all() -> None:
    made = frames(
        [order(1), order(2)],
        [entry(1, "labour", None), entry(1, "returned_goods", None), entry(2, "labour", 800), entry(1, "refund", 100)],
    )
    parts = losses.by_component(*made, AS_OF).set_index("component")["orders_with_unknown"]
    assert parts.to_dict() == {"labour": 1, "returned_goods": 1, "refund": 0}
    days = pd.DataFrame({"shop_id": ["店"], "on_date": [AS_OF], "orders_dealt": [2]})
    assert losses.summary(*made, days, AS_OF)["orders_with_unknown"].tolist() == [1]
