"""By when a ticket must be answered: a table of texts, the order of sources, and what is flagged.

`tickets/deadlines.csv` holds a text, the time of creation and what is meant: a row is true or false to who reads Chinese.
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.tickets import deadlines, limits
from analysis.tickets.deadlines import COLUMNS

TABLE = Path(__file__).with_name("tickets") / "deadlines.csv"
CASES = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
CREATED = datetime(2026, 3, 26, 10, 0)
TIMES = ("created_at", "stated_deadline_at", "exported_at", "shipped_at")
UNITS = {"分钟": 60, "小时": 3600, "天": 86400}


def typed(*rows: dict[str, Any]) -> pd.DataFrame:
    """Tickets as `tickets.typed` gives them, with what a row does not say left plain."""
    usual = {
        "shop_id": "店", "ticket_id": "500012345678901", "ticket_title": "", "content": "请尽快处理", "created_at": CREATED,
        "stated_deadline_at": None, "time_left": None, "exported_at": CREATED, "ticket_status": "待处理", "hours": None,
        "is_dated_by_name": True,
        "paid_fen": 1200, "received_fen": 1200, "product_id": "1", "product_name": "杯", "shipped_at": None,
    }  # fmt: skip
    frame = pd.DataFrame([usual | row for row in rows], columns=list(usual))
    times = {name: pd.to_datetime(frame[name]).astype("datetime64[us]") for name in TIMES}
    return frame.assign(**times, hours=frame["hours"].astype("Int64"))


def one(**row: Any) -> Any:
    return deadlines(typed(row)).iloc[0]


def chinese(number: int) -> str:
    """The number (1 to 999) as Chinese writes it, told apart from how the module reads it."""
    signs = "零一二三四五六七八九"
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = f"{signs[hundreds]}百" if hundreds else ""
    if tens:
        text += "十" if tens == 1 and not hundreds else f"{signs[tens]}十"
    elif hundreds and ones:
        text += "零"
    return text + (signs[ones] if ones else "")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['text']} {case['created_at']}")
def test_what_a_text_says(case: dict[str, str]) -> None:
    found = one(content=case["text"], created_at=datetime.fromisoformat(case["created_at"]))
    wanted = datetime.fromisoformat(case["deadline_at"]) if case["deadline_at"] else None
    assert (None if pd.isna(found.deadline_at) else found.deadline_at.to_pydatetime()) == wanted, case["why"]
    assert (found.deadline_source, found.deadline_words) == (case["source"], case["words"])


def test_the_table_is_large_and_tells_the_same_at_once() -> None:
    assert len(CASES) >= 90
    at_once = deadlines(
        typed(*({"content": case["text"], "created_at": datetime.fromisoformat(case["created_at"])} for case in CASES))
    )
    assert at_once["deadline_words"].tolist() == [case["words"] for case in CASES]
    assert list(at_once.columns) == COLUMNS


@given(st.integers(1, 999), st.sampled_from(sorted(UNITS)), st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
@settings(max_examples=30, deadline=None)
def test_a_number_means_the_same_however_it_is_written(number: int, unit: str, created: datetime) -> None:
    written = [str(number), str(number).translate(str.maketrans("0123456789", "０１２３４５６７８９")), chinese(number)]
    rows = [{"content": f"请商家于{each}{unit}内处理", "created_at": created} for each in written]
    ends = deadlines(typed(*rows))["deadline_at"].dt.to_pydatetime()
    assert [each for each in ends] == [created + timedelta(seconds=number * UNITS[unit])] * 3


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)), st.integers(1, 90), st.integers(0, 23))
@settings(max_examples=30, deadline=None)
def test_a_day_without_a_year_is_the_one_that_was_meant(created: datetime, days: int, hour: int) -> None:
    meant = (created + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
    found = one(content=f"请于{meant.month}月{meant.day}日{hour}点前回复", created_at=created)
    assert found.deadline_at == meant


@given(st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_workdays_are_the_hours_of_weekdays(created: datetime, workdays: int) -> None:
    created = created.replace(minute=0, second=0, microsecond=0)
    left, at = 24 * workdays, created
    while left:
        left -= at.weekday() < 5
        at += timedelta(hours=1)
    found = one(content=f"请于{workdays}个工作日内处理", created_at=created)
    assert found["deadline_at"] == at and "workdays" in found["flags"].split()


@given(st.text(alphabet="0123半一二十百天日时分小钟周月年前内后点:/-请于限今次明本 已超过\n", max_size=25))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_it_and_every_word_comes_from_the_text(text: str) -> None:
    plain = limits.plain(text)
    for limit in limits.found(plain):
        assert limit.words.replace(" ", "") in plain.replace(" ", "")
        assert limit.point is None or isinstance(limits.on(limit.point, CREATED.date()), datetime | None)
    limits.stretch(plain)


def test_the_first_source_that_is_there_decides() -> None:
    stated, exported = datetime(2026, 3, 27, 8, 0), datetime(2026, 3, 26, 12, 0)
    everything = {
        "stated_deadline_at": stated, "time_left": "1天2小时", "exported_at": exported, "content": "请于48小时内处理", "hours": 72,
    }  # fmt: skip
    told = []
    for gone in ({}, {"stated_deadline_at": None}, {"time_left": ""}, {"content": "请处理"}, {"hours": None}):
        everything |= gone
        row = one(**everything)
        told.append((row.deadline_source, None if pd.isna(row.deadline_at) else row.deadline_at, row.deadline_words))
    assert told == [
        ("stated", stated, ""),
        ("time_left", datetime(2026, 3, 27, 14, 0), "1天2小时"),
        ("text", datetime(2026, 3, 28, 10, 0), "48小时内"),
        ("type", datetime(2026, 3, 29, 10, 0), "72小时"),
        ("unknown", None, ""),
    ]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("6天2时3分30秒", timedelta(days=6, hours=2, minutes=3, seconds=30)),
        ("6天2小时", timedelta(days=6, hours=2)),
        ("剩余23时59分", timedelta(hours=23, minutes=59)),
        ("剩余处理时间：2天3时", timedelta(days=2, hours=3)),
        ("23:59:59", timedelta(hours=23, minutes=59, seconds=59)),
        ("1天 02:30:00", timedelta(days=1, hours=2, minutes=30)),
        ("０天５时", timedelta(hours=5)),
        ("1d 2h", timedelta(days=1, hours=2)),
        ("0天0时0分", timedelta(0)),
        ("已超时2小时", timedelta(hours=-2)),
        ("已逾期", timedelta(0)),
        ("已超时", timedelta(0)),
        ("逾期将罚款", None),
        ("--", None),
        ("很快", None),
    ],
)
def test_time_left_counts_from_the_export(words: str, left: timedelta | None) -> None:
    exported = datetime(2026, 3, 28, 9, 30)
    found = one(time_left=words, exported_at=exported)
    assert (found.deadline_source == "time_left") == (left is not None)
    assert left is None or found.deadline_at == exported + left


def test_time_left_without_the_exports_time_says_nothing() -> None:
    assert one(time_left="6天2小时", exported_at=None, hours=24).deadline_source == "type"


def test_several_limits_are_all_kept_whoever_decides() -> None:
    text = "请于48小时内举证，24小时内联系买家，最晚3月29日18:00前"
    said = "48小时内; 24小时内; 最晚3月29日18:00前"
    assert one(content=text).limits == said
    assert one(content=text, stated_deadline_at=datetime(2026, 3, 30)).limits == said


def test_the_title_speaks_too() -> None:
    assert one(ticket_title="未收到货（48小时）", content="").deadline_at == CREATED + timedelta(hours=48)


def test_a_limit_needs_a_creation_and_a_stated_deadline_does_not() -> None:
    stated = datetime(2026, 3, 30)
    assert one(created_at=None, content="24小时内处理", hours=24).deadline_source == "unknown"
    assert one(created_at=None, stated_deadline_at=stated).deadline_at == stated


@pytest.mark.parametrize(
    ("row", "flags"),
    [
        ({}, ""),
        ({"stated_deadline_at": CREATED - timedelta(hours=1)}, "deadline_before_creation"),
        ({"stated_deadline_at": CREATED}, ""),
        ({"content": "请于3月20日18:00前提交"}, "deadline_before_creation"),
        ({"exported_at": CREATED - timedelta(minutes=5)}, ""),
        ({"exported_at": CREATED - timedelta(minutes=5, seconds=1)}, "created_in_future"),
        ({"exported_at": None}, ""),
        ({"content": "请于2个工作日内处理"}, "workdays"),
        ({"content": "请于2个工作日或12小时内处理"}, ""),
        ({"content": "请于3月28日前处理"}, "day_without_time"),
        ({"time_left": "1天2小时", "is_dated_by_name": False}, "undated_time_left"),
        ({"content": "请于48小时内处理", "is_dated_by_name": False}, ""),
        ({"ticket_status": "17"}, "unknown_status"),
        ({"ticket_status": None}, ""),
        ({"content": " ", "ticket_title": None}, "empty_text"),
        ({"paid_fen": None, "received_fen": None, "product_id": None, "product_name": None}, "unknown_order"),
        ({"ticket_status": "9", "content": "", "exported_at": datetime(2026, 1, 1)}, "created_in_future unknown_status empty_text"),
    ],
)  # fmt: skip
def test_what_is_odd_is_kept_and_flagged(row: dict[str, Any], flags: str) -> None:
    assert one(**row)["flags"] == flags


@pytest.mark.parametrize(
    "status",
    ["待处理", "处理中", "已关闭", "已完结", "即将逾期", "违规已处理", "待扣款处理", "已逾期", "已超时", "已撤销"],
)
def test_the_statuses_of_the_page_are_known(status: str) -> None:
    assert one(ticket_status=status)["flags"] == ""


def test_arguments_stay_as_they_were_and_no_tickets_are_no_deadlines() -> None:
    frame = typed({"content": "请于24小时内处理"}, {"content": "请于3月28日前处理"}).set_axis([7, 3])
    before = frame.copy(deep=True)
    found = deadlines(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert list(found.index) == [7, 3]
    assert list(deadlines(frame.iloc[:0]).columns) == COLUMNS and deadlines(frame.iloc[:0]).empty
