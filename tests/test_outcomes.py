"""What the team did about an order: the template in, rows and their words out, and how they are accounted for."""

from __future__ import annotations

from datetime import date

import pytest

from analysis import warehouse
from tests.conftest import Data, order_id

HEADER = "订单编号,处理时间,处理方式,备注"


def noted(data: Data, *rows: str, name: str = "处理登记.csv") -> None:
    data.put(f"店/{name}", "\n".join([HEADER, *rows, ""]))
    data.orders([f"{order_id(1)},已发货,杯,,,,,,,,2026-06-01 10:00:00"])
    data.build()


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("已联系", "called"),
        ("电话沟通", "called"),
        ("已退款", "refunded"),
        ("已补发", "reshipped"),
        ("未处理", "nothing"),
        ("未联系上", "nothing"),
        ("没有退款", "nothing"),
        ("再看看", "unknown"),
        ("", "unknown"),
    ],
)
def test_what_was_done_is_read_from_its_words(data: Data, words: str, action: str) -> None:
    noted(data, f"{order_id(1)},2026-06-09 10:30:00,{words},")
    assert data.ask("select order_id, handled_at::varchar, action, action_words from marts.outcomes") == [
        (order_id(1), "2026-06-09 10:30:00", action, words or None)
    ]
    warned = warehouse.ask(data.settings, "warnings", unseen_days=14).query("key == 'unknown_action'")
    assert warned["count"].tolist() == [1] * (action == "unknown")


def test_an_order_can_be_handled_twice_and_the_newer_form_of_the_list_replaces_the_older(data: Data) -> None:
    first, second = (f"{order_id(1)},2026-06-{day:02d} 10:00:00,已联系," for day in (9, 10))
    noted(data, first, second)
    assert data.one("select count(*) from marts.outcomes") == 2
    noted(data, f"{order_id(1)},2026-06-10 10:00:00,已退款,更正")
    assert data.ask("select handled_at::date::varchar, action, remark from marts.outcomes") == [
        ("2026-06-10", "refunded", "更正")
    ]
    kept = "select kept_rows, superseded_rows from marts.files where kind = 'outcomes' order by kept_rows"
    assert data.ask(kept) == [(0, 2), (1, 0)]


def test_a_line_without_a_time_is_set_aside_and_a_later_day_is_not_told(data: Data) -> None:
    whole = [f"{order_id(n)},2026-06-{1 + n % 9:02d} 10:00:00,已联系," for n in range(100)]
    noted(data, *whole, f"{order_id(100)},昨天,已联系,")
    assert data.ask("select bad_column, reason from marts.quarantined_rows") == [("handled_at", "unreadable")]
    told = warehouse.ask(data.settings, "outcomes", as_of=date(2026, 6, 3))
    assert len(told) == sum(1 + n % 9 <= 3 for n in range(100))
    assert told["handled_at"].max().date() == date(2026, 6, 3)
