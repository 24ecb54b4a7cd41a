"""How many tickets wait on each day: told in exports, compared with a plain count and with an earlier build."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from analysis import warehouse
from analysis.tickets.backlog import AGES, MEASURES, backlog, handling
from analysis.tickets.states import states
from tests.conftest import Data, order_id

HEADER = "工单编号,订单编号,工单类型,工单状态,创建时间,截止时间,商家回复,关闭时间,是否判责商家,处理人"
AS_OF = date(2026, 6, 20)


def export(data: Data, made: datetime, rows: list[str], shop: str = "店") -> None:
    data.put(f"{shop}/工单_{made:%Y%m%d%H%M%S}.csv", "\n".join([HEADER, *rows, ""]))


def frames(data: Data, as_of: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tickets with their title as type, and their states."""
    tickets = warehouse.ask(data.settings, "tickets", as_of=as_of)
    deadlines = tickets[["shop_id", "ticket_id"]].assign(deadline_at=tickets["stated_deadline_at"])
    history = warehouse.ask(data.settings, "ticket_history", as_of=as_of)
    return tickets.assign(type=tickets["ticket_title"]), states(history, deadlines, as_of)


def random_exports(data: Data, until: date | None = None) -> None:
    """Exports of two shops every two days, each ticket answered and closed at some time; only those made by `until`."""
    draws = random.Random(5)
    lives = []
    for at in range(60):
        created = datetime(2026, 5, 25, 1) + timedelta(hours=draws.randrange(24 * 24))
        answered = created + timedelta(hours=draws.randrange(1, 100)) if draws.random() < 0.8 else None
        closed = created + timedelta(hours=draws.randrange(1, 400)) if draws.random() < 0.7 else None
        shop, title = draws.choice(["甲", "乙"]), draws.choice(["未收到货", "少发漏发"])
        lives.append((at, shop, title, created, answered, closed, draws.random() < 0.5))
    for day in range(0, 28, 2):
        made = datetime(2026, 5, 26, 9, 30) + timedelta(days=day)
        for shop in ("甲", "乙"):
            rows = []
            for at, where, title, created, answered, closed, is_stated in lives:
                if where != shop or created > made:
                    continue
                is_closed = closed is not None and closed <= made
                reply = "已回复买家" if answered is not None and answered <= made else ""
                stated = f"{closed:%Y-%m-%d %H:%M:%S}" if is_closed and is_stated else ""
                status = "已完结" if is_closed else "处理中" if reply else "待处理"
                left = f"{created + timedelta(hours=48):%Y-%m-%d %H:%M:%S}"
                rows.append(
                    f"{500012345678900 + at},{order_id(at)},{title},{status},{created:%Y-%m-%d %H:%M:%S},{left},{reply},{stated},,小王"
                )
            # A row that no other export has, because the same content twice would be one export.
            rows.append(f"{500022345678900 + day},{order_id(900 + day)},店铺,已完结,{made:%Y-%m-%d} 08:00:00,,,,,")
            if until is None or made.date() <= until:
                export(data, made, rows, shop)
    assert data.build().refusals == []


def test_a_past_day_asked_again_is_what_it_was_and_every_cell_is_a_plain_count(new_data: Any) -> None:
    with new_data() as whole, new_data() as earlier:
        random_exports(whole)
        random_exports(earlier, until=AS_OF - timedelta(days=4))
        as_of = AS_OF - timedelta(days=5)
        (tickets, stand), (typed, then) = frames(whole, as_of), frames(earlier, as_of)
        pd.testing.assert_frame_equal(tickets, typed)
        pd.testing.assert_frame_equal(stand, then)
        found = backlog(tickets, stand, as_of, 20)
        pd.testing.assert_frame_equal(found, backlog(typed, then, as_of, 20))
        pd.testing.assert_frame_equal(handling(tickets, stand), handling(typed, then))
        assert not backlog(*frames(whole, AS_OF), as_of, 20).equals(found)
        assert found.set_index(["shop_id", "on_date", "type", "age"])[MEASURES].to_dict("index") == counted(
            tickets, stand, as_of, 20
        )
        last = found[found["on_date"] == as_of]
        assert last["open"].sum() == stand["state"].isin(["open", "answered", "expired"]).sum()
        assert last["unanswered"].sum() == stand["state"].isin(["open", "expired"]).sum() > 0


def counted(
    tickets: pd.DataFrame, stand: pd.DataFrame, as_of: date, days: int
) -> dict[tuple[Any, ...], dict[str, int]]:
    """Day by day, ticket by ticket."""
    types = dict(zip(tickets["ticket_id"], tickets["type"], strict=True))
    cells: dict[tuple[Any, ...], dict[str, int]] = {}
    for back in range(days):
        day = as_of - timedelta(days=back)
        for each in stand.to_dict("records"):
            began = each["began_at"].date()
            if began > day:
                continue
            age = [name for name, start in AGES.items() if (day - began).days >= start][-1]
            settled = each["settled_on"] if not pd.isna(each["settled_on"]) else date.max
            answered = each["answered_on"] if not pd.isna(each["answered_on"]) else date.max
            values = {
                "arrivals": int(began == day),
                "settlements": int(settled == day),
                "open": int(settled > day),
                "unanswered": int(min(settled, answered) > day),
            }
            if any(values.values()):
                cell = cells.setdefault(
                    (each["shop_id"], day, types[each["ticket_id"]], age), dict.fromkeys(MEASURES, 0)
                )
                for name, value in values.items():
                    cell[name] += value
    return cells


@pytest.fixture
def two_of_the_staff(data: Data) -> Data:
    def row(at: int, status: str, reply: str, closed: str, staff: str) -> str:
        return f"50001234567890{at},{order_id(at)},未收到货,{status},2026-06-10 09:00:00,,{reply},{closed},,{staff}"

    export(data, datetime(2026, 6, 11, 9), [row(1, "待处理", "", "", ""), row(2, "待处理", "", "", "")])
    export(
        data,
        datetime(2026, 6, 12, 9),
        [
            row(1, "已完结", "已联系", "2026-06-12 03:00:00", "小王"),
            row(2, "处理中", "已联系", "", "小李"),
            row(3, "待处理", "", "", ""),
        ],
    )
    data.build()
    return data


def test_handling_by_staff(two_of_the_staff: Data) -> None:
    found = handling(*frames(two_of_the_staff, date(2026, 6, 12)))
    rows = {row["staff"]: [*row.values()][2:] for row in found.to_dict("records")}
    assert rows["小王"] == [1, 1, 1, 24.0, 42.0, 42.0]
    assert rows["小李"][:5] == [1, 1, 0, 24.0, 48.0] and pd.isna(rows["小李"][5])
    assert rows[""][:3] == [1, 0, 0] and all(pd.isna(value) for value in rows[""][3:])


def test_no_ticket_gives_no_row(data: Data) -> None:
    data.orders([f"{order_id(1)},已收货,杯,,,,,,,,2026-06-01 10:00:00"])
    data.build()
    tickets, stand = frames(data, AS_OF)
    found = backlog(tickets, stand, AS_OF)
    assert found.empty and found.columns.tolist() == ["shop_id", "on_date", "type", "age", *MEASURES]
    assert handling(tickets, stand).empty
