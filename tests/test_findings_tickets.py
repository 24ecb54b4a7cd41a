"""The whole way from exports of tickets and a folder of proof to the morning's list, and what lies behind it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from analysis import charts, texts
from analysis.findings import Findings
from analysis.tickets.deadlines import FLAGS
from tests.conftest import Data, order_id
from tests.evidence_files import jpeg
from tests.shown import said

FIRST, LAST = date(2026, 3, 1), date(2026, 6, 30)
MORNING = datetime(2026, 7, 1, 9)
"""When the list of LAST is read: a Wednesday."""
ORDERS = "订单号,订单状态,用户实付金额(元),发货时间,确认收货时间,快递公司,快递单号,承诺送达时间,订单成交时间"
TICKETS = "工单编号,订单编号,工单类型,工单内容,工单状态,创建时间,截止时间,剩余处理时间,商家回复,举证材料,处理结果,关闭时间,是否判责商家,扣款金额"
PLAIN = "工单编号,订单编号,工单类型,工单内容,工单状态,创建时间,截止时间,处理结果,关闭时间,是否判责商家,扣款金额"
"""As TICKETS, without a word on answers."""


def orders(data: Data, until: date = LAST, since: date = FIRST, shop: str = "店", **given: str) -> None:
    """One order a day of 80 yuan, numbered from 0; `given` replaces the row's end, from its amount on, of single orders."""
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    ends = {int(name.removeprefix("order")): end for name, end in given.items()}
    usual = "80,,,,,"
    rows = [f"{order_id(n)},已发货,{ends.get(n, usual)},{day} 10:00:00" for n, day in enumerate(days)]
    data.orders(rows, f"orders_export{until + timedelta(days=1)}.csv", shop=shop, header=ORDERS)


def ticket(number: int, title: str = "未收到货", **given: str) -> str:
    """A row of TICKETS; an order of the same number where none is given."""
    cells = {
        "工单编号": f"5000{number}",
        "订单编号": order_id(number),
        "工单类型": title,
        "工单状态": "待处理",
        "创建时间": "2026-06-30 12:00:00",
    } | given
    assert set(cells) <= set(TICKETS.split(","))
    return ",".join(cells.get(name, "") for name in TICKETS.split(","))


def export(data: Data, day: date, *rows: str, shop: str = "店", header: str = TICKETS) -> None:
    """The list of tickets as exported at half past eight of that day."""
    places = [TICKETS.split(",").index(name) for name in header.split(",")]
    kept = [",".join(row.split(",")[place] for place in places) for row in rows]
    data.put(f"{shop}/工单_{day:%Y%m%d}083000.csv", "\n".join([header, *kept, ""]))


def proof(data: Data, *names: str, order: int, shop: str = "店") -> None:
    folder = data.settings.evidence / shop / order_id(order)
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(jpeg(name.encode()))


def choose(data: Data, text: str) -> None:
    (data.folder / "data" / "settings.toml").write_text(text, encoding="utf-8")


def by_number(frame: pd.DataFrame) -> dict[str, dict[Any, Any]]:
    return {str(row["ticket_id"])[4:]: row for row in frame.to_dict("records")}


@pytest.fixture
def morning(data: Data) -> Data:
    """Seven waiting tickets of one shop, two that wait no more, and some proof."""
    orders(data, order5="20,,,,,")
    data.after_sales(
        [f"22029849804345,{order_id(2)},待商家处理,仅退款,30,2026-06-30 10:00:00,少件,,"], "售后_20260701080000.csv"
    )
    export(
        data,
        LAST + timedelta(days=1),
        ticket(1, 截止时间="2026-07-01 20:00:00"),
        ticket(2, "少发漏发", 工单内容="请在24小时内处理", 创建时间="2026-06-30 18:00:00"),
        ticket(3),
        ticket(4, 剩余处理时间="6天2时3分30秒"),
        ticket(5, "其他"),
        ticket(6, 截止时间="2026-06-30 20:00:00"),
        ticket(7, "平台介入", 截止时间="2026-07-01 14:00:00"),
        ticket(8, 工单状态="处理中", 商家回复="已联系"),
        ticket(9, 工单状态="已完结", 关闭时间="2026-06-30 15:00:00", 是否判责商家="否"),
    )
    proof(data, "底单.jpg", "红章.jpg", order=1)
    proof(data, "红章.jpg", order=3)
    proof(data, "发货称重.jpg", "聊天.jpg", order=2)
    data.build()
    return data


