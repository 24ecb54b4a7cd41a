"""Features of a past day stay the same, to the last bit, when everything after that day is forgotten; a planted leak does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from analysis import warehouse
from tests import landmark_world, truncation
from tests.conftest import Data

SQL = (warehouse.SQL / "features" / "order_landmarks.sql").read_text(encoding="utf-8")
DAYS = [landmark_world.LANDMARKS[place] for place in (0, 2, 4)]
SAMPLE_DAYS = [date(2026, 6, 15), date(2026, 8, 20), date(2026, 9, 8)]
Ways = dict[date, list[Data]]

# What a hurried hand might write instead: the text, and what it becomes.
LEAKS = {
    "an all-time mean": (
        "join landmarks on days.enters_on <= landmarks.landmark_on",
        "cross join landmarks",
    ),
    "escalations of any day in the histories": (
        "greatest(cast(dealt.dealt_at as date) + $mature_days, cast(dealt.known_at as date), cast(escalated.known_at as date))",
        "greatest(cast(dealt.dealt_at as date) + $mature_days, cast(dealt.known_at as date))",
    ),
    "a final status of the order": (
        "on ends.ended_at < landmarks.ends_at and ends.ended_at >= landmarks.oldest_at",
        "on ends.ended_at is not null",
    ),
    "a final status of the request": (
        "and (dates.ended_at is null or dates.ended_at >= landmarks.ends_at)",
        "and dates.ended_at is null",
    ),
    "a decision dated back to the request": (
        "select signs.shop_id, signs.order_id, least(signs.intervened_at, signs.first_seen_at), dates.ended_at",
        "select signs.shop_id, signs.order_id, dates.opened_at, dates.ended_at",
    ),
    "a step deadline of a later export": (
        "and deadlines.seen_at < requests.ends_at\n        and (deadlines.seen_until is null or deadlines.seen_until >= requests.ends_at)",
        "and deadlines.seen_until is null",
    ),
    "a signature of a later day": (
        "case when candidates.signed_at < candidates.ends_at then candidates.signed_at end as signed_at",
        "candidates.signed_at",
    ),
    "the courier of a parcel not yet sent": (
        "case when candidates.shipped_at < candidates.ends_at then candidates.courier end as courier",
        "candidates.courier",
    ),
    "all tickets that the order ever got": (
        "join landmarks on tickets.opened_at < landmarks.ends_at and tickets.opened_at >= landmarks.oldest_at",
        "cross join landmarks",
    ),
    "a lapse dated back to the ticket": (
        "case counts when 'yes' then opened_at else greatest(opened_at, lapsed_at) end",
        "opened_at",
    ),
    "only orders that the newest status calls dealt": (
        "where orders.dealt_at is null and sightings.paid_seen_at is not null",
        "where orders.dealt_at is null and sightings.paid_seen_at is not null and sightings.ended_seen_at is null",
    ),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Data:
    data = Data(tmp_path_factory.mktemp("world"))
    landmark_world.make(7).write(data)
    assert data.build().refusals == []
    return data


@pytest.fixture(scope="module")
def forgotten(world: Data, tmp_path_factory: pytest.TempPathFactory) -> Ways:
    """For each day the world with later exports cut back to it, and with later exports deleted."""
    return {
        day: [
            truncation.truncated(world, tmp_path_factory.mktemp("cut"), day, keeps_later_exports=keeps)
            for keeps in (True, False)
        ]
        for day in DAYS
    }


def differences(sql: str, world: Data, forgotten: Ways) -> Iterator[tuple[date, int]]:
    """Days on which the features of that day change when what came later is forgotten, and in which of the ways."""
    for day, ways in forgotten.items():
        whole = truncation.ask(world, sql, [day])
        for way, cut in enumerate(ways):
            if not whole.equals(truncation.ask(cut, sql, [day])):
                yield day, way


def test_nothing_that_came_later_changes_a_feature(world: Data, forgotten: Ways) -> None:
    assert all(len(truncation.ask(world, SQL, [day])) > 20 for day in DAYS)
    assert list(differences(SQL, world, forgotten)) == []


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(leak: str, world: Data, forgotten: Ways) -> None:
    text, leaking = LEAKS[leak]
    assert SQL.count(text) == 1
    assert any(True for _ in differences(SQL.replace(text, leaking), world, forgotten))


def test_one_time_filled_in_on_one_earlier_row_is_found(world: Data, forgotten: Ways, tmp_path: Path) -> None:
    """The fact itself may leak: one refund dated back before the day on which an export first showed it."""
    day = DAYS[1]
    back = SQL.replace(
        "select shop_id, order_id, refunded_at from facts.request_dates",
        "select shop_id, order_id, case when after_sales_id = (select min(after_sales_id) from facts.request_dates "
        f"where refunded_at >= timestamp '{day}' + to_days(1) and opened_at < timestamp '{day}') "
        "then opened_at else refunded_at end from facts.request_dates",
    )
    assert back != SQL
    assert (day, 0) in list(differences(back, world, {day: forgotten[day]}))


def test_nothing_that_came_later_changes_a_feature_of_the_sample(
    built_sample: Data, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its exports are days or weeks apart, so that later ones have to stay, cut back."""
    for day in SAMPLE_DAYS:
        cut = truncation.truncated(built_sample, tmp_path_factory.mktemp("cut"), day, keeps_later_exports=True)
        whole = truncation.ask(built_sample, SQL, [day])
        assert len(whole) > 300
        assert whole.equals(truncation.ask(cut, SQL, [day])), day
