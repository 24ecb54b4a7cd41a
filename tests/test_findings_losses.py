"""The figures about money on the sample, against what the truth behind its files says, reckoned here by other means."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import pandas as pd
import pytest

from analysis import charts, settings, texts, warehouse
from analysis.findings import Findings
from analysis.sample import money, world
from tests.conftest import Data
from tests.shown import said
from tests.test_findings_tickets import choose
from tests.test_sample_report import AS_OF

END = pd.Timestamp(AS_OF) + pd.Timedelta(days=1)
START = END - pd.Timedelta(days=30)
LEDGER_FROM = {True: pd.Timestamp("2026-08-01"), False: pd.Timestamp("2026-09-01")}
"""The first day of a shop's ledgers, by whether it is the troubled one."""
BOOKED = {
    "refund": "refund",
    "coupon_back": "coupon_back",
    "fee_back": "fee_returned",
    "compensation": "compensation",
    "late": "late_shipping",
    "won_back": "appeal_recovery",
}
"""The sample's kinds of bookings that belong to disputes, and the components they are."""
PLAIN = "订单号,订单状态,用户实付金额(元),订单成交时间"
PLANS = pytest.mark.parametrize("plan", world.PLANS, ids=lambda plan: "troubled" if plan.is_slow_after else "healthy")


@cache
def truth(plan: world.Plan) -> world.World:
    return world.build(plan)


@cache
def bookings(plan: world.Plan) -> pd.DataFrame:
    """What the shop's ledgers hold of disputes, fen as in the ledger."""
    entries = money._entries(truth(plan))
    inside = (entries["at"] >= LEDGER_FROM[plan.is_slow_after]) & (entries["at"] < END)
    return entries[inside & entries["kind"].isin(list(BOOKED))]


@cache
def began(plan: world.Plan) -> pd.Series:
    """When each order's dispute began: its first request, intervention, ticket that contests it, or booking of a loss."""
    true = truth(plan)
    contested = true.tickets[~true.tickets["service"].astype(bool)]
    steps = [
        *((true.after_sales, "applied_at"), (world.interventions(true.after_sales), "began_at")),
        *((contested, "created_at"), (bookings(plan), "at")),
    ]
    seen = [frame[frame[name] < END].groupby("order_id")[name].min() for frame, name in steps]
    found: pd.Series = pd.concat(seen).groupby(level=0).min()
    return found


def window(plan: world.Plan) -> set[str]:
    day = began(plan)
    return set(day.index[day >= START])


@pytest.fixture(scope="module")
def found(sample_report: settings.Settings) -> Findings:
    return Findings(sample_report)


def own(frame: pd.DataFrame, plan: world.Plan) -> pd.DataFrame:
    return frame[frame["shop_id"] == plan.shop]


def published(sample_report: settings.Settings, name: str) -> pd.DataFrame:
    file = sample_report.reports / AS_OF.isoformat() / "numbers" / f"{name}.csv"
    return pd.read_csv(file, dtype={"order_id": "str", "product_id": "str"}, keep_default_na=False, na_values=[""])


# Against the truth


@PLANS
def test_the_disputes_of_the_window_are_those_of_the_truth(found: Findings, plan: world.Plan) -> None:
    orders = own(found.loss_orders, plan)
    told = orders[pd.to_datetime(orders["disputed_on"]) >= START]
    assert set(told["order_id"]) == window(plan)
    (row,) = own(found.loss_summary, plan).to_dict("records")
    assert row["disputed_orders"] == len(window(plan))
    dealt = truth(plan).orders["dealt_at"]
    assert row["orders_dealt"] == ((dealt >= START) & (dealt < END)).sum()


@PLANS
def test_what_the_ledger_booked_is_counted_to_the_fen_under_its_component(found: Findings, plan: world.Plan) -> None:
    booked = bookings(plan)
    booked = booked[booked["order_id"].isin(window(plan))]
    true = -booked.groupby(booked["kind"].map(BOOKED))["fen"].sum()
    entries = found.losses.merge(own(found.loss_orders, plan)[["shop_id", "order_id"]])
    ledger = entries[entries["source"] == "ledger"].groupby("component")["amount_fen"].sum()
    assert ledger.to_dict() == true.to_dict()


@PLANS
def test_refunds_that_no_ledger_shows_are_estimated_from_what_was_agreed(found: Findings, plan: world.Plan) -> None:
    asked = truth(plan).after_sales
    asked = asked[asked["order_id"].isin(window(plan))]
    at_once = asked["agreed_at"].where(asked["kind"] != "退货退款")
    agreed = asked[(asked["refunded_at"] < END) | (at_once < END) | (asked["platform_agreed_at"] < END)]
    (row,) = own(found.loss_components, plan).query("component == 'refund'").to_dict("records")
    assert row["loss_fen"] == agreed["refund_fen"].sum()
    assert row["disputed_orders"] == agreed["order_id"].nunique()
    before = agreed[~agreed["order_id"].isin(bookings(plan).query("kind == 'refund'")["order_id"])]
    assert row["estimated_fen"] == before["refund_fen"].sum()