def test_the_list_of_a_morning_by_hand(morning: Data) -> None:
    found = Findings(morning.settings)
    assert found.as_of == LAST and found.read_at == MORNING
    rows = by_number(found.worklist)
    assert list(rows) == ["1", "3", "7", "5", "2", "4", "6"]
    told = {
        number: (str(row["deadline_at"]), row["deadline_source"], row["hours_left"], row["state"])
        for number, row in rows.items()
    }
    assert told.pop("5")[:2] == ("NaT", "unknown") and pd.isna(rows["5"]["hours_left"])
    assert told == {
        "1": ("2026-07-01 20:00:00", "stated", 11.0, "open"),
        "7": ("2026-07-01 14:00:00", "stated", 5.0, "open"),
        "3": ("2026-07-02 12:00:00", "type", 27.0, "open"),
        "2": ("2026-07-01 18:00:00", "text", 9.0, "open"),
        "4": ("2026-07-07 10:33:30", "time_left", 145.6, "open"),
        "6": ("2026-06-30 20:00:00", "stated", -13.0, "expired"),
    }
    assert [(rows[each]["present"], rows[each]["missing"]) for each in "1234"] == [
        (("signed_seal", "waybill_stub"), ()),
        (("chat", "weight_sent"), ("weight_signed", "weight_out")),
        (("signed_seal",), ("waybill_stub",)),
        ((), ("waybill_stub", "signed_seal")),
    ]
    assert rows["5"]["required"] == rows["5"]["missing"] == ()
    assert [rows[each]["at_stake_yuan"] for each in "125"] == [80.0, 30.0, 20.0], (
        "the refund asked for, else what was paid"
    )
    # One settled ticket so far, won without its proof: (1 + 20 · 0.2) / 21 in all, which the type and the shop lean on.
    chance = (1 + 20 * 0.2) / 21
    of_type = (1 + 20 * chance) / 21
    of_shop = (1 + 20 * of_type) / 21
    wanted = {"1": 0.5 * 80, "7": chance * 80, "3": of_shop * 80 * 24 / 27, "5": 0.5 * 20, "2": chance * 30}
    wanted |= {"4": of_shop * 80 * 24 / (145 + 93.5 / 60 - 1), "6": of_shop * 80}
    assert {number: row["priority"] for number, row in rows.items()} == pytest.approx(wanted, abs=0.011)
    assert found.worklist["rate_effect_yuan"].isna().all(), "no price of a restriction is set"
    assert rows["1"]["why"] == "还剩 11.0 小时（工单写明）；涉及 ¥80.00；胜算 50%；凭证齐全"
    assert rows["7"]["entrance"] == "after_sales" and rows["1"]["entrance"] == "ticket"


def test_what_falls_due_is_held_against_the_team(morning: Data) -> None:
    choose(morning, "[tickets]\nday_capacity = 2\nevening_capacity = 1\n")
    due = Findings(morning.settings).due.set_index("slot")
    assert list(due["due"][["today", "tonight", "tomorrow", "weekend"]]) == [1, 2, 1, 0]
    assert (due.loc["tonight", "short"], due.loc["today", "short"]) == (1, 0)
    assert due.loc["weekend", ["capacity", "short"]].isna().all()
    choose(morning, "[tickets]\nreading_hour = 19\n")
    later = Findings(morning.settings)
    assert later.due.set_index("slot").loc["tonight", "due"] == 1
    assert by_number(later.worklist)["2"]["state"] == "expired"


@pytest.fixture
def priced(data: Data) -> Data:
    """A shop with four interventions a month for four months, and a waiting ticket."""
    orders(data)
    data.interventions([f"{order_id(n)},{FIRST + timedelta(days=n)} 10:00,买家,处理中,," for n in range(3, 122, 8)])
    export(data, LAST + timedelta(days=1), ticket(1))
    return data


