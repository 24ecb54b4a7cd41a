"""The rate against a second opinion: sets of orders, counted day by day, without any of the formulas."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import rates, rules
from analysis.rates import intervals
from analysis.settings import Line
from tests.conftest import Data, order_id

RULE = rules.load("pdd-2021-03")
START = date(2026, 3, 1)
AS_OF = date(2026, 6, 30)
SHOPS = ["甲", "乙"]
SAID = ["shop_id", "order_id", "began_on", "initiated_by", "outcome", "decided_at"]


def missing(value: Any) -> bool:
    return bool(pd.isna(value))


def days(last: int) -> st.SearchStrategy[date]:
    return st.integers(0, last).map(lambda n: START + timedelta(days=n))


event = st.tuples(
    st.sampled_from(SHOPS),
    st.integers(0, 5),
    days(121),
    st.sampled_from(["buyer", "platform", "unknown"]),
    st.sampled_from(["buyer", "merchant", "withdrawn", "pending"]),
    st.booleans(),
)
shop_day = st.tuples(st.sampled_from(SHOPS), days(121), st.integers(0, 9))


def made_events(rows: list[Any]) -> pd.DataFrame:
    """Interventions as the warehouse's question gives them, from shop, order, day, who began, outcome, decided at."""
    made = pd.DataFrame(rows, columns=SAID).astype({"began_on": "datetime64[us]", "decided_at": "datetime64[us]"})
    return made.assign(
        event="intervention",
        event_id=[str(n) for n in range(len(made))],
        after_sales_id=None,
        ticket_id=None,
        applied_on=None,
        decided_on=made["decided_at"],
        ordered_on=None,
        known_on=made["began_on"],
        reason_group=None,
    )


def frames(events: list[Any], dealt: list[Any], holes: list[Any]) -> dict[str, pd.DataFrame]:
    every = [START + timedelta(days=n) for n in range(122)]
    orders: dict[tuple[str, date], int] = {}
    for shop, day, count in dealt:
        orders[shop, day] = count
    covered = [(shop, kind, day, 1) for shop in SHOPS for kind in ("orders", "after_sales") for day in every]
    covered = [each for each in covered if (each[0], each[2]) not in holes]
    return {
        "shop_days": pd.DataFrame(
            [(shop, pd.Timestamp(day), count) for (shop, day), count in orders.items()],
            columns=["shop_id", "on_date", "orders_dealt"],
        ),
        "events": made_events(
            [
                (shop, f"o{number}", pd.Timestamp(day), by, outcome, pd.Timestamp(day) if decided else pd.NaT)
                for shop, number, day, by, outcome, decided in events
            ]
        ),
        "covered_days": pd.DataFrame(covered, columns=["shop_id", "kind", "on_date", "files"]),
        "evidence_sources": pd.DataFrame(
            [(shop, False, True) for shop in SHOPS], columns=["shop_id", "has_own_list", "has_any"]
        ),
    }


def second_opinion(given_frames: dict[str, pd.DataFrame], shop: str, end: date) -> tuple[int, int] | None:
    """The window's distinct counted orders and dealt orders, or None where a day is not covered."""
    window = {end - timedelta(days=n) for n in range(30)}
    covered = given_frames["covered_days"]
    for kind in ("orders", "after_sales"):
        if window - {d for s, k, d, _ in covered.itertuples(index=False) if (s, k) == (shop, kind)}:
            return None
    orders = set()
    for s, order, began, by, outcome, decided in given_frames["events"][SAID].itertuples(index=False):
        if (
            s == shop
            and began.date() in window
            and by != "platform"
            and not (outcome == "withdrawn" and missing(decided))
        ):
            orders.add(order)
    dealt = sum(
        n for s, day, n in given_frames["shop_days"].itertuples(index=False) if s == shop and day.date() in window
    )
    return len(orders), dealt


