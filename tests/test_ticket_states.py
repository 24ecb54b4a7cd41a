"""How each ticket stands on a day: told in exports, built, asked; random histories against a plain walk through them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis import warehouse
from analysis.tickets.states import COLUMNS, states
from tests.conftest import Data, order_id
from tests.ticket_walk import OUTCOMES, SAYS, Version, created, deadline, walked

HEADER = (
    "工单编号,订单编号,工单类型,工单状态,创建时间,截止时间,剩余处理时间,商家回复,处理结果,关闭时间,是否判责商家,扣款金额,处理人,"
    "externalDisplayName,punished"
)
A = order_id(1)
DEADLINE = "2026-06-07 10:00:00"


def number(ticket: int) -> str:
    return f"{500012345678900 + ticket}"


def row(
    status: str,
    *,
    ticket: int = 1,
    order: str = A,
    created: str = "2026-06-05 10:00:00",
    deadline: str = DEADLINE,
    left: str = "",
    reply: str = "",
    outcome: str = "",
    closed: str = "",
    liable: str = "",
    penalty: str = "",
    staff: str = "",
    progress: str = "",
    punished: str = "",
) -> str:
    cells = (status, created, deadline, left, reply, outcome, closed, liable, penalty, staff, progress, punished)
    return ",".join([number(ticket), order, "未收到货", *cells])


def name(day: int) -> str:
    """The name of an export made at nine on a day of June 2026."""
    return f"工单_202606{day:02d}090000.csv"


def export(data: Data, day: int, *rows: str, header: str = HEADER) -> None:
    data.put(f"店/{name(day)}", "\n".join([header, *rows, ""]))


def june(day: int) -> date:
    return date(2026, 6, day)


def asked(data: Data, as_of: date, now: datetime | None = None) -> pd.DataFrame:
    """The states of a day, with the stated deadlines."""
    tickets = warehouse.ask(data.settings, "tickets", as_of=as_of)
    deadlines = tickets[["shop_id", "ticket_id"]].assign(deadline_at=tickets["stated_deadline_at"])
    history = warehouse.ask(data.settings, "ticket_history", as_of=as_of)
    return states(history, deadlines, as_of, now)


def state(data: Data, day: int) -> str | None:
    """The state of the first ticket at the end of a day of June; None where it is not there."""
    found = asked(data, june(day)).set_index("ticket_id")["state"]
    return found.get(number(1))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (row("待处理"), "open"),
        (row("即将逾期"), "open"),
        (row("0"), "open"),
        (row("4"), "open"),
        (row("处理中"), "answered"),
        (row("1"), "answered"),
        (row("已逾期"), "expired"),
        (row("已关闭"), "closed_won"),
        (row("已完结"), "closed_won"),
        (row("3"), "closed_won"),
        (row("2"), "closed_won"),
        (row("已完结", liable="是"), "closed_lost"),
        (row("已完结", liable="否", penalty="15.00"), "closed_won"),
        (row("已完结", penalty="15.00"), "closed_lost"),
        (row("已完结", punished="true"), "closed_lost"),
        (row("已完结", outcome="全额退款"), "closed_lost"),
        (row("已完结", outcome="支持商家"), "closed_won"),
        (row("已完结", outcome="不判责"), "closed_won"),
        (row("违规已处理"), "closed_lost"),
        (row("待扣款处理"), "closed_lost"),
        (row("4", progress="违规已处理"), "closed_lost"),
        (row("处理中", progress="待处理"), "open"),
        (row("已关闭", outcome="买家撤销"), "withdrawn"),
        (row("消费者已撤销"), "withdrawn"),
        (row("待处理", closed="2026-06-05 20:00:00"), "closed_won"),
        (row("9"), "open"),
        (row("9", reply="已联系快递"), "answered"),
        (row("9", outcome="支持买家"), "closed_lost"),
        (row("9", closed="2026-06-05 20:00:00"), "closed_won"),
        (row(""), "open"),
        (row("待处理", reply="已联系快递"), "open"),
        (row("待处理", punished="true"), "open"),
    ],
)
def test_what_one_export_says(data: Data, shown: str, expected: str) -> None:
    export(data, 6, shown)
    data.build()
    found = asked(data, june(5))
    assert found["state"].tolist() == [expected]
    assert ("unknown_status" in found["flags"][0]) == (shown.split(",")[3] == "9")


def test_the_deadline_itself_is_in_time_and_the_next_moment_is_not(data: Data) -> None:
    export(data, 6, row("待处理", deadline="2026-06-06 23:59:59"))
    data.build()
    deadline = datetime(2026, 6, 6, 23, 59, 59)
    assert asked(data, june(6), deadline)["state"].tolist() == ["open"]
    late = asked(data, june(6), deadline + timedelta(microseconds=1))
    assert late["state"].tolist() == ["expired"]
    assert late["state_since"].tolist() == [pd.Timestamp(deadline)]


def test_a_life_is_told_day_by_day(data: Data) -> None:
    export(data, 6, row("待处理", left="1天1时"))
    export(data, 8, row("待处理"))
    export(data, 10, row("处理中", reply="已举证"))
    export(data, 12, row("已完结", reply="已举证", liable="是", closed="2026-06-11 15:00:00"))
    data.build()
    told = {day: state(data, day) for day in range(4, 13)}
    assert told == {4: None, 5: "open", 6: "open", 7: "expired", 8: "expired"} | {9: "answered", 10: "answered"} | {
        11: "closed_lost",
        12: "closed_lost",
    }
    last = asked(data, june(12)).iloc[0]
    assert (last["settled_at"], last["settled_on"]) == (pd.Timestamp("2026-06-11 15:00:00"), june(11))
    assert (last["answered_at"], last["answered_on"]) == (pd.Timestamp("2026-06-10 09:00:00"), june(9))
    assert last["unanswered_at"] == pd.Timestamp("2026-06-08 09:00:00")
    assert last["verdict_by"] == "liability"


def test_a_closing_after_the_day_is_not_known_on_it(data: Data) -> None:
    """The export of the 7th tells how the 6th ended, and the ticket was closed on the morning after."""
    export(data, 7, row("已完结", reply="已举证", liable="是", closed="2026-06-07 08:00:00"))
    data.build()
    assert state(data, 6) == "answered"
    assert state(data, 7) == "closed_lost"
    assert asked(data, june(6), datetime(2026, 6, 7, 9))["state"].tolist() == ["closed_lost"]


def test_a_later_ticket_hides_no_earlier_one_of_its_order(data: Data) -> None:
    export(
        data, 6, row("待处理"), row("待处理", ticket=2, created="2026-06-05 12:00:00", deadline="2026-06-05 20:00:00")
    )
    export(data, 7, row("已完结", ticket=2, created="2026-06-05 12:00:00", deadline="2026-06-05 20:00:00", liable="是"))
    data.build()
    found = asked(data, june(6))
    assert found[["ticket_id", "state"]].to_numpy().tolist() == [[number(1), "open"], [number(2), "closed_lost"]]


def test_repeated_exports_update_and_never_duplicate(data: Data) -> None:
    for day in range(6, 10):
        export(data, day, row("待处理", left=f"{9 - day}天"), row("待处理", ticket=2))
    data.build()
    tickets = warehouse.ask(data.settings, "tickets", as_of=june(9))
    assert tickets["ticket_id"].tolist() == [number(1), number(2)]
    assert tickets["time_left"][0] == "0天"
    assert (tickets["first_seen_at"][0], tickets["last_seen_at"][0]) == (
        pd.Timestamp("2026-06-06 09:00:00"),
        pd.Timestamp("2026-06-09 09:00:00"),
    )


def test_what_a_newer_export_leaves_out_is_remembered(data: Data) -> None:
    """The page's JSON has neither content nor reply, and the remaining time belongs to the export that showed it."""
    template = "工单编号,订单编号,工单类型,工单状态,剩余处理时间,工单内容,商家回复"
    export(data, 6, f"{number(1)},{A},未收到货,待处理,1天2时,请于48小时内处理,已联系", header=template)
    page = "instanceId,orderSn,problemTitle,status,externalDisplayName"
    export(data, 8, f"{number(1)},{A},订单问题：未收到货处理,1,处理中", header=page)
    data.build()
    (ticket,) = warehouse.ask(data.settings, "tickets", as_of=june(8)).to_dict("records")
    assert (ticket["content"], ticket["reply"], ticket["progress"]) == ("请于48小时内处理", "已联系", "处理中")
    assert (ticket["time_left"], ticket["exported_at"]) == ("1天2时", pd.Timestamp("2026-06-06 09:00:00"))