def breach(data: Data, count: int) -> float:
    """The chance of more than `count` interventions in seven days, as the replay has it."""
    choose(data, f"[lines]\ncount = {count}\n")
    return float(Findings(data.settings).replay.ahead[7].breach[-1][0])


def test_one_more_intervention_costs_the_rise_of_the_chance_of_a_restriction(priced: Data) -> None:
    """One more counted order is the same as a line that is lower by one."""
    priced.build()
    rise = breach(priced, 4) - breach(priced, 5)
    choose(priced, "[lines]\ncount = 5\n[tickets]\nrestriction_cost_yuan = 3000\n")
    (row,) = Findings(priced.settings).worklist.to_dict("records")
    assert 0.05 < rise < 1 and row["rate_effect_yuan"] == pytest.approx(3000 * rise, abs=0.006)
    waits = 24 / 27
    assert row["priority"] == pytest.approx(0.2 * (80 + 3000 * rise) * waits, abs=0.02)
    assert f"多一单介入约损失 ¥{row['rate_effect_yuan']:,.2f}" in row["why"]


def test_what_is_no_dispute_or_counts_already_costs_the_rate_nothing(priced: Data) -> None:
    titles = ("未收到货", "少发漏发", "在途无理由退款处理", "平台介入", "签收未收到")
    export(priced, LAST + timedelta(days=1), *(ticket(n, title) for n, title in enumerate(titles, 1)))
    priced.build()
    choose(priced, "[lines]\ncount = 5\n[tickets]\nrestriction_cost_yuan = 3000\n")
    rows = by_number(Findings(priced.settings).worklist)
    assert {number: row["rate_effect_yuan"] > 0 for number, row in rows.items()} == {
        "1": True, "2": True, "3": False, "4": False, "5": True,
    }  # fmt: skip
    assert ["介入约" in rows[number]["why"] for number in "13"] == [True, False]


@pytest.mark.parametrize(
    "text", ["[lines]\ncount = 5\n", "[tickets]\nrestriction_cost_yuan = 3000\n"], ids=["no price", "no line"]
)
def test_without_a_price_or_a_line_the_rate_costs_nothing_that_is_known(priced: Data, text: str) -> None:
    priced.build()
    choose(priced, text)
    (row,) = Findings(priced.settings).worklist.to_dict("records")
    assert pd.isna(row["rate_effect_yuan"]) and "介入约" not in row["why"]
    assert row["priority"] == pytest.approx(0.2 * 80 * 24 / 27, abs=0.006)


def test_a_short_history_prices_no_intervention(data: Data) -> None:
    since = date(2026, 6, 1)
    orders(data, since=since)
    data.interventions([f"{order_id(n)},2026-06-{n + 1:02d} 10:00,买家,处理中,," for n in (3, 9, 15, 21)])
    export(data, LAST + timedelta(days=1), ticket(1))
    data.build()
    choose(data, "[lines]\ncount = 5\n[tickets]\nrestriction_cost_yuan = 3000\n")
    found = Findings(data.settings)
    assert set(found.outlook["reason"]) == {"too_short"}
    (row,) = found.worklist.to_dict("records")
    assert pd.isna(row["rate_effect_yuan"]), "no forecast, no price"


def test_the_same_ticket_in_several_exports_is_one_row_that_an_answer_takes_off(data: Data) -> None:
    orders(data)
    created = "2026-06-27 12:00:00"
    export(data, date(2026, 6, 28), ticket(1, 创建时间=created), ticket(2, 创建时间=created))
    export(data, date(2026, 6, 29), ticket(1, 创建时间=created, 截止时间="2026-07-03 12:00:00"))
    export(data, date(2026, 6, 29), ticket(1, 创建时间=created, 截止时间="2026-07-03 12:00:00"), header=PLAIN)
    data.build()
    first = Findings(data.settings, date(2026, 6, 27)).worklist
    assert [(row["ticket_id"], row["deadline_source"]) for row in first.to_dict("records")] == [
        ("50001", "type"), ("50002", "type"),
    ]  # fmt: skip
    second = by_number(Findings(data.settings, date(2026, 6, 28)).worklist)
    assert list(second) == ["2", "1"], "the one whose deadline was put off waits behind"
    assert str(second["1"]["deadline_at"]) == "2026-07-03 12:00:00"
    data.build()
    pd.testing.assert_frame_equal(Findings(data.settings, date(2026, 6, 27)).worklist, first)

    export(data, date(2026, 6, 30), ticket(1, 创建时间=created, 工单状态="处理中", 商家回复="已发底单"))
    data.build()
    answered = Findings(data.settings, date(2026, 6, 29))
    assert list(by_number(answered.worklist)) == ["2"]
    assert by_number(answered.tickets)["1"]["state"] == "answered"
    pd.testing.assert_frame_equal(Findings(data.settings, date(2026, 6, 27)).worklist, first)
    assert len(answered.tickets) == 2


