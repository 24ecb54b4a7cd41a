"""The watch list against a list made one order after the other, and what holds of every list."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.escalation.watchlist import RULES, WATCH_COLUMNS, is_control, watchlist
from analysis.settings import Escalation
from tests.conftest import order_id

AS_OF = date(2026, 9, 14)
DRAWN = 3065813049148890835
"""The orders 0 to 63 of 甲 that the half left alone holds, as bits."""
LOSS = pd.Series({"甲": 80.0, "乙": 200.0})
NOBODY = Escalation(control_share=0.0)


def order(number: int, probability: float | None = 0.5, shop: str = "甲", **given: Any) -> dict[str, Any]:
    usual = {
        "shop_id": shop, "order_id": order_id(number), "probability": probability, "reason_1": "waiting_days",
        "reason_2": None, "reason_3": None, "counter_reason": None, "model_version": "m", "promise_missed": False,
        "open_request_hours": None, "has_open_ticket": False, "deadline_at": pd.NaT, "paid_fen": 1000, "is_shipped": 1.0,
    }  # fmt: skip
    return usual | given


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    kinds = {
        "probability": "Float64",
        "open_request_hours": "Float64",
        "deadline_at": "datetime64[us]",
        "paid_fen": "Int64",
    }
    return pd.DataFrame(list(rows), columns=list(order(0))).astype(kinds)


def listed(*rows: dict[str, Any], choices: Escalation = NOBODY) -> pd.DataFrame:
    return watchlist(frame(*rows), LOSS, choices, AS_OF)


def numbers(found: pd.DataFrame, which: str | None = None) -> list[int]:
    rows = found if which is None else found[found[which]]
    return [int(each.split("-")[1]) for each in rows["order_id"]]


def by_hand(rows: list[dict[str, Any]], choices: Escalation) -> tuple[list[str], list[str]]:
    """Who is acted on and who is left alone, one order after the other."""
    told = []
    for each in rows:
        if each["has_open_ticket"]:
            continue
        gain = each["probability"] * LOSS[each["shop_id"]] * choices.prevention_rate - choices.action_cost_yuan
        threshold = choices.action_cost_yuan / (LOSS[each["shop_id"]] * choices.prevention_rate)
        told.append((each["probability"] >= threshold, gain, each))
    told.sort(key=lambda each: (not each[0], -each[1], -each[2]["paid_fen"], each[2]["shop_id"], each[2]["order_id"]))
    places: list[dict[str, Any]] = []
    seen = {"甲": 0, "乙": 0}
    later: list[dict[str, Any]] = []
    for is_worth, _, each in told:
        is_first = is_worth and seen[each["shop_id"]] < choices.shop_quota
        seen[each["shop_id"]] += 1
        (places if is_first else later).append(each | {"is_worth": is_worth})
    chosen = [each for each in [*places, *later][: choices.capacity] if each["is_worth"]]
    drawn = is_control(frame(*rows), choices.control_share)
    left = {row["order_id"] for row, is_drawn in zip(rows, drawn, strict=True) if is_drawn}
    acted = sorted(each["order_id"] for each in chosen if each["order_id"] not in left)
    return acted, sorted(each["order_id"] for each in chosen if each["order_id"] in left)


several_orders = st.lists(
    st.tuples(st.integers(0, 50), st.sampled_from(["甲", "乙"]), st.integers(0, 100), st.integers(1, 5), st.booleans()),
    max_size=30,
    unique_by=lambda each: each[0],
)
several_choices = st.builds(
    Escalation,
    capacity=st.integers(1, 12),
    shop_quota=st.integers(0, 8),
    control_share=st.sampled_from([0.0, 0.03, 0.3, 0.5]),
    prevention_rate=st.sampled_from([0.25, 0.5, 1.0]),
    action_cost_yuan=st.sampled_from([0.0, 4.0, 16.0, 64.0]),
)


def made(orders: list[tuple[int, str, int, int, bool]]) -> list[dict[str, Any]]:
    return [
        order(number, percent / 128, shop, paid_fen=paid * 100, has_open_ticket=waits)
        for number, shop, percent, paid, waits in orders
    ]


@settings(max_examples=25, deadline=None)
@given(orders=several_orders, choices=several_choices)
def test_the_list_is_the_one_made_by_hand(orders: list[Any], choices: Escalation) -> None:
    rows = made(orders)
    found = watchlist(frame(*rows), LOSS, choices, AS_OF)
    acted, left = by_hand(rows, choices)
    assert sorted(found.loc[found["act"], "order_id"]) == acted
    assert sorted(found.loc[found["control"], "order_id"]) == left
    assert list(found.columns) == WATCH_COLUMNS
    assert list(found["rank"]) == list(range(1, len(found) + 1))


@settings(max_examples=25, deadline=None)
@given(orders=several_orders, choices=several_choices, seed=st.randoms(use_true_random=False))
def test_what_holds_of_every_list(orders: list[Any], choices: Escalation, seed: Any) -> None:
    rows = made(orders)
    found = watchlist(frame(*rows), LOSS, choices, AS_OF)
    open_ticket = found["has_open_ticket"]
    assert (~open_ticket).sum() <= choices.capacity and open_ticket.sum() <= choices.capacity
    assert not (found["act"] & found["control"]).any()
    assert not (open_ticket & (found["act"] | found["control"])).any()
    assert (found.loc[found["act"] | found["control"], "expected_gain_yuan"] >= 0).all()
    gains = found.loc[~open_ticket & (found["act"] | found["control"]), "expected_gain_yuan"]
    assert gains.is_monotonic_decreasing
    worth = frame(*rows).query("not has_open_ticket")
    worth = worth[
        worth["probability"] * worth["shop_id"].map(LOSS) * choices.prevention_rate >= choices.action_cost_yuan
    ]
    for shop, theirs in worth.groupby("shop_id"):
        places = found[(found["shop_id"] == shop) & (found["act"] | found["control"])]
        if 2 * choices.shop_quota <= choices.capacity:
            assert len(places) >= min(choices.shop_quota, len(theirs)), "the shop's quota"
    seed.shuffle(rows)
    pd.testing.assert_frame_equal(watchlist(frame(*rows), LOSS, choices, AS_OF), found)
    pd.testing.assert_frame_equal(watchlist(frame(*rows), LOSS, choices, AS_OF), found)


def test_the_share_left_alone_is_the_one_asked_for_in_the_long_run() -> None:
    many = pd.DataFrame({"shop_id": "甲", "order_id": [order_id(number) for number in range(40_000)]})
    assert is_control(many, 0.03).mean() == pytest.approx(0.03, abs=0.003)
    assert is_control(many, 0.5).mean() == pytest.approx(0.5, abs=0.01)
    assert not is_control(many, 0.0).any()
    assert (is_control(many, 0.03) <= is_control(many, 0.05)).all(), "a larger share keeps those drawn before"
    other_shop = is_control(many.assign(shop_id="乙"), 0.5)
    assert (is_control(many, 0.5) == other_shop).mean() == pytest.approx(0.5, abs=0.02)


def test_an_order_stays_in_its_group_whatever_comes_and_on_every_day() -> None:
    choices = Escalation(control_share=0.5, capacity=30)
    rows = [order(number, 0.9 - number / 100) for number in range(20)]
    first = watchlist(frame(*rows), LOSS, choices, AS_OF).set_index("order_id")
    assert first["control"].any() and first["act"].any()
    for day, more in ((AS_OF, [order(99, 0.95)]), (date(2026, 9, 20), [])):
        later = watchlist(frame(*more, *rows), LOSS, choices, day).set_index("order_id")
        assert later.loc[first.index, "control"].equals(first["control"])
    known = is_control(frame(*(order(number) for number in range(64))), 0.5)
    drawn = sum(1 << number for number, is_drawn in enumerate(known) if is_drawn)
    assert drawn == DRAWN, "the draw of old lists can be told again"


def test_at_the_threshold_it_is_worth_acting_and_below_it_is_not() -> None:
    choices = Escalation(control_share=0.0, prevention_rate=0.25, action_cost_yuan=5.0)
    found = listed(order(1, 0.25), order(2, 0.2499), choices=choices)  # 5 / (80 · 0.25) = 0.25
    assert list(found["act"]) == [True, False]
    assert list(found["expected_loss_yuan"]) == [20.0, 19.99] and found["expected_gain_yuan"][0] == 0.0
    for_all = listed(order(1, 0.25), choices=Escalation(control_share=0.0, prevention_rate=0.25, loss_yuan=79.0))
    assert not for_all["act"].any(), "the user's own loss comes before the shop's"


def test_every_shop_has_its_places_before_the_best_of_all() -> None:
    rows = [order(number, 0.9 - number / 100, "乙") for number in range(5)]
    rows += [order(10 + number, 0.4 - number / 100) for number in range(5)]
    choices = Escalation(capacity=4, shop_quota=1, control_share=0.0)
    assert numbers(listed(*rows, choices=choices)) == [0, 1, 2, 10]
    assert numbers(listed(*rows, choices=Escalation(capacity=4, shop_quota=2, control_share=0.0))) == [0, 1, 10, 11]
    poor = [order(10, 0.01), *rows[:5]]
    assert numbers(listed(*poor, choices=choices)) == [0, 1, 2, 3], "no place is kept for what is not worth it"


def test_an_order_with_an_open_ticket_is_marked_and_takes_no_place() -> None:
    rows = [order(1, 0.9, has_open_ticket=True), order(2, 0.8), order(3, 0.7), order(4, 0.01, has_open_ticket=True)]
    found = listed(*rows, choices=Escalation(capacity=2, control_share=0.0))
    assert numbers(found) == [1, 2, 3] and numbers(found, "act") == [2, 3]
    assert numbers(found, "has_open_ticket") == [1]


def test_where_the_model_ranks_nothing_the_rule_decides_and_the_nearest_deadline_comes_first() -> None:
    rows = [
        order(1, None),
        order(2, None, promise_missed=True, paid_fen=100),
        order(3, None, open_request_hours=24.0),
        order(4, None, open_request_hours=24.5, deadline_at=datetime(2026, 9, 16)),
        order(5, None, open_request_hours=99.0, promise_missed=True, deadline_at=datetime(2026, 9, 15)),
        order(6, None, promise_missed=True, paid_fen=9000),
    ]
    found = listed(*rows, choices=Escalation(capacity=10, control_share=0.0))
    assert numbers(found, "act") == [5, 4, 6, 2]
    assert list(found["nearest_rule"]) == [
        "both",
        "request_over_a_day",
        "promise_missed",
        "promise_missed",
        "none",
        "none",
    ]
    assert set(found["nearest_rule"]) == set(RULES)
    assert found["expected_gain_yuan"].isna().all()


def test_what_the_rule_saw_is_the_reason_where_the_model_gives_none() -> None:
    rows = [
        order(1, None, reason_1=None, promise_missed=True, is_shipped=0.0),
        order(2, None, reason_1=None, promise_missed=True),
        order(3, None, reason_1=None, open_request_hours=30.0),
        order(4, None, reason_1=None),
        order(5, 0.5, promise_missed=True),
    ]
    found = listed(*rows).set_index("order_id")["reason_1"]
    assert list(found[[order_id(each) for each in (1, 2, 3, 5)]]) == [
        *("ship_late_hours", "delivery_late_days", "request_open_hours", "waiting_days")
    ]
    assert pd.isna(found[order_id(4)])


def test_nothing_open_is_an_empty_list() -> None:
    found = listed()
    assert found.empty and list(found.columns) == WATCH_COLUMNS


def test_the_frame_given_is_left_as_it_was() -> None:
    rows = frame(order(1), order(2))
    before = rows.copy(deep=True)
    watchlist(rows, LOSS, Escalation(), AS_OF)
    pd.testing.assert_frame_equal(rows, before)
