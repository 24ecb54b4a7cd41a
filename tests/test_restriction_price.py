"""What a restriction cost: made-up shops whose loss is known, a count by hand, and what must not be told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import warehouse
from analysis.losses import restriction
from analysis.settings import Costs, Tickets
from tests.conftest import Data, order_id
from tests.documents import METRICS, rows_below

AS_OF = date(2026, 9, 27)
FIRST = date(2026, 1, 1)
CALENDAR = pd.date_range(FIRST, AS_OF)
WEEKDAYS = np.array([1.0, 0.9, 0.9, 1.0, 1.1, 1.3, 1.2])
COSTS = Costs(gross_margin_share=0.3)
WORLDS, SHOPS = 50, 8
Sold = dict[str, np.ndarray]


def noted(*rows: tuple[str, str, str | None], kind: str = "资源位限制") -> pd.DataFrame:
    """Restrictions: shop, beginning, end."""
    table = pd.DataFrame(rows, columns=["shop_id", "started_at", "ended_at"]).assign(restriction_type=kind)
    return table.astype({"started_at": "datetime64[us]", "ended_at": "datetime64[us]"})


def one_day(shop: str, day: str) -> tuple[str, str, str]:
    return shop, f"{day} 00:00:00", f"{day} 23:59:59"


def shop_days(sold: Sold) -> pd.DataFrame:
    frames = [pd.DataFrame({"shop_id": shop, "on_date": CALENDAR, "orders_dealt": sold[shop]}) for shop in sorted(sold)]
    return pd.concat(frames, ignore_index=True)


def covered(sold: Sold, holes: list[tuple[str, str]] = ()) -> pd.DataFrame:  # type: ignore[assignment]
    table = shop_days(sold)[["shop_id", "on_date"]].assign(kind="orders")
    missing = pd.MultiIndex.from_tuples([(shop, pd.Timestamp(day)) for shop, day in holes] or [("", pd.NaT)])
    return table[~pd.MultiIndex.from_frame(table[["shop_id", "on_date"]]).isin(missing)]


def receipts(sold: Sold, fen: int = 5000) -> pd.DataFrame:
    table = shop_days(sold).rename(columns={"orders_dealt": "orders_with_amount"})
    return table.assign(received_fen=table["orders_with_amount"] * fen)


def priced(restrictions: pd.DataFrame, sold: Sold, costs: Costs = COSTS, **more: Any) -> pd.DataFrame:
    given: dict[str, Any] = {"covered_days": covered(sold), "receipts": receipts(sold), "as_of": AS_OF} | more
    return restriction.price(restrictions, shop_days(sold), costs=costs, **given)


def only(restrictions: pd.DataFrame, sold: Sold, **more: Any) -> pd.Series:
    found = priced(restrictions, sold, **more)
    assert len(found) == 1 and list(found.columns) == restriction.COLUMNS
    return found.iloc[0]


def at(day: str) -> int:
    return (date.fromisoformat(day) - FIRST).days


def steady(level: int = 40) -> np.ndarray:
    """So many orders a day, and each weekday a few more than the one before it."""
    return level + CALENDAR.day_of_week.to_numpy() * 2


def worlds(seed: int, lost: float, market: float = 1.0, scatter: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The price of many made-up restrictions, without and with a control; `taken` holds the orders that were really lost.

    WORLDS markets, each with ten weeks of its own, of SHOPS shops that are all restricted on one day, and one free shop, the control.
    `market`: what the restricted day was like for all. `scatter`: how much the days of a market differ.
    """
    rng = np.random.default_rng(seed)
    days, restricted, sold, taken = 70, 66, [], []
    for world in range(WORLDS):
        calendar = pd.date_range(FIRST + timedelta(days=days * world), periods=days)
        shape = WEEKDAYS[calendar.day_of_week.to_numpy()] * np.exp(scatter * rng.standard_normal(days))
        shape[restricted] *= market
        for number in range(SHOPS + 1):
            orders = rng.poisson((100 if number else 200) * shape)
            gone = rng.binomial(orders[restricted], lost) if number else 0
            orders[restricted] -= gone
            shop = f"{world:03d}-{number:03d}"
            sold.append(pd.DataFrame({"shop_id": shop, "on_date": calendar, "orders_dealt": orders}))
            taken.append((shop, f"{calendar[restricted]:%Y-%m-%d}", gone, number > 0))
    truth = pd.DataFrame(taken, columns=["shop_id", "day", "taken", "is_restricted"])
    truth = truth[truth["is_restricted"]]
    restrictions = noted(*[one_day(shop, day) for shop, day in zip(truth["shop_id"], truth["day"], strict=True)])
    every = pd.concat(sold, ignore_index=True)
    asked = []
    for shown in (every[every["shop_id"].isin(truth["shop_id"])], every):
        cover, until = shown.assign(kind="orders"), (FIRST + timedelta(days=days * WORLDS))
        brought = shown.assign(orders_with_amount=1, received_fen=5000)
        found = restriction.price(restrictions, shown, cover, brought, COSTS, until)
        asked.append(found.merge(truth, on="shop_id", validate="one_to_one"))
    assert set(asked[0]["control_shops"]) == {0} and set(asked[1]["control_shops"]) == {1}
    return asked[0], asked[1]


