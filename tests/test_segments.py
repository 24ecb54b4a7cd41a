"""Segments against a second opinion: lists of orders and events, counted one by one, without any of the frames."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from analysis import rates, rules
from analysis.rates.segments import FRAME_COLUMNS, KEYS, SEGMENT_COLUMNS, WITHOUT_ORDERS, shrunken

AS_OF, BEFORE = date(2026, 6, 30), date(2026, 5, 31)
RULE = replace(
    rules.load("pdd-2021-03"), denominator=("orders_dealt",), denominator_minus=("orders_cancelled_before_shipping",)
)
OF_ORDERS = [dimension for dimension in SEGMENT_COLUMNS if dimension not in WITHOUT_ORDERS]

Order = tuple[str, int, str, str, str, str, bool]
"""Shop, days before AS_OF, product, sku, courier, province, cancelled before shipping."""
Event = tuple[int, int, str, str, bool]
"""Which order, days before AS_OF, reason, ticket type, counted."""

words = st.sampled_from(["", "a", "b", "c"])
an_order = st.tuples(
    st.sampled_from(["甲", "乙"]),
    st.integers(0, 75),
    words,
    words,
    words,
    words,
    st.integers(0, 9).map(lambda n: n == 0),
)
an_event = st.tuples(st.integers(0, 39), st.integers(0, 75), words, words, st.booleans())


def window(last: date) -> set[date]:
    return {last - timedelta(days=n) for n in range(30)}


def day(ago: int) -> date:
    return AS_OF - timedelta(days=ago)


def judged(orders: list[Order], events: list[Event], rule: rules.Rule = RULE) -> pd.DataFrame:
    rows = []
    for number, (which, ago, reason, ticket, counted) in enumerate(events):
        shop, _, *places, _ = orders[which % len(orders)]
        told = [place or None for place in [*places, reason, ticket]]
        by = "buyer" if counted else "platform"
        rows.append((shop, f"e{number:03}", f"o{which % len(orders)}", f"r{number}", by, pd.Timestamp(day(ago)), *told))
    columns = [
        "shop_id",
        "event_id",
        "order_id",
        "after_sales_id",
        "initiated_by",
        "began_on",
        *SEGMENT_COLUMNS.values(),
    ]
    frame = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns, "str") | {"began_on": "datetime64[us]"})
    undecided = pd.Series(pd.NaT, index=frame.index)
    frame = frame.assign(event="intervention", outcome="buyer", decided_at=undecided, known_on=frame["began_on"])
    return rates.judged(frame, rule)


def segment_orders(orders: list[Order], last: date) -> pd.DataFrame:
    dealt: Counter[tuple[str, str, str]] = Counter()
    cancelled: Counter[tuple[str, str, str]] = Counter()
    for shop, ago, *places, is_cancelled in orders:
        if day(ago) in window(last):
            for dimension, place in zip(OF_ORDERS, places, strict=True):
                dealt[shop, dimension, str(place)] += 1
                cancelled[shop, dimension, str(place)] += is_cancelled
    rows = [(*key, f"name of {key[2]}", n, cancelled[key]) for key, n in dealt.items()]
    columns = [*KEYS, "label", "orders_dealt", "orders_cancelled_before_shipping"]
    kinds = dict.fromkeys([*KEYS, "label"], "str") | dict.fromkeys(columns[4:], "int64")
    return pd.DataFrame(rows, columns=columns).astype(kinds)


def asked(orders: list[Order], events: list[Event], rule: rules.Rule = RULE) -> pd.DataFrame:
    now, then = segment_orders(orders, AS_OF), segment_orders(orders, BEFORE)
    return rates.segments(judged(orders, events, rule), now, then, rule, AS_OF, BEFORE)


def by_hand(orders: list[Order], events: list[Event], last: date) -> dict[tuple[str, str], dict[str, tuple[int, int]]]:
    """Units and orders of the window by shop and dimension, then by segment."""
    units: dict[tuple[str, str, int], str] = {}
    seen = set()
    for which, ago, reason, ticket, counted in sorted(events, key=lambda each: -each[1]):
        number = which % len(orders)
        if counted and day(ago) in window(last):
            shop, _, *places, _ = orders[number]
            seen.add((shop, number))
            for dimension, place in zip(SEGMENT_COLUMNS, [*places, reason, ticket], strict=True):
                if not units.get((shop, dimension, number)):
                    units[shop, dimension, number] = str(place)
    found: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for (shop, dimension, _), place in units.items():
        found[shop, dimension][place][0] += 1
    for shop, ago, *places, is_cancelled in orders:
        if day(ago) in window(last):
            for dimension, place in zip(OF_ORDERS, places, strict=True):
                found[shop, dimension][str(place)][1] += not is_cancelled
    whole = Counter(shop for shop, _ in seen)
    return {
        (shop, dimension): {
            place: (k, whole[shop] if dimension in WITHOUT_ORDERS else n) for place, (k, n) in places.items()
        }
        for (shop, dimension), places in found.items()
    }


def shop_figures(orders: list[Order], events: list[Event], shop: str, last: date) -> tuple[int, int, bool]:
    """The shop's distinct units, its orders, and whether it has any row of orders in the window."""
    units = {
        which % len(orders)
        for which, ago, *_, counted in events
        if counted and day(ago) in window(last) and orders[which % len(orders)][0] == shop
    }
    dealt = [order for order in orders if order[0] == shop and day(order[1]) in window(last)]
    return len(units), sum(not order[-1] for order in dealt), bool(dealt)


