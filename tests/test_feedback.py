"""What acting prevents: counted by hand, in worlds whose truth is known, and against intervals worked out elsewhere."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.escalation.feedback import (
    FEEDBACK_COLUMNS,
    FEWEST_CASES,
    FEWEST_CONTROL,
    STATES,
    effect,
    newcombe,
    read_list,
)
from tests.conftest import order_id

AS_OF = date(2026, 9, 14)
DAYS = 10
LATEST = AS_OF - timedelta(days=DAYS)
"""The newest day on a list whose outcome is known."""
Row = tuple[int, date, bool, bool]


def lists(*rows: Row) -> pd.DataFrame:
    """Number, day, act, control."""
    frame = pd.DataFrame([("店", order_id(n), on, act, control) for n, on, act, control in rows])
    return frame.set_axis(["shop_id", "order_id", "scored_on", "act", "control"], axis=1)


def deeds(*rows: tuple[int, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame([("店", order_id(n), at, action) for n, at, action in rows])
    frame = frame.reindex(columns=range(4)).set_axis(["shop_id", "order_id", "handled_at", "action"], axis=1)
    return frame.astype({"shop_id": "str", "order_id": "str", "handled_at": "datetime64[us]"})


def cases(*rows: tuple[int, date]) -> pd.DataFrame:
    frame = pd.DataFrame([("店", order_id(n), on) for n, on in rows]).reindex(columns=range(3))
    return frame.set_axis(["shop_id", "order_id", "began_on"], axis=1).astype(
        {"shop_id": "str", "order_id": "str", "began_on": "datetime64[us]"}
    )


def found(listed: pd.DataFrame, outcomes: pd.DataFrame, escalations: pd.DataFrame) -> dict[Any, Any]:
    table = effect(listed, outcomes, escalations, AS_OF, DAYS)
    assert list(table.columns) == FEEDBACK_COLUMNS and len(table) == 1
    (row,) = table.to_dict("records")
    assert row["state"] in STATES
    return row


@pytest.mark.parametrize(
    ("first", "second", "interval"),
    [
        # Newcombe 1998, table II: the contrasts (a) to (h), method 10.
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0000)),
        ((10, 10), (0, 10), (0.6075, 1.0000)),
    ],
)
def test_the_interval_is_newcombe_s(
    first: tuple[int, int], second: tuple[int, int], interval: tuple[float, float]
) -> None:
    assert newcombe(*first, *second) == pytest.approx(interval, abs=5e-5)


def test_an_order_counts_once_from_its_first_day_and_only_when_its_outcome_is_known() -> None:
    listed = lists(
        (1, LATEST - timedelta(days=3), True, False),
        (1, LATEST, True, False),
        (2, LATEST, False, True),
        (3, LATEST + timedelta(days=1), True, False),
        (4, LATEST, False, False),
        (5, LATEST, True, False),
    )
    outcomes = deeds(
        (1, "2026-09-02 10:00", "called"),
        (1, "2026-09-03 10:00", "refunded"),
        (2, "2026-09-05 10:00", "called"),
        (5, "2026-09-06 10:00", "nothing"),
    )
    began = cases((1, LATEST + timedelta(days=7)), (1, LATEST + timedelta(days=8)), (3, AS_OF), (4, AS_OF))
    row = found(listed, outcomes, began)
    assert row["state"] == "not_enough" and pd.isna(row["listed_rate"]) and pd.isna(row["difference_low"])
    assert row["since_on"] == pd.Timestamp(LATEST - timedelta(days=3))
    counted = {name: row[name] for name in ("listed", "handled", "escalated", "control", "control_handled")}
    assert counted == {"listed": 2, "handled": 1, "escalated": 1, "control": 1, "control_handled": 1}
    later = found(listed, outcomes, cases((1, LATEST + timedelta(days=8)), (2, LATEST)))
    assert (later["escalated"], later["control_escalated"]) == (0, 0), "after its days, and before the list"


def many(listed: int, control: int) -> pd.DataFrame:
    rows: list[Row] = [(n, LATEST, n < listed, n >= listed) for n in range(listed + control)]
    return lists(*rows)


def test_the_effect_is_the_difference_of_the_two_shares() -> None:
    listed, control = 200, 50
    outcomes = deeds(*((n, "2026-09-06 10:00", "called") for n in range(100)))
    began = cases(*((n, AS_OF) for n in [*range(20), *range(listed, listed + 10)]))
    row = found(many(listed, control), outcomes, began)
    assert row["state"] == "known"
    assert (row["listed_rate"], row["control_rate"]) == (0.1, 0.2)
    assert row["difference"] == pytest.approx(0.1)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(newcombe(10, 50, 20, 200))
    assert row["prevention_rate"] == pytest.approx(0.1 / 0.2 / 0.5), (
        "half of them were handled: what acting does is twice that"
    )
    harmful = found(many(listed, control), outcomes, cases(*((n, AS_OF) for n in range(60)), (200, AS_OF)))
    assert harmful["difference"] < 0 and harmful["prevention_rate"] == 0.0


def test_too_little_is_said_to_be_too_little() -> None:
    outcomes = deeds((0, "2026-09-06 10:00", "called"))
    enough = cases(*((n, AS_OF) for n in range(FEWEST_CASES)))
    assert found(many(50, FEWEST_CONTROL), outcomes, enough)["state"] == "known"
    assert found(many(50, FEWEST_CONTROL - 1), outcomes, enough)["state"] == "not_enough"
    assert found(many(50, FEWEST_CONTROL), outcomes, enough.head(FEWEST_CASES - 1))["state"] == "not_enough"
    assert found(many(50, FEWEST_CONTROL), deeds((0, "2026-09-06 10:00", "nothing")), enough)["state"] == "no_outcomes"
    nothing = found(many(50, 50).iloc[:0], deeds(), cases())
    assert nothing["state"] == "no_lists" and pd.isna(nothing["since_on"])
    assert found(many(0, 50), deeds(), enough)["state"] == "no_outcomes"


def test_the_interval_holds_the_truth_where_acting_prevents_four_in_ten() -> None:
    """Truth 0.30 against 0.18: of 300 simulated years the interval misses about one in twenty."""
    draws = np.random.default_rng(7)
    hits = 0
    for _ in range(300):
        control, acted = draws.binomial(60, 0.30), draws.binomial(900, 0.18)
        low, high = newcombe(int(control), 60, int(acted), 900)
        hits += low <= 0.12 <= high
    assert 0.92 <= hits / 300 <= 0.99


LIST = "order_id,shop_id,scored_on,act,control,why\n260910-000000000000001,店,2026-09-10,True,False,晚\n"


@pytest.mark.parametrize(
    "content",
    [
        ("\ufeff" + LIST).encode(),
        LIST.replace("2026-09-10", "2026/9/10").replace("True", "TRUE").replace("False", "FALSE").encode("gb18030"),
    ],
    ids=["as published", "saved by an editor"],
)
def test_a_list_is_read_as_published_and_as_an_editor_saves_it(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "watchlist.csv").write_bytes(content)
    found = read_list(tmp_path / "watchlist.csv")
    assert found is not None
    assert found.values.tolist() == [["店", "260910-000000000000001", pd.Timestamp(2026, 9, 10), True, False]]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2\n",
        b"\xff\xfe\x00\xd8",
        LIST.replace("True", "").encode(),
        LIST.replace("True", "yes").encode(),
        LIST.replace("2026-09-10", "soon").encode(),
        LIST.replace("店", "").encode(),
    ],
    ids=["empty", "another table", "no text", "a draw is gone", "no draw", "no day", "no shop"],
)
def test_a_list_that_was_spoilt_is_none_and_never_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "watchlist.csv").write_bytes(content)
    assert read_list(tmp_path / "watchlist.csv") is None


def test_a_list_without_orders_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "watchlist.csv").write_text(LIST.splitlines()[0] + "\n", encoding="utf-8")
    found = read_list(tmp_path / "watchlist.csv")
    assert found is not None and len(found) == 0 and (found[["act", "control"]].dtypes == "bool").all()