def coverage(found: pd.DataFrame) -> float:
    return float(found["taken"].between(found["lost_orders_low"], found["lost_orders_high"]).mean())


def told(found: pd.DataFrame) -> float:
    return float((found["verdict"] == "lost").mean())


def test_a_loss_is_the_mean_of_the_same_weekdays_less_what_was_sold() -> None:
    sold = {"店": steady()}
    wednesday = at("2026-09-09")
    sold["店"] = sold["店"].copy()
    weeks = [40, 44, 48, 36, 40, 44, 48, 36]
    sold["店"][[wednesday - 7 * n for n in range(1, 9)]] = weeks
    sold["店"][wednesday] = 10
    sold["店"][[wednesday - 63, wednesday + 7]] = 900  # further back, and after it
    found = only(noted(one_day("店", "2026-09-09")), sold)
    deviation = max(np.std(weeks, ddof=1), np.sqrt(np.mean(weeks)))
    half = stats.t.ppf(0.95, 7) * deviation * np.sqrt(1 + 1 / 8)
    assert (found["matched_weeks"], found["control_shops"], found["actual_orders"]) == (8, 0, 10)
    assert (found["expected_orders"], found["lost_orders"], found["lost_orders_alone"]) == (42, 32, 32)
    assert found["lost_orders_low"] == pytest.approx(32 - half, abs=0.05)
    assert found["lost_orders_high"] == pytest.approx(32 + half, abs=0.05)
    assert (found["margin_per_order_fen"], found["lost_margin_fen"]) == (1500, 48000)
    assert (found["verdict"], found["reason"]) == ("lost", "")


def test_other_shops_set_the_weeks_to_the_market_of_the_day() -> None:
    sold = {"店": steady() * 1, "别店": np.full(len(CALENDAR), 60), "又一店": np.full(len(CALENDAR), 20)}
    day = at("2026-09-09")
    sold["别店"][day] = 30
    sold["又一店"][day] = 10
    sold["店"][day] = 15
    found = only(noted(one_day("店", "2026-09-09")), sold)
    assert (found["control_shops"], found["expected_orders"], found["lost_orders"]) == (2, 22, 7)
    assert found["lost_orders_alone"] == 44 - 15
    assert (found["verdict"], found["reason"]) == ("cannot_tell", "spans_zero")


@pytest.mark.parametrize(
    ("plant", "shops"),
    [
        (lambda sold: None, 1),
        (lambda sold: sold["别店"].fill(29), 0),  # sells too little
        (lambda sold: sold["别店"].__setitem__(at("2026-09-09"), 0), 0),  # nothing to divide by
    ],
    ids=["enough", "too little", "nothing"],
)
def test_a_control_must_sell_enough(plant: Any, shops: int) -> None:
    sold = {"店": steady().copy(), "别店": np.full(len(CALENDAR), 30)}
    plant(sold)
    assert only(noted(one_day("店", "2026-09-09")), sold)["control_shops"] == shops


