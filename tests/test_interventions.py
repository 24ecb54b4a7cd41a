"""What counts as an intervention, on which day, from which export: told in exports, read from the mart."""

from __future__ import annotations

import pytest

from tests.conftest import Data, order_id

A, B = order_id(1), order_id(2)
REQUEST = "22029849804345"
JUNE = ["0" * 32 + f"_202606{day:02d}090000.xlsx" for day in range(1, 31)]
"""After-sales exports made at nine on each morning of June 2026, under the names that the backend gives (CSV inside)."""


def request(
    status: str,
    *,
    order: str = A,
    number: str = REQUEST,
    applied: str = "2026-06-03 10:00:00",
    by: str = "",
    agreed: str = "",
) -> str:
    return f"{number},{order},{status},仅退款,12.00,{applied},未收到货,{agreed},{by}"


def export(day: int) -> str:
    return JUNE[day - 1]


def known(data: Data) -> list[tuple[object, ...]]:
    return data.ask(
        "select order_id, began_at::varchar, dated_by, source, sources, initiated_by, outcome from marts.interventions "
        "order by order_id, intervention_no"
    )


@pytest.fixture(autouse=True)
def an_order(data: Data) -> None:
    data.orders([f"{A},已收货,杯,,,,,,,,2026-06-01 10:00:00", f"{B},已收货,杯,,,,,,,,2026-06-01 10:00:00"])


def test_a_status_seen_once_stays_a_fact(data: Data) -> None:
    data.after_sales([request("买家申请退款，待商家处理")], export(4))
    data.after_sales([request("平台处理中")], export(6))
    data.after_sales([request("退款成功", agreed="2026-06-07 11:00:00", by="小二")], export(9))
    data.build()
    assert known(data) == [(A, "2026-06-06 09:00:00", "seen", "status", "status", "unknown", "buyer")]
    assert data.ask(
        "select first_seen_at::varchar, last_unseen_at::varchar, decided_at::varchar from marts.interventions"
    ) == [("2026-06-06 09:00:00", "2026-06-04 09:00:00", "2026-06-07 11:00:00")]


def test_without_an_export_that_did_not_show_it_the_request_dates_it(data: Data) -> None:
    data.after_sales([request("平台同意退款，退款中")], export(6))
    data.build()
    assert known(data) == [(A, "2026-06-03 10:00:00", "applied", "status", "status", "unknown", "buyer")]


def test_an_older_export_loaded_later_changes_the_day_as_if_loaded_first(data: Data) -> None:
    data.after_sales([request("平台处理中")], export(6))
    data.build()
    data.after_sales([request("买家申请退款，待商家处理")], export(5))
    data.build()
    assert known(data)[0][1:3] == ("2026-06-06 09:00:00", "seen")


def test_a_ticket_inside_the_time_in_question_dates_it_better(data: Data) -> None:
    data.after_sales([request("买家申请退款，待商家处理")], export(4))
    data.after_sales([request("平台处理中")], export(9))
    data.tickets([f"500012345678901,{A},签收未收到,待处理,2026-06-05 15:00:00,2026-06-07 15:00:00,,,,"])
    data.build()
    assert known(data) == [(A, "2026-06-05 15:00:00", "ticket", "status", "status", "unknown", "pending")]


def test_a_stated_time_dates_it_best(data: Data) -> None:
    data.put(
        "店/" + export(6),
        f"售后编号,订单编号,售后状态,申请时间,平台介入,介入时间\n{REQUEST},{A},退款成功,2026-06-03 10:00:00,是,2026-06-04 08:00:00\n",
    )
    data.build()
    assert known(data) == [(A, "2026-06-04 08:00:00", "reported", "reported", "reported", "unknown", "buyer")]


def test_every_row_of_the_filtered_list_is_one(data: Data) -> None:
    plain = [request("退款成功"), request("退款成功", order=B, number="22029849804346")]
    data.after_sales(plain, export(6))
    data.put(
        "店/平台介入/" + export(7), f"售后编号,订单编号,售后状态,申请时间\n{REQUEST},{A},退款成功,2026-06-03 10:00:00\n"
    )
    data.build()
    assert [row[0] for row in known(data)] == [A]
    assert data.one("select count(*) from marts.after_sales") == 2