def test_every_ticket_of_an_order_waits_for_itself(data: Data) -> None:
    orders(data)
    of_one = {"订单编号": order_id(1)}
    export(
        data,
        LAST + timedelta(days=1),
        ticket(1, **of_one),
        ticket(2, "少发漏发", **of_one),
        ticket(3, **of_one, 工单状态="已完结", 关闭时间="2026-06-30 15:00:00", 是否判责商家="是"),
    )
    proof(data, "底单.jpg", order=1)
    data.build()
    found = Findings(data.settings)
    rows = by_number(found.worklist)
    assert set(rows) == {"1", "2"}
    assert {row["order_id"] for row in rows.values()} == {order_id(1)}
    assert rows["1"]["missing"] == ("signed_seal",) and "waybill_stub" not in rows["2"]["missing"]
    assert {number: row["state"] for number, row in by_number(found.tickets).items()} == {
        "1": "open", "2": "open", "3": "closed_lost",
    }  # fmt: skip


ODD = [
    (ticket(1, 订单编号=order_id(999)), "unknown_order", "订单不在导出里"),
    (ticket(2, 创建时间="2026-07-01 08:36:00"), "created_in_future", "创建时间晚于导出时间"),
    (ticket(3, 工单状态="77"), "unknown_status", "状态不认识"),
    (ticket(4, ""), "empty_text", "类型和内容都是空的"),
    (ticket(5, 截止时间="2026-06-29 12:00:00"), "deadline_before_creation", "截止早于创建"),
    (ticket(6, 工单内容="请2个工作日内处理"), "workdays", "时限按工作日，没有扣除节假日"),
    (ticket(7, 工单内容="请于7月2日前处理"), "day_without_time", "只写了哪天截止，没写几点"),
]


def test_odd_tickets_are_kept_and_counted_and_the_page_says_what_is_odd(data: Data) -> None:
    """Every flag that a deadline can have, and two tickets with none: the clocks explain five minutes."""
    orders(data)
    plain = [ticket(8), ticket(9, 创建时间="2026-07-01 08:35:00")]
    export(data, LAST + timedelta(days=1), *(row for row, _, _ in ODD), *plain)
    undated = ticket(10, 剩余处理时间="2天3时")
    data.put("店/工单登记.csv", "\n".join([TICKETS, undated, ""]))
    data.build()
    found = Findings(data.settings)
    assert set(by_number(found.worklist)) == {*"123456789", "10"}
    assert by_number(found.tickets)["10"]["deadline_at"] == datetime(2026, 7, 2, 15), "from the newest time in the list"
    flags = {number: row["flags"] for number, row in by_number(found.tickets).items()}
    odd = {str(at): flag for at, (_, flag, _) in enumerate(ODD, 1)} | {"10": "undated_time_left"}
    assert flags == odd | {"8": "", "9": ""} and sorted(odd.values()) == sorted(FLAGS)
    shown = charts.worklist(found.worklist, found.ticket_types, found.shops, texts.load("zh"), found.tickets)
    look = said(shown.parts["店"][0])
    assert look.startswith("有 8 张工单请到后台核对：")
    assert "只有剩余时间，文件名里没有导出时间，实际截止更晚 1 张（500010）" in look
    assert [f"{words} 1 张（5000{at}）" in look for at, (_, _, words) in enumerate(ODD, 1)] == [True] * 7