def test_a_control_is_covered_and_free_of_restrictions_all_the_time() -> None:
    sold = {shop: steady().copy() for shop in ("店", "漏", "限", "好")}
    restrictions = noted(one_day("店", "2026-09-09"), one_day("限", "2026-08-26"))
    found = priced(restrictions, sold, covered_days=covered(sold, [("漏", "2026-08-12")]))
    row = found[found["shop_id"] == "店"].iloc[0]
    assert (row["control_shops"], row["matched_weeks"]) == (1, 8)


def test_matched_days_are_covered_and_not_restricted_themselves() -> None:
    sold = {"店": steady().copy()}
    sold["店"][at("2026-08-26")] = 0
    restrictions = noted(one_day("店", "2026-09-09"), one_day("店", "2026-08-26"))
    found = priced(restrictions, sold, covered_days=covered(sold, [("店", "2026-09-02")])).set_index("started_on")
    row = found.loc[date(2026, 9, 9)]
    assert (row["matched_weeks"], row["expected_orders"]) == (6, 44)
    earlier = found.loc[date(2026, 8, 26)]
    assert (earlier["matched_weeks"], earlier["lost_orders"], earlier["verdict"]) == (8, 44, "lost")


def test_restrictions_that_share_a_day_are_one_and_midnight_ends_the_day_before() -> None:
    sold = {"店": steady()}
    rows = pd.concat(
        [
            noted(("店", "2026-09-08 15:00:00", "2026-09-10 00:00:00"), kind="a"),
            noted(("店", "2026-09-09 08:00:00", "2026-09-09 09:00:00"), kind="b"),
            noted(("店", "2026-09-10 00:00:00", "2026-09-10 23:59:59"), kind="c"),
        ]
    )
    found = priced(rows, sold)
    assert list(found["restriction_types"]) == ["a,b", "c"]
    assert list(found["days"]) == [2, 1]
    assert list(found["ended_on"]) == [date(2026, 9, 9), date(2026, 9, 10)]
    assert list(found["expected_orders"]) == [42 + 44, 46]


def test_a_long_restriction_is_matched_with_whole_stretches_that_do_not_overlap() -> None:
    sold = {"店": steady().copy()}
    sold["店"][: at("2026-07-05")] = 0  # 8 weeks before the beginning, less a week
    found = only(noted(("店", "2026-08-24 00:00:00", "2026-09-05 23:59:59")), sold)
    assert (found["days"], found["matched_weeks"]) == (13, 4)
    sums = [sold["店"][at("2026-08-24") - 14 * n :][:13].sum() for n in range(1, 5)]
    assert found["expected_orders"] == pytest.approx(np.mean(sums), abs=0.05)
    long = only(noted(("店", "2026-08-24 00:00:00", "2026-09-07 23:59:59")), sold)
    assert (long["days"], long["reason"]) == (15, "too_few_matched_days")


CANNOT = {
    "no_end": noted(("店", "2026-09-09 00:00:00", None)),
    "no_end ": noted(("店", "2026-09-09 00:00:00", "2026-09-08 00:00:00")),
    "still_running": noted(("店", "2026-09-27 00:00:00", "2026-09-28 00:00:01")),
    "not_covered": noted(one_day("店", "2026-09-01")),
    "too_few_matched_days": noted(one_day("店", "2026-01-28")),
    "spans_zero": noted(one_day("店", "2026-09-09")),
}


@pytest.mark.parametrize("reason", CANNOT)
def test_what_cannot_be_told_is_said_with_the_reason(reason: str) -> None:
    sold = {"店": steady()}
    found = only(CANNOT[reason], sold, covered_days=covered(sold, [("店", "2026-09-01")]))
    assert (found["verdict"], found["reason"]) == ("cannot_tell", reason.strip())
    assert pd.isna(found["lost_orders"]) == (reason != "spans_zero")
    assert pd.isna(found["lost_margin_fen"]) == (reason != "spans_zero")


