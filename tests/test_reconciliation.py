"""A simulated platform keeps its definition to itself: do its printed figures name it?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis import rates, rules, warehouse
from analysis.rates import reconciliation as matching
from analysis.settings import Line
from tests.conftest import Data, order_id

AS_OF = date(2026, 6, 30)
START = date(2026, 4, 1)
CANDIDATES = {name: rule for name, rule in rules.load_all().items() if rule.metric == "intervention_rate"}
IN_FORCE = "pdd-2021-03"
LAGS = {name: rule.lag_days for name, rule in CANDIDATES.items()}


def missing(value: Any) -> bool:
    return bool(pd.isna(value))


def printed(count: int, of: int) -> float:
    """A share as the platform prints it: two decimals of a percent, half up, in whole numbers."""
    return (count * 20000 + of) // (2 * of) / 10000


# The simulated platform


@dataclass(frozen=True, eq=False)
class World:
    """What happened: each order's days, and each intervention."""

    orders: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @cache  # noqa: B019 – a few small worlds, for the length of the tests
    def told(self, rule: Any, day: date, exact: bool = False) -> tuple[int, float]:
        """What the platform says on a day, counted one by one."""
        end = day - timedelta(days=rule.lag_days)
        window = {end - timedelta(days=n) for n in range(rule.window_days)}
        unit = {"orders": "order_id", "requests": "after_sales_id", "tickets": "ticket_id"}[rule.unit]
        counted = {
            event[unit]
            for event in self.events
            if event[rule.dated_by] in window
            and event["began_on"] <= end
            and event["initiated_by"] not in rule.excluded_initiators
            and not (rule.excludes_undecided_withdrawn and event["outcome"] == "withdrawn")
        }
        of = sum(order[column] in window for order in self.orders for column in rule.denominator)
        of -= sum(order[column] in window for order in self.orders for column in rule.denominator_minus)
        return len(counted), len(counted) / of if exact else printed(len(counted), of)


@cache
def world(seed: int, orders_a_day: int = 40) -> World:
    """Three months of a troubled shop, in which every definition counts something else."""
    draw = np.random.default_rng(seed)
    orders: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for day in range((AS_OF - START).days + 1):
        for _ in range(int(draw.poisson(orders_a_day))):
            dealt = START + timedelta(days=day)
            is_cancelled = draw.random() < 0.08
            shipped = None if is_cancelled else dealt + timedelta(days=int(draw.integers(0, 4)))
            signed = (
                None if shipped is None or draw.random() < 0.1 else shipped + timedelta(days=int(draw.integers(2, 7)))
            )
            order = {
                "order_id": f"o{len(orders)}",
                "orders_dealt": dealt,
                "orders_paid": dealt if draw.random() < 0.8 else dealt + timedelta(days=int(draw.integers(1, 4))),
                "orders_shipped": shipped,
                "orders_signed": signed,
                "orders_cancelled_before_shipping": dealt if is_cancelled else None,
                "orders_refunded": None,
            }
            orders.append(order)
            if draw.random() < 0.05:
                for _ in range(2 if draw.random() < 0.3 else 1):
                    events.append(_event(order, len(events), draw))
    return World(orders, events)


def _event(order: dict[str, Any], number: int, draw: Any) -> dict[str, Any]:
    applied = order["orders_dealt"] + timedelta(days=int(draw.integers(2, 12)))
    began = applied + timedelta(days=int(draw.integers(0, 5)))
    withdrawn = draw.random() < 0.15
    same_request = draw.random() < 0.5
    return {
        "shop_id": "店",
        "event": "intervention",
        "event_id": f"e{number}",
        "order_id": order["order_id"],
        "after_sales_id": f"r{number}",
        "ticket_id": f"t{order['order_id']}" if same_request else f"t{number}",
        "began_on": began,
        "applied_on": applied,
        "known_on": began,
        "ordered_on": order["orders_dealt"],
        "decided_on": None if withdrawn else began + timedelta(days=2),
        "decided_at": None if withdrawn else began + timedelta(days=2),
        "initiated_by": "platform" if draw.random() < 0.15 else "buyer",
        "outcome": "withdrawn" if withdrawn else "buyer",
        "reason_group": "quality",
    }