def test_the_same_list_first_without_and_then_with_the_folder_becomes_one(data: Data) -> None:
    content = f"售后编号,订单编号,售后状态,申请时间\n{REQUEST},{A},退款成功,2026-06-03 10:00:00\n"
    data.put("店/" + export(7), content)
    data.build()
    assert known(data) == []
    data.put("店/平台介入/" + export(7), content)
    data.build()
    assert [row[0] for row in known(data)] == [A]


def test_the_decider_tells(data: Data) -> None:
    data.after_sales(
        [request("退款成功", by="平台客服"), request("退款成功", by="小二", order=B, number="22029849804346")],
        export(6),
    )
    data.build()
    assert [row[0] for row in known(data)] == [A]


@pytest.mark.parametrize(
    ("title", "state", "counts"),
    [
        ("订单问题：未收到货处理", "已完结,2026-06-05 10:00:00,2026-06-07 10:00:00,,2026-06-06 10:00:00,,", False),
        ("订单问题：未收到货处理", "已完结,2026-06-05 10:00:00,2026-06-07 10:00:00,,2026-06-08 10:00:00,,", True),
        ("少发漏发", "违规已处理,2026-06-05 10:00:00,2026-06-07 10:00:00,,,,", True),
        ("商品错发", "已完结,2026-06-05 10:00:00,2026-06-07 10:00:00,,2026-06-06 10:00:00,是,", True),
        ("商品错发", "已完结,2026-06-05 10:00:00,2026-06-07 10:00:00,,2026-06-06 10:00:00,,15.00", True),
        ("平台介入处理", "待处理,2026-06-05 10:00:00,2026-06-07 10:00:00,,,,", True),
        ("异常网点预警", "违规已处理,2026-06-05 10:00:00,2026-06-07 10:00:00,,,,", False),
    ],
)
def test_a_ticket_counts_by_its_type(data: Data, title: str, state: str, counts: bool) -> None:
    data.tickets([f"500012345678901,{A},{title},{state}"])
    data.build()
    expected = [(A, "2026-06-05 10:00:00", "ticket", "ticket")] if counts else []
    assert [row[:4] for row in known(data)] == expected


def test_one_intervention_in_four_sources_is_one_row(data: Data) -> None:
    data.after_sales([request("买家申请退款，待商家处理")], export(4))
    data.after_sales([request("平台处理中")], export(6))
    data.tickets([f"500012345678901,{A},平台介入处理,待处理,2026-06-05 12:00:00,,,,,"])
    data.interventions([f"{A},2026-06-05 11:30,买家,支持买家,2026-06-08 10:00,"])
    data.put("店/orders_export2026-07-02.csv", f"订单号,订单状态,是否介入\n{A},已收货,是\n")
    data.build()
    assert known(data) == [(A, "2026-06-05 11:30:00", "reported", "manual", "manual+status+ticket", "buyer", "buyer")]


def test_a_yes_in_the_orders_export_counts_where_nothing_else_is_known(data: Data) -> None:
    data.put("店/orders_export2026-07-02.csv", f"订单号,订单状态,是否介入\n{A},已收货,是\n{B},已收货,否\n")
    data.build()
    assert known(data) == [(A, "2026-07-02 00:00:00", "seen", "reported", "reported", "unknown", "pending")]


def test_the_manual_list_knows_better_who_began_it(data: Data) -> None:
    data.after_sales([request("退款成功", by="平台", agreed="2026-06-04 10:00:00")], export(6))
    data.interventions([f"{A},2026-06-04 10:00,平台,支持买家,2026-06-04 10:00,极速退款"])
    data.build()
    assert known(data) == [(A, "2026-06-04 10:00:00", "reported", "manual", "manual+status", "platform", "buyer")]


def test_two_on_one_order_are_two_when_the_list_or_the_requests_say_so(data: Data) -> None:
    data.interventions([f"{A},2026-06-05 10:00,买家,支持商家,,", f"{A},2026-06-12 10:00,买家,支持买家,,"])
    data.after_sales(
        [
            request("平台处理中", order=B),
            request("平台处理中", order=B, number="22029849804399", applied="2026-06-05 10:00:00"),
        ],
        export(8),
    )
    data.build()
    assert [(row[0], row[1]) for row in known(data)] == [
        (A, "2026-06-05 10:00:00"),
        (A, "2026-06-12 10:00:00"),
        (B, "2026-06-03 10:00:00"),
        (B, "2026-06-05 10:00:00"),
    ]


