"""Headroom and roll-off against a count by hand: add cases one by one, walk day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import rates, rules
from analysis.rates.headroom import VOLUME_DAYS
from analysis.settings import Line
from tests.test_rates import AS_OF, RULE, frames, missing

SHARES = st.sampled_from([None, 0.01, 0.02, 0.03, 0.07, 0.1, 0.145, 0.3, 1.0])
COUNTS = st.sampled_from([None, 0, 1, 3, 5, 12])


def over(k: int, n: int, line: Line) -> bool:
    """Whether k of n exceeds the line, in decimals as they are written."""
    judged = []
    if line.rate is not None:
        judged.append(Decimal(k) > Decimal(str(line.rate)) * n)
    if line.count is not None:
        judged.append(k > line.count)
    return (any if line.condition == "either" else all)(judged) if judged else False


def at(made: dict[str, pd.DataFrame], line: Line, days: int = 1, rule: Any = RULE) -> pd.DataFrame:
    return rates.rolling(**made, rules=[rule], as_of=AS_OF, line=lambda *_: line, days=days)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 30), st.integers(1, 400), SHARES, COUNTS, st.sampled_from(["either", "both"]))
def test_headroom_is_what_can_be_added_before_the_line_is_exceeded(
    k: int, n: int, rate: float | None, count: int | None, condition: str
) -> None:
    line = Line(rate=rate, count=count, condition=condition)
    made = frames([("甲", each, AS_OF, "buyer", "buyer", True) for each in range(k)], [("甲", AS_OF, n)], [])
    row = at(made, line).set_index("shop_id").loc["甲"]
    if rate is None and count is None:
        assert missing(row["headroom"]) and row["status"] == "no_line"
        return
    more = 0
    while not over(k + more, n, line):
        more += 1
    while over(k + more, n, line) and k + more > -500:
        more -= 1
    assert row["headroom"] == more
    assert row["is_above"] == over(k, n, line)


def test_headroom_against_the_formula_and_what_each_line_leaves() -> None:
    made = frames([("甲", n, AS_OF, "buyer", "buyer", True) for n in range(6)], [("甲", AS_OF, 290)], [])
    line = Line(rate=0.1, count=9)
    rates_ = at(made, line)
    (row,) = (
        rates.status(
            rates_,
            rates.rolloff(rates_, made["events"], made["shop_days"], RULE, AS_OF),
            made["shop_days"],
            RULE,
            AS_OF,
        )
        .query("shop_id == '甲'")
        .itertuples()
    )
    assert (row.headroom, row.headroom_rate, row.headroom_count) == (min(29, 9) - 6, 29 - 6, 9 - 6)
    assert [row.headroom_low] == [row.headroom]
    expected = int(0.1 * round(290 / VOLUME_DAYS * 30))
    assert row.headroom_expected == min(expected, 9) - 6


def test_what_the_platform_sees_and_we_do_not_lowers_the_headroom() -> None:
    made = frames([("甲", n, AS_OF, "buyer", "buyer", True) for n in range(6)], [("甲", AS_OF, 290)], [])
    shown = at(made, Line(count=9))
    rolloff = rates.rolloff(shown, made["events"], made["shop_days"], RULE, AS_OF)
    unseen = pd.DataFrame({"shop_id": ["甲"], "missing_count": [2]})
    status = rates.status(shown, rolloff, made["shop_days"], RULE, AS_OF, unseen).set_index("shop_id")
    assert (status.loc["甲", "headroom"], status.loc["甲", "headroom_low"]) == (3, 1)


event = st.tuples(st.integers(0, 4), st.integers(0, 40))


@settings(max_examples=40, deadline=None)
@given(st.lists(event, max_size=25), st.lists(st.integers(0, 9), min_size=45, max_size=45), SHARES, COUNTS)
def test_the_rolloff_is_a_walk_day_by_day(
    events: list[tuple[int, int]], orders: list[int], rate: float | None, count: int | None
) -> None:
    line = Line(rate=rate, count=count)
    first = AS_OF - timedelta(days=44)
    made = frames(
        [("甲", order, first + timedelta(days=day + 4), "buyer", "buyer", True) for order, day in events],
        [("甲", first + timedelta(days=n), each) for n, each in enumerate(orders)],
        [],
    )
    shown = at(made, line)
    got = rates.rolloff(shown, made["events"], made["shop_days"], RULE, AS_OF)
    got = got[got["shop_id"] == "甲"]
    daily = sum(orders[-VOLUME_DAYS:]) / VOLUME_DAYS
    began = {(order, first + timedelta(days=day + 4)) for order, day in events}

    def inside(end: date) -> set[int]:
        return {order for order, day in began if end - timedelta(days=30) < day <= end}

    back = None
    for ahead, row in enumerate(got.itertuples(), 1):
        day = AS_OF + timedelta(days=ahead)
        known = sum(orders[n] for n in range(45) if day - timedelta(days=30) < first + timedelta(days=n) <= day)
        volume = known + daily * min(ahead, 30)
        assert (row.on_date, row.remaining) == (day, len(inside(day)))
        assert row.leaving == len(inside(day - timedelta(days=1)) - inside(day))
        assert (
            missing(row.rate_if_none) if volume == 0 else row.rate_if_none == pytest.approx(len(inside(day)) / volume)
        )
        if back is None and not over(len(inside(day)), round(volume), line):
            back = day
    assert len(got) == 30
    status = rates.status(shown, got, made["shop_days"], RULE, AS_OF).set_index("shop_id").loc["甲"]
    is_over = over(len(inside(AS_OF)), sum(orders[-30:]), line)
    assert status["back_under_on"] == (back if is_over else None)


def test_days_above_count_back_from_the_newest_window_without_a_break() -> None:
    made = frames(
        [("甲", n, AS_OF - timedelta(days=day), "buyer", "buyer", True) for n, day in enumerate((3, 3, 40, 41, 41))],
        [("甲", AS_OF - timedelta(days=n), 5) for n in range(60)],
        [],
    )
    line = Line(count=1, persistent_days=4)
    shown = at(made, line, days=60)
    rolloff = rates.rolloff(shown, made["events"], made["shop_days"], RULE, AS_OF)
    row = rates.status(shown, rolloff, made["shop_days"], RULE, AS_OF).set_index("shop_id").loc["甲"]
    assert (row["days_above"], row["is_persistent"]) == (4, True)
    shorter = at(made, replace(line, persistent_days=5), days=60)
    row = rates.status(shorter, rolloff, made["shop_days"], RULE, AS_OF).set_index("shop_id").loc["甲"]
    assert (row["days_above"], row["is_persistent"]) == (4, False)


@pytest.mark.parametrize(
    ("k", "n", "line", "status"),
    [
        (8, 100, Line(rate=0.1), "below"),
        (9, 100, Line(rate=0.1), "near"),
        (5, 100, Line(count=10, early_share=0.5), "below"),
        (6, 100, Line(count=10, early_share=0.5), "near"),
        (11, 100, Line(count=10, min_orders=101), "too_few_orders"),
        (11, 100, Line(count=10, min_orders=100), "above_count"),
    ],
)
def test_early_warning_and_the_volume_gate(k: int, n: int, line: Line, status: str) -> None:
    made = frames([("甲", each, AS_OF, "buyer", "buyer", True) for each in range(k)], [("甲", AS_OF, n)], [])
    assert list(at(made, line).set_index("shop_id").loc[["甲"], "status"]) == [status]


def test_a_line_can_hang_on_the_platforms_category_mean() -> None:
    made = frames([("甲", n, AS_OF, "buyer", "buyer", True) for n in range(4)], [("甲", AS_OF, 100)], [])
    means = pd.DataFrame(
        {
            "shop_id": "甲",
            "metric": ["intervention_rate", "intervention_rate", "help_rate"],
            "stat_on": [AS_OF - timedelta(days=5), AS_OF - timedelta(days=2), AS_OF],
            "category_rate": [0.5, 0.02, 0.9],
        }
    )
    line = Line(category_factor=1.5)

    def row(rates_of: pd.DataFrame) -> Any:
        return rates_of.set_index("shop_id").loc["甲"]

    found = row(rates.rolling(**made, rules=[RULE], as_of=AS_OF, line=lambda *_: line, days=1, category_rates=means))
    assert (found["line_rate"], found["headroom"], found["status"]) == (0.03, -1, "above_rate")
    assert found["target_source"] == "category_mean"
    old = means.assign(stat_on=AS_OF - timedelta(days=8))
    found = row(rates.rolling(**made, rules=[RULE], as_of=AS_OF, line=lambda *_: line, days=1, category_rates=old))
    assert missing(found["line_rate"]) and found["status"] == "no_line"


def test_outside_its_dates_a_rule_is_not_in_force() -> None:
    made = frames([], [("甲", AS_OF, 10)], [])
    ended = replace(RULE, valid_to=AS_OF - timedelta(days=1))
    assert set(at(made, Line(count=1), rule=ended)["status"]) == {"not_in_force"}


def test_by_order_day_an_intervention_counts_once_it_is_known() -> None:
    """Ordered on the 1st, intervened on the 21st: in the windows that end on the 21st to the 30th, no others."""
    made = frames([("甲", 1, date(2026, 6, 21), "buyer", "buyer", True)], [("甲", AS_OF, 1)], [])
    made["events"] = made["events"].assign(ordered_on=pd.Timestamp("2026-06-01"))
    shown = at(made, Line(), days=40, rule=rules.load("intervention-by-order-day")).query("shop_id == '甲'")
    assert list(shown.loc[shown["numerator"] == 1, "window_end"]) == [date(2026, 6, n) for n in range(21, 31)]