def test_a_day_without_orders_and_a_better_day_tell_nothing() -> None:
    none = {"店": np.zeros(len(CALENDAR), dtype=int)}
    assert only(noted(one_day("店", "2026-09-09")), none)["reason"] == "no_orders"
    better = {"店": steady().copy()}
    better["店"][at("2026-09-09")] = 400
    found = only(noted(one_day("店", "2026-09-09")), better)
    assert (found["verdict"], found["reason"]) == ("cannot_tell", "more_than_usual")


def test_equal_days_are_no_certainty() -> None:
    """Eight weeks with one order each say little of the ninth: the spread is never less than Poisson's."""
    sold = {"店": np.ones(len(CALENDAR), dtype=int)}
    sold["店"][at("2026-09-09")] = 0
    assert only(noted(one_day("店", "2026-09-09")), sold)["reason"] == "spans_zero"


def test_a_restriction_to_come_is_not_there_and_none_is_no_rows() -> None:
    sold = {"店": steady()}
    assert priced(noted(one_day("店", "2026-09-28")), sold).empty
    empty = priced(noted(), sold)
    assert empty.empty and list(empty.columns) == restriction.COLUMNS


def test_without_a_margin_there_are_orders_and_no_money() -> None:
    sold = {"店": steady().copy()}
    sold["店"][at("2026-09-09")] = 0
    for given in ({"costs": Costs()}, {"receipts": receipts(sold).iloc[:0]}):
        found = only(noted(one_day("店", "2026-09-09")), sold, **given)
        assert (found["lost_orders"], found["verdict"]) == (44, "lost")
        assert pd.isna(found["lost_margin_fen"]) and pd.isna(found["margin_per_order_fen"])


@pytest.mark.parametrize("lost", [0.0, 0.6])
def test_the_interval_holds_the_known_loss_as_often_as_it_says(lost: float) -> None:
    for found in worlds(7, lost):
        assert 0.88 <= coverage(found) <= 0.975
        assert found["lost_orders"].mean() == pytest.approx(found["taken"].mean(), abs=2)
        assert told(found) > 0.95 if lost else told(found) < 0.08


def test_a_dip_of_the_whole_market_is_no_loss_with_a_control_and_is_one_without() -> None:
    alone, beside = worlds(8, 0.0, market=0.6)
    assert coverage(alone) < 0.2 and told(alone) > 0.8
    assert coverage(beside) > 0.87 and told(beside) < 0.08
    assert beside["lost_orders_alone"].equals(alone["lost_orders_alone"])


def test_a_control_narrows_the_interval_where_the_market_scatters() -> None:
    alone, beside = (each["lost_orders_high"] - each["lost_orders_low"] for each in worlds(9, 0.3, scatter=0.25))
    assert beside.mean() < 0.8 * alone.mean()


def test_the_price_of_one_is_the_mean_of_all_that_can_be_compared_not_of_the_dearest() -> None:
    sold = {"店": steady().copy(), "新": steady().copy()}
    for day, left in (("2026-04-08", 0), ("2026-06-10", 43), ("2026-09-09", 22)):
        sold["店"][at(day)] = left
    restrictions = noted(
        *[one_day("店", day) for day in ("2026-04-08", "2026-06-10", "2026-09-09")],
        ("店", "2026-09-20 00:00:00", None),
        ("新", "2026-09-20 00:00:00", None),
    )
    each = priced(restrictions, sold, covered_days=covered(sold))
    table = restriction.measured(each).set_index("shop_id")
    row = table.loc["店"]
    assert list(table.columns) == restriction.MEASURED_COLUMNS[1:]
    assert (row["restrictions"], row["compared"], row["verdict"], row["reason"]) == (4, 3, "lost", "")
    assert row["lost_orders"] == pytest.approx((44 + 1 + 22) / 3, abs=0.05)
    own = each[each["lost_orders"].notna()]
    half = np.sqrt((((own["lost_orders_high"] - own["lost_orders_low"]) / 2) ** 2).sum()) / 3
    assert row["lost_orders_high"] - row["lost_orders"] == pytest.approx(half, abs=0.1)
    assert row["lost_margin_fen"] == pytest.approx(1500 * 67 / 3, abs=1)
    assert tuple(table.loc["新", ["compared", "verdict", "reason"]]) == (0, "cannot_tell", "nothing_compared")
    price = restriction.restriction_price_yuan(Tickets(), restriction.measured(each), ["新", "店"])
    assert list(price["price_by"]) == ["unknown", "measured"]
    assert price.loc["店", "price_yuan"] == row["lost_margin_fen"] / 100 and price["price_yuan"].isna().tolist() == [
        True,
        False,
    ]
    chosen = restriction.restriction_price_yuan(
        Tickets(restriction_cost_yuan=500), restriction.measured(each), ["新", "店"]
    )
    assert list(chosen["price_yuan"]) == [500, 500] and set(chosen["price_by"]) == {"settings"}