@settings(max_examples=60, deadline=None)
@given(
    st.lists(event, max_size=40),
    st.lists(shop_day, max_size=60),
    st.lists(st.tuples(st.sampled_from(SHOPS), days(121)), max_size=3),
)
def test_rolling_counts_equal_a_count_by_hand(events: list[Any], dealt: list[Any], holes: list[Any]) -> None:
    made = frames(events, dealt, holes)
    got = rates.rolling(**made, rules=[RULE], as_of=AS_OF, line=lambda *_: Line(), days=92)
    assert len(got) == 92 * 2
    for row in got.itertuples(index=False):
        expected = second_opinion(made, str(row.shop_id), row.window_end)  # type: ignore[arg-type]
        if expected is None:
            assert (row.status, row.numerator, row.denominator, row.rate) == ("incomplete", pd.NA, pd.NA, pd.NA) or (
                row.status == "incomplete" and missing(row.numerator) and missing(row.rate) and missing(row.rate_low)
            )
        else:
            assert (row.numerator, row.denominator) == expected
            assert missing(row.rate) if expected[1] == 0 else row.rate == expected[0] / expected[1]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 60)), min_size=1, max_size=40, unique_by=lambda each: each[0]
    ),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 60)), max_size=12, unique=True),
)
def test_from_exports_to_rates_equals_a_count_by_hand(new_data: Any, dealt: list[Any], events: list[Any]) -> None:
    """The same through the whole path: files are written, built, and the window's orders counted from the files' own lines."""
    first = date(2026, 5, 1)
    with new_data() as data:
        ends = [
            f"{order_id(900 + n, str(first + timedelta(days=n)))},已收货,,,,,,,,,{first + timedelta(days=n)} 08:00:00"
            for n in (0, 61)
        ]
        data.orders(
            [f"{order_id(n)},已收货,,,,,,,,,{first + timedelta(days=day)} 10:00:00" for n, day in dealt] + ends,
            "orders_export2026-07-02.csv",
        )
        data.interventions([f"{order_id(n)},{first + timedelta(days=day)} 12:00,买家,支持买家,," for n, day in events])
        data.build()
        got = data.rates("2026-07-01", days=32)
    for row in got.itertuples(index=False):
        window = {row.window_end - timedelta(days=n) for n in range(30)}
        orders = {n for n, day in events if first + timedelta(days=day) in window}
        count = sum(first + timedelta(days=day) in window for _, day in [*dealt, (900, 0), (961, 61)])
        assert (row.numerator, row.denominator) == (len(orders), count)


def test_an_order_intervened_twice_in_a_window_counts_once_until_the_second_leaves(data: Data) -> None:
    every = [date(2026, 5, 1) + timedelta(days=n) for n in range(75)]
    data.orders(
        [f"{order_id(n)},已收货,,,,,,,,,{day} 10:00:00" for n, day in enumerate(every)], "orders_export2026-07-15.csv"
    )
    data.interventions(
        [f"{order_id(1)},2026-06-01 10:00,买家,支持商家,,", f"{order_id(1)},2026-06-11 10:00,买家,支持买家,,"]
    )
    data.build()
    got = data.rates("2026-07-14", days=45).set_index("window_end")["numerator"]
    assert got[date(2026, 5, 31)] == 0
    assert got[date(2026, 6, 1)] == 1
    assert got[date(2026, 6, 11)] == 1
    assert got[date(2026, 6, 30)] == 1, "the first one is 30 days old, the second is not"
    assert got[date(2026, 7, 10)] == 1
    assert got[date(2026, 7, 11)] == 0


def simple(numerator: int, denominator: int) -> dict[str, pd.DataFrame]:
    made = frames(
        [("甲", n, AS_OF, "buyer", "buyer", True) for n in range(numerator)], [("甲", AS_OF, denominator)], []
    )
    return {**made, "evidence_sources": made["evidence_sources"].iloc[:1]}


@pytest.mark.parametrize(
    ("numerator", "denominator", "line", "status"),
    [
        (3, 100, Line(), "no_line"),
        (7, 100, Line(rate=0.07), "below"),
        (8, 100, Line(rate=0.07), "above_rate"),
        (5, 100, Line(count=5), "below"),
        (6, 100, Line(count=5), "above_count"),
        (6, 100, Line(rate=0.05, count=5), "above_both"),
        (6, 100, Line(rate=0.07, count=5), "above_count"),
        (6, 100, Line(rate=0.05, count=9), "above_rate"),
        (0, 0, Line(rate=0.05), "no_orders"),
        (29, 290, Line(rate=0.1), "below"),
    ],
)
def test_where_the_figures_stand_against_the_lines(numerator: int, denominator: int, line: Line, status: str) -> None:
    (row,) = rates.rolling(
        **simple(numerator, denominator),
        rules=[RULE],
        as_of=AS_OF,
        line=lambda *_: replace(line, early_share=1.0),
        days=1,
    ).itertuples()
    assert (row.status, row.numerator, row.denominator) == (status, numerator, denominator)


