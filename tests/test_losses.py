"""What the disputes of a window cost: every view adds up to the same fen, and what is not known is never nothing."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings

from analysis import losses
from analysis.losses.causes import CAUSE_COLUMNS, COMPONENT_COLUMNS, DIMENSIONS, SIDE_COLUMNS
from analysis.losses.waterfall import COLUMNS as WATERFALL_COLUMNS
from analysis.losses.window import TOTALS, per
from tests.loss_worlds import AS_OF, days, entry, frames, order, worlds

DEALT = days(店=10, 别店=3)
World = tuple[pd.DataFrame, pd.DataFrame]


def missing(value: Any) -> bool:
    return bool(pd.isna(value))


def money(frame: pd.DataFrame, column: str = "loss_fen") -> dict[str, int]:
    """The sum by shop of what is known."""
    return {str(shop): int(fen) for shop, fen in frame.groupby("shop_id")[column].sum().items() if fen}


def of_shop(frame: pd.DataFrame) -> dict[str, Any]:
    """The one row of the first shop."""
    (row,) = frame[frame["shop_id"] == "店"].to_dict("records")
    return {str(name): value for name, value in row.items()}


def by_hand(world: World) -> dict[str, dict[str, int]]:
    """Loss, booked part, estimated part and orders with an unknown part by shop, row by row."""
    entries, orders = world
    began = {(row["shop_id"], row["order_id"]): row["disputed_on"].date() for row in orders.to_dict("records")}
    found: dict[str, dict[str, Any]] = {}
    for row in entries.to_dict("records"):
        if row["is_counted"] and 0 <= (AS_OF - began[row["shop_id"], row["order_id"]]).days <= 29:
            shop = found.setdefault(
                row["shop_id"], {"loss_fen": 0, "known_fen": 0, "estimated_fen": 0, "unknown": set()}
            )
            if missing(row["amount_fen"]):
                shop["unknown"].add(row["order_id"])
                continue
            shop["loss_fen"] += row["amount_fen"]
            shop["estimated_fen" if row["source"] == "estimate" else "known_fen"] += row["amount_fen"]
    return {shop: values | {"unknown": len(values["unknown"])} for shop, values in found.items()}


@settings(max_examples=int(os.environ.get("EXAMPLES", 15)), deadline=None)
@given(worlds())
def test_every_view_adds_up_to_the_summary_and_to_a_count_by_hand(world: World) -> None:
    before = [frame.copy(deep=True) for frame in world]
    whole = losses.summary(*world, DEALT, AS_OF)
    expected = by_hand(world)
    loss = {shop: values["loss_fen"] for shop, values in expected.items() if values["loss_fen"]}
    for column in ("loss_fen", "known_fen", "estimated_fen"):
        assert money(whole, column) == {shop: each[column] for shop, each in expected.items() if each[column]}
    unknown = whole.set_index("shop_id")["orders_with_unknown"]
    assert {shop: n for shop, n in unknown.items() if n} == {
        s: e["unknown"] for s, e in expected.items() if e["unknown"]
    }

    assert money(losses.listed(*world, AS_OF), "amount_fen") == loss
    assert money(losses.by_component(*world, AS_OF)) == loss
    causes = losses.by_cause(*world, AS_OF)
    for dimension in DIMENSIONS:
        rows = causes[causes["dimension"] == dimension]
        assert money(rows) == loss, dimension
        assert (rows[SIDE_COLUMNS].sum(axis=1) == rows["loss_fen"].fillna(0)).all(), dimension
        counts = rows.groupby("shop_id")[["disputed_orders", "orders_with_unknown"]].sum()
        told = whole.set_index("shop_id").loc[counts.index, list(counts.columns)]
        assert counts.to_numpy().tolist() == told.to_numpy().tolist(), dimension
    falls = losses.waterfall(*world, AS_OF)
    assert money(falls[falls["step"] == "whole_cost"], "amount_fen") == loss
    segments = pd.DataFrame(columns=["shop_id", "dimension", "segment", "orders_dealt"])
    assert money(losses.top_products(*world, segments, AS_OF, most=None)) == loss
    for given_frame, copy in zip(world, before, strict=True):
        pd.testing.assert_frame_equal(given_frame, copy)


@settings(max_examples=int(os.environ.get("EXAMPLES", 15)), deadline=None)
@given(worlds())
def test_the_steps_of_a_waterfall_lead_from_nothing_to_the_whole(world: World) -> None:
    for (_, part), steps in losses.waterfall(*world, AS_OF).groupby(["shop_id", "part"]):
        *moves, whole = steps.to_dict("records")
        assert whole["step"] == f"whole_{part}"
        at = 0
        for move in moves:
            assert move["start_fen"] == at
            at += 0 if missing(move["amount_fen"]) else move["amount_fen"]
            assert move["end_fen"] == at
        assert (whole["start_fen"], whole["end_fen"]) == (0, at)
        assert missing(whole["amount_fen"]) or whole["amount_fen"] == at


@settings(max_examples=int(os.environ.get("EXAMPLES", 15)), deadline=None)
@given(worlds())
def test_weeks_and_windows_cut_the_same_money(world: World) -> None:
    """Five windows of a week add up to one of five weeks, and so do the weeks of the trend."""
    as_of = date(2026, 6, 28)  # a Sunday
    ends = [as_of - timedelta(days=7 * ago) for ago in range(5)]
    parts = pd.concat([losses.summary(*world, DEALT, end, window_days=7) for end in ends])
    whole = losses.summary(*world, DEALT, as_of, window_days=35)
    assert money(parts) == money(whole)
    assert money(losses.trend(*world, DEALT, as_of, weeks=5)) == money(whole)


def test_the_columns_are_those_that_are_promised() -> None:
    world = frames([order(1)], [entry(1, "refund", 8000)])
    assert list(losses.summary(*world, DEALT, AS_OF)) == losses.SUMMARY_COLUMNS
    assert list(losses.listed(*world, AS_OF)) == losses.LOSS_COLUMNS
    assert list(losses.by_component(*world, AS_OF)) == COMPONENT_COLUMNS
    assert list(losses.by_cause(*world, AS_OF)) == CAUSE_COLUMNS
    assert list(losses.waterfall(*world, AS_OF)) == WATERFALL_COLUMNS


def test_nothing_disputed_costs_nothing_and_has_no_shares() -> None:
    world = frames([], [])
    row = of_shop(losses.summary(*world, DEALT, AS_OF))
    assert [row[name] for name in TOTALS] == [0, 0, 0, 0, 0]
    assert (row["orders_dealt"], row["loss_per_1000_fen"]) == (300, 0)
    assert missing(row["known_share"]) and missing(row["unknown_share"])
    for view in (losses.listed, losses.by_component, losses.by_cause, losses.waterfall):
        assert view(*world, AS_OF).empty


def test_what_is_not_known_is_missing_and_not_nothing() -> None:
    only_unknown = frames([order(1)], [entry(1, "refund", None, source="estimate")])
    row = of_shop(losses.summary(*only_unknown, DEALT, AS_OF))
    assert missing(row["loss_fen"]) and missing(row["estimated_fen"]) and missing(row["loss_per_1000_fen"])
    assert (row["known_fen"], row["orders_with_unknown"], row["unknown_share"]) == (0, 1, 1.0)
    (component,) = losses.by_component(*only_unknown, AS_OF).to_dict("records")
    assert missing(component["loss_fen"]) and component["unknown_entries"] == 1
    assert losses.by_cause(*only_unknown, AS_OF)["loss_fen"].isna().all()

    partly = frames(
        [order(1), order(2), order(3), order(4)],
        [
            entry(1, "refund", 8000),
            entry(1, "labour", None, source="estimate"),
            entry(1, "returned_goods", None, source="estimate"),
            entry(2, "refund", 500, source="estimate"),
            entry(2, "goods_not_returned", 300, source="estimate"),
            entry(3, "goods_not_returned", None, source="estimate"),
            entry(4, "compensation", None, source="estimate"),
            entry(4, "refund", 70),
        ],
    )
    row = of_shop(losses.summary(*partly, DEALT, AS_OF))
    assert [row[name] for name in TOTALS] == [4, 2, 8570, 8070, 500]
    assert [row[f"{kind}_share"] for kind in ("known", "estimated", "unknown")] == pytest.approx([2 / 6, 1 / 6, 3 / 6])


def test_an_order_and_all_its_entries_belong_to_the_day_of_its_dispute() -> None:
    """The first and the last day are inside; what was booked before or long after does not matter."""
    first, last = AS_OF - timedelta(days=29), AS_OF
    ends = [(1, first), (2, last), (3, first - timedelta(days=1)), (4, last + timedelta(days=1))]
    world = frames(
        [order(number, disputed_on=on) for number, on in ends],
        [entry(number, "refund", 10**number, booked_at=pd.Timestamp(2026, 1, 1)) for number, _ in ends],
    )
    assert money(losses.summary(*world, DEALT, AS_OF)) == {"店": 10 + 100}
    assert losses.listed(*world, AS_OF)["amount_fen"].tolist() == [10, 100]


def test_pending_orders_are_counted() -> None:
    world = frames([order(1, outcome="pending"), order(2, outcome="pending"), order(3), order(4, outcome=None)], [])
    assert of_shop(losses.summary(*world, DEALT, AS_OF))["pending_orders"] == 2


@pytest.mark.parametrize(
    ("loss", "dealt", "expected"), [(10, 300, 33), (1, 2000, 1), (-1, 2000, 0), (-3, 2000, -1), (5, 1, 5000)]
)
def test_per_1000_is_rounded_half_up_in_whole_numbers(loss: int, dealt: int, expected: int) -> None:
    amount, orders = pd.Series([loss], dtype="Int64"), pd.Series([dealt], dtype="Int64")
    assert per(amount, orders, 1000).tolist() == [expected]
    assert per(amount, pd.Series([0], dtype="Int64"), 1000).isna().all()


def test_a_window_that_begins_before_the_orders_are_known_has_no_rate() -> None:
    world = frames([order(1)], [entry(1, "refund", 8000)])
    known = DEALT[(DEALT["shop_id"] == "店") & (DEALT["on_date"] >= AS_OF - timedelta(days=28))]
    row = of_shop(losses.summary(*world, known, AS_OF))
    assert row["loss_fen"] == 8000 and missing(row["orders_dealt"]) and missing(row["loss_per_1000_fen"])
    assert losses.summary(*world, known, AS_OF, window_days=29)["orders_dealt"].tolist() == [290]


def test_a_cause_shows_who_is_accountable_and_what_an_order_costs() -> None:
    world = frames(
        [
            order(1, courier="快"),
            order(2, courier="快", accountable="carrier"),
            order(3, courier=None, accountable=None),
        ],
        [entry(1, "refund", 8000), entry(2, "refund", 501), entry(3, "refund", 70), entry(2, "labour", None)],
    )
    found = losses.by_cause(*world, AS_OF, ["courier"])
    assert found[["segment", *TOTALS, "loss_per_order_fen", *SIDE_COLUMNS]].to_numpy().tolist() == [
        ["快", 2, 1, 8501, 8501, 0, 4251, 8000, 501, 0, 0, 0],
        ["", 1, 0, 70, 70, 0, 70, 0, 0, 0, 0, 70],
    ]
    assert losses.by_cause(*world, AS_OF, ["product"])[["segment", "label"]].to_numpy().tolist() == [["p1", "杯"]]
    with pytest.raises(KeyError, match="warehouse"):
        losses.by_cause(*world, AS_OF, ["warehouse"])


def test_what_the_refund_swallowed_is_shown_and_not_added() -> None:
    """A kept piece, a returned piece, and a discount: 80 + 100 + 5 yuan refunded."""
    world = frames(
        [order(1), order(2), order(3, is_partial=True)],
        [
            entry(1, "refund", 8000),
            entry(1, "goods_not_returned", 4000, source="estimate"),
            entry(1, "outbound_freight", 300, source="estimate"),
            entry(1, "fee_returned", -48),
            entry(2, "refund", 10000),
            entry(2, "returned_goods", -2500, source="estimate"),
            entry(2, "outbound_freight", None, source="estimate"),
            entry(3, "refund", 500),
            entry(3, "goods_not_returned", 4000, source="estimate"),
        ],
    )
    found = losses.waterfall(*world, AS_OF)[["part", "step", "amount_fen", "unknown_entries"]].to_numpy().tolist()
    assert found == [
        ["cost", "refund", 8000 + 10000 + 500, 0],
        ["cost", "fee_returned", -48, 0],
        ["cost", "returned_goods", -2500, 0],
        ["cost", "whole_cost", 18500 - 48 - 2500, 0],
        ["refund", "goods_back", 2500, 0],
        ["refund", "goods_not_returned", 4000, 0],
        ["refund", "outbound_freight", 300, 1],
        ["refund", "fee_back", 48, 0],
        ["refund", "rest", 18500 - 2500 - 4000 - 300 - 48, 1],
        ["refund", "whole_refund", 18500, 0],
    ]


def test_money_without_an_order_or_a_day_is_refused() -> None:
    with pytest.raises(ValueError, match="1 loss entries have no disputed order"):
        losses.summary(*frames([order(1)], [entry(2, "refund", 8000)]), DEALT, AS_OF)
    with pytest.raises(ValueError, match="1 disputed orders have no disputed_on"):
        losses.summary(*frames([order(1, disputed_on=None)], []), DEALT, AS_OF)