def test_a_reopened_ticket_waits_again(data: Data) -> None:
    export(data, 6, row("已完结", deadline="", closed="2026-06-05 20:00:00"))
    export(data, 9, row("待处理", deadline=""))
    data.build()
    assert [state(data, day) for day in (5, 7, 8)] == ["closed_won", "closed_won", "open"]
    assert asked(data, june(9))["state_since"].tolist() == [pd.Timestamp("2026-06-09 09:00:00")]


def test_an_appeal_that_was_won_turns_the_verdict(data: Data) -> None:
    export(data, 8, row("已完结", liable="是", closed="2026-06-07 20:00:00"))
    export(data, 20, row("已完结", liable="否", closed="2026-06-07 20:00:00"))
    data.build()
    assert [state(data, day) for day in (8, 18, 19)] == ["closed_lost", "closed_lost", "closed_won"]


def test_bad_input_is_kept_and_flagged(data: Data) -> None:
    unknown = order_id(77)
    export(
        data,
        6,
        row("待处理", created="2027-01-01 10:00:00", deadline=""),
        row("77", ticket=2, order=unknown, created=""),
    )
    data.build()
    tickets = warehouse.ask(data.settings, "tickets", as_of=june(6))
    assert tickets["has_order"].tolist() == [False, False]
    found = asked(data, june(6))
    assert found["flags"].tolist() == ["created_in_future", "unknown_status"]
    assert found["began_at"].tolist() == [pd.Timestamp("2026-06-06 09:00:00")] * 2
    assert found["state"].tolist() == ["open", "open"]