def test_proof_that_can_still_be_had_for_an_open_request_and_a_late_parcel(data: Data) -> None:
    sent = "80,2026-06-20 09:00:00,{},圆通,YT{:013d},{}"
    orders(
        data,
        order1=sent.format("2026-06-24 09:00:00", 1, ""),
        order2=sent.format("", 2, ""),
        order3=sent.format("", 3, "2026-07-05 00:00:00"),
        order4=sent.format("2026-06-24 09:00:00", 4, ""),
        order5="80,,,,,",
    )
    requests = [f"2202984980434{n},{order_id(n)},待商家处理,仅退款,30,2026-06-29 10:00:00,少件,," for n in (1, 5)]
    data.after_sales(
        [*requests, f"22029849804344,{order_id(4)},退款成功,仅退款,30,2026-06-29 10:00:00,少件,2026-06-30 09:00:00,"],
        "售后_20260701080000.csv",
    )
    proof(data, "发货称重.jpg", order=1)
    data.build()
    found = Findings(data.settings).obtainable
    told = {
        (row["order_id"], row["ask"]): (row["missing"], row["why"], row["until_on"]) for row in found.to_dict("records")
    }
    assert told == {
        (order_id(1), "courier"): (("weight_signed", "weight_out"), "open_request", date(2026, 7, 24)),
        (order_id(2), "courier"): (("waybill_stub",), "late", date(2026, 7, 20)),
    }, "not the one whose delivery is promised for later, nor what was refunded or never sent"
    proof(data, "底单.jpg", order=2)
    assert set(Findings(data.settings).obtainable["order_id"]) == {order_id(1)}


def test_before_a_shop_registers_proof_it_is_not_said_to_have_lacked_it(data: Data) -> None:
    """One shop registers none at all; the other since an order of 1 June, and a ticket of it is about an older order."""
    lost = {"工单状态": "已完结", "关闭时间": "2026-06-30 15:00:00", "是否判责商家": "是", "扣款金额": "12"}
    for shop in ("店", "登记的店"):
        orders(data, shop=shop)
        export(
            data,
            LAST + timedelta(days=1),
            ticket(1, **lost),
            ticket(2, 处理结果="超时未处理", **lost),
            ticket(3, 订单编号=order_id(3, "2026-05-31"), **lost),
            shop=shop,
            header=PLAIN,
        )
    proof(data, "底单.jpg", order=7, shop="登记的店")
    data.build()
    found = Findings(data.settings).lapses
    causes = {(row["shop_id"], row["ticket_id"]): (row["cause"], row["cause_by"]) for row in found.to_dict("records")}
    assert causes == {
        ("店", "50001"): ("unknown", "none"),
        ("店", "50002"): ("clock", "words"),
        ("登记的店", "50001"): ("missing_proof", "evidence"),
        ("登记的店", "50002"): ("clock", "words"),
        ("店", "50003"): ("unknown", "none"),
        ("登记的店", "50003"): ("unknown", "none"),
    }
    assert set(found["cost_fen"]) == {1200}


def test_a_past_day_has_the_list_of_its_own_morning(morning: Data) -> None:
    export(morning, date(2026, 6, 30), ticket(11, 创建时间="2026-06-29 12:00:00"))
    morning.build()
    (only,) = Findings(morning.settings, date(2026, 6, 29)).worklist.to_dict("records")
    assert (only["ticket_id"], only["hours_left"], only["state"]) == ("500011", 27.0, "open")
    today = by_number(Findings(morning.settings).worklist)
    assert today["11"]["hours_left"] == 3.0 and len(today) == 8


def test_without_a_ticket_everything_is_empty_and_nothing_fails(data: Data) -> None:
    orders(data)
    data.build()
    found = Findings(data.settings)
    frames = (found.worklist, found.obtainable, found.lapses, found.appealable, found.backlog, found.handling)
    assert [len(frame) for frame in frames] == [0] * 6
    assert set(found.due["due"]) == {0}
    zh = texts.load("zh")
    shown = charts.worklist(found.worklist, found.ticket_types, found.shops, zh, found.tickets)
    assert said(shown.parts["店"][0]) == zh["worklist.empty"]
