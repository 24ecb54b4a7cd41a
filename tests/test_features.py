"""Exports in, features of open orders out: worked by hand, and against a plain walk through a made-up world."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pandas as pd
import pytest

from analysis import warehouse
from analysis.escalation import columns
from analysis.findings import Findings
from tests import documents, landmark_world, truncation
from tests.conftest import ORDERS, Data, order_id
from tests.test_feature_leaks import SQL

HEADER = "订单号,订单状态,商品,商品id,快递公司,省,用户实付金额(元),承诺发货时间,承诺送达时间,发货时间,确认收货时间,售后状态,订单成交时间"
REQUESTS = "售后编号,订单编号,售后状态,超时时间,申请时间,售后原因,同意退款时间,同意退款人"


def order(
    number: int,
    dealt: str,
    shipped: str = "",
    signed: str = "",
    *,
    status: str = "已发货，待收货",
    product: str = "600001",
    courier: str = "圆通",
    province: str = "浙江省",
    paid: str = "9.00",
    ship_by: str = "",
    arrive_by: str = "",
) -> str:
    day = dealt[:10] or "2026-06-01"
    return ",".join(
        (
            order_id(number, day),
            status,
            "杯",
            product,
            courier,
            province,
            paid,
            ship_by,
            arrive_by,
            shipped,
            signed,
            "",
            dealt,
        )
    )


def features(data: Data, *days: date, **values: Any) -> pd.DataFrame:
    return warehouse.features(data.settings, days, **{"late_days": 7, "unseen_days": 14} | values)


def numbers(found: pd.DataFrame) -> list[int]:
    return [int(each[-3:]) for each in found["order_id"]]


def test_the_columns_are_those_that_the_model_is_told_of(data: Data) -> None:
    data.orders([order(1, "2026-06-10 12:00:00")], header=HEADER)
    assert data.build().refusals == []
    found = features(data, date(2026, 6, 10))
    assert list(found) == [*columns.KEY, *columns.FEATURES, *columns.CONTEXT]
    assert {str(found[name].dtype) for name in columns.FEATURES} == {"float64"}


def test_an_order_by_hand(data: Data) -> None:
    """Dealt on the 1st at 12:00, to be sent within 48 hours, sent on the 4th at 18:00, unsigned at the end of the 15th."""
    data.orders([order(1, "2026-06-01 12:00:00", "2026-06-04 18:00:00", "2026-06-20 10:00:00")], header=HEADER)
    oid = order_id(1, "2026-06-01")
    data.after_sales(
        [f"9100000001,{oid},买家申请退款，待商家处理,2026-06-16 06:00:00,2026-06-14 06:00:00,少件,,"],
        "a_20260615090000.csv",
        header=REQUESTS,
    )
    data.tickets(
        [f"7100000001,{oid},在途无理由退款,待处理,2026-06-13 08:00:00,2026-06-15 20:00:00,,,,"], "t_20260615.csv"
    )
    assert data.build().refusals == []
    (found,) = features(data, date(2026, 6, 15)).to_dict("records")
    assert found["age_days"] == 14.5
    assert found["is_shipped"] == 1
    assert found["ship_late_hours"] == 24 + 6
    assert found["delivery_late_days"] == pytest.approx(4.25)  # sent on the 4th at 18:00 + 7 days → the 11th, 18:00
    assert found["waiting_days"] == 1.75  # since the request
    assert (found["has_open_request"], found["request_open_hours"], found["request_hours_left"]) == (1, 42, 6)
    assert (found["earlier_tickets"], found["has_open_ticket"]) == (1, True)
    assert found["paid_yuan_log"] == pytest.approx(math.log(10))
    assert found["deadline_at"] == pd.Timestamp("2026-06-15 20:00:00")
    assert (found["reason_group"], found["promise_missed"], found["paid_fen"]) == ("missing_or_short", True, 900)
    assert math.isnan(found["reason_rate"]) and math.isnan(found["product_rate"])  # nothing has matured yet
    (before,) = features(data, date(2026, 6, 3)).to_dict("records")
    assert (before["is_shipped"], before["ship_late_hours"], before["promise_missed"]) == (0, 12, True)
    assert (before["has_open_request"], before["request_open_hours"], before["request_hours_left"]) == (0, 0, 0)
    assert before["courier"] is None or pd.isna(before["courier"])
    (after,) = features(data, date(2026, 6, 21)).to_dict("records")
    assert (after["delivery_late_days"], after["promise_missed"], after["ship_late_hours"]) == (0, False, 30)


def test_promises_of_the_platform_come_first(data: Data) -> None:
    data.orders(
        [
            order(1, "2026-06-01 12:00:00", ship_by="2026-06-02 00:00:00", arrive_by="2026-06-03 00:00:00"),
            order(2, "2026-06-01 12:00:00", "2026-06-01 13:00:00", arrive_by="2026-06-04 12:00:00"),
            order(3, "2026-06-01 12:00:00", "2026-06-01 13:00:00"),
            order(4, "2026-06-01 12:00:00", ship_by="2026-05-01 00:00:00"),
        ],
        header=HEADER,
    )
    assert data.build().refusals == []
    found = features(data, date(2026, 6, 4))
    assert list(found["ship_late_hours"]) == [72, 0, 0, 84]  # a promise from before the deal is none
    assert list(found["delivery_late_days"]) == [2, 0.5, 0, 0]
    assert list(found["promise_missed"]) == [True, True, False, True]


def test_who_is_still_open(data: Data) -> None:
    sent = ("2026-06-01 12:00:00", "2026-06-02 12:00:00")
    data.orders(
        [
            order(1, *sent),
            order(2, *sent, "2026-06-15 00:00:00"),  # signed fifteen days before the end of the 29th
            order(3, *sent, "2026-06-14 23:59:59"),
            order(4, *sent, "2026-06-05 10:00:00"),  # with an open request
            order(5, *sent, "2026-06-05 10:00:00"),  # its request was withdrawn
            order(6, "2026-06-30 00:00:00"),  # not dealt yet
            order(7, "2026-04-01 00:00:00"),  # 90 days old
            order(8, "2026-03-31 23:59:59"),
            order(9, *sent),  # refunded on the 29th
            order(10, *sent),  # under the platform's hands
            order(11, *sent),  # the platform decided
            order(12, *sent),  # refused by the shop: the buyer's next step is the platform
            order(13, *sent, "2026-06-05 10:00:00"),
        ],
        header=HEADER,
        name="o_20260701120000.csv",
    )
    requests = {
        4: "买家申请退款，待商家处理,,2026-06-20 10:00:00,少件,,",
        5: "买家撤销,,2026-06-20 10:00:00,少件,,",
        9: "退款成功,,2026-06-20 10:00:00,少件,2026-06-29 23:59:59,客服",
        10: "平台处理中,,2026-06-20 10:00:00,少件,,",
        11: "平台拒绝退款，退款关闭,,2026-06-20 10:00:00,少件,,",
        12: "驳回退款，待买家处理,,2026-06-20 10:00:00,少件,,",
        13: "驳回退款，待买家处理,,2026-06-20 10:00:00,少件,,",
    }
    data.after_sales(
        [f"91000000{n:02d},{order_id(n)},{each}" for n, each in requests.items()],
        "a_20260629200000.csv",
        header=REQUESTS,
    )
    assert data.build().refusals == []
    found = features(data, date(2026, 6, 29))
    assert numbers(found) == [7, 1, 2, 4, 11, 12, 13]
    # A day before, only what is stated is known: the refund was later, and no export had shown any status yet.
    assert numbers(features(data, date(2026, 6, 28))) == [8, 7, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13]


def test_histories_by_hand(data: Data) -> None:
    """Product 1: two of three escalated, product 2: none of two; the shop drawn towards all, the product towards the shop."""
    old = ["2026-05-01 12:00:00", "2026-05-02 12:00:00", "2026-05-05 12:00:00"]
    data.orders(
        [
            order(1, *old),
            order(2, *old),
            order(3, *old, province="", courier=""),
            order(4, *old, product="600002", courier="韵达"),
            order(5, *old, product="600002", courier="韵达"),
            order(6, "2026-05-12 00:00:00", "2026-05-13 00:00:00", "2026-05-14 00:00:00"),  # not old enough on the 10th
            order(11, "2026-06-09 12:00:00", "2026-06-10 12:00:00"),
            order(
                12,
                "2026-06-09 12:00:00",
                "2026-06-10 12:00:00",
                product="600002",
                courier="从未见过",
                province="台湾省",
            ),
            order(13, "2026-06-09 12:00:00", product="", province=""),
        ],
        header=HEADER,
    )
    data.orders([order(21, *old), order(22, "2026-06-09 12:00:00")], shop="小店", header=HEADER)
    data.interventions(
        [
            f"{order_id(1, '2026-05-01')},2026-05-09 10:00:00,买家,支持商家,2026-05-10 10:00:00,",
            f"{order_id(2, '2026-05-01')},2026-06-10 10:00:00,买家,处理中,,",
            f"{order_id(4, '2026-05-01')},2026-05-09 10:00:00,平台,支持买家,2026-05-09 10:00:00,",
            f"{order_id(5, '2026-05-01')},2026-06-11 00:00:00,买家,处理中,,",
        ]
    )
    assert data.build().refusals == []
    found = features(data, date(2026, 6, 10), prior_orders=4, mature_days=30)
    found = found[found["shop_id"] == "店"]
    assert numbers(found) == [11, 12, 13]
    overall = 2 / 6
    shop = (2 + 4 * overall) / (5 + 4)
    assert list(found["product_rate"]) == [(2 + 4 * shop) / (3 + 4), (0 + 4 * shop) / (2 + 4), (0 + 4 * shop) / (1 + 3)]
    assert list(found["courier_rate"]) == [(2 + 4 * shop) / (2 + 4), shop, shop]
    assert list(found["province_rate"]) == [(2 + 4 * shop) / (4 + 4), shop, shop]
    (small,) = features(data, date(2026, 6, 10), prior_orders=4).query("shop_id == '小店'").to_dict("records")
    assert small["province_rate"] == (0 + 4 * shop_of(0, 1, overall)) / (1 + 4)


def shop_of(escalated: int, orders: int, overall: float) -> float:
    return (escalated + 4 * overall) / (orders + 4)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_walk_finds_the_same(data: Data, seed: int) -> None:
    made = landmark_world.make(seed)
    made.write(data)
    assert data.build().refusals == []
    days = list(landmark_world.LANDMARKS)
    found = truncation.ask(data, SQL, days)
    walk = landmark_world.Walk(made, late_days=5, unseen_days=6, prior=3, mature=10)
    seen = 0
    for day in days:
        expected = walk.at(day)
        of_day = found[found["landmark_on"] == pd.Timestamp(day)].set_index(["shop_id", "order_id"])
        assert set(of_day.index) == set(expected), day
        for key, values in expected.items():
            for name in columns.FEATURES:
                value = values[name]
                assert of_day.loc[key, name] == pytest.approx(math.nan if value is None else value, nan_ok=True), (
                    day,
                    key,
                    name,
                )
                seen += 1
    assert seen > 1000


def test_several_days_at_once_are_each_alone(data: Data) -> None:
    landmark_world.make(3).write(data)
    assert data.build().refusals == []
    days = list(landmark_world.LANDMARKS)
    together = truncation.ask(data, SQL, [*days[::-1], days[0]])
    alone = [truncation.ask(data, SQL, [day]) for day in days]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True), check_exact=True)
    assert len({len(each) for each in alone}) > 1


def test_nothing_to_tell_is_an_empty_frame_with_all_columns(data: Data) -> None:
    data.orders([order(1, "2026-06-10 12:00:00")], header=HEADER)
    assert data.build().refusals == []
    for days in ([], [date(2026, 6, 9)], [date(2020, 1, 1)], [date(2030, 1, 1)]):
        found = warehouse.features(data.settings, days, late_days=7, unseen_days=14)
        assert found.empty and list(found) == [*columns.KEY, *columns.FEATURES, *columns.CONTEXT]


def test_dates_in_the_future_have_not_happened(data: Data) -> None:
    data.orders(
        [
            order(1, "2026-06-10 12:00:00", "2062-06-11 12:00:00", "2062-06-12 12:00:00"),
            order(2, "2062-06-10 12:00:00"),
            order(3, "2026-06-10 12:00:00", "2026-06-11 12:00:00", paid=""),
        ],
        header=HEADER,
        name="o_20260620120000.csv",
    )
    data.after_sales(
        [f"9100000001,{order_id(3, '2026-06-10')},买家申请退款，待商家处理,,2062-06-14 06:00:00,少件,,"],
        "a_20260620090000.csv",
        header=REQUESTS,
    )
    assert data.build().refusals == []
    found = features(data, date(2026, 6, 20))
    assert numbers(found) == [1, 3]
    assert list(found["is_shipped"]) == [0, 1]
    assert list(found["has_open_request"]) == [0, 0]
    assert found["paid_yuan_log"].isna().tolist() == [False, True]
    assert (found[list(columns.FEATURES)].fillna(0) >= 0).all().all()


def test_a_date_in_the_future_is_named_and_scores_nothing_before_its_day(data: Data) -> None:
    cells = {
        "订单号": order_id(4, "2026-06-20"),
        "订单状态": "已收货",
        "商品": "杯",
        "订单成交时间": "2026-06-20 12:00:00",
    }
    cells |= {"发货时间": "2026-06-20 20:00:00", "确认收货时间": "2062-06-24 20:00:00"}
    data.orders([",".join(cells.get(name, "") for name in ORDERS.split(","))], name="orders_export2026-06-25.csv")
    data.build()
    found = Findings(data.settings, date(2026, 6, 24))
    warned = dict(
        warehouse.ask(data.settings, "warnings", unseen_days=14)[["key", "count"]].itertuples(index=False, name=None)
    )
    assert warned["future_dates"] == 1
    assert found.open_orders["order_id"].tolist() == [cells["订单号"]], "not signed for yet"


def test_an_order_without_a_deal_time_is_known_from_the_export_that_shows_it_paid(data: Data) -> None:
    def row(status: str) -> list[str]:
        return [order(1, "", status=status).replace(order_id(1), order_id(1, "2026-06-10"))]

    data.orders(row("待支付"), header=HEADER, name="o_20260611080000.csv")
    data.orders(row("待发货"), header=HEADER, name="o_20260613080000.csv")
    data.orders(row("已取消，退款成功"), header=HEADER, name="o_20260616080000.csv")
    assert data.build().refusals == []
    found = features(data, *(date(2026, 6, day) for day in range(10, 18)))
    assert list(found["landmark_on"].dt.day) == [13, 14, 15]
    assert list(found["age_days"]) == [4, 5, 6]


def test_escalations_say_when_they_began_and_since_when_that_is_known(data: Data) -> None:
    data.orders([order(n, "2026-06-01 12:00:00", "2026-06-02 12:00:00") for n in (1, 2, 3)], header=HEADER)
    data.after_sales(
        [
            f"9100000001,{order_id(1)},平台处理中,,2026-06-04 10:00:00,少件,,",
            f"9100000002,{order_id(2)},极速退款，平台处理中,,2026-06-05 10:00:00,少件,,",
        ],
        "a_20260610090000.csv",
        header=REQUESTS,
    )
    data.interventions([f"{order_id(3)},2026-06-08 10:00:00,买家,处理中,,"])
    assert data.build().refusals == []

    def asked(day: int) -> list[tuple[str, ...]]:
        found = warehouse.ask(data.settings, "escalations", as_of=date(2026, 6, day))
        names = ["began_on", "requested_on", "dealt_on", "known_on"]
        return [
            (order[-1:], *(str(each)[:10] for each in row))
            for order, *row in found[["order_id", *names]].itertuples(index=False)
        ]

    first = ("1", "2026-06-04", "2026-06-04", "2026-06-01", "2026-06-10")
    third = ("3", "2026-06-08", "NaT", "2026-06-01", "2026-06-08")
    assert asked(30) == [first, third]
    assert asked(9) == [first, third]  # the export of the 10th tells how the 9th ended
    assert asked(8) == [third]
    assert asked(7) == []


def test_the_statement_says_what_it_reads_and_one_row_is_what_it_says(built_sample: Data) -> None:
    from sqlglot import exp, parse_one

    table = warehouse.Table("features", "order_landmarks", SQL)
    tree = parse_one(SQL, read="duckdb")
    assert {f"{each.db}.{each.name}" for each in tree.find_all(exp.Table) if each.db} == set(table.reads)
    found = features(built_sample, date(2026, 8, 1), date(2026, 9, 1))
    assert len(found) > 500 and not found.duplicated(table.grain).any()


def test_every_feature_is_documented_with_its_direction() -> None:
    rows = documents.rows_below((documents.DOCS / "model.md").read_text(encoding="utf-8"), "what the model found.\n")
    assert {documents.bare(row["feature"]): row["direction"] for row in rows} == columns.DIRECTIONS
    text = (documents.DOCS / "model.md").read_text(encoding="utf-8")
    assert [name for name in columns.CONTEXT if f"`{name}`" not in text] == []
