"""What is missing, what can still be had, and the rules that say so."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import evidence, rules
from analysis.rules import evidence as evidence_rules
from analysis.settings import UserError
from tests.evidence_files import ORDER, ORDERS, PARCEL, RULES, SHOP, Kept, orders_of, png, video


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_readiness_names_what_is_missing(kept: Kept) -> None:
    kept.put(f"{SHOP}/{ORDER}/底单.jpg")
    kept.put(f"{SHOP}/{ORDER}/红章.jpg", b"no picture")
    kept.put(f"{SHOP}/{ORDER}/发货称重.mp4", video())
    kept.put(f"乙/{ORDER}/红章.jpg")
    kept.put("乙/SF0000000077/聊天.png", png())
    needed = ("signed_seal", "waybill_stub", "video")
    wanted = ORDERS.assign(required=pd.Series([needed, needed, (), ("chat",), ("chat", "photo"), None], dtype="object"))
    wanted.index = pd.Index([7, 3, 9, 1, 4, 0])
    ready = evidence.readiness(wanted, kept.register(ORDERS))
    assert ready.index.tolist() == [7, 3, 9, 1, 4, 0]
    assert ready["present"].tolist() == [("video", "waybill_stub", "weight_sent"), (), (), ("chat",), ("chat",), ()]
    assert ready["missing"].tolist() == [("signed_seal",), needed, (), (), ("photo",), ()]
    assert ready["required"].tolist() == [needed, needed, (), ("chat",), ("chat", "photo"), ()]


def test_two_tickets_of_an_order_are_two_rows(kept: Kept) -> None:
    kept.put(f"{SHOP}/{ORDER}/底单.jpg")
    both = orders_of((SHOP, ORDER, PARCEL), (SHOP, ORDER, PARCEL), required=[("waybill_stub",), ("chat",)])
    assert evidence.readiness(both, kept.register())["missing"].tolist() == [(), ("chat",)]


KINDS = ["waybill_stub", "signed_seal", "chat", "photo"]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from(KINDS), st.sampled_from(["", "truncated"]), st.booleans())),
    st.lists(st.tuples(st.integers(0, 3), st.lists(st.sampled_from(KINDS), unique=True).map(tuple)), max_size=6),
)
def test_readiness_is_what_counting_by_hand_gives(held: list[Any], wanted: list[Any]) -> None:
    """Orders 0 and 1 share a parcel; a file names the order, or only the parcel."""
    parcel = {0: "P", 1: "P", 2: "Q", 3: None}
    frame = pd.DataFrame(
        [
            (
                SHOP,
                None if by_parcel and parcel[n] else str(n),
                parcel[n] if by_parcel else None,
                kind,
                "image/png",
                problem,
            )
            for n, kind, problem, by_parcel in held
        ],
        columns=["shop_id", "order_id", "tracking_no", "kind", "content_type", "problem"],
    ).astype("str")
    orders = pd.DataFrame(
        [(SHOP, str(n), parcel[n]) for n, _ in wanted], columns=["shop_id", "order_id", "tracking_no"]
    ).astype("str")
    orders["required"] = pd.Series([required for _, required in wanted], dtype="object")
    ready = evidence.readiness(orders, frame)
    for (n, required), missing, present in zip(wanted, ready["missing"], ready["present"], strict=True):
        there = {
            kind
            for m, kind, problem, by_parcel in held
            if not problem and (m == n or (by_parcel and parcel[m] and parcel[m] == parcel[n]))
        }
        assert present == tuple(sorted(there))
        assert missing == tuple(kind for kind in required if kind not in there)


def at_risk(
    shipped: str | None, signed: str | None, required: tuple[str, ...] = ("waybill_stub", "signed_seal")
) -> pd.DataFrame:
    frame = orders_of((SHOP, ORDER, PARCEL), required=[required])
    times = {
        name: pd.to_datetime(pd.Series([at])).astype("datetime64[us]")
        for name, at in (("shipped_at", shipped), ("signed_at", signed))
    }
    return frame.assign(courier="圆通", why="未收到货申请中", **times)


@pytest.mark.parametrize(
    ("shipped", "signed", "as_of", "expected"),
    [
        ("2026-06-01 23:59:59", None, "2026-06-10", [("courier", ("waybill_stub",), "2026-07-01")]),
        (
            "2026-06-01 10:00",
            "2026-06-05 10:00",
            "2026-06-10",
            [("courier", ("waybill_stub", "signed_seal"), "2026-07-01")],
        ),
        (
            "2026-06-01 10:00",
            "2026-06-05 10:00",
            "2026-07-01",
            [("courier", ("waybill_stub", "signed_seal"), "2026-07-01")],
        ),
        ("2026-06-01 10:00", "2026-06-05 10:00", "2026-07-02", [("courier", ("signed_seal",), "2026-07-05")]),
        ("2026-06-01 10:00", "2026-06-05 10:00", "2026-07-06", []),
        (
            "2026-06-01 10:00",
            "2026-06-05 23:59",
            "2026-06-05",
            [("courier", ("waybill_stub", "signed_seal"), "2026-07-01")],
        ),
        ("2026-06-01 10:00", "2026-06-06 00:00", "2026-06-05", [("courier", ("waybill_stub",), "2026-07-01")]),
        (None, None, "2026-06-10", []),
        (None, "2026-06-05 10:00", "2026-06-10", []),
    ],
)
def test_what_can_still_be_had(kept: Kept, shipped: Any, signed: Any, as_of: str, expected: list[Any]) -> None:
    rows = evidence.obtainable(at_risk(shipped, signed), kept.register(), RULES.sources, date.fromisoformat(as_of))
    assert [(row.ask, row.missing, str(row.until_on)) for row in rows.itertuples()] == expected


def test_what_is_at_hand_is_not_asked_for_and_each_source_is_a_row(kept: Kept) -> None:
    kept.put(f"{SHOP}/{ORDER}/红章.jpg")
    needed = ("signed_seal", "waybill_stub", "weight_sent", "invoice", "weight_out")
    rows = evidence.obtainable(
        at_risk("2026-06-01", "2026-06-04", needed), kept.register(), RULES.sources, date(2026, 6, 10)
    )
    assert rows.to_dict("list") == {
        "shop_id": [SHOP] * 3,
        "order_id": [ORDER] * 3,
        "courier": ["圆通"] * 3,
        "tracking_no": [PARCEL] * 3,
        "missing": [("waybill_stub", "weight_out"), ("weight_sent",), ("invoice",)],
        "ask": ["courier", "warehouse", "own_papers"],
        "until_on": [date(2026, 7, 1), date(2026, 7, 1), None],
        "why": ["未收到货申请中"] * 3,
    }


def test_nothing_at_risk_is_an_empty_frame(kept: Kept) -> None:
    rows = evidence.obtainable(at_risk(None, None).iloc[:0], kept.register(), RULES.sources, date(2026, 6, 10))
    assert rows.empty and list(rows.columns)[-3:] == ["ask", "until_on", "why"]


def test_frames_given_are_not_changed(kept: Kept) -> None:
    kept.put(f"{SHOP}/{ORDER}/红章.jpg")
    risky, orders = at_risk("2026-06-01", None), ORDERS.copy()
    before = risky.copy()
    frame = kept.register(orders)
    copy = frame.copy()
    evidence.obtainable(risky, frame, RULES.sources, date(2026, 6, 10))
    pd.testing.assert_frame_equal(risky, before)
    pd.testing.assert_frame_equal(frame, copy)
    pd.testing.assert_frame_equal(orders, ORDERS)


def test_every_kind_that_is_required_somewhere_is_one_that_a_file_can_be() -> None:
    assert set(RULES.wanted) - {"other"} <= {group.name for group in rules.reason_groups()}
    assert {each.kind for each in RULES.sources} == set(RULES.kind_names) - {"video", "other"}
    assert set(RULES.forms) == {"appeal", "ticket", "after_sales"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "chat"', 'name = "chatter"'),
        ('since = "signed_at"', 'since = "paid_at"'),
        ("底单|面单", "底单|(面单"),
        ("most_videos = 2\n", ""),
        ("[wanted]", "[wished]"),
        ("[[kinds]]", "[[kinds"),
    ],
)
def test_rules_that_make_no_sense_are_refused(tmp_path: Path, old: str, new: str) -> None:
    text = evidence_rules.FILE.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "evidence.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UserError, match=r"evidence\.toml"):
        evidence_rules.load(tmp_path / "evidence.toml")