@settings(max_examples=50, deadline=None)
@given(st.lists(an_order, min_size=1, max_size=40), st.lists(an_event, max_size=30))
def test_counts_contributions_and_effects_equal_a_count_by_hand(orders: list[Order], events: list[Event]) -> None:
    got = asked(orders, events)
    now, then = by_hand(orders, events, AS_OF), by_hand(orders, events, BEFORE)
    assert list(got.columns) == FRAME_COLUMNS and not got.duplicated(KEYS).any()
    assert {(s, d, g) for s, d, g in got[KEYS].itertuples(index=False)} == {
        (*key, place) for each in (now, then) for key, places in each.items() for place in places
    }
    row: Any
    for row in got.itertuples(index=False):
        shop, place, dimension = row.shop_id, row.segment, row.dimension
        k, n = now.get((shop, dimension), {}).get(place, (0, 0))
        k_before, n_before = then.get((shop, dimension), {}).get(place, (0, 0))
        units, whole, has_orders = shop_figures(orders, events, shop, AS_OF)
        _, whole_before, _ = shop_figures(orders, events, shop, BEFORE)
        n = units if dimension in WITHOUT_ORDERS else n
        assert row.numerator == k
        assert row.denominator == n if has_orders or dimension in WITHOUT_ORDERS else pd.isna(row.denominator)
        assert pd.isna(row.rate) if n == 0 else row.rate == pytest.approx(k / n)
        assert pd.isna(row.contribution) if whole == 0 else row.contribution == pytest.approx(k / whole)
        if whole == 0 or whole_before == 0:
            assert pd.isna(row.change) and pd.isna(row.mix_effect) and pd.isna(row.rate_effect)
            continue
        assert row.change == pytest.approx(k / whole - k_before / whole_before)
        assert row.mix_effect + row.rate_effect == pytest.approx(row.change, abs=1e-12)
        if dimension in WITHOUT_ORDERS:
            assert row.mix_effect == 0
        elif n and n_before:
            halfway = (n / whole + n_before / whole_before) / 2
            assert row.rate_effect == pytest.approx((k / n - k_before / n_before) * halfway, abs=1e-12)
        elif n or n_before:
            assert row.rate_effect == pytest.approx(
                0 if (n or k == 0) and (n_before or k_before == 0) else row.rate_effect
            )
    for shop in {order[0] for order in orders}:
        units, whole, _ = shop_figures(orders, events, shop, AS_OF)
        units_before, whole_before, _ = shop_figures(orders, events, shop, BEFORE)
        for _, part in got[got["shop_id"] == shop].groupby("dimension"):
            assert part["numerator"].sum() == units, "one unit is in exactly one segment"
            if whole:
                assert part["contribution"].sum() == pytest.approx(units / whole)
            if whole and whole_before:
                change = units / whole - units_before / whole_before
                assert part["change"].sum() == pytest.approx(change, abs=1e-12)
                assert (part["mix_effect"] + part["rate_effect"]).sum() == pytest.approx(change, abs=1e-12)


def plain(orders: list[tuple[str, int, int]], *, events: list[tuple[str, int, int]]) -> pd.DataFrame:
    """One shop: `orders` and `events` as (courier, days ago, how many)."""
    made: list[Order] = [("甲", ago, "", "", courier, "", False) for courier, ago, n in orders for _ in range(n)]
    place = {(courier, ago): 0 for courier, ago, _ in orders}
    for number, order in reversed(list(enumerate(made))):
        place[order[4], order[1]] = number
    happened: list[Event] = [
        (place[courier, ago] + each, ago, "", "", True) for courier, ago, n in events for each in range(n)
    ]
    got = asked(made, happened)
    return got[got["dimension"] == "courier"].set_index("segment")


