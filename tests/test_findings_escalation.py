"""The whole way from exports to the morning's watch list: the model learns, is kept, and what acting did is measured."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis import charts, texts, warehouse
from analysis.escalation.watchlist import WATCH_COLUMNS, is_control
from analysis.findings import Findings
from analysis.settings import Escalation, Settings
from tests.conftest import Data

ORDERS = "订单号,订单状态,用户实付金额(元),承诺发货时间,发货时间,确认收货时间,快递公司,快递单号,省,商品id,订单成交时间"
FIRST, LAST = date(2026, 3, 1), date(2026, 7, 10)
ENDED = datetime(2026, 7, 11)
CHOSEN = Escalation(capacity=5, shop_quota=0, control_share=0.0, loss_yuan=90.0, action_cost_yuan=3.0, label_days=10)
ZH = texts.load("zh")


def number(order: int, day: date) -> str:
    return f"{day:%y%m%d}-{order:015d}"


def world(data: Data, *, is_calm: bool = False) -> None:
    """Four months of a shop that ships one order in four late; of the dear ones among these, most become cases.

    The rule (promise missed) sees all late orders alike. In a calm shop nothing becomes a case.
    """
    draws = np.random.default_rng(20260711)
    orders, cases = [], []
    made = 0
    for back in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=back)
        for hour in range(12):
            made += 1
            dealt = datetime(day.year, day.month, day.day, 8 + hour)
            promised = dealt + timedelta(hours=48)
            is_late, is_dear = draws.random() < 0.25, draws.random() < 0.25
            shipped = promised + timedelta(hours=float(draws.uniform(60, 160)) if is_late else -20.0)
            signed = shipped + timedelta(days=3)
            began = promised + timedelta(hours=float(draws.uniform(40, 100)))
            if is_late and is_dear and not is_calm and draws.random() < 0.8 and began < ENDED:
                cases.append(f"{number(made, day)},{began:%Y-%m-%d %H:%M:%S},买家,支持买家,,")
            ends = [f"{each:%Y-%m-%d %H:%M:%S}" if each < ENDED else "" for each in (shipped, signed)]
            status = "已收货" if ends[1] else "已发货，待收货" if ends[0] else "待发货"
            sent = f"韵达快递,YD{made:013d}" if ends[0] else ","
            orders.append(
                f"{number(made, day)},{status},{400 if is_dear else 40},{promised:%Y-%m-%d %H:%M:%S},{ends[0]},{ends[1]},{sent},"
                f"浙江省,1,{dealt:%Y-%m-%d %H:%M:%S}"
            )
    data.orders(orders, "orders_export2026-07-11.csv", header=ORDERS)
    data.after_sales(
        ["22029849804345,260301-000000000000001,退款成功,仅退款,30,2026-03-03 10:00:00,少件,,"],
        "售后_20260711080000.csv",
    )
    data.interventions(cases)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Data:
    shop = Data(tmp_path_factory.mktemp("escalation"))
    world(shop)
    assert shop.build().refusals == []
    return shop


@pytest.fixture
def chosen(built: Data, tmp_path: Any) -> Settings:
    """The shop's settings, with reports of its own."""
    return replace(built.settings, escalation=CHOSEN, reports=tmp_path / "reports")


@pytest.fixture(scope="module")
def found(built: Data) -> Findings:
    return Findings(replace(built.settings, escalation=CHOSEN))


def test_the_model_finds_what_the_rule_cannot_tell_apart(found: Findings) -> None:
    assert found.as_of == LAST
    assert found.landmarks[-1] == LAST - timedelta(days=10) and found.landmarks[0] >= FIRST + timedelta(days=14)
    assert {(later - earlier).days for earlier, later in zip(found.landmarks, found.landmarks[1:], strict=False)} == {3}
    assert found.kept.notice == "" and found.kept.problem == ""
    assert found.trained.verdict.code == "better_than_rule", found.trained.verdict
    missed = found.open_orders["promise_missed"]
    assert missed.sum() > 10, "the rule alone gives more orders than the team can call"
    acted = found.watchlist[found.watchlist["act"]]
    assert 0 < len(acted) <= 5
    told = acted.merge(found.open_orders, on=["shop_id", "order_id"])
    assert (told["paid_fen"] == 40_000).all(), "the late ones among these first, then those that may become late"
    assert told["ship_late_hours"].is_monotonic_decreasing and told["ship_late_hours"].max() > 24
    assert (found.open_orders.loc[missed, "paid_fen"] == 4_000).mean() > 0.5, "to the rule they are all alike"
    assert list(found.watchlist.columns) == [*WATCH_COLUMNS, "why"]
    first = found.watchlist.iloc[0]
    assert "还没有发货" in first["why"] and "订单金额 ¥400.00" in first["why"]
    assert first["expected_gain_yuan"] == pytest.approx(first["probability"] * 90 * 0.3 - 3, abs=0.006)


def test_the_probabilities_are_of_the_right_size(found: Findings) -> None:
    measures = found.model_measures.set_index("measure")["value"]
    assert 0.6 < measures["predicted_over_actual"] < 1.6
    matured = pd.to_datetime(found.escalations["began_on"]) <= pd.Timestamp(found.landmarks[-1]) + timedelta(days=10)
    assert 0 < int(str(found.model_card["positive_orders"])) <= found.escalations.loc[matured, "order_id"].nunique()