def test_tickets_of_one_dispute_are_one_and_a_later_dispute_is_another(data: Data) -> None:
    tickets = ["2026-06-05 10:00:00", "2026-06-07 10:00:00", "2026-06-29 10:00:00"]
    data.tickets([f"50001234567890{at},{A},平台介入处理,待处理,{made},,,,," for at, made in enumerate(tickets)])
    data.build()
    assert [row[1] for row in known(data)] == [tickets[0], tickets[2]]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("平台处理中", "pending"),
        ("平台同意退款，退款中", "buyer"),
        ("平台拒绝退款，退款关闭", "merchant"),
        ("退款成功", "buyer"),
        ("买家撤销", "withdrawn"),
        ("退款关闭", "merchant"),
    ],
)
def test_how_it_ended(data: Data, status: str, outcome: str) -> None:
    data.after_sales([request("平台处理中")], export(6))
    data.after_sales([request(status)], export(9))
    data.build()
    assert [row[-1] for row in known(data)] == [outcome]


def test_words_and_accounts_are_the_users_to_choose(data: Data) -> None:
    data.after_sales(
        [request("官方裁决中"), request("退款成功", by="官方账号", order=B, number="22029849804346")], export(6)
    )
    data.build()
    assert known(data) == []
    (data.folder / "data" / "settings.toml").write_text(
        '[interventions]\nplatform_status_words = ["官方裁决"]\nplatform_accounts = ["官方账号"]\n', encoding="utf-8"
    )
    data.build()
    assert [row[0] for row in known(data)] == [A, B]


DEALT = {
    "deal time": ("已收货,2026-06-01 10:00:00,", ("deal_time", "2026-06-01")),
    "a cancelled order that was dealt": ("已取消，退款成功,2026-06-01 10:00:00,", ("deal_time", "2026-06-01")),
    "payment time": ("已发货，待签收,,2026-06-02 09:00:00", ("payment_time", "2026-06-02")),
    "the number's date": ("待发货,,", ("order_number", "2026-06-01")),
    "refunded before shipping": ("未发货，退款成功,,", ("order_number", "2026-06-01")),
    "unpaid": ("待支付,,", (None, None)),
    "cancelled": ("已取消,,", (None, None)),
    "cancelled and refunded without a deal time": ("已取消，退款成功,,", (None, None)),
    "group failed": ("未成交，退款成功,,", (None, None)),
    "group failed although paid": ("未成交，退款成功,,2026-06-02 09:00:00", (None, None)),
    "cancelled although paid": ("已取消，退款成功,,2026-06-02 09:00:00", (None, None)),
}


@pytest.mark.parametrize("case", DEALT)
def test_when_an_order_is_dealt(data: Data, case: str) -> None:
    state, expected = DEALT[case]
    data.put("别店/orders_export2026-07-01.csv", f"订单号,订单状态,订单成交时间,支付时间\n{A},{state}\n")
    data.build()
    assert data.ask("select dealt_source, dealt_on::varchar from marts.orders where shop_id = '别店'") == [expected]
    dealt = data.ask(
        "select sum(orders_dealt)::int, sum(orders_dealt_by_number)::int from marts.shop_days where shop_id = '别店' and orders_dealt > 0"
    )
    assert dealt == [(1, int(expected[0] == "order_number")) if expected[0] else (None, None)]


def test_a_day_that_does_not_exist_in_an_order_number_is_no_deal_time(data: Data) -> None:
    data.put("别店/orders_export2026-07-01.csv", f"订单号,订单状态\n260231-{1:015d},待发货\n{order_id(5)},待发货\n")
    assert data.build().refusals == []
    assert data.ask("select dealt_on::varchar from marts.orders where shop_id = '别店' order by order_id") == [
        (None,),
        ("2026-06-01",),
    ]