def test_goods_that_were_never_sent_are_saved_at_their_cost(found: Findings, sample_report: settings.Settings) -> None:
    """Share and freight from the settings, in whole fen."""
    costs = sample_report.costs
    freight_fen = round((costs.outbound_freight_yuan or 0) * 100)
    entries = found.losses[found.losses["component"] == "goods_not_sent"]
    for plan in world.PLANS:
        orders = truth(plan).orders.set_index("order_id")
        for row in entries[entries["shop_id"] == plan.shop].to_dict("records"):
            order = orders.loc[row["order_id"]]
            assert pd.isna(order["shipped_at"])
            piece = costs.unit_costs_yuan.get(order["product_id"])
            goods = (
                round(piece * 100) * order["quantity"]
                if piece is not None
                else (int(order["goods_fen"]) * 55 + 50) // 100
            )
            assert row["amount_fen"] == -(goods + freight_fen), row["order_id"]
    assert len(entries) > 20


# Against each other


@PLANS
def test_every_view_and_every_file_has_the_same_sum(
    found: Findings, sample_report: settings.Settings, plan: world.Plan
) -> None:
    (summary,) = own(published(sample_report, "loss_summary"), plan).to_dict("records")
    whole = summary["loss_fen"]
    files = {name: own(published(sample_report, name), plan) for name in ("losses", "loss_causes", "loss_waterfall")}
    assert whole == summary["known_fen"] + summary["estimated_fen"] == files["losses"]["amount_fen"].sum()
    assert set(files["loss_causes"].groupby("dimension")["loss_fen"].sum()) == {whole}
    sides = ["merchant_fen", "carrier_fen", "buyer_fen", "platform_fen", "unknown_side_fen"]
    assert (files["loss_causes"][sides].sum(axis=1) == files["loss_causes"]["loss_fen"].fillna(0)).all()
    cost = files["loss_waterfall"].query("part == 'cost'").set_index("step")["amount_fen"]
    assert cost["whole_cost"] == whole == cost.drop("whole_cost").sum()
    assert own(found.loss_components, plan)["loss_fen"].sum() == whole
    assert own(published(sample_report, "loss_products"), plan)["loss_fen"].sum() == whole
    assert len(files["losses"]) == summary["entries"]
    lacking = files["losses"][files["losses"]["amount_fen"].isna()]
    assert lacking["order_id"].nunique() == summary["orders_with_unknown"]
    assert (lacking["rule"] == "missing: return_freight_yuan").all(), "the one assumption that the sample leaves out"


def test_the_last_thirty_days_of_the_weeks_are_no_more_than_their_weeks(found: Findings) -> None:
    weeks = found.loss_trend
    inside = weeks[pd.to_datetime(weeks["week_start"]) >= START]
    assert (
        inside.groupby("shop_id")["disputed_orders"].sum() <= found.loss_summary.set_index("shop_id")["disputed_orders"]
    ).all()


def test_the_printed_assumptions_are_those_of_the_settings(found: Findings, sample_report: settings.Settings) -> None:
    told = found.assumptions
    costs = sample_report.costs
    for row in told[told["state"] == "set"].to_dict("records"):
        value = getattr(costs, row["setting"])
        assert row["value"] == (value[row["item"]] if row["item"] else value)
        assert row["reason"] == costs.reasons[row["setting"]] != ""
    assert told.loc[told["state"] == "missing", "setting"].tolist() == ["return_freight_yuan"]
    lacking = found.losses["amount_fen"].isna().sum()
    assert told["unknown_entries"].sum() == lacking > 0
    estimates = found.loss_entries.merge(
        found.loss_orders.loc[pd.to_datetime(found.loss_orders["disputed_on"]) >= START, ["shop_id", "order_id"]]
    ).query("source == 'estimate'")
    rules = [name for name in told["setting"].unique() if name != "penalties_yuan"]
    assert told["entries"].sum() == estimates["rule"].isin(rules).sum()


# Fight or refund, claims, savings


def test_open_cases_are_those_of_the_worklist_that_the_platform_decides(found: Findings) -> None:
    services = {each.name for each in found.ticket_types if each.counts == "no"}
    waiting = found.worklist[~found.worklist["type"].isin(services)]
    requests = set(found.waiting_requests["ticket_id"])
    assert set(found.contest["ticket_id"]) == set(waiting["ticket_id"]) | requests and len(waiting) and len(requests)
    row = found.contest.iloc[0]
    p, stake = row["win_probability"], row["at_stake_yuan"]
    fight = -(1 - p) * (stake + row["extra_loss_yuan"]) - row["fight_cost_yuan"] - row["rate_effect_yuan"]
    assert row["fight_value_yuan"] == pytest.approx(fight, abs=0.06) and row["concede_value_yuan"] == -stake