@cache
def ours(made: World, as_of: date = AS_OF, days: int = 25, seen: float = 1.0, seed: int = 0) -> pd.DataFrame:
    """The rates of every candidate from our facts, of which only a share of the interventions may be seen."""
    counts: dict[tuple[str, date], int] = {}
    columns = [name for name in made.orders[0] if name != "order_id"]
    for order in made.orders:
        for column in columns:
            if order[column] is not None:
                counts[column, order[column]] = counts.get((column, order[column]), 0) + 1
    every = [START + timedelta(days=n) for n in range((as_of - START).days + 1)]
    shop_days = pd.DataFrame(
        [{"shop_id": "店", "on_date": day, **{name: counts.get((name, day), 0) for name in columns}} for day in every]
    )
    covered = pd.DataFrame(
        [("店", kind, day, 1) for kind in ("orders", "after_sales", "tickets") for day in every],
        columns=["shop_id", "kind", "on_date", "files"],
    )
    sources = pd.DataFrame([("店", False, True)], columns=["shop_id", "has_own_list", "has_any"])
    events = facts(made, as_of)
    events = events[np.random.default_rng(seed).random(len(events)) < seen]
    return rates.rolling(shop_days, events, covered, sources, list(CANDIDATES.values()), as_of, lambda *_: Line(), days)


def facts(made: World, as_of: date = AS_OF) -> pd.DataFrame:
    events = pd.DataFrame([event for event in made.events if event["began_on"] <= as_of])
    dates = ["began_on", "applied_on", "known_on", "ordered_on", "decided_on", "decided_at"]
    return events.assign(**{name: pd.to_datetime(events[name]) for name in dates})


def figures(rows: Iterable[tuple[date, Any, Any]], metric: str = "intervention_rate") -> pd.DataFrame:
    return pd.DataFrame(
        [("店", metric, pd.Timestamp(day), count, rate, True) for day, count, rate in rows],
        columns=["shop_id", "metric", "stat_on", "platform_count", "platform_rate", "is_newest"],
    ).astype({"platform_count": "Int64", "platform_rate": "Float64", "stat_on": "datetime64[us]", "is_newest": "bool"})


def days_before(last: date, number: int) -> list[date]:
    return [last - timedelta(days=n) for n in reversed(range(number))]


def fits_of(made: World, hidden: str, days: int = 10, **options: Any) -> pd.DataFrame:
    rows = [(day, *made.told(CANDIDATES[hidden], day)) for day in days_before(AS_OF, days)]
    return rates_fits(matching.reconcile(ours(made, **options), figures(rows), LAGS))


def rates_fits(reconciliation: pd.DataFrame) -> pd.DataFrame:
    found = matching.fits(reconciliation)
    assert list(found.columns) == matching.FITS_COLUMNS
    assert sorted(found["rule"]) == sorted(CANDIDATES)
    return found


def first(found: pd.DataFrame) -> set[str]:
    return set(found.loc[found["place"] == 1, "rule"])


# Naming the hidden definition


def test_there_are_at_least_twelve_candidates() -> None:
    assert len(CANDIDATES) >= 12


@pytest.mark.parametrize("hidden", sorted(CANDIDATES))
def test_ten_days_name_the_hidden_definition(hidden: str) -> None:
    for seed in (1, 2):
        found = fits_of(world(seed), hidden)
        assert (first(found), set(found["verdict"])) == ({hidden}, {"fits"}), seed
        best = found.iloc[0]
        assert best["days"] == best["days_count"] == best["days_rate"] == best["days_both"] == 10
        assert not found["is_tied"].any() and found["stopped_on"].isna().all()


@settings(max_examples=6, deadline=None)
@given(st.integers(3, 10_000), st.sampled_from(sorted(CANDIDATES)), st.sampled_from([4, 15]))
def test_the_hidden_definition_is_named_or_among_the_tied(seed: int, hidden: str, orders_a_day: int) -> None:
    made = world(seed, orders_a_day)
    found = fits_of(made, hidden)
    assert hidden in first(found)
    assert set(found["verdict"]) == {"tied" if len(first(found)) > 1 else "fits"}
    truth = [made.told(CANDIDATES[hidden], day) for day in days_before(AS_OF, 10)]
    for name in first(found) - {hidden}:
        other = [made.told(CANDIDATES[name], day) for day in days_before(AS_OF, 10)]
        assert other == truth, f"{name} is said to be tied"
    assert set(found.loc[found["is_tied"], "rule"]) == (first(found) if len(first(found)) > 1 else set())