def test_the_lists_time_inside_the_time_in_question_dates_the_request(data: Data) -> None:
    """Applied on 2 June, first seen weeks later; the merchant's own list knows the day: one intervention, not two."""
    data.after_sales([request("平台处理中", applied="2026-06-02 10:00:00")], export(29))
    data.interventions([f"{A},2026-06-24 10:00,平台,支持买家,2026-06-26 10:00,"])
    data.build()
    assert known(data) == [(A, "2026-06-24 10:00:00", "reported", "manual", "manual+status", "platform", "buyer")]


def test_a_decision_seen_once_survives_a_later_withdrawal(data: Data) -> None:
    data.after_sales([request("平台处理中")], export(5))
    data.after_sales([request("平台拒绝退款，退款关闭")], export(8))
    data.after_sales([request("买家撤销")], export(12))
    data.build()
    assert data.ask("select outcome, decided_at::varchar from marts.interventions") == [
        ("merchant", "2026-06-08 09:00:00")
    ]


def test_a_withdrawal_is_not_known_before_an_export_showed_it(data: Data) -> None:
    """The export of the 12th, made at nine, shows how the 11th ended."""
    from datetime import date

    from analysis import warehouse

    data.after_sales([request("平台处理中")], export(5))
    data.after_sales([request("买家撤销")], export(12))
    data.build()
    outcomes = [
        warehouse.ask(
            data.settings, "rate_events", as_of=date(2026, 6, day), since=date(2026, 7, 1), kinds=["intervention"]
        )["outcome"][0]
        for day in (10, 11)
    ]
    assert outcomes == ["pending", "withdrawn"]


def test_a_lapse_seen_once_stays_one(data: Data) -> None:
    data.tickets(
        [f"500012345678901,{A},未收到货,违规已处理,2026-06-05 10:00:00,2026-06-07 10:00:00,,,,"], "工单_20260610.csv"
    )
    data.tickets(
        [f"500012345678901,{A},未收到货,已完结,2026-06-05 10:00:00,2026-06-07 10:00:00,,,,"], "工单_20260620.csv"
    )
    data.build()
    assert [row[:4] for row in known(data)] == [(A, "2026-06-05 10:00:00", "ticket", "ticket")]


def test_a_refund_that_the_merchant_started_is_not_the_platforms(data: Data) -> None:
    data.after_sales([request("平台处理中")], export(5))
    data.after_sales([request("商家主动退款，退款成功")], export(8))
    data.build()
    assert [row[-2] for row in known(data)] == ["unknown"]


def test_a_list_put_back_to_what_it_was_counts_again(data: Data) -> None:
    first = [f"{A},2026-06-05 10:00,买家,处理中,,", f"{B},2026-06-05 10:00,买家,处理中,,"]
    for rows in (first, first[:1], first):
        data.interventions(rows)
        data.build()
    assert len(known(data)) == 2


def test_near_words_in_the_list_are_understood_and_unknown_ones_counted(data: Data) -> None:
    from analysis import warehouse

    data.interventions([f"{A},2026-06-05 10:00,平台主动,撤销,,", f"{B},2026-06-05 10:00,张三,赢了,,"])
    data.build()
    assert [row[-2:] for row in known(data)] == [("platform", "withdrawn"), ("unknown", "pending")]
    warnings = warehouse.ask(data.settings, "warnings", unseen_days=14)
    assert warnings.loc[warnings["key"] == "unknown_word", "count"].tolist() == [1]


def test_what_comes_after_a_withdrawal_is_another_intervention(data: Data) -> None:
    """Withdrawn on the 5th by the shop's own list; asked again, and taken up by the platform between the 9th and the 12th."""
    data.interventions([f"{A},2026-06-05 11:30,买家,买家撤销,,"])
    again = f"22029849804346,{A},{{}},仅退款,20.00,2026-06-08 10:00:00,质量问题,{{}},"
    data.after_sales([again.format("买家申请退款，待商家处理", "")], export(9))
    data.after_sales([again.format("平台处理中", "")], export(12))
    data.after_sales([again.format("退款成功", "2026-06-13 10:00:00")], export(14))
    data.build()
    rows = data.ask(
        "select began_on::varchar, outcome, decided_at::varchar, source from marts.interventions order by 1"
    )
    assert rows == [
        ("2026-06-05", "withdrawn", None, "manual"),
        ("2026-06-12", "buyer", "2026-06-13 10:00:00", "status"),
    ]