def test_the_back_test_rests_on_the_settled_cases_that_the_platform_decided(found: Findings) -> None:
    compared, basis = found.contest_backtest
    services = {each.name for each in found.ticket_types if each.counts == "no"}
    settled = found.tickets[found.tickets["state"].isin(["closed_won", "closed_lost"])]
    (row,) = basis.to_dict("records")
    assert row["closed"] == (~settled["type"].isin(services)).sum()
    left = row["closed"] - row["same_order"] - row["no_amount"] - row["no_history"]
    assert left == row["fought"] + row["conceded"] + row["lapsed"]
    assert (compared["difference_fen"] == compared["recommended_fen"] - compared["policy_fen"]).all()


def test_the_couriers_owe_what_was_lost_through_them(found: Findings) -> None:
    key = ["shop_id", "order_id"]
    lost = found.losses.merge(found.loss_orders.query("accountable == 'carrier'")[key]).groupby(key)["amount_fen"].sum()
    claims = found.carrier_claims.set_index(key)["open_fen"]
    assert claims.to_dict() == lost[lost > 0].to_dict() and (lost < 0).any(), "one was won back in full"
    parcels = {plan.shop: set(truth(plan).orders["tracking"]) for plan in world.PLANS}
    assert all(row["tracking_no"] in parcels[row["shop_id"]] for row in found.carrier_claims.to_dict("records"))


def test_appeals_brought_back_what_the_ledger_booked_in_the_window(found: Findings) -> None:
    for plan in world.PLANS:
        booked = bookings(plan)
        won = booked[(booked["kind"] == "won_back") & (booked["at"] >= START)]
        row = found.savings[(found.savings["shop_id"] == plan.shop) & (found.savings["deed"] == "appeals")]
        assert row["amount_fen"].sum() == won["fen"].sum() and row["cases"].sum() == won["order_id"].nunique()
    assert found.savings["amount_fen"].sum() > 0
    (warnings,) = found.savings.query("deed == 'warnings'").to_dict("records")
    assert warnings["status"] == "no_control", "no earlier watch list yet"


def test_tickets_won_are_cases_that_the_platform_decides(found: Findings) -> None:
    services = {each.name for each in found.ticket_types if each.counts == "no"}
    settled = found.tickets.merge(found.states[["shop_id", "ticket_id", "settled_on"]], on=["shop_id", "ticket_id"])
    won = settled[(settled["state"] == "closed_won") & ~settled["type"].isin(services)]
    inside = won[pd.to_datetime(won["settled_on"]).between(START, pd.Timestamp(AS_OF))]
    kept = found.savings[found.savings["deed"] == "tickets"].set_index("shop_id")["cases"]
    assert kept.to_dict() == inside.groupby("shop_id")["order_id"].nunique().to_dict()


# The price of the rate


def test_a_set_price_of_a_restriction_reaches_worklist_and_advice_alike(sample_report: settings.Settings) -> None:
    chosen = replace(sample_report, tickets=replace(sample_report.tickets, restriction_cost_yuan=50_000.0))
    priced = Findings(chosen)
    assert priced.restriction_price["price_by"].tolist() == ["settings"] * 2
    rise = priced.rate_effect_yuan.dropna()
    assert len(rise) and (rise >= 0).all() and (rise / 50_000 <= 1).all()
    bare = Findings(sample_report)
    assert bare.restriction_price["price_by"].tolist() == ["unknown"] * 2, "the sample's one restriction cannot be told"
    assert bare.rate_effect_yuan.isna().all()
    assert bare.restriction_prices["reason"].tolist() == ["spans_zero"]


def test_a_restriction_that_could_be_measured_prices_the_rate(data: Data) -> None:
    day = date(2026, 6, 16)
    days = [date(2026, 6, 30) - timedelta(days=ago) for ago in range(120)]
    made = [(on, n) for on in days for n in range(2 if on == day else 40)]
    rows = [f"{on:%y%m%d}-{at:015d},已发货,80,{on} 10:00:00" for at, (on, _) in enumerate(made)]
    data.orders(rows, header=PLAIN)
    data.put("店/店铺限制登记.csv", f"限制类型,开始时间,结束时间,说明\n资源位限制,{day} 00:00:00,{day} 23:59:59,\n")
    choose(data, "[costs]\ngross_margin_share = 0.25\n[lines]\ncount = 5\n")
    data.build()
    measured = Findings(data.settings)
    (row,) = measured.restriction_price.to_dict("records")
    assert row["price_by"] == "measured" and row["price_yuan"] == pytest.approx(38 * 80 * 0.25)
    assert measured.restriction_yuan.to_dict() == {"店": row["price_yuan"]}