def test_a_worked_decomposition() -> None:
    """圆通: from 1 of 50 to 6 of 60; 中通: from 2 of 50 to 1 of 40."""
    got = plain(
        [("圆通", 0, 60), ("中通", 0, 40), ("圆通", 30, 50), ("中通", 30, 50)],
        events=[("圆通", 0, 6), ("中通", 0, 1), ("圆通", 30, 1), ("中通", 30, 2)],
    )
    assert list(got["contribution"]) == pytest.approx([0.06, 0.01])
    assert list(got["change"]) == pytest.approx([0.05, -0.01])
    assert list(got["mix_effect"]) == pytest.approx([0.1 * (0.02 + 0.1) / 2, -0.1 * (0.04 + 0.025) / 2])
    assert list(got["rate_effect"]) == pytest.approx([0.08 * 0.55, -0.015 * 0.45])


def test_a_segment_that_came_or_went_is_all_mix() -> None:
    got = plain([("旧", 30, 10), ("新", 0, 20)], events=[("旧", 30, 1), ("新", 0, 4)])
    assert list(got.index) == ["新", "旧"]
    assert list(got["mix_effect"]) == pytest.approx([0.2, -0.1]) and list(got["rate_effect"]) == pytest.approx([0, 0])
    gone = got.loc["旧"]
    assert (gone["numerator"], gone["denominator"], gone["contribution"]) == (0, 0, 0)
    assert pd.isna(gone["rate"]) and pd.isna(gone["shrunken_rate"])


def test_a_unit_with_several_events_stands_under_the_first_that_tells() -> None:
    order: Order = ("甲", 5, "杯", "", "", "", False)
    got = asked([order], [(0, 2, "quality", "a", True), (0, 3, "", "b", True), (0, 9, "no_reason", "c", False)])
    told = {row["dimension"]: (row["segment"], row["numerator"]) for row in got.to_dict("records")}
    assert told == {
        "product": ("杯", 1), "sku": ("", 1), "courier": ("", 1), "province": ("", 1), "reason": ("quality", 1),
        "ticket_type": ("b", 1),
    }  # fmt: skip


def test_requests_are_counted_by_themselves_where_the_rule_says_so() -> None:
    order: Order = ("甲", 5, "杯", "", "", "", False)
    events: list[Event] = [(0, 3, "quality", "", True), (0, 2, "logistics", "", True)]
    by_request = replace(RULE, unit="requests")
    dealt = segment_orders([order], AS_OF)
    got = rates.segments(judged([order], events, by_request), dealt, dealt.iloc[:0], by_request, AS_OF, BEFORE)
    assert got.set_index(["dimension", "segment"])["numerator"].to_dict() == {
        ("courier", ""): 2, ("product", "杯"): 2, ("province", ""): 2, ("reason", "logistics"): 1,
        ("reason", "quality"): 1, ("sku", ""): 2, ("ticket_type", ""): 2,
    }  # fmt: skip
    cup = got[got["dimension"] == "product"].iloc[0]
    assert (cup["rate"], cup["label"]) == (2.0, "name of 杯") and pd.isna(cup["rate_low"])
    assert cup["shrunken_low"] < cup["shrunken_rate"] <= 1
    assert got["contribution_before"].isna().all() and got["change"].isna().all(), "nothing is known of that window"


def test_the_denominator_adds_and_subtracts_the_columns_that_the_rule_names() -> None:
    orders: list[Order] = [("甲", 5, "杯", "", "", "", False)] * 3 + [("甲", 5, "杯", "", "", "", True)]
    for minus, expected in ((("orders_cancelled_before_shipping",), 3), ((), 4)):
        got = asked(orders, [], replace(RULE, denominator_minus=minus))
        assert set(got["denominator"]) == {expected}
    both = replace(RULE, denominator=("orders_dealt", "orders_cancelled_before_shipping"), denominator_minus=())
    assert set(asked(orders, [], both)["denominator"]) == {5}


def test_nothing_known_is_an_empty_frame() -> None:
    nothing = segment_orders([], AS_OF)
    got = rates.segments(judged([], []), nothing, nothing, RULE, AS_OF, BEFORE)
    assert got.empty and list(got.columns) == FRAME_COLUMNS


def groups(counts: list[tuple[int, int]], dimension: str = "product") -> pd.DataFrame:
    frame = pd.DataFrame(counts, columns=["numerator", "denominator"], dtype="Int64")
    return frame.assign(shop_id="甲", dimension=dimension)


def test_one_of_twelve_does_not_top_the_list() -> None:
    counts = [(1, 12), (24, 400), (6, 300), (3, 250), (5, 310), (0, 9), (0, 15), (2, 120)]
    found = shrunken(groups(counts))
    raw = pd.Series([k / n for k, n in counts])
    assert raw.idxmax() == 0 and found["shrunken_rate"].idxmax() == 1
    assert found["shrunken_low"].idxmax() == 1
    assert abs(found["shrunken_rate"][1] - 24 / 400) < 0.01, "what has many orders stays where it is"


