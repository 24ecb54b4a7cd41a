"""A simulated platform keeps its definition to itself: do its printed figures name it, and its change?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import rules
from analysis.rates import reconciliation as matching
from tests.platform_world import (
    AS_OF,
    CANDIDATES,
    IN_FORCE,
    LAGS,
    World,
    days_before,
    figures,
    ours,
    window_rows,
    world,
)


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
