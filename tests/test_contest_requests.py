"""Fight or refund for plain requests: which of them wait, what they are about, and what refusing one does to the rate."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis import rules
from analysis.findings import Findings
from analysis.losses import contest
from tests.conftest import Data, order_id
from tests.test_contest import case, told


@pytest.mark.parametrize(
    ("rule", "counted"),
    [("pdd-2021-03", (1, 1, 0)), ("dispute-refund-rate", (0, 1, 0)), ("requests", (1, 1, 1))],
)
def test_a_request_that_is_refused_goes_to_the_platform(rule: str, counted: tuple[int, int, int]) -> None:
    chosen = SimpleNamespace(event="request", outcomes=()) if rule == "requests" else rules.load(rule)
    found = contest.branches(pd.Series([False, True]), chosen, pd.Series([True, True]))
    assert tuple(found.iloc[0]) == counted
    plain = told(case(1, is_request=False), case(2, is_request=True)).sort_index()
    p, effect = plain["win_probability"].astype("float64").iloc[0], plain["rate_effect_yuan"].tolist()
    assert effect == [pytest.approx(12 * (1 - p)), 12]


def test_a_request_without_a_ticket_is_a_case_too(data: Data) -> None:
    """Of those for the money alone, sent, and waiting for the merchant: 1, 2 (long unanswered), 3 (no order), 4 (answered later)."""
    rows = {
        n: f"{order_id(n)},已收货,杯,,,,80,2026-06-02 10:00:00,,,2026-06-01 10:00:00" for n in range(1, 12) if n != 3
    }
    rows[7] = f"{order_id(7)},未发货,杯,,,,80,,,,2026-06-01 10:00:00"
    data.orders(list(rows.values()))
    wait, gone, came = "买家申请退款，待商家处理", "2026-06-28 08:00:00", "2026-06-30 10:00:00"
    requests = [
        (1, wait, "仅退款", "少件", came, "", ""),
        (2, wait, "仅退款", "不想要了", "2026-06-27 10:00:00", gone, ""),
        (3, wait, "仅退款", "质量问题", "2026-07-01 07:00:00", "", ""),
        (4, "退款成功", "仅退款", "一直未送到", came, "", "2026-07-02 10:00:00"),
        (5, "退款成功", "仅退款", "一直未送到", came, "", "2026-07-01 07:00:00"),
        (6, "退货退款，待商家处理", "退货退款", "质量问题", came, "", ""),
        (7, wait, "仅退款", "质量问题", came, "", ""),
        (8, "驳回退款，待买家处理", "仅退款", "质量问题", came, "", ""),
        (9, "平台处理中", "仅退款", "质量问题", came, "", ""),
        (10, wait, "仅退款", "未收到货", came, "", ""),  # its ticket waits as well
        (11, wait, "仅退款", "未收到货", "2026-07-02 10:00:00", "", ""),
    ]
    data.after_sales(
        [
            f"{22029849804300 + n},{order_id(n)},90.00,{status},{kind},{20 + n}.00,已收货,{until},{at},{reason},{agreed},小张"
            for n, status, kind, reason, at, until, agreed in requests
        ],
        f"{'a' * 32}_20260702120000.xlsx.csv",
        header="售后编号,订单编号,交易金额,售后状态,退款类型,退款金额,订单状态,超时时间,申请时间,售后原因,同意退款时间,同意退款人",
    )
    data.tickets(
        [
            f"500000000000010,{order_id(10)},未收到货,待处理,2026-06-30 12:00:00,2026-07-02 12:00:00,,,,",
            f"500000000000001,{order_id(1)},催发货,待处理,2026-06-30 12:00:00,2026-07-02 12:00:00,,,,",  # a service
        ],
        "工单_20260701083000.csv",
    )
    data.interventions([f"{order_id(4)},2026-06-29 10:00:00,买家,处理中,,"])
    (data.settings.data / "settings.toml").write_text("[costs]\nlabour_yuan = 5\n", encoding="utf-8")
    data.build()
    found = Findings(data.settings, date(2026, 6, 30))
    cases = found.contest.set_index(found.contest["order_id"].str[-2:].astype(int)).sort_index()
    assert cases["ticket_id"].to_dict() == {
        1: "22029849804301", 2: "22029849804302", 3: "22029849804303", 4: "22029849804304", 10: "500000000000010",
    }  # fmt: skip
    assert list(cases["type"]) == ["missing_or_wrong", "other", "quality", "not_received", "not_received"]
    assert list(cases["at_stake_yuan"]) == [21, 22, 23, 24, 30]
    assert cases["fight_cost_yuan"].eq(5).all()
    assert cases.loc[2, "reason"] == "past_deadline" and cases.loc[1, "reason"] == "no_settled_cases"
    assert cases["win_probability"].nunique() == 1, "no proof for any"
    assert found.waiting_requests["missing"].iloc[0] == ("weight_sent", "weight_signed", "weight_out")


def test_every_reason_has_the_type_of_a_ticket() -> None:
    types = {each.name for each in rules.ticket_types()}
    groups = {each.name for each in rules.causes() if each.known_from == "reason_group"}
    given = rules.types_of_reasons()
    assert set(given.values()) <= types and set(given) < groups and "other" in types


def test_a_rule_that_counts_tickets_counts_no_request_before_it_is_one() -> None:
    by_tickets = SimpleNamespace(event="ticket", outcomes=())
    found = contest.branches(pd.Series([False, False]), by_tickets, pd.Series([False, True]))
    assert found.values.tolist() == [[1, 1, 1], [1, 1, 0]]