def test_without_any_export_that_could_show_an_intervention_there_is_no_rate(data: Data) -> None:
    rows = [f"{order_id(n)},已收货,,,,,,,,,2026-06-{1 + n % 30:02d} 10:00:00" for n in range(60)]
    data.orders(rows, "orders_export2026-07-01.csv")
    data.build()
    (row,) = data.rates("2026-06-30", days=1).itertuples()
    assert row.status == "no_intervention_source" and missing(row.rate) and missing(row.numerator)


def test_a_day_that_no_export_covers_empties_every_window_that_holds_it(data: Data) -> None:
    def rows(first: int, last: int) -> list[str]:
        return [
            f"{order_id(n)},已收货,,,,,,,,,{date(2026, 5, 1) + timedelta(days=n)} 10:00:00"
            for n in range(first, last + 1)
        ]

    data.orders(rows(0, 40), "a_export2026-06-11.csv")
    data.orders(rows(44, 80), "b_export2026-07-21.csv")
    data.interventions([f"{order_id(3)},2026-06-15 10:00,买家,处理中,,"])
    data.build()
    status = data.rates("2026-07-20", days=60).set_index("window_end")["status"]
    assert data.ask(
        "select distinct on_date::varchar from marts.covered_days where on_date between '2026-06-10' and '2026-06-14' order by 1"
    ) == [
        ("2026-06-10",),
        ("2026-06-14",),
    ]
    assert status[date(2026, 6, 10)] == "no_line"
    for day in (date(2026, 6, 11), date(2026, 6, 14), date(2026, 7, 12)):
        assert status[day] == "incomplete"
    assert status[date(2026, 7, 13)] == "no_line"


def test_wilson_against_worked_values() -> None:
    """81 of 263 is the textbook example (Agresti and Coull 1998 discuss the same interval): .2553 to .3662."""
    low, high = rates.wilson(pd.Series([81, 0, 10, 5], dtype="Int64"), pd.Series([263, 10, 10, 0], dtype="Int64"))
    assert low[0] == pytest.approx(0.2553, abs=5e-5) and high[0] == pytest.approx(0.3662, abs=5e-5)
    assert (low[1], high[1]) == (0.0, pytest.approx(0.27753, abs=5e-6))
    assert low[2] == pytest.approx(1 - 0.27753, abs=5e-6) and high[2] == pytest.approx(1.0)
    assert missing(low[3]) and missing(high[3])


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilson_solves_its_own_equation(k: int, n: int) -> None:
    """The bounds are the shares p at which the observed k/n lies exactly 1.96 standard errors away."""
    k = min(k, n)
    low, high = (each[0] for each in rates.wilson(pd.Series([k], dtype="Int64"), pd.Series([n], dtype="Int64")))
    assert 0 <= low <= k / n <= high <= 1
    for bound in (low, high):
        if 0 < bound < 1:
            assert abs(k / n - bound) == pytest.approx(intervals.Z_95 * (bound * (1 - bound) / n) ** 0.5, rel=1e-6)


def test_more_interventions_than_orders_have_a_rate_but_no_interval() -> None:
    (row,) = rates.rolling(**simple(3, 2), rules=[RULE], as_of=AS_OF, line=lambda *_: Line(), days=1).itertuples()
    assert (row.numerator, row.denominator, row.rate) == (3, 2, 1.5)
    assert missing(row.rate_low) and missing(row.rate_high)


def test_another_rule_counts_otherwise() -> None:
    made = frames(
        [("甲", 1, AS_OF, "platform", "buyer", True), ("甲", 2, AS_OF, "buyer", "withdrawn", False)],
        [("甲", AS_OF, 10)],
        [],
    )
    wide = replace(RULE, excluded_initiators=(), excludes_undecided_withdrawn=False)
    counted = {
        rule: rates.rolling(**made, rules=[rule], as_of=AS_OF, line=lambda *_: Line(), days=1).set_index("shop_id")[
            "numerator"
        ]["甲"]
        for rule in (RULE, wide)
    }
    assert (counted[RULE], counted[wide]) == (0, 2)
    assert list(rates.judged(made["events"], RULE)["reason"]) == ["started_by_platform", "withdrawn_undecided"]


