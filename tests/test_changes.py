"""The four kinds of change add up to the difference, whatever the four lists hold."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.rates.changes import CHANGES_COLUMNS, TOTALS_COLUMNS, change_totals, changes

SINCE = date(2026, 6, 23)
Unit = tuple[str, str, int]
unit = st.tuples(st.sampled_from(["甲", "乙"]), st.sampled_from(["r1", "r2"]), st.integers(0, 6))
units = st.lists(unit, max_size=16)


def frame(listed: list[Unit]) -> pd.DataFrame:
    """Units as they are listed, perhaps twice; two units share an order."""
    rows = [(shop, rule, f"u{number}", f"o{number // 2}") for shop, rule, number in listed]
    return pd.DataFrame(rows, columns=["shop_id", "rule", "unit_id", "order_id"])


def rows_of(found: pd.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(found[["shop_id", "rule", "kind", "change", "order_id"]].itertuples(index=False, name=None))


@settings(max_examples=80, deadline=None)
@given(units, units, units, units)
def test_the_four_numbers_add_up_to_the_difference(a: list[Unit], b: list[Unit], c: list[Unit], d: list[Unit]) -> None:
    before, now = frame(a), frame(d)
    found = changes(before, frame(b), frame(c), now, SINCE)
    assert list(found.columns) == CHANGES_COLUMNS and (found["since"] == SINCE).all()
    expected = []
    for kind, earlier, later in (("restated", a, b), ("redefined", b, c), ("moved", c, d)):
        for change, entered in ((1, set(later) - set(earlier)), (-1, set(earlier) - set(later))):
            name = {1: "new", -1: "rolled_off"}[change] if kind == "moved" else kind
            expected += [(shop, rule, name, change, f"o{number // 2}") for shop, rule, number in entered]
    assert rows_of(found) == sorted(expected)

    totals = change_totals(found, before, now)
    assert list(totals.columns) == TOTALS_COLUMNS
    assert not totals.duplicated(["shop_id", "rule"]).any()
    for shop, rule, count_before, new, rolled_off, restated, redefined, count_now in totals.to_numpy().tolist():
        assert count_before == len({each for each in a if each[:2] == (shop, rule)})
        assert count_now == len({each for each in d if each[:2] == (shop, rule)})
        assert count_before + new + rolled_off + restated + redefined == count_now
        assert new >= 0 >= rolled_off
    named = set(zip(totals["shop_id"], totals["rule"], strict=True))
    assert named >= {each[:2] for each in a + d}
    assert totals["new"].sum() == (found["kind"] == "new").sum()


def test_each_kind_names_its_orders() -> None:
    def one(*numbers: int) -> pd.DataFrame:
        return frame([("甲", "r1", number) for number in numbers])

    found = changes(one(0, 2, 4), one(0, 2, 6), one(0, 6, 8), one(6, 8, 10), SINCE)
    assert rows_of(found) == [
        ("甲", "r1", "new", 1, "o5"),
        ("甲", "r1", "redefined", -1, "o1"),
        ("甲", "r1", "redefined", 1, "o4"),
        ("甲", "r1", "restated", -1, "o2"),
        ("甲", "r1", "restated", 1, "o3"),
        ("甲", "r1", "rolled_off", -1, "o0"),
    ]
    (totals,) = change_totals(found, one(0, 2, 4), one(6, 8, 10)).itertuples(index=False, name=None)
    assert totals == ("甲", "r1", 3, 1, -1, 0, 0, 3)


def test_the_first_report_ever_changes_nothing() -> None:
    now = frame([("甲", "r1", 1)])
    found = changes(None, now, now, now, SINCE)
    assert found.empty and list(found.columns) == CHANGES_COLUMNS
    assert change_totals(found, None, now).empty and list(change_totals(found, None, now).columns) == TOTALS_COLUMNS


def test_a_previous_report_that_counted_nothing_is_a_report() -> None:
    now = frame([("甲", "r1", 1)])
    found = changes(frame([]), frame([]), frame([]), now, SINCE)
    assert rows_of(found) == [("甲", "r1", "new", 1, "o0")]
    assert change_totals(found, frame([]), now).iloc[0].to_list() == ["甲", "r1", 0, 1, 0, 0, 0, 1]


def test_the_lists_are_left_as_they_were() -> None:
    lists = [frame([("甲", "r1", number), ("甲", "r1", number)]) for number in range(4)]
    copies = [each.copy() for each in lists]
    change_totals(changes(lists[0], lists[1], lists[2], lists[3], SINCE), lists[0], lists[3])
    for each, copy in zip(lists, copies, strict=True):
        pd.testing.assert_frame_equal(each, copy)