def test_a_price_that_spans_zero_or_has_no_margin_is_no_price() -> None:
    sold = {"店": steady().copy()}
    flat = restriction.measured(priced(noted(one_day("店", "2026-09-09")), sold))
    assert tuple(flat.loc[0, ["verdict", "reason"]]) == ("cannot_tell", "spans_zero")
    sold["店"][at("2026-09-09")] = 0
    orders_only = restriction.measured(priced(noted(one_day("店", "2026-09-09")), sold, costs=Costs()))
    assert tuple(orders_only.loc[0, ["verdict", "reason"]]) == ("lost", "margin_unknown")
    for found in (flat, orders_only):
        assert set(restriction.restriction_price_yuan(Tickets(), found, ["店"])["price_by"]) == {"unknown"}
    none = restriction.measured(priced(noted(), sold))
    assert none.empty and list(none.columns) == restriction.MEASURED_COLUMNS


def test_a_planned_restriction_is_days_times_share_times_what_the_shop_sells() -> None:
    sold = {"店": np.full(len(CALENDAR), 50), "无": np.full(len(CALENDAR), 5)}
    sold["店"][-1] = 78
    holes = [("无", f"{day:%Y-%m-%d}") for day in CALENDAR[-28:]]
    costs = Costs(gross_margin_share=0.2, restriction_days=2, restriction_lost_share=0.5)

    def planned(chosen: Costs) -> pd.DataFrame:
        found = restriction.scenario(chosen, shop_days(sold), covered(sold, holes), receipts(sold), AS_OF)
        assert list(found.columns) == restriction.SCENARIO_COLUMNS
        return found.set_index("shop_id")

    row = planned(costs).loc["店"]
    assert (row["orders_a_day"], row["lost_orders"], row["missing"]) == (51, 51, "")
    assert (row["margin_per_order_fen"], row["lost_margin_fen"]) == (1000, 51000)
    assert planned(costs).loc["无", "missing"] == "orders,amounts"
    nothing = planned(Costs()).loc["店"]
    assert nothing["missing"] == "restriction_lost_share,gross_margin_share"
    assert pd.isna(nothing["lost_orders"]) and pd.isna(nothing["lost_margin_fen"])


def rolling(values: dict[str, list[tuple[str, int, float]]]) -> pd.DataFrame:
    rows = [(shop, date.fromisoformat(day), count, rate) for shop, each in values.items() for day, count, rate in each]
    table = pd.DataFrame(rows, columns=["shop_id", "window_end", "numerator", "rate"])
    return table.astype({"numerator": "Int64", "rate": "Float64"})