def test_segments_name_products_and_share_out_reasons(data: Data) -> None:
    data.orders(
        [
            f"{order_id(n)},已收货,{'杯' if n < 6 else '碗'},6101{n // 6},圆通,浙江省,,,,,2026-06-10 10:00:00"
            for n in range(9)
        ],
        "orders_export2026-07-01.csv",
    )
    data.put("店/售后.csv", f"售后编号,订单编号,售后状态,退款原因\n22029849804345,{order_id(0)},退款成功,商品少件\n")
    data.interventions([f"{order_id(n)},2026-06-20 10:00,买家,支持买家,," for n in (0, 1, 7)])
    data.build()
    from analysis import warehouse

    judged = rates.judged(
        warehouse.ask(data.settings, "rate_events", as_of=AS_OF, since=AS_OF, kinds=["intervention"]), RULE
    )
    orders = warehouse.ask(data.settings, "segment_orders", window_start=date(2026, 6, 1), window_end=AS_OF)
    got = rates.segments(judged, orders, orders.iloc[:0], RULE, AS_OF, date(2026, 5, 31))
    rows = [
        tuple(row) for row in got[["dimension", "segment", "label", "numerator", "denominator"]].itertuples(index=False)
    ]
    assert rows == [
        ("courier", "圆通", "圆通", 3, 9),
        ("product", "61010", "杯", 2, 6),
        ("product", "61011", "碗", 1, 3),
        ("province", "浙江省", "浙江省", 3, 9),
        ("reason", "", "", 2, 3),
        ("reason", "missing_or_short", "missing_or_short", 1, 3),
        ("sku", "", "", 3, 9),
        ("ticket_type", "", "", 3, 3),
    ]


def test_a_decision_after_as_of_is_not_known_yet(data: Data) -> None:
    data.orders([f"{order_id(1)},已收货,,,,,,,,,2026-06-10 10:00:00"])
    data.interventions([f"{order_id(1)},2026-06-20 10:00,买家,支持买家,2026-06-25 10:00,"])
    data.build()
    from analysis import warehouse

    before = warehouse.ask(data.settings, "rate_events", as_of=date(2026, 6, 24), since=AS_OF, kinds=["intervention"])
    after = warehouse.ask(data.settings, "rate_events", as_of=date(2026, 6, 25), since=AS_OF, kinds=["intervention"])
    assert list(before["outcome"]) == ["pending"] and before["decided_at"].isna().all()
    assert list(after["outcome"]) == ["buyer"]
    assert warehouse.ask(
        data.settings, "rate_events", as_of=date(2026, 6, 19), since=AS_OF, kinds=["intervention"]
    ).empty


def test_an_after_sales_export_cut_to_an_old_range_leaves_a_hole_not_zero(data: Data) -> None:
    data.orders(
        [f"{order_id(n)},已收货,,,,,,,,,{date(2026, 5, 1) + timedelta(days=n)} 10:00:00" for n in range(92)],
        "orders_export2026-08-01.csv",
    )
    requests = [
        f"2202984980{n:04d},{order_id(n)},退款成功,仅退款,1,{date(2026, 5, 1) + timedelta(days=n)} 10:00:00,少件,,"
        for n in range(40)
    ]
    data.after_sales(requests, "0" * 32 + "_20260801090000.xlsx")
    data.tickets([f"500012345678901,{order_id(1)},异常网点预警,已完结,2026-05-03 10:00:00,,,,,"], "工单_20260801.csv")
    data.build()
    status = data.rates("2026-07-31", days=60).set_index("window_end")["status"]
    assert status[date(2026, 6, 9)] == "no_line"
    assert status[date(2026, 6, 12)] == status[date(2026, 7, 31)] == "incomplete"


def test_a_period_in_a_name_does_not_push_as_of_into_the_future(data: Data) -> None:
    from analysis.cli.reporting import last_closed_day

    data.orders([f"{order_id(1)},已收货,,,,,,,,,2026-06-10 10:00:00"], "订单2026-06-01至2026-12-31.csv")
    data.build()
    assert last_closed_day(data.settings) == date(2026, 6, 10)