def test_where_nothing_is_withdrawn_the_answer_says_which_remain_tied() -> None:
    made = world(5)
    calm = World(made.orders, [{**event, "outcome": "buyer", "decided_at": AS_OF} for event in made.events])
    found = fits_of(calm, "intervention-paid")
    assert first(found) == {"intervention-paid", "intervention-paid-with-withdrawn"}
    assert set(found["verdict"]) == {"tied"} and found["is_tied"].sum() == 2
    assert found["place"].iloc[2] == 3


@pytest.mark.parametrize("hidden", ["intervention-less-cancelled", "intervention-shipped", "intervention-signed"])
def test_a_quarter_unseen_leaves_the_denominator_named(hidden: str) -> None:
    """The counts are wrong, but the platform's count over our denominator still is the platform's rate."""
    for seed in (1, 2, 3):
        found = fits_of(world(seed), hidden, seen=0.75, seed=seed)
        named = {tuple(CANDIDATES[name].denominator + CANDIDATES[name].denominator_minus) for name in first(found)}
        assert named == {CANDIDATES[hidden].denominator + CANDIDATES[hidden].denominator_minus}
        best = found.iloc[0]
        assert best["days_denominator"] == best["days"] == 10
        assert found.set_index("rule")["days_both"][hidden] == 0


def test_a_platform_that_uses_none_of_the_candidates_is_not_given_one() -> None:
    made = world(1)
    other = rules.load("pdd-2021-03")
    rows = [
        (day, (told := made.told(other, day - timedelta(days=5)))[0] + 7, told[1] * 3) for day in days_before(AS_OF, 10)
    ]
    found = matching.fits(matching.reconcile(ours(made), figures(rows), LAGS))
    assert set(found["verdict"]) == {"none_fits"} and (found["days_both"] == 0).all()


@pytest.mark.parametrize("number", [0, 1, 4])
def test_too_few_days_name_nothing(number: int) -> None:
    made = world(1)
    rows: list[tuple[date, Any, Any]]
    rows = [(day, *made.told(CANDIDATES[IN_FORCE], day)) for day in days_before(AS_OF, number)]
    rows = rows or [(AS_OF, None, None)]
    found = rates_fits(matching.reconcile(ours(made), figures(rows), LAGS))
    assert set(found["verdict"]) == {"not_enough_days"}
    assert found["days"].max() == number


def test_candidates_that_all_do_as_well_are_not_enough_to_tell() -> None:
    windows = ours(world(1))
    two = windows[windows["rule"].isin([IN_FORCE, "intervention-with-withdrawn"])]
    same = pd.concat([two[two["rule"] == IN_FORCE].assign(rule=name) for name in two["rule"].unique()])
    rows = [(day, *world(1).told(CANDIDATES[IN_FORCE], day)) for day in days_before(AS_OF, 10)]
    found = matching.fits(matching.reconcile(same, figures(rows), {}))
    assert set(found["verdict"]) == {"not_enough_days"} and found["is_tied"].all()
    alone = matching.fits(matching.reconcile(same[same["rule"] == IN_FORCE], figures(rows), {}))
    assert list(alone["verdict"]) == ["fits"]


def test_missing_figures_are_left_out_and_never_zero() -> None:
    made, hidden = world(2), "intervention-shipped"
    rows: list[tuple[date, Any, Any]] = [(day, *made.told(CANDIDATES[hidden], day)) for day in days_before(AS_OF, 12)]
    rows[3] = (rows[3][0], None, None)
    rows[5] = (rows[5][0], rows[5][1], None)
    rows[7] = (rows[7][0], None, rows[7][2])
    table = matching.reconcile(ours(made), figures(rows), LAGS)
    blank = table[table["date"] == rows[3][0]]
    assert len(blank) == len(CANDIDATES)
    theirs = ["platform_count", "platform_rate", "within_rounding", "difference", "denominator_low"]
    assert blank[theirs].isna().all(axis=None) and blank["ours_count"].notna().all()
    best = matching.fits(table).iloc[0]
    assert (best["rule"], best["verdict"]) == (hidden, "fits")
    assert list(best[["days", "days_count", "days_rate", "days_both", "days_denominator"]]) == [11, 10, 10, 11, 9]


