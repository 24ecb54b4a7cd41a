"""Why the lost tickets were lost and what they cost: told in exports."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis import warehouse
from analysis.tickets.lapses import COLUMNS, lapse_totals, lapses
from analysis.tickets.states import states
from tests.conftest import Data, order_id

HEADER = (
    "工单编号,订单编号,工单类型,工单状态,创建时间,截止时间,商家回复,举证材料,处理结果,关闭时间,是否判责商家,扣款金额"
)
A = order_id(1)
AS_OF = date(2026, 6, 20)
DUE = "2026-06-05 10:00:00,2026-06-07 10:00:00"
LATE, EARLY = "2026-06-08 12:00:00", "2026-06-06 12:00:00"


def export(data: Data, day: int, *rows: str, header: str = HEADER) -> None:
    data.put(f"店/工单_202606{day:02d}090000.csv", "\n".join([header, *rows, ""]))


def lost(
    outcome: str = "", reply: str = "", evidence: str = "", closed: str = LATE, penalty: str = "", at: int = 1
) -> str:
    return f"50001234567890{at},{A},未收到货,已完结,{DUE},{reply},{evidence},{outcome},{closed},是,{penalty}"


def audited(
    data: Data, readiness: pd.DataFrame | None = None, required: tuple[str, ...] = ("waybill_stub",)
) -> pd.DataFrame:
    data.build()
    tickets = warehouse.ask(data.settings, "tickets", as_of=AS_OF)
    typed = tickets.assign(type="not_received", required=pd.Series([required] * len(tickets), dtype=object))
    deadlines = tickets[["shop_id", "ticket_id"]].assign(deadline_at=tickets["stated_deadline_at"])
    history = warehouse.ask(data.settings, "ticket_history", as_of=AS_OF)
    return lapses(typed, deadlines, states(history, deadlines, AS_OF), readiness)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (lost("逾期未处理，全额退款", "已联系", "底单"), ("clock", "words")),
        (lost("商家未在规定时间内回复", "已联系", "底单"), ("clock", "words")),
        (lost("举证不足", "已联系", "底单"), ("missing_proof", "words")),
        (lost("商家未提供有效凭证", "已联系", "底单"), ("missing_proof", "words")),
        (lost("缺少签收红章", "已联系", "底单"), ("missing_proof", "words")),
        (lost("凭证无效", "已联系", "底单"), ("wrong_proof", "words")),
        (lost("图片与订单不符", "已联系", "底单"), ("wrong_proof", "words")),
        (lost("少发属实", "已联系", "底单"), ("facts", "words")),
        (lost("买家反馈不属实，协商退款", "已联系", "底单"), ("unknown", "none")),
        (lost("全额退款", "已联系", "底单"), ("unknown", "none")),
        (lost("全额退款"), ("clock", "times")),
        (lost("全额退款", closed=EARLY), ("missing_proof", "evidence")),
        (lost("全额退款", "已联系"), ("missing_proof", "evidence")),
        (lost("凭证无效，已逾期", "已联系", "底单"), ("clock", "words")),
    ],
)
def test_why_a_case_was_lost(data: Data, shown: str, expected: tuple[str, str]) -> None:
    export(data, 9, shown)
    found = audited(data)
    assert list(zip(found["cause"], found["cause_by"], strict=True)) == [expected]


def test_an_answer_is_late_only_where_an_export_after_the_deadline_shows_none(data: Data) -> None:
    waiting = lost(closed="").replace("已完结", "待处理").replace(",是,", ",,")
    export(data, 8, waiting)
    export(data, 10, lost("全额退款", "已联系", "底单", "2026-06-09 20:00:00"))
    assert audited(data)["cause"].tolist() == ["clock"]
    export(data, 6, waiting.replace("未收到货", "未收到货处理"))
    assert audited(data)["cause"].tolist() == ["clock"]
    (data.exports / "店" / "工单_20260608090000.csv").unlink()
    (data.folder / "data" / "archive" / "manifest.json").unlink()
    assert audited(data)["cause"].tolist() == ["unknown"]


def test_a_page_without_answers_proves_no_silence(data: Data) -> None:
    page = "instanceId,orderSn,problemTitle,status,createdAt,deadline,punished"
    export(data, 9, f"500012345678901,{A},未收到货,3,{DUE},true", header=page)
    assert audited(data)["cause"].tolist() == ["unknown"]


def test_what_the_type_asks_for_and_is_not_there_was_missing(data: Data) -> None:
    export(data, 9, lost("全额退款", "已联系", "底单"))
    lacking = pd.DataFrame({"shop_id": ["店"], "order_id": [A], "missing": [("signed_seal",)]})
    complete = lacking.assign(missing=pd.Series([()], dtype=object))
    assert audited(data, lacking)["cause"].tolist() == ["missing_proof"]
    assert audited(data, complete)["cause"].tolist() == ["unknown"]
    assert audited(data, lacking, required=())["cause"].tolist() == ["unknown"]


def test_a_won_an_open_and_an_expired_ticket_are_no_lapse(data: Data) -> None:
    export(
        data, 9, lost().replace(",是,", ",否,"), lost(closed="", at=2).replace("已完结", "待处理").replace(",是,", ",,")
    )
    assert audited(data).empty


def test_what_it_cost_counts_an_orders_refund_once(data: Data) -> None:
    data.after_sales(
        [f"22029849804345,{A},退款成功,仅退款,20.00,2026-06-05 10:00:00,未收到货,,"], "售后_20260609090000.csv"
    )
    export(
        data,
        9,
        lost(penalty="15.00"),
        lost(at=2, closed="2026-06-08 15:00:00"),
        lost(at=3, closed="2026-06-08 16:00:00", penalty="1.00"),
    )
    found = audited(data)
    assert found.columns.tolist() == COLUMNS
    assert found["refund_fen"].tolist() == [2000, 0, 0]
    assert found["cost_fen"].tolist() == [2000, 0, 100]
    assert found[["weekday", "hour"]].drop_duplicates().to_numpy().tolist() == [[4, 10]]
    assert lapse_totals(found).to_numpy().tolist() == [["店", "clock", 3, 2100]]
    assert lapse_totals(found, "weekday").to_numpy().tolist() == [["店", 4, "clock", 3, 2100]]


def test_a_cost_that_nobody_stated_is_missing_and_not_nothing(data: Data) -> None:
    export(data, 9, lost().replace(DUE, ",2026-06-07 10:00:00"))
    found = audited(data)
    assert found[["weekday", "hour", "refund_fen", "cost_fen"]].isna().all(axis=None)
    assert lapse_totals(found, "hour")[["hour", "cost_fen"]].isna().all(axis=None)