def test_a_restriction_before_the_shown_days_still_has_its_rate(built_sample: Data) -> None:
    found = Findings(built_sample.settings)
    shown = found._rates_since_restricted
    assert shown is found.rates, "a restriction of last week needs no more than what is shown"
    early = Findings(built_sample.settings)
    early.restrictions = found.restrictions.assign(
        started_at=pd.Timestamp("2026-06-01"), ended_at=pd.Timestamp("2026-06-01")
    )
    before, line = early.learned_line
    longer = early._rates_since_restricted
    assert pd.to_datetime(longer["window_end"]).min() <= pd.Timestamp("2026-05-25")
    both = longer.merge(found.rates, on=["shop_id", "window_end"], suffixes=("", "_shown"))
    assert len(both) == len(found.rates) and (both["numerator"] == both["numerator_shown"]).all()
    assert before["rate_before"].notna().all() and line["rests_on"].tolist() == [1]


def test_ledgers_are_listed_with_their_own_totals_and_unknown_bookings_with_their_money(data: Data) -> None:
    header = "商户订单号,发生时间,收入金额（+元）,支出金额（-元）,账务类型,备注,业务描述"
    rows = [
        "260601-000000000000001,2026-06-02 10:00:00,80.00,0.00,交易收入,,0010002|交易收入-订单收入",
        ",2026-06-03 10:00:00,0.00,-12.34,其他,,0990001|没见过的-没见过的",
        ",2026-06-04 10:00:00,0.00,-50.00,提现,,0080001|提现-提现申请",
    ]
    totals = ["#支出合计：2笔，-62.34元", "#收入合计：1笔，80.00元", "#总计：3笔，17.66元"]
    head = ["起始时间：2026-06-01 00:00:00  终止时间：2026-06-30 23:59:59", header]
    data.put("店/pdd-mall-bill-detail(2026-06).csv", "\n".join([*head, *rows, *totals, ""]))
    data.orders(["260601-000000000000001,已收货,杯,,慢,,80,2026-06-02 10:00:00,,,2026-06-01 10:00:00"])
    data.build()
    found = Findings(data.settings, date(2026, 6, 30))
    (file,) = found.ledger_files.to_dict("records")
    assert (file["total_fen"], file["difference_fen"], file["unclassified_fen"]) == (1766, 0, -1234)
    assert file["classified_fen"] + file["unclassified_fen"] + file["excluded_fen"] == file["total_fen"]
    (unknown,) = found.unclassified.to_dict("records")
    assert (unknown["wording"], unknown["amount_fen"], unknown["ledger_rows"]) == (
        "0990001|没见过的-没见过的",
        -1234,
        1,
    )
    assert found.losses.empty and found.loss_summary["loss_fen"].tolist() == [0]
    early = warehouse.ask(data.settings, "unclassified_bookings", as_of=date(2026, 6, 2))
    assert early.empty


def test_a_shop_with_nothing_but_orders_has_every_figure_and_none_of_them_is_made_up(data: Data) -> None:
    days = [date(2026, 6, 1) + timedelta(days=n) for n in range(28)]
    data.orders([f"{day:%y%m%d}-{at:015d},已收货,80,{day} 10:00:00" for at, day in enumerate(days)], header=PLAIN)
    data.build()
    found = Findings(data.settings)
    (summary,) = found.loss_summary.to_dict("records")
    assert (summary["disputed_orders"], summary["loss_fen"], summary["loss_per_1000_fen"]) == (0, 0, 0)
    empty = [
        *("losses", "loss_causes", "loss_components", "loss_waterfall", "loss_products", "loss_oddities"),
        *("carrier_claims", "couriers_to_claim", "contest", "restriction_prices", "ledger_files", "unclassified"),
    ]
    assert [name for name in empty if len(getattr(found, name))] == []
    assert found.contest_backtest[0]["cases"].tolist() == [0, 0, 0]
    assert found.savings["status"].tolist() == ["no_control"] and found.savings["amount_fen"].isna().all()
    assert [len(each) for each in found.learned_line] == [0, 0]
    assert found.restriction_scenario["lost_margin_fen"].isna().all()
    words = texts.load("zh")
    for shown in (
        *(charts.loss_tiles(found.loss_summary, words), charts.loss_trend(found.loss_trend, words)),
        *(charts.loss_waterfall(found.loss_waterfall, words), charts.loss_causes(found.loss_causes, [], words)),
        charts.contest(found.contest, found.restriction_price, found.ticket_types, found.shops, words),
    ):
        assert all(part.bundle() for parts in shown.parts.values() for part in parts)
    assert said(charts.contest_backtest(*found.contest_backtest, words)) == words["contest_backtest.empty"]