def test_a_metric_without_counts_is_judged_by_its_rates() -> None:
    made, hidden = world(3), "intervention-signed"
    rows = [(day, None, made.told(CANDIDATES[hidden], day, exact=True)[1]) for day in days_before(AS_OF, 10)]
    found = rates_fits(matching.reconcile(ours(made), figures(rows), LAGS))
    assert (first(found), found["verdict"].iloc[0]) == ({hidden}, "fits")
    assert (found["days_count"] == 0).all()


# A change of the platform's definition


@pytest.mark.parametrize(
    ("old", "new"),
    [("pdd-2021-03", "intervention-shipped"), ("intervention-with-withdrawn", "intervention-less-cancelled")],
)
def test_a_change_of_definition_shows_as_the_day_from_which_the_old_rule_stops(old: str, new: str) -> None:
    made = world(4)
    every = days_before(AS_OF, 20)
    change = every[12]
    rows = [(day, *made.told(CANDIDATES[new if day >= change else old], day)) for day in every]
    found = rates_fits(matching.reconcile(ours(made), figures(rows), LAGS)).set_index("rule")
    assert found["stopped_on"][old] == change
    assert found["stopped_on"].dropna().to_dict() == {old: change}
    assert (found.index[0], set(found["verdict"])) == (new, {"fits"})
    assert (found["days"][new], found["days_both"][new], found["days_both"][old]) == (8, 8, 0)
    early = [row for row in rows if row[0] < change + timedelta(days=2)]
    before = rates_fits(matching.reconcile(ours(made), figures(early), LAGS)).set_index("rule")
    assert before["stopped_on"].isna().all() and before.index[0] == old


def test_a_wrong_rule_that_stops_fitting_is_no_change_where_another_fits_throughout() -> None:
    """Without withdrawals until a day, the two rules agree until then: it is not the platform that changed."""
    every = days_before(AS_OF, 12)
    right = window_rows("right", [(day, 20, 1000) for day in every])
    wrong = window_rows("wrong", [(day, 20 if n < 6 else 25, 1000) for n, day in enumerate(every)])
    told = figures([(day, 20, 0.02) for day in every])
    both = matching.fits(matching.reconcile(pd.concat([right, wrong]), told, {})).set_index("rule")
    assert both["stopped_on"].isna().all() and both["place"].to_dict() == {"right": 1, "wrong": 2}
    alone = matching.fits(matching.reconcile(wrong, told, {})).set_index("rule")
    assert alone["stopped_on"]["wrong"] == every[6] and alone["verdict"]["wrong"] == "none_fits"


def test_one_order_booked_otherwise_for_some_days_does_not_unseat_a_definition() -> None:
    """It is wrong on three days running, on which another rule meets the figures by chance: no change, and no tie."""
    every = days_before(AS_OF, 10)
    right = window_rows("right", [(day, 21 if n < 3 else 20, 1000) for n, day in enumerate(every)])
    chance = window_rows("chance", [(day, 20 if n < 3 else 24, 1000) for n, day in enumerate(every)])
    told = figures([(day, 20, 0.02) for day in every])
    found = matching.fits(matching.reconcile(pd.concat([right, chance]), told, {})).set_index("rule")
    assert found["stopped_on"].isna().all() and set(found["verdict"]) == {"fits"}
    assert found["days_both"].to_dict() == {"right": 7, "chance": 3}


def test_a_lead_of_fewer_days_than_are_missed_decides_nothing() -> None:
    every = days_before(AS_OF, 10)
    first_rule = window_rows("first", [(day, 21 if n in (2, 8) else 20, 1000) for n, day in enumerate(every)])
    second = window_rows("second", [(day, 21 if n in (1, 4, 7) else 20, 1000) for n, day in enumerate(every)])
    far = window_rows("far", [(day, 21 if n % 2 else 20, 1000) for n, day in enumerate(every)])
    told = figures([(day, 20, 0.02) for day in every])
    found = matching.fits(matching.reconcile(pd.concat([first_rule, second, far]), told, {})).set_index("rule")
    assert found["days_both"].to_dict() == {"first": 8, "second": 7, "far": 5}
    assert found["is_tied"].to_dict() == {"first": True, "second": True, "far": False}
    assert set(found["verdict"]) == {"tied"}