def test_the_prior_against_a_worked_fit() -> None:
    """Kleinman's moments by the book's steps, and the interval by integrating the posterior's density."""
    counts = [(1, 12), (24, 400), (6, 300), (3, 250)]
    k, n = (np.array(each, dtype=float) for each in zip(*counts, strict=True))
    p = k.sum() / n.sum()
    scatter = (n * (k / n - p) ** 2).sum()
    spread = (n * (1 - n / n.sum())).sum() - 3
    correlation = (scatter - p * (1 - p) * 3) / (p * (1 - p) * spread)
    assert correlation > 0
    strength = 1 / (correlation + math.sqrt(2 * 3) / spread) - 1
    assert 1 < strength < n.sum(), "the bounds play no part here"
    found = shrunken(groups(counts))
    assert list(found["shrunken_rate"]) == pytest.approx(list((k + p * strength) / (n + strength)))
    posterior = stats.beta(k[1] + p * strength, n[1] - k[1] + (1 - p) * strength).pdf
    low, high = float(found["shrunken_low"][1]), float(found["shrunken_high"][1])
    assert integrate.quad(posterior, 0, low)[0] == pytest.approx(0.025, abs=1e-6)
    assert integrate.quad(posterior, low, high)[0] == pytest.approx(0.95, abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "weight"),
    [
        ([(1, 100), (2, 100), (3, 100)], (300 - 100 - 2) / math.sqrt(2 * 2) - 1),  # no more different than by chance
        ([(1, 1), (0, 1), (0, 1), (0, 1)], 4),  # one order each cannot tell whether they differ
        ([(3, 50)], 50),
        ([(0, 5), (20, 20), (0, 7)], 1),  # as different as can be
    ],
)
def test_how_much_the_prior_weighs_at_the_ends(counts: list[tuple[int, int]], weight: float) -> None:
    events, trials = (sum(each) for each in zip(*counts, strict=True))
    found = shrunken(groups(counts))["shrunken_rate"]
    assert list(found) == pytest.approx([(k + weight * events / trials) / (n + weight) for k, n in counts])


def test_shrinking_brings_estimates_nearer_to_the_truth() -> None:
    """Where segments differ, and where they do not: mean squared error in 300 shops of 12 products."""
    draw = np.random.default_rng(1)
    size = (300, 12)
    sold = np.round(np.exp(draw.normal(3.5, 1.2, size))).astype(int) + 1
    for truth in (draw.beta(2, 60, size), np.full(size, 0.03)):
        frame = pd.DataFrame({"numerator": draw.binomial(sold, truth).ravel(), "denominator": sold.ravel()})
        frame = frame.astype("Int64").assign(shop_id=np.repeat(np.arange(300).astype(str), 12), dimension="product")
        found = shrunken(frame)
        raw = (frame["numerator"] / frame["denominator"]).to_numpy(dtype=float)
        near = found["shrunken_rate"].to_numpy(dtype=float)
        assert ((near - truth.ravel()) ** 2).mean() < 0.6 * ((raw - truth.ravel()) ** 2).mean()
        low, high = (found[name].to_numpy(dtype=float) for name in ("shrunken_low", "shrunken_high"))
        assert 0.88 < ((low <= truth.ravel()) & (truth.ravel() <= high)).mean() <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8).filter(lambda each: sum(each) > 0))
def test_shrunken_shares_of_reasons_are_a_whole(counts: list[int]) -> None:
    found = shrunken(groups([(k, sum(counts)) for k in counts], "reason"))["shrunken_rate"]
    if max(counts) < sum(counts):
        assert found.sum() == pytest.approx(1)
    assert ((found > 0) & (found < 1)).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60)), min_size=1, max_size=8))
def test_a_shrunken_rate_lies_inside_its_interval_whatever_was_counted(counts: list[tuple[int, int]]) -> None:
    found = shrunken(groups(counts))
    empty = [k == 0 and n == 0 for k, n in counts]
    for values in found.values():
        assert list(values.isna()) == empty
    rate, low, high = (found[name].dropna() for name in ("shrunken_rate", "shrunken_low", "shrunken_high"))
    assert ((low >= 0) & (low <= high) & (high <= 1) & (rate > 0) & (rate < 1)).all()


def test_arguments_stay_as_they_are() -> None:
    orders: list[Order] = [("甲", 5, "杯", "", "", "", False), ("乙", 40, "碗", "", "", "", False)]
    events = judged(orders, [(0, 3, "quality", "", True), (1, 35, "", "", True)])
    now, then = segment_orders(orders, AS_OF), segment_orders(orders, BEFORE)
    kept = [frame.copy() for frame in (events, now, then)]
    rates.segments(events, now, then, RULE, AS_OF, BEFORE)
    for frame, copy in zip((events, now, then), kept, strict=True):
        pd.testing.assert_frame_equal(frame, copy)
