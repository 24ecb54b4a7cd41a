"""What a dispute costs: each component from exports, unknown never zero, an actual instead of an estimate, each flag."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analysis import rules, warehouse
from analysis.rules.causes import ACCOUNTABLE, SOURCES
from tests.conftest import Data, order_id
from tests.loss_world import (
    BOOKINGS,
    COSTS,
    LEDGER,
    NOTED,
    ORDERS,
    UNCOUNTED,
    Assumed,
    Order,
    Request,
    Ticket,
    put,
    reckoned,
    table,
)

AS_OF = date(2026, 6, 30)


def entries(data: Data) -> dict[int, dict[tuple[str, str], int | None]]:
    found: dict[int, dict[tuple[str, str], int | None]] = {}
    for number, component, source, fen, is_counted, rule in data.ask(
        "select cast(right(order_id, 15) as integer), component, source, amount_fen, is_counted, rule from marts.loss_entries"
    ):
        assert is_counted == (component not in UNCOUNTED)
        assert (fen is None) == rule.startswith("missing: ")
        found.setdefault(number, {})[component, source] = fen
    return found


def cost(data: Data, order: Order, assumed: Assumed | None = None) -> dict[tuple[str, str], int | None]:
    put(data, [order], assumed or Assumed())
    assert data.build().refusals == []
    return entries(data).get(1, {})


def test_a_refund_takes_the_revenue_once_and_gives_the_fee_back(data: Data) -> None:
    assert cost(data, Order(requests=(Request(),))) == {
        ("refund", "estimate"): 3000,
        ("fee_returned", "estimate"): -18,
        ("goods_not_returned", "estimate"): 1650,
        ("outbound_freight", "estimate"): 320,
    }


def test_what_the_ledger_has_is_not_estimated_beside_it(data: Data) -> None:
    order = Order(discount_fen=300, requests=(Request(refund_fen=2600),), bookings=(("refund", 2700),))
    assert cost(data, order) == {
        ("refund", "ledger"): 2700,
        ("fee_not_returned", "estimate"): 16,
        ("goods_not_returned", "estimate"): 1650,
        ("outbound_freight", "estimate"): 320,
    }


@pytest.mark.parametrize("status", ["买家撤销", "驳回退款，待买家处理", "已同意退货退款，待用户发货"])
def test_a_request_that_did_not_refund_costs_nothing(data: Data, status: str) -> None:
    assert cost(data, Order(requests=(Request(status=status, kind="退货退款"),))) == {}


def test_a_case_that_was_won_before_the_platform_costs_its_labour(data: Data) -> None:
    assert cost(data, Order(requests=(Request(status="平台拒绝退款，退款关闭"),))) == {("labour", "estimate"): 800}


def test_goods_that_were_never_sent_are_taken_off(data: Data) -> None:
    order = Order(is_shipped=False, requests=(Request(stage="未发货"),))
    assert cost(data, order) == {
        ("refund", "estimate"): 3000,
        ("fee_returned", "estimate"): -18,
        ("goods_not_sent", "estimate"): -(1650 + 320),
    }


def test_a_parcel_that_left_after_the_refund_was_sent_all_the_same(data: Data) -> None:
    found = cost(data, Order(is_shipped=True, requests=(Request(stage="未发货"),)))
    assert ("goods_not_sent", "estimate") not in found and ("goods_not_returned", "estimate") in found


@pytest.mark.parametrize(
    ("request_", "amount"),
    [
        (Request(kind="退货退款", return_status="已签收"), -990),
        (Request(kind="退货退款", return_status="运输中"), "kept"),
        (Request(kind="退货退款"), None),
        (Request(interception="拦截成功"), -990),
        (Request(interception="未拦截成功"), "kept"),
    ],
    ids=["received", "on its way", "not told", "stopped", "not stopped"],
)
def test_goods_come_back_only_where_they_are_seen_to(data: Data, request_: Request, amount: Any) -> None:
    found = cost(data, Order(requests=(request_,)))
    is_back = amount == -990
    assert found.get(("returned_goods", "estimate"), "kept") == amount
    assert (("goods_not_returned", "estimate") in found) == (amount == "kept")
    assert found.get(("return_freight", "estimate")) == (700 if is_back else None)


@pytest.mark.parametrize(("refund", "pieces"), [(900, 1), (4400, 1), (4500, 2), (8900, 3)])
def test_of_a_partial_return_the_refunded_share_of_the_pieces_came_back(data: Data, refund: int, pieces: int) -> None:
    returned = Request(kind="退货退款", refund_fen=refund, return_status="已签收")
    order = Order(goods_fen=9000, quantity=3, has_unit_cost=True, requests=(returned,))
    assert cost(data, order)["returned_goods", "estimate"] == -1080 * pieces


@pytest.mark.parametrize(("refund", "is_whole"), [(3000, True), (2999, False)])
def test_a_refund_of_all_but_the_postage_is_a_whole_one(data: Data, refund: int, is_whole: bool) -> None:
    found = cost(data, Order(postage_fen=600, requests=(Request(refund_fen=refund),)))
    assert (("goods_not_returned", "estimate") in found) == is_whole


@pytest.mark.parametrize(("amounts", "refund"), [((1000, 1500), 2500), ((2000, 2000), 3000)])
def test_several_refunds_of_one_order_add_up_to_what_was_paid_at_most(
    data: Data, amounts: tuple[int, int], refund: int
) -> None:
    withdrawn = Request(status="买家撤销", refund_fen=500)
    order = Order(requests=(*(Request(refund_fen=each) for each in amounts), withdrawn))
    assert cost(data, order)["refund", "estimate"] == refund


def test_a_missing_assumption_is_unknown_and_named(data: Data) -> None:
    nothing = Assumed(
        unit_cost_share=None, outbound_freight_fen=None, return_freight_fen=None, salvage_share=None, labour_fen=None
    )
    order = Order(
        requests=(Request(kind="退货退款", return_status="已签收"),), tickets=(Ticket(), Ticket("虚假发货", True))
    )
    found = cost(data, order, nothing)
    assert {name: fen for (name, _), fen in found.items() if fen is not None} == {"refund": 3000, "fee_returned": -18}
    assert dict(data.ask("select component, rule from marts.loss_entries where amount_fen is null")) == {
        "returned_goods": "missing: unit_cost_share",
        "return_freight": "missing: return_freight_yuan",
        "outbound_freight": "missing: outbound_freight_yuan",
        "labour": "missing: labour_yuan",
        "false_shipping": "missing: penalties_yuan.false_shipping",
    }


def test_a_refund_without_an_order_is_counted_and_its_goods_are_unknown(data: Data) -> None:
    order = Order(is_exported=False, requests=(Request(),), bookings=(("refund", 3000),))
    put(data, [order, Order()], Assumed())
    data.build()
    assert entries(data)[1][("refund", "ledger")] == 3000
    assert data.ask("select rule from marts.loss_entries where component = 'goods_not_returned'") == [
        ("missing: order",)
    ]
    assert flags(data)[1] == "refund_without_order,order_without_ledger"


def test_a_refund_that_only_the_order_s_status_tells_is_unknown(data: Data) -> None:
    put(data, [Order(tickets=(Ticket(),))], Assumed())
    row = f"{order_id(1)},已收货，退款成功,77002,30.00,0,0,30.00,1,2026-06-02 10:00:00,2026-06-01 10:00:00"
    data.orders([row], header=ORDERS)
    data.build()
    assert dict(data.ask("select component, rule from marts.loss_entries where amount_fen is null")) == {
        "refund": "missing: refund_fen",
        "returned_goods": "missing: return_status",
    }


def test_an_orders_request_is_the_newest_that_refunded_else_the_newest(data: Data) -> None:
    """By the day asked, not by number; one without a day comes last."""
    requests = [
        (1, 9, "退款成功", "2026-06-05 10:00:00"),
        (1, 2, "退款成功", "2026-06-07 10:00:00"),
        (1, 4, "退款成功", ""),
        (1, 5, "买家撤销", "2026-06-08 10:00:00"),
        (2, 7, "买家撤销", "2026-06-05 10:00:00"),
        (2, 6, "买家撤销", "2026-06-06 10:00:00"),
        (3, 3, "买家撤销", "2026-06-05 10:00:00"),
        (3, 8, "", "2026-06-06 10:00:00"),
    ]
    data.after_sales(
        [f"{22029849804300 + n},{order_id(order)},{status},仅退款,1.00,{at},,," for order, n, status, at in requests],
        "售后_20260701093000.csv",
    )
    data.build()
    found = data.ask("select order_id, after_sales_id from signs.refunds order by order_id")
    assert found == [(order_id(n), f"2202984980430{request}") for n, request in ((1, 2), (2, 6), (3, 8))]


def test_unit_costs_go_before_the_share_the_most_specific_first(data: Data) -> None:
    header = "订单号,订单状态,商品id,样式ID,商家编码-规格维度,商家编码-商品维度,商品总价(元),用户实付金额(元),商品数量(件),发货时间,订单成交时间"
    rows = [
        f"{order_id(n)},已收货,{product},{sku},{sku_code},{code},30.00,30.00,2,2026-06-02 10:00:00,2026-06-01 10:00:00"
        for n, (product, sku, sku_code, code) in enumerate(
            [("9001", "9002", "A-1", "A"), ("9001", "", "A-1", "A"), ("9001", "", "", "A"), ("9001", "", "", ""), ("9009", "", "", "")], 1
        )
    ]  # fmt: skip
    data.orders(rows, header=header)
    data.after_sales(
        [
            f"{22029849804300 + n},{order_id(n)},退款成功,仅退款,30.00,2026-06-05 10:00:00,,2026-06-06 10:00:00,"
            for n in range(1, 6)
        ],
        "售后_20260701093000.csv",
    )
    (data.settings.data / "settings.toml").write_text(
        '[costs]\nunit_cost_share = 0.5\n[costs.unit_costs_yuan]\n"9002" = 1\n"A-1" = 2.005\n"A" = 3\n"9001" = 4\n',
        encoding="utf-8",
    )
    data.build()
    assert data.ask(
        "select amount_fen, rule from marts.loss_entries where component = 'goods_not_returned' order by order_id"
    ) == [
        (200, "unit_costs_yuan"),
        (402, "unit_costs_yuan"),
        (600, "unit_costs_yuan"),
        (800, "unit_costs_yuan"),
        (1500, "unit_cost_share"),
    ]


def test_a_changed_assumption_and_nothing_else_builds_anew(data: Data) -> None:
    order = Order(tickets=(Ticket(),))
    assert cost(data, order)["labour", "estimate"] == 800
    file = data.settings.data / "settings.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("8.00", "9.00"), encoding="utf-8")
    data.build()
    assert entries(data)[1]["labour", "estimate"] == 900


def test_noted_costs_replace_estimates_and_an_unknown_item_is_set_aside(data: Data) -> None:
    put(data, [Order(requests=(Request(kind="退货退款", return_status="已签收"),))], Assumed())
    rows = [f"{order_id(1)},退货运费,6.50,2026-06-09,张三退的" for _ in range(2)]
    many = [f"{order_id(2)},其他,1.00,2026-06-{1 + n % 28:02d}," for n in range(60)]
    data.put("店/费用登记.csv", table(COSTS, [*rows, f"{order_id(1)},请客吃饭,99.00,2026-06-09,", *many]))
    assert data.build().refusals == []
    found = entries(data)
    assert found[1]["return_freight", "manual"] == 1300
    assert ("return_freight", "estimate") not in found[1]
    assert found[2] == {("other_after_sales", "manual"): 6000}
    assert data.ask("select bad_column, reason from marts.quarantined_rows") == [("component", "unknown_word")]


def test_a_newer_list_replaces_what_it_names_again(data: Data) -> None:
    put(data, [Order()], Assumed())
    for name, fen in (("费用_20260620093000.csv", "5.00"), ("费用_20260621093000.csv", "6.00")):
        data.put(f"店/{name}", table(COSTS, [f"{order_id(1)},快递理赔,{fen},2026-06-09,"]))
    data.build()
    assert entries(data)[1] == {("carrier_claim", "manual"): -600}


def flags(data: Data) -> dict[int, str]:
    orders = orders_of(data)
    return dict(zip(orders["order_id"].str[-15:].astype(int), orders["flags"], strict=True))


def orders_of(data: Data, as_of: date = AS_OF) -> pd.DataFrame:
    return warehouse.ask(data.settings, "loss_orders", as_of=as_of)


def ledger(first: str, last: str, rows: list[str]) -> str:
    return "\n".join(
        ["拼多多店铺账务明细查询", "", f"起始时间：{first} 00:00:00  终止时间：{last} 23:59:59", "----------交易记录明细列表---------", table(LEDGER, rows)]
    )  # fmt: skip


def test_what_is_odd_about_an_order_s_money_is_flagged(data: Data) -> None:
    refunded = Order(requests=(Request(),))
    put(data, [refunded, refunded, refunded, Order(tickets=(Ticket(),))], Assumed())
    booked = f"{order_id(1)},2026-06-05 10:00:00,0,-30.00,,,{BOOKINGS['refund']}"
    odd = f"{order_id(2)},2026-06-05 10:00:00,-30.00,0,,,{BOOKINGS['refund']}"
    name = "店/pdd-mall-bill-detail(2026-06).csv"
    data.put(name, ledger("2026-06-01", "2026-06-30", [booked, odd]), "gb18030")
    data.build()
    assert flags(data) == {1: "", 2: "negative_income", 3: "refund_not_in_ledger", 4: ""}
    assert entries(data)[2]["refund", "ledger"] == 3000


def test_a_ledger_that_ends_with_the_refund_says_nothing_of_it(data: Data) -> None:
    put(data, [Order(requests=(Request(),)), Order(requests=(Request(), Request()))], Assumed())
    data.put("店/pdd-mall-bill-detail(2026-06).csv", ledger("2026-06-01", "2026-06-05", [f"{order_id(9)},2026-06-01 10:00:00,1.00,0,,,{BOOKINGS['sale']}"]), "gb18030")  # fmt: skip
    data.build()
    assert flags(data) == {1: "partial_month", 2: "order_without_ledger"}


def test_a_part_of_a_month_beside_the_whole_one_is_no_hole(data: Data) -> None:
    put(data, [Order(requests=(Request(),))], Assumed())
    booked = f"{order_id(1)},2026-06-05 10:00:00,0,-30.00,,,{BOOKINGS['refund']}"
    for name, first, last in (
        ("2026-06", "2026-06-01", "2026-06-30"),
        ("20260603-20260620", "2026-06-03", "2026-06-20"),
    ):
        data.put(f"店/pdd-mall-bill-detail({name}).csv", ledger(first, last, [booked]), "gb18030")
    data.build()
    assert flags(data) == {1: ""}
    assert entries(data)[1]["refund", "ledger"] == 3000


def test_orders_and_entries_are_told_up_to_the_day_asked(data: Data) -> None:
    put(data, [Order(requests=(Request(),)), Order(bookings=(("late_shipping", 300),))], Assumed())
    data.build()
    assert len(orders_of(data)) == 2
    assert list(orders_of(data, date(2026, 6, 4))["order_id"]) == [order_id(1)]
    early = warehouse.ask(data.settings, "loss_entries", as_of=date(2026, 6, 6))
    assert set(early["component"]) == {"refund", "fee_returned", "goods_not_returned", "outbound_freight"}
    assert len(warehouse.ask(data.settings, "loss_entries", as_of=date(2026, 6, 4))) == 0


def test_a_past_day_has_what_was_booked_by_then_and_estimates_what_was_on_its_way(data: Data) -> None:
    refunded = Order(requests=(Request(),))  # agreed to on 5 June
    put(
        data,
        [Order(requests=(Request(), Request(refund_fen=1000))), refunded, Order(is_exported=False), refunded],
        Assumed(),
    )
    rows = [
        (1, 5, -10, "refund"),
        (1, 20, -7, "refund"),
        (2, 9, -30, "refund"),
        (2, 9, 0.18, "fee_returned"),
        (3, 20, -4, "refund"),
    ]
    booked = [
        f"{order_id(n)},2026-06-{day:02d} 18:00:00,{max(yuan, 0)},{min(yuan, 0)},,,{BOOKINGS[name]}"
        for n, day, yuan, name in rows
    ]
    data.put("店/pdd-mall-bill-detail(2026-06).csv", ledger("2026-06-01", "2026-06-30", booked), "gb18030")
    noted = [f"{order_id(4)},赔偿,{fen},2026-06-{day:02d}," for fen, day in (("2.00", 6), ("3.00", 12))]
    data.put("店/费用登记.csv", table(COSTS, noted))
    data.build()

    def told(day: int) -> dict[tuple[int, str, str], tuple[int, str]]:
        found = warehouse.ask(data.settings, "loss_entries", as_of=date(2026, 6, day))
        found = found[found["is_counted"] & found["component"].isin(["refund", "fee_returned", "compensation"])]
        assert (
            found["booked_at"].dt.day.max() <= day and not found.duplicated(["order_id", "component", "source"]).any()
        )
        columns = ["order_id", "component", "source", "amount_fen", "rule"]
        rows = found[columns].itertuples(index=False, name=None)
        return {(int(order[-1]), component, source): (fen, rule) for order, component, source, fen, rule in rows}

    agreed = {(2, "refund", "estimate"): (3000, "booked_later"), (2, "fee_returned", "estimate"): (-18, "booked_later")}
    own = {
        (4, "refund", "estimate"): (3000, "refund_stated"),
        (4, "fee_returned", "estimate"): (-18, "technical_fee_rate"),
    }
    first = {(1, "refund", "ledger"): (1000, "0020002")}
    assert told(5) == agreed | own | first
    assert told(6) == agreed | own | first | {(4, "compensation", "manual"): (200, "noted")}
    whole = {(2, "refund", "ledger"): (3000, "0020002"), (2, "fee_returned", "ledger"): (-18, "0030:returned")}
    assert told(19) == whole | own | first | {(4, "compensation", "manual"): (500, "noted")}
    assert (
        told(20)
        == told(30)
        == told(19) | {(1, "refund", "ledger"): (1700, "0020002"), (3, "refund", "ledger"): (400, "0020002")}
    )


def test_a_refund_that_the_ledger_took_back_is_none(data: Data) -> None:
    assert cost(data, Order(requests=(Request(),), bookings=(("refund", 3000), ("refund", -3000)))) == {
        ("refund", "ledger"): 0
    }
    assert "refund_not_in_ledger" not in flags(data)[1]


def test_a_cause_is_that_of_the_ticket_then_the_reason_then_the_ledger(data: Data) -> None:
    put(
        data,
        [
            Order(tickets=(Ticket("未收到货"),), requests=(Request(),)),
            Order(tickets=(Ticket("平台介入"),), requests=(Request(),), bookings=(("late_shipping", 300),)),
            Order(bookings=(("late_shipping", 300), ("refund", 3000))),
            Order(bookings=(("refund", 3000),)),
        ],
        Assumed(),
    )
    data.build()
    told = orders_of(data)[["cause", "accountable"]]
    assert [tuple(row) for row in told.itertuples(index=False)] == [
        ("not_received", "carrier"),
        ("quality", "merchant"),
        ("late_or_no_shipment", "merchant"),
        ("unknown", "unknown"),
    ]


def test_every_word_that_can_tell_a_cause_has_one() -> None:
    known = {(each.known_from, each.name) for each in rules.causes()}
    assert len(known) == len(rules.causes())
    assert {each.known_from for each in rules.causes()} == set(SOURCES)
    assert {each.accountable for each in rules.causes()} <= set(ACCOUNTABLE)
    assert {name for source, name in known if source == "ticket_type"} == {each.name for each in rules.ticket_types()}
    groups = {each.name for each in rules.reason_groups()}
    assert {name for source, name in known if source == "reason_group"} == {*groups, "other", "unknown"}
    booked = {each.component for each in rules.ledger_rules()}
    assert {name for source, name in known if source == "component"} <= booked


fen = st.integers(1, 9000)
requests = st.builds(
    Request,
    status=st.sampled_from(["退款成功", "退款成功", "平台同意退款，退款中", "买家撤销", "平台拒绝退款，退款关闭"]),
    kind=st.sampled_from(["仅退款", "退货退款"]),
    refund_fen=fen,
    stage=st.sampled_from(["未发货", "已发货", "已收货"]),
    return_status=st.sampled_from(["", "已签收", "运输中"]),
    interception=st.sampled_from(["", "", "", "拦截成功"]),
)
exchanges = st.builds(
    Request, status=st.just("换货补寄成功"), kind=st.just("换货"), refund_fen=st.just(0), stage=st.just("已收货")
)
tickets = st.builds(
    Ticket,
    title=st.sampled_from(["未收到货", "虚假发货", "消费者担忧货物无法送达"]),
    is_lost=st.sampled_from([None, False, True]),
    penalty_fen=st.sampled_from([0, 0, 500, 7000]),
)
booked = st.one_of(
    st.tuples(st.sampled_from(["refund", "coupon_back", "compensation", "late_shipping", "small_payment"]), fen),
    st.tuples(st.sampled_from(["freight_compensation", "other_after_sales"]), fen),
    st.just(("refund", -3000)),
    st.tuples(st.sampled_from(["fee_returned", "appeal_recovery", "sale"]), fen.map(lambda each: -each)),
    st.tuples(st.sampled_from(["marketing", "unclassified", "transfer"]), fen),
)
orders = st.builds(
    Order,
    goods_fen=st.integers(500, 20000),
    discount_fen=st.sampled_from([0, 0, 300]),
    postage_fen=st.sampled_from([0, 0, 150]),
    quantity=st.integers(1, 5),
    is_shipped=st.booleans(),
    is_exported=st.sampled_from([True, True, True, False]),
    has_unit_cost=st.booleans(),
    requests=st.one_of(st.lists(requests, max_size=3).map(tuple), st.tuples(exchanges)),
    tickets=st.lists(tickets, max_size=2).map(tuple),
    is_intervened=st.booleans(),
    bookings=st.lists(booked, max_size=3).map(tuple),
    noted=st.lists(st.tuples(st.sampled_from(sorted(NOTED)), fen), max_size=1).map(tuple),
)
assumptions = st.builds(
    Assumed,
    unit_cost_fen=fen,
    unit_cost_share=st.sampled_from([None, "0.5", "0.333333"]),
    outbound_freight_fen=st.sampled_from([None, 0, 320]),
    return_freight_fen=st.sampled_from([None, 700]),
    salvage_share=st.sampled_from([None, "0", "0.655"]),
    labour_fen=st.sampled_from([None, 805]),
    fee_rate=st.sampled_from(["0.006", "0.01"]),
    penalties=st.sampled_from([{}, {"false_shipping": 4000}]),
)


@settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
@given(world=st.lists(orders, min_size=40, max_size=60), assumed=assumptions)
def test_random_worlds_cost_what_plain_python_says(new_data: Any, world: list[Order], assumed: Assumed) -> None:
    with new_data() as data:
        put(data, [*world, Order()], assumed)
        assert data.build().refusals == []
        found = entries(data)
        for number, order in enumerate(world, start=1):
            assert found.get(number, {}) == reckoned(order, assumed), order