# One day


def window_rows(rule: str, rows: Iterable[tuple[date, Any, Any]], shop: str = "店") -> pd.DataFrame:
    made = pd.DataFrame(
        [(shop, "intervention_rate", rule, day, k, n) for day, k, n in rows],
        columns=["shop_id", "metric", "rule", "window_end", "numerator", "denominator"],
    ).astype({"numerator": "Int64", "denominator": "Int64"})
    return made.assign(rate=rates.share(made["numerator"], made["denominator"]))


def test_the_page_that_the_denominator_was_inferred_from() -> None:
    """264 orders at 14.84 % and 4 at 0.22 % leave 1779 as the only denominator that suits two more rates."""
    told = matching.reconcile(window_rows("r", [(AS_OF, 264, 1779)]), figures([(AS_OF, 264, 0.1484)]), {}).iloc[0]
    assert (told["denominator_low"], told["denominator_high"]) == (1779, 1779)
    assert told["within_rounding"] and told["difference"] == 0
    told = matching.reconcile(window_rows("r", [(AS_OF, 4, 1779)]), figures([(AS_OF, 4, 0.0022)]), {}).iloc[0]
    assert (told["denominator_low"], told["denominator_high"]) == (1778, 1860)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.integers(1, 3000), st.integers(0, 400), st.integers(1, 3000))
def test_the_denominator_interval_holds_exactly_the_denominators_that_print_the_rate(
    k: int, n: int, our_k: int, our_n: int
) -> None:
    shown = printed(k, n)
    row = matching.reconcile(window_rows("r", [(AS_OF, our_k, our_n)]), figures([(AS_OF, k, shown)]), {}).iloc[0]
    assert row["within_rounding"] == (printed(our_k, our_n) == shown)
    assert row["difference"] == our_k - k
    low, high = row["denominator_low"], row["denominator_high"]
    if k == 0:
        assert missing(low) and missing(high)
        return
    assert low <= n and (missing(high) or n <= high)
    assert printed(k, low) == shown and (low == 1 or printed(k, low - 1) != shown)
    if missing(high):
        assert shown == 0
    else:
        assert printed(k, high) == shown and printed(k, high + 1) != shown


@pytest.mark.parametrize(("shown", "is_inside"), [(0.0012, False), (0.0013, True)])
def test_a_half_is_rounded_up(shown: float, is_inside: bool) -> None:
    """1 of 800 is 0.125 %, which is printed as 0.13 %."""
    row = matching.reconcile(window_rows("r", [(AS_OF, 1, 800)]), figures([(AS_OF, 1, shown)]), {}).iloc[0]
    assert row["within_rounding"] == is_inside
    assert (row["denominator_low"] <= 800 <= row["denominator_high"]) == is_inside


@settings(max_examples=40, deadline=None)
@example(2, 4096)  # exactly between two numbers of ten decimals
@given(st.integers(1, 400), st.integers(2000, 40000))
def test_an_exact_fraction_tells_more_than_a_printed_percent(k: int, n: int) -> None:
    row = matching.reconcile(window_rows("r", [(AS_OF, k, n)]), figures([(AS_OF, k, k / n)]), {}).iloc[0]
    assert row["within_rounding"] and row["denominator_low"] <= n <= row["denominator_high"]
    if round(Fraction(k, n) * 10**10) % 10:  # else it could as well be a figure that was rounded
        assert row["denominator_low"] == row["denominator_high"] == n


def test_days_without_orders_or_without_our_figure_are_listed_and_not_judged() -> None:
    days = days_before(AS_OF, 3)
    windows = window_rows("r", [(days[0], 2, 0), (days[1], None, None)])
    table = matching.reconcile(windows, figures([(day, 2, 0.02) for day in days]), {})
    assert list(table.columns) == matching.RECONCILIATION_COLUMNS
    assert list(table["date"]) == days and table["within_rounding"].isna().all()
    assert table["ours_count"].to_list() == [2, pd.NA, pd.NA]
    assert matching.fits(table)["days"].to_list() == [1]


