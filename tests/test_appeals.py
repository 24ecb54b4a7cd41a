"""Which lost orders can still be appealed: told in exports of requests, tickets and appeals."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest

from analysis import warehouse
from analysis.tickets.appeals import COLUMNS, appealable
from tests.conftest import Data, order_id

HEADER = "订单编号,售后编号,申诉类型,申诉子类型,申诉状态,申诉原因,退款金额,最多可申诉金额,退款时间,剩余时间,申诉结果,申诉时间"
A, B = order_id(1), order_id(2)
REQUEST = "22029849804345"


def june(day: int) -> date:
    return date(2026, 6, day)


def refund(*, order: str = A, at: str = "2026-06-04 10:00:00", by: str = "平台", request: str = REQUEST) -> str:
    return f"{request},{order},退款成功,仅退款,20.00,2026-06-03 10:00:00,未收到货,{at},{by}"


def lost(data: Data, *rows: str) -> None:
    """Requests that the platform decided for the buyer."""
    data.after_sales([row.replace("退款成功", "平台处理中") for row in rows], "售后_20260604200000.csv")
    data.after_sales(list(rows), "售后_20260606090000.csv")


def appeal(
    subtype: str = "",
    status: str = "",
    *,
    order: str = A,
    most: str = "",
    left: str = "",
    outcome: str = "",
    made: str = "",
) -> str:
    return f"{order},{REQUEST},维权申诉,{subtype},{status},,20.00,{most},2026-06-04 10:00:00,{left},{outcome},{made}"


def appeals(data: Data, *rows: str, day: int = 10) -> None:
    data.put(f"店/申诉_202606{day:02d}090000.csv", "\n".join([HEADER, *rows, ""]))


def asked(data: Data, as_of: date, now: datetime | None = None) -> pd.DataFrame:
    assert data.build() is not None
    accounts = list(data.settings.interventions.platform_accounts)
    orders = warehouse.ask(data.settings, "lost_orders", as_of=as_of, platform_accounts=accounts)
    return appealable(orders, warehouse.ask(data.settings, "appeals", as_of=as_of), as_of, now)


def cells(found: pd.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(None if pd.isna(value) else value for value in row) for row in found[list(names)].to_numpy()]


def test_a_lost_order_can_be_appealed_for_thirty_days_after_its_refund(data: Data) -> None:
    lost(data, refund())
    found = asked(data, june(10))
    assert found.columns.tolist() == COLUMNS
    assert cells(found, "order_id", "after_sales_id", "appeal", "amount_fen", "days_left", "blocked_by", "already") == [
        (A, REQUEST, "dispute_rate", 0, 23, "", ""),
        (A, REQUEST, "goods", 2000, 23, "", ""),
    ]
    assert found["until_at"].tolist() == [pd.Timestamp("2026-07-04 10:00:00")] * 2
    assert set(found["until_by"]) == {"refund"}
    assert len(asked(data, june(10), datetime(2026, 7, 4, 10))) == 2
    assert asked(data, june(10), datetime(2026, 7, 4, 10, 0, 1)).empty


def test_the_rows_own_remaining_time_wins(data: Data) -> None:
    lost(data, refund())
    appeals(data, appeal(left="6天2时3分30秒", most="18.50"))
    found = asked(data, june(10))
    assert cells(found, "appeal", "amount_fen", "until_by") == [
        ("dispute_rate", 0, "stated"),
        ("goods", 1850, "stated"),
    ]
    assert found["until_at"].tolist() == [pd.Timestamp("2026-06-16 11:03:30")] * 2
    assert asked(data, june(16)).empty


def test_the_saved_page_gives_amounts_in_fen_and_time_in_milliseconds(data: Data) -> None:
    """An order that only the page knows as lost."""
    row = {"orderSn": B, "afterSalesId": 22029849804399, "refundAmount": 2000, "receiveAmount": 2100}
    row |= {"canCargoAppealAmount": 1900, "canFreightAppealAmount": 350, "compensateAmount": 500}
    row |= {"refundTime": 1780538400000, "expireRemainTime": 2592000000, "reasonCode": 4, "reasonDesc": "少件"}
    data.put("店/申诉_20260610090000.json", json.dumps({"result": {"list": [row]}}))
    data.orders([f"{B},已收货,杯,,,,,,,,2026-06-01 10:00:00"])
    found = asked(data, june(10))
    assert cells(found, "order_id", "after_sales_id", "appeal", "amount_fen", "blocked_by") == [
        (B, "22029849804399", "dispute_rate", 0, ""),
        (B, "22029849804399", "freight", 350, ""),
        (B, "22029849804399", "goods", 1900, ""),
    ]
    assert set(found["until_at"]) == {pd.Timestamp("2026-07-10 09:00:00")}
    assert data.ask(
        "select refund_fen, goods_fen, freight_fen, compensation_fen, refunded_at::varchar, reason from marts.appeals"
    ) == [(2000, 1900, 350, 500, "2026-06-04 10:00:00", "少件")]


def test_who_agreed_to_the_refund_forfeits_the_appeal(data: Data) -> None:
    lost(data, refund(by="小王"), refund(order=B, request="22029849804346"))
    found = asked(data, june(10))
    assert cells(found[found["appeal"] == "goods"], "order_id", "blocked_by") == [(A, "merchant_agreed"), (B, "")]
    appeals(data, appeal("货款申诉", "商家同意售后退款，无法申诉", order=B))
    assert set(asked(data, june(10))["blocked_by"]) == {"merchant_agreed"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([appeal("货款申诉", made="2026-06-08 10:00:00")], "pending"),
        ([appeal("货款申诉", "审核中")], "pending"),
        ([appeal("货款申诉", "待申诉")], ""),
        ([appeal("货款申诉", outcome="全部通过", made="2026-06-08 10:00:00")], "passed"),
        ([appeal("2", outcome="全部驳回", made="2026-06-08 10:00:00")], "rejected"),
        ([appeal("货款申诉", outcome="不通过")], "rejected"),
        ([appeal("货款申诉", outcome="部分通过")], "partly"),
        ([appeal("运费申诉", outcome="全部通过")], ""),
    ],
)
def test_what_was_appealed_already(data: Data, rows: list[str], expected: str) -> None:
    lost(data, refund())
    appeals(data, *rows)
    found = asked(data, june(10))
    assert cells(found[found["appeal"] == "goods"], "already") == [(expected,)]
    assert ("freight" in set(found["appeal"])) == ("运费" in rows[0])


def test_a_later_export_updates_an_appeal_and_is_not_known_before(data: Data) -> None:
    lost(data, refund())
    appeals(data, appeal("货款申诉", made="2026-06-08 10:00:00"), day=10)
    appeals(data, appeal("货款申诉", made="2026-06-08 10:00:00", outcome="全部通过"), day=15)
    found = asked(data, june(14))
    assert cells(found[found["appeal"] == "goods"], "already") == [("passed",)]
    assert data.one("select count(*) from marts.appeals") == 1
    assert warehouse.ask(data.settings, "appeals", as_of=june(13)).empty


def test_a_lost_ticket_and_a_withdrawn_case(data: Data) -> None:
    """A ticket that held the shop liable makes its order a lost one; a case that was withdrawn is none."""
    data.tickets(
        [f"500012345678901,{A},商品错发,已完结,2026-06-05 10:00:00,,,2026-06-07 10:00:00,是,15.00"],
        "工单_20260608090000.csv",
    )
    data.interventions([f"{B},2026-06-05 10:00,买家,买家撤销,,"])
    found = asked(data, june(10))
    assert cells(found, "order_id", "appeal", "amount_fen", "days_left", "until_by") == [
        (A, "dispute_rate", 0, 26, "refund"),
        (A, "goods", None, 26, "refund"),
    ]


def test_bad_rows_are_kept_without_a_guess(data: Data) -> None:
    """No readable remaining time, no refund time, a request number that is none, and nothing to get back."""
    appeals(data, f"{A},x y,,,,,,0,,很快,,", f"{B},,9,未知,,,,,2027-01-01 10:00:00,,,")
    assert data.build().refusals == []
    found = asked(data, june(10))
    goods = found[found["appeal"] == "goods"]
    assert cells(goods, "order_id", "after_sales_id", "amount_fen", "until_at", "days_left", "blocked_by") == [
        (A, None, 0, None, None, "no_amount"),
        (B, None, None, None, None, ""),
    ]
    assert set(found["until_by"]) == {"unknown"}


def test_an_after_sales_export_is_still_one(data: Data) -> None:
    data.put(
        "店/a.json",
        json.dumps(
            {"list": [{"afterSalesId": 22029849804345, "orderSn": A, "afterSalesTitle": "退款成功", "refundAmount": 5}]}
        ),
    )
    data.build()
    assert data.ask("select kind from marts.files") == [("after_sales",)]