def test_a_ticket_has_its_order_and_that_orders_newest_request(data: Data) -> None:
    data.orders([f"{A},已收货,杯,,圆通,,20.00,2026-06-02 10:00:00,,,2026-06-01 10:00:00"])
    requests = [f"2202984980434{at},{A},退款成功,仅退款,{at}.00,2026-06-0{at} 10:00:00,未收到货,," for at in (3, 4, 9)]
    data.after_sales(requests, "售后_20260610090000.csv")
    export(data, 6, row("待处理", staff="小王"))
    data.build()
    (ticket,) = warehouse.ask(data.settings, "tickets", as_of=june(6)).to_dict("records")
    assert (ticket["paid_fen"], ticket["courier"], ticket["shipped_at"]) == (
        2000,
        "圆通",
        pd.Timestamp("2026-06-02 10:00:00"),
    )
    assert (ticket["after_sales_id"], ticket["refund_fen"], ticket["reason_group"]) == (
        "22029849804344",
        400,
        "not_received",
    )
    assert ticket["staff"] == "小王"


def test_no_ticket_gives_no_state(data: Data) -> None:
    data.orders([f"{A},已收货,杯,,,,,,,,2026-06-01 10:00:00"])
    data.build()
    assert asked(data, june(6)).columns.tolist() == COLUMNS
    assert warehouse.ask(data.settings, "tickets", as_of=june(6)).empty


# Random histories against a walk


def shown(version: Version) -> str:
    return row(
        version.status,
        ticket=version.ticket,
        created=created(version.ticket),
        deadline="",
        reply="已举证" if version.reply else "",
        outcome=version.outcome,
        closed=f"2026-06-{version.closed_on:02d} 12:00:00" if version.closed_on else "",
        liable={None: "", True: "是", False: "否"}[version.liable],
        progress=version.progress,
        punished="true" if version.is_punished else "false",
    )


VERSIONS = st.builds(
    Version,
    ticket=st.integers(0, 4),
    status=st.sampled_from(list(SAYS)),
    progress=st.sampled_from(["", "", "", *SAYS]),
    reply=st.booleans(),
    outcome=st.sampled_from(["", "", *OUTCOMES]),
    closed_on=st.one_of(st.none(), st.none(), st.integers(5, 14)),
    liable=st.sampled_from([None, None, None, True, False]),
    is_punished=st.sampled_from([False, False, False, True]),
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(exports=st.dictionaries(st.integers(3, 13), st.lists(VERSIONS, min_size=1, max_size=8), min_size=1, max_size=6))
def test_states_at_any_day_equal_a_walk_through_the_exports(new_data: Any, exports: dict[int, list[Version]]) -> None:
    history: dict[int, list[tuple[datetime, Version]]] = {}
    with new_data() as data:
        for day, versions in sorted(exports.items()):
            # The same content twice would be one export, so each has a ticket of its own besides.
            export(data, day, *map(shown, versions), row("待处理", ticket=50 + day))
            for each in versions:
                history.setdefault(each.ticket, []).append((datetime(2026, 6, day, 9), each))
        assert data.build().refusals == []
        for day in range(2, 15, 2):
            known = warehouse.ask(data.settings, "ticket_history", as_of=june(day))
            limits = pd.DataFrame(
                [("店", number(ticket), deadline(ticket)) for ticket in range(5)],
                columns=["shop_id", "ticket_id", "deadline_at"],
            ).astype({"deadline_at": "datetime64[us]"})
            found = states(known, limits, june(day)).set_index("ticket_id")
            for ticket, told in history.items():
                expected = walked(told, june(day))
                if expected is None:
                    assert number(ticket) not in found.index
                    continue
                got = found.loc[number(ticket)]
                assert (got["state"], got["began_at"]) == (expected.state, expected.began_at)
                assert _moment(got["settled_at"]) == expected.settled_at
                assert _moment(got["answered_at"]) == expected.answered_at
                assert got["state_since"] == expected.since, (expected, told)


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime()