def test_nothing_to_compare_is_an_empty_table() -> None:
    windows = window_rows("r", [(AS_OF, 2, 100)])
    table = matching.reconcile(windows, figures([]), {})
    assert table.empty and list(table.columns) == matching.RECONCILIATION_COLUMNS
    assert matching.fits(table).empty and list(matching.fits(table).columns) == matching.FITS_COLUMNS
    assert matching.shown_by_platform(table, AS_OF).empty
    of_another_metric = matching.reconcile(windows, figures([(AS_OF, 2, 0.02)], "help_rate"), {})
    assert of_another_metric.empty


def test_shops_are_judged_apart() -> None:
    every = days_before(AS_OF, 6)
    windows = pd.concat(
        [
            window_rows(rule, [(day, k, 1000) for day in every], shop)
            for shop, rule, k in (("甲", "a", 10), ("甲", "b", 20), ("乙", "a", 20), ("乙", "b", 10))
        ]
    )
    told = pd.concat([figures([(day, 10, 0.01) for day in every]).assign(shop_id=shop) for shop in ("甲", "乙")])
    found = matching.fits(matching.reconcile(windows, told, {}))
    assert found[found["place"] == 1].set_index("shop_id")["rule"].to_dict() == {"甲": "a", "乙": "b"}


# What explains a gap, and what our exports do not show


def judged_of(made: World) -> pd.DataFrame:
    return pd.concat([rates.judged(facts(made), rule).assign(rule=name) for name, rule in CANDIDATES.items()])


def counted_by_hand(made: World, rule: Any, day: date) -> dict[str, date]:
    """Each order in the day's window → the newest day that books it there."""
    end = day - timedelta(days=rule.lag_days)
    found: dict[str, date] = {}
    for event in made.events:
        booked = event[rule.dated_by]
        if (
            end - timedelta(days=rule.window_days) < booked <= end
            and event["began_on"] <= end
            and event["initiated_by"] not in rule.excluded_initiators
            and not (rule.excludes_undecided_withdrawn and event["outcome"] == "withdrawn")
        ):
            found[event["order_id"]] = max(booked, found.get(event["order_id"], booked))
    return found


@pytest.mark.parametrize(
    "hidden", ["intervention-with-withdrawn", "intervention-by-order-day", "intervention-a-day-later"]
)
def test_the_orders_that_may_explain_a_gap_are_those_that_another_definition_counts(hidden: str) -> None:
    made = world(6)
    chosen = {IN_FORCE: CANDIDATES[IN_FORCE], hidden: CANDIDATES[hidden]}
    rows = [(day, *made.told(CANDIDATES[hidden], day)) for day in days_before(AS_OF, 5)]
    windows = ours(made)
    table = matching.reconcile(windows[windows["rule"].isin(chosen)], figures(rows), LAGS)
    own = table[(table["rule"] == IN_FORCE) & (table["difference"] != 0)]
    judged = judged_of(made)
    judged = judged[judged["rule"].isin(chosen)]
    found = matching.gaps(judged, table, IN_FORCE, {name: 30 for name in chosen}, LAGS, days=2)
    assert list(found.columns) == matching.GAPS_COLUMNS
    assert sorted(found["date"].unique()) == sorted(own["date"])[-2:]
    for day in found["date"].unique():
        here, there = counted_by_hand(made, chosen[IN_FORCE], day), counted_by_hand(made, chosen[hidden], day)
        listed = found[found["date"] == day].set_index("order_id")
        assert set(listed.index) == set(here) ^ set(there)
        assert (listed["rules"] == hidden).all()
        for order, row in listed.iterrows():
            assert row["booked_on"] == here.get(str(order), there.get(str(order)))
            assert (row["reason"] == "") == (str(order) in here)
        (difference,) = own.loc[own["date"] == day, "difference"]
        assert difference == (listed["reason"] == "").sum() - (listed["reason"] != "").sum()
    if hidden == "intervention-with-withdrawn":
        assert set(found["reason"]) == {"withdrawn_undecided"}
    else:
        assert set(found["reason"]) <= {"", "booked_on_another_day"}


