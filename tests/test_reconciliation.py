"""Our figures beside the platform's own, day by day: rounding, denominators, gaps, and the figures as they are read."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis import rates, warehouse
from analysis.rates import reconciliation as matching
from tests.conftest import Data, order_id
from tests.platform_world import (
    AS_OF,
    CANDIDATES,
    IN_FORCE,
    LAGS,
    World,
    days_before,
    facts,
    figures,
    missing,
    ours,
    printed,
    window_rows,
    world,
)


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