def test_the_learned_line_is_the_lowest_that_stood_before_a_restriction() -> None:
    past = [((AS_OF - timedelta(days=n)).isoformat(), 5, 0.01) for n in range(40)]
    changed = {
        "2026-09-08": (20, 0.04), "2026-09-04": (24, 0.05), "2026-09-01": (90, 0.9),  # eve, within, 8 days before
        "2026-09-19": (18, 0.03), "2026-09-25": (30, 0.03), "2026-09-24": (2, 0.029),
    }  # fmt: skip
    told = [(day, *changed.get(day, (count, rate))) for day, count, rate in past]
    restrictions = noted(
        one_day("店", "2026-09-09"),
        one_day("店", "2026-09-20"),
        one_day("店", "2026-03-01"),
        one_day("别店", "2026-09-09"),
    )
    before, line = restriction.learned_line(restrictions, rolling({"店": told}), AS_OF)
    assert list(before.columns) == restriction.BEFORE_COLUMNS and list(line.columns) == restriction.LINE_COLUMNS
    own = {row["started_on"]: list(row.values())[3:] for row in before[before["shop_id"] == "店"].to_dict("records")}
    assert own[date(2026, 9, 9)] == [0.04, 20, 0.05, 24, ""]
    assert own[date(2026, 9, 20)] == [0.03, 18, 0.03, 18, ""]
    assert own[date(2026, 3, 1)][-1] == "no_rate"
    row = line.set_index("shop_id").loc["店"]
    assert (row["restrictions"], row["rests_on"]) == (3, 2)
    assert (row["learned_rate"], row["learned_count"]) == (0.03, 18)
    assert (row["learned_rate_highest"], row["learned_count_highest"]) == (0.03, 18)
    # 40 days less the two restricted with the seven before each; quiet and as high: 01 September, 25 September.
    assert (row["quiet_days"], row["quiet_days_as_high"]) == (40 - 16, 2)
    other = line.set_index("shop_id").loc["别店"]
    assert other["rests_on"] == 0 and pd.isna(other["learned_rate"]) and other["quiet_days_as_high"] == 0


def test_the_questions_give_what_the_price_needs(data: Data) -> None:
    header = "订单号,订单状态,商家实收金额(元),用户实付金额(元),发货时间,订单成交时间"
    rows = [
        f"{order_id(1)},已收货,40.00,45.00,2026-06-01 12:00:00,2026-06-01 10:00:00",
        f"{order_id(2)},已收货,,30.00,2026-06-01 12:00:00,2026-06-01 10:00:00",
        f"{order_id(3)},已取消,99.00,99.00,,2026-06-01 10:00:00",
        f"{order_id(4)},已收货,,,2026-06-01 12:00:00,2026-06-01 10:00:00",
        f"{order_id(5)},已收货,50.00,50.00,2026-06-03 12:00:00,2026-06-03 10:00:00",
    ]
    data.orders(rows, header=header)
    text = (
        "限制类型,开始时间,结束时间,备注\n资源位限制,2026-06-02 00:00:00,,x\n"
        "资源位限制,2026-06-03 00:00:00,2026-06-03 23:00:00,\n"
    )
    data.put("店/店铺限制登记.csv", text)
    data.build()
    brought = warehouse.ask(data.settings, "order_receipts", as_of=date(2026, 6, 2))
    assert brought[["orders_with_amount", "received_fen"]].values.tolist() == [[3, 7000]]
    found = warehouse.ask(data.settings, "restrictions", as_of=date(2026, 6, 2))
    assert list(found["started_at"]) == [pd.Timestamp("2026-06-02")] and found["ended_at"].isna().all()
    cover, sold = (warehouse.ask(data.settings, name) for name in ("covered_days", "shop_days"))
    every = warehouse.ask(data.settings, "restrictions", as_of=date(2026, 6, 3))
    row = restriction.price(every, sold, cover, brought, COSTS, date(2026, 6, 3))
    assert list(row["reason"]) == ["no_end", "too_few_matched_days"]


def test_the_document_s_example_comes_out() -> None:
    (row,) = rows_below(METRICS, "<!-- expected: restriction -->")
    sold = {"店": steady().copy()}
    day = at("2026-09-09")
    sold["店"][[day - 7 * n for n in range(1, 9)]] = [int(each) for each in row["S(1) … S(8)"].split(", ")]
    sold["店"][day] = int(row["S(0)"])
    found = only(noted(one_day("店", "2026-09-09")), sold)
    for name, column in (
        ("expected", "expected_orders"),
        ("lost", "lost_orders"),
        ("low", "lost_orders_low"),
        ("high", "lost_orders_high"),
    ):
        assert f"{found[column]:.1f}" == row[name]
    for name, column in (("margin an order", "margin_per_order_fen"), ("lost margin", "lost_margin_fen")):
        assert f"¥{found[column] / 100:.2f}" == row[name]