def test_without_a_gap_there_is_nothing_to_explain() -> None:
    made = world(6)
    rows = [(day, *made.told(CANDIDATES[IN_FORCE], day)) for day in days_before(AS_OF, 5)]
    table = matching.reconcile(ours(made), figures(rows), LAGS)
    found = matching.gaps(judged_of(made), table, IN_FORCE, {name: 30 for name in CANDIDATES}, LAGS)
    assert found.empty and list(found.columns) == matching.GAPS_COLUMNS


def test_how_many_interventions_the_exports_do_not_show() -> None:
    days = days_before(AS_OF, 6)
    windows = window_rows("r", [(day, 10, 500) for day in days])
    more = matching.reconcile(windows, figures([(days[1], 9, 0.018), (days[3], 14, 0.028), (days[5], None, 0.03)]), {})
    (row,) = matching.shown_by_platform(more, AS_OF).itertuples(index=False)
    assert tuple(row) == ("店", "r", days[3], 14, 0.028, 4)
    assert matching.shown_by_platform(more, AS_OF, within_days=1).empty, "too old to speak for today"
    fewer = matching.reconcile(windows, figures([(AS_OF, 7, 0.014)]), {})
    assert matching.shown_by_platform(fewer, AS_OF)["missing_count"].to_list() == [0]
    unknown = matching.reconcile(window_rows("r", [(AS_OF, None, None)]), figures([(AS_OF, 7, 0.014)]), {})
    assert matching.shown_by_platform(unknown, AS_OF)["missing_count"].isna().to_list() == [True]


# The figures themselves

HEADER = "统计时间,纠纷退款数,纠纷退款率,介入订单数,平台介入率,类目均值,品质退款率,近30天平台求助率"


def asked(data: Data, as_of: date) -> pd.DataFrame:
    data.orders(f"{order_id(1)},已收货,,,,,,,,,2026-06-10 10:00:00")
    data.build()
    return warehouse.ask(data.settings, "platform_figures", as_of=as_of)


def test_figures_are_long_dashes_are_missing_and_odd_dates_are_read(data: Data) -> None:
    data.put(
        "店/服务概况_20260701.csv",
        f"{HEADER}\n06-29-26,4,0.22 %,264,14.84%,1.20%,--,0.0078746379\n2026-07-02,1,1%,1,1%,,,\n06-28-26,--,--,--,--,--,--,--\n",
    )
    found = asked(data, AS_OF)
    rows = found[["metric", "platform_count", "platform_rate", "category_rate"]].astype(object)
    assert (found["stat_on"] == pd.Timestamp("2026-06-29")).all() and found["is_newest"].all()
    assert rows.where(rows.notna(), None).to_numpy().tolist() == [
        ["dispute_refund_rate", 4, 0.0022, None],
        ["help_rate", None, 0.0078746379, None],
        ["intervention_rate", 264, 0.1484, 0.012],
    ]


def test_the_newest_of_two_figures_for_a_day_wins_and_the_other_is_listed(data: Data) -> None:
    data.put("店/服务概况_20260701.csv", f"{HEADER}\n2026-06-29,4,0.22 %,264,14.84%,,2%,\n")
    data.put("店/服务概况_20260702.csv", f"{HEADER}\n2026-06-29,4,0.22 %,265,14.90%,,--,\n")
    data.put("店/服务概况_20260630.csv", f"{HEADER}\n2026-06-29,3,0.17 %,260,14.60%,,2%,\n")
    found = asked(data, AS_OF)
    rates_told = found[found["metric"] == "intervention_rate"]
    assert rates_told["platform_count"].to_list() == [265, 264, 260]
    assert rates_told["is_newest"].to_list() == [True, False, False]
    quality = found[found["metric"] == "quality_refund_rate"]
    assert not quality["is_newest"].any(), "the newest export says that there is none"
    windows = window_rows("r", [(date(2026, 6, 29), 265, 1779)])
    assert matching.reconcile(windows, found, {})["platform_count"].to_list() == [265]
    assert data.one("select sum(superseded_rows) from marts.files") == 2
