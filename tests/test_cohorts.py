"""The nowcast against simulated order days whose events are all known, and against products taken one by one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis import forecast
from analysis.forecast.cohorts import COLUMNS

AS_OF = date(2026, 6, 30)
DELAY = (2, 0.12)  # negative binomial: a mean of two weeks, one in twenty-five later than forty days


class World(NamedTuple):
    """What `nowcast` is given, in its order, with all events to come; and the true final counts, days × shops."""

    orders: pd.DataFrame
    events: pd.DataFrame
    since: pd.Series
    final: npt.NDArray[np.int64]

    def nowcast(self, as_of: date = AS_OF, days: int = 90) -> pd.DataFrame:
        return forecast.nowcast(self.orders, self.events, self.since, as_of, days)


def simulated(rate: npt.NDArray[np.float64], orders_a_day: int = 60, seed: int = 1) -> World:
    random = np.random.default_rng(seed)
    orders = random.poisson(orders_a_day, rate.shape)
    final = random.binomial(orders, rate)
    day, shop = np.nonzero(final)
    day, shop = np.repeat(day, final[day, shop]), np.repeat(shop, final[day, shop])
    calendar = pd.date_range(AS_OF - timedelta(days=len(rate) - 1), AS_OF)
    names = [f"s{number:03}" for number in range(rate.shape[1])]
    delay = pd.to_timedelta(random.negative_binomial(*DELAY, len(day)), unit="D")
    events = pd.DataFrame(
        {
            "shop_id": np.array(names)[shop],
            "unit_id": [f"u{number}" for number in range(len(day))],
            "ordered_on": calendar[day],
            "booked_on": calendar[day] + delay,
        }
    )
    return World(
        pd.DataFrame(orders, index=calendar, columns=names), events, pd.Series(calendar[0], index=names), final
    )


def steady(shops: int = 20, rate: float = 0.05, seed: int = 1, day_spread: float = 0.0, orders: int = 60) -> World:
    wave = np.exp(np.random.default_rng(seed + 100).normal(0, day_spread, (250, shops)))
    return simulated(rate * wave, orders, seed)


def with_truth(world: World) -> pd.DataFrame:
    return world.nowcast().assign(truth=world.final[-90:].T.ravel())


@pytest.mark.parametrize(
    ("world", "most"),
    [(steady(), 0.97), (steady(day_spread=0.4), 0.97), (steady(orders=600), 0.92)],  # bands of small counts hold more
    ids=["steady", "days differ", "busy"],
)
def test_it_comes_nearer_than_counting_what_came_and_its_bands_hold(world: World, most: float) -> None:
    table = with_truth(world)
    young = table[table["completion"] < 0.9]
    truth, reported, expected = (young[name].astype(float) for name in ("truth", "reported", "expected"))
    chain_ladder = reported / young["completion"].astype(float).clip(lower=0.02)
    error = (expected - truth).abs().mean()
    assert error < 0.8 * (reported - truth).abs().mean()
    assert error < 0.8 * (chain_ladder - truth).abs().mean()
    assert expected.mean() == pytest.approx(truth.mean(), rel=0.08)
    assert 0.75 <= ((young["low80"] <= truth) & (truth <= young["high80"])).mean() <= most


def test_completion_is_the_distribution_of_the_delays_though_late_ones_are_still_to_come() -> None:
    table = steady(shops=40).nowcast()
    age = np.array([(AS_OF - day).days for day in table["ordered_on"]])
    true = stats.nbinom.cdf(age, *DELAY)
    by_age = (table["completion"].astype(float) - true).groupby(age).mean()
    assert by_age.abs().max() < 0.02
    assert (table["completion"].astype(float) - true).abs().max() < 0.15


def test_a_young_shop_is_not_taken_in_by_the_delays_that_could_be_seen() -> None:
    world = simulated(np.full((60, 30), 0.1))
    known = world.events[world.events["booked_on"] <= pd.Timestamp(AS_OF)]
    naive = ((known["booked_on"] - known["ordered_on"]).dt.days <= 14).mean()
    table = world.nowcast()
    at_14 = table[table["ordered_on"] == AS_OF - timedelta(days=14)]["completion"].mean()
    seen = stats.nbinom.cdf(14, *DELAY) / stats.nbinom.cdf(59, *DELAY)
    assert at_14 == pytest.approx(seen, abs=0.02)
    assert naive > seen + 0.04


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), min_size=1, max_size=40))
def test_completion_equals_products_taken_one_by_one(drawn: list[tuple[int, int]]) -> None:
    first = pd.Timestamp(AS_OF - timedelta(days=59))
    calendar = pd.date_range(first, AS_OF)
    events = pd.DataFrame(
        [("甲", f"u{n}", calendar[o], calendar[o] + pd.Timedelta(days=d)) for n, (o, d) in enumerate(drawn)],
        columns=["shop_id", "unit_id", "ordered_on", "booked_on"],
    )
    orders = pd.DataFrame(10, index=calendar, columns=["甲"])
    got = forecast.nowcast(orders, events, pd.Series({"甲": first}), AS_OF)
    known = [(59 - o, d) for o, d in drawn if o + d <= 59]
    if not known:
        assert got[["completion", "expected", "low80", "high80", "rate_expected"]].isna().all(axis=None)
        assert not got["is_mature"].any() and (got["reported"] == 0).all()
        return
    for age, completion in enumerate(reversed(got["completion"].tolist())):
        product = 1.0
        for j in range(age + 1, 60):
            at_risk = sum(d <= j <= seen for seen, d in known)
            product *= 1 - sum(d == j for _, d in known) / at_risk if at_risk else 1
        assert completion == pytest.approx(product)
    by_day = [sum(o == day and o + d <= 59 for o, d in drawn) for day in range(60)]
    assert got["reported"].tolist() == by_day
    assert list(got["is_mature"]) == [completion >= 0.5 for completion in got["completion"]]


def test_the_expected_count_lies_between_what_came_and_the_chain_ladder_or_the_shops_rate() -> None:
    table = steady(shops=5).nowcast()
    assert list(table) == COLUMNS
    expected, reported = table["expected"].astype(float), table["reported"].astype(float)
    assert (expected >= reported).all()
    assert (table["low80"] >= table["reported"]).all() and (table["high80"] >= table["low80"]).all()
    assert table["rate_expected"].astype(float).to_numpy() == pytest.approx((expected / table["orders"]).astype(float))
    young = table[table["completion"] < 0.2]
    assert (young["rate_expected"].astype(float)).mean() == pytest.approx(0.05, rel=0.15)
    assert not young["is_mature"].any()


def test_a_unit_counts_once_and_what_cannot_be_placed_is_left_out() -> None:
    world = steady(shops=2)
    plain = world.nowcast()
    first = world.orders.index[0]
    more = pd.DataFrame(
        [
            ("s000", "early", first - pd.Timedelta(days=3), first + pd.Timedelta(days=2)),
            ("s000", "undated", pd.NaT, pd.Timestamp(AS_OF)),
            ("s000", "future", pd.Timestamp(AS_OF), pd.Timestamp(AS_OF + timedelta(days=1))),
            ("stranger", "x", pd.Timestamp(AS_OF), pd.Timestamp(AS_OF)),
        ],
        columns=["shop_id", "unit_id", "ordered_on", "booked_on"],
    )
    again = world.events.assign(booked_on=world.events["booked_on"] + pd.Timedelta(days=5))
    events = pd.concat([world.events, again, more.astype(world.events.dtypes.to_dict())])
    before = events.copy()
    pd.testing.assert_frame_equal(world._replace(events=events.sample(frac=1, random_state=1)).nowcast(), plain)
    pd.testing.assert_frame_equal(events, before)


def test_what_comes_later_changes_nothing() -> None:
    world = steady(shops=3)
    then = AS_OF - timedelta(days=40)
    end = pd.Timestamp(then)
    cut = world._replace(orders=world.orders.loc[:end], events=world.events[world.events["booked_on"] <= end])
    pd.testing.assert_frame_equal(cut.nowcast(then), world.nowcast(then))


def test_a_day_without_orders_has_no_rate_and_a_shop_begins_with_its_history() -> None:
    world = steady(shops=2)
    world.orders.loc[pd.Timestamp(AS_OF), "s000"] = 0
    world.since["s001"] = pd.Timestamp(AS_OF - timedelta(days=9))
    table = world.nowcast()
    last: Any = table[table["shop_id"] == "s000"].iloc[-1]
    assert last["orders"] == 0 and pd.isna(last["rate_reported"]) and pd.isna(last["rate_expected"])
    assert list(table.groupby("shop_id").size()) == [90, 10]
    assert world.nowcast(days=7).groupby("shop_id").size().tolist() == [7, 7]
    nobody = world._replace(since=world.since.iloc[:0]).nowcast()
    assert nobody.empty and list(nobody) == COLUMNS


def test_the_note_says_when_the_bands_cannot_be_leant_on() -> None:
    def notes(world: World) -> pd.Series:
        return world.nowcast().drop_duplicates("shop_id")["note"]

    doubled = np.full((250, 20), 0.1)
    doubled[-30:] *= 2.5
    assert (notes(simulated(doubled, orders_a_day=100)) == "bands_too_narrow").mean() > 0.5
    assert (notes(steady(rate=0.1)) == "").mean() > 0.9
    assert (notes(simulated(np.full((20, 3), 0.1))) == "few_errors").all()