def test_orders_that_score_high_are_asked_for_proof_before_any_request(found: Findings) -> None:
    shop, order = found.high_scores[0].split("\n")
    assert {each.split("\n")[1] for each in found.high_scores} == set(
        found.watchlist.loc[found.watchlist["act"], "order_id"]
    )
    assert shop == "店" and order in set(found.watchlist["order_id"])
    asked = {"as_of": LAST, "late_days": 7, "unseen_days": 14}
    sent = set(found.open_orders.loc[found.open_orders["is_shipped"] == 1, "order_id"])
    chosen = [f"店\n{each}" for each in sorted(sent)[-3:]]
    before = warehouse.ask(found.settings, "orders_at_risk", **asked, high_scores=[])
    after = warehouse.ask(
        found.settings, "orders_at_risk", **asked, high_scores=[*chosen, f"别店\n{sorted(sent)[0]}", *found.high_scores]
    )
    assert not before["why"].str.contains("high_score").any()
    told = after.set_index("order_id")["why"]
    assert set(told[told.str.contains("high_score")].index) == {each.split("\n")[1] for each in chosen} | (
        {each.split("\n")[1] for each in found.high_scores} & sent
    ), "what is not sent has no proof yet"
    assert dict(told[before["order_id"]].str.replace(",high_score", "")) == dict(before.set_index("order_id")["why"])


def test_a_second_run_reuses_the_model_and_lists_the_same(found: Findings) -> None:
    listed = charts.numbers(found.watchlist, "watchlist").csv()
    again = Findings(found.settings)
    assert not again.kept.is_new and again.kept.trained is not None
    assert charts.numbers(again.watchlist, "watchlist").csv() == listed


def test_a_report_of_an_earlier_day_knows_nothing_later_and_leaves_the_newest_model_alone(found: Findings) -> None:
    _ = found.kept
    models = found.settings.models
    card = (models / "escalation.json").read_bytes()
    earlier = Findings(found.settings, date(2026, 6, 20))
    trained = earlier.kept.trained
    assert trained is not None and trained.as_of == date(2026, 6, 20)
    assert pd.to_datetime(earlier.escalations["began_on"]).max() <= pd.Timestamp(2026, 6, 20)
    assert (models / "escalation.json").read_bytes() == card and (models / "past" / "escalation.json").exists()
    assert not Findings(found.settings).kept.is_new


def test_other_choices_train_anew(found: Findings) -> None:
    _ = found.kept
    other = Findings(replace(found.settings, data=found.settings.data, escalation=replace(CHOSEN, label_days=9)))
    assert other.kept.is_new and other.trained.label_days == 9
    assert Findings(found.settings).kept.is_new, "and back"


def test_a_training_that_fails_is_said_and_the_rule_goes_on(data: Data) -> None:
    world(data)
    data.build()
    data.settings.models.write_text("a file where the folder should be", encoding="utf-8")
    found = Findings(replace(data.settings, escalation=CHOSEN))
    assert found.kept.notice == "nothing_kept" and found.kept.problem
    assert found.kept.problem.split(":")[0] in charts.training_notice(found.kept, ZH)
    assert found.trained.kind == "none" and found.watchlist["probability"].isna().all()
    assert found.watchlist["act"].sum() == 5
    assert set(found.watchlist["nearest_rule"]) == {"promise_missed"}
    assert found.watchlist["why"].str.contains("已超").all()
    assert found.drift.empty and found.model_features.empty and found.model_measures.empty
    assert found.high_scores == []


def test_a_shop_without_cases_has_the_rule_and_the_reason(data: Data) -> None:
    world(data, is_calm=True)
    data.build()
    found = Findings(replace(data.settings, escalation=CHOSEN))
    assert found.trained.verdict.code == "too_few"
    assert charts.verdict(found.trained.verdict, ZH).startswith("有结果的介入只有 0 单")
    assert found.watchlist["probability"].isna().all() and found.watchlist["act"].any()


def publish(settings: Settings, day: date, frame: pd.DataFrame) -> None:
    folder = settings.reports / day.isoformat() / "numbers"
    folder.mkdir(parents=True)
    text = charts.numbers(frame, "watchlist").csv()
    (folder / "watchlist.csv").write_text("\ufeff" + text, encoding="utf-8", newline="\n")


def test_what_acting_did_is_read_from_the_earlier_reports(built: Data, chosen: Settings, found: Findings) -> None:
    assert Findings(chosen).feedback["state"].tolist() == ["no_lists"]
    settings = replace(chosen, escalation=replace(CHOSEN, control_share=0.5, capacity=40))
    for day in (date(2026, 6, 20), date(2026, 6, 24), LAST):
        publish(settings, day, Findings(settings, day).watchlist)
    files = [settings.reports / day / "numbers" / "watchlist.csv" for day in ("2026-06-20", "2026-06-24")]
    rows = [row for file in files for row in csv.DictReader(file.open(encoding="utf-8-sig"))]
    first = {row["order_id"]: row for row in reversed(rows) if "True" in (row["act"], row["control"])}
    drawn = {order: row["control"] == "True" for order, row in first.items()}
    assert drawn == dict(
        zip(drawn, is_control(pd.DataFrame({"shop_id": "店", "order_id": list(drawn)}), 0.5), strict=True)
    )
    began = dict(built.ask("select order_id, began_on from marts.interventions"))
    became = {
        order
        for order, row in first.items()
        if order in began and 1 <= (began[order] - date.fromisoformat(row["scored_on"])).days <= 10
    }
    row = Findings(settings).feedback.iloc[0]
    assert row["state"] == "no_outcomes"
    assert (row["listed"], row["control"]) == (list(drawn.values()).count(False), list(drawn.values()).count(True))
    assert row["escalated"] == sum(not drawn[order] for order in became) > 0
    assert row["control_escalated"] == sum(drawn[order] for order in became) > 0
    files[1].write_bytes(b"")
    spoilt = Findings(settings)
    assert spoilt.unread_lists == ["2026-06-24"] and spoilt.feedback.iloc[0]["listed"] < row["listed"]
