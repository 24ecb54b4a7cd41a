"""Definitions side by side and in words, and which of them reproduces the platform's figures."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from analysis import charts, rules, texts
from tests import rate_frames as made_up
from tests.report_frames import HOSTILE, SHOPS, rates
from tests.shown import figure, named, note, said

KNOWN, FEW = SHOPS
ZH, EN = texts.load("zh"), texts.load("en")


def test_only_rules_of_one_metric_share_a_chart() -> None:
    shown = charts.definitions(made_up.rates_of_rules(), made_up.rules(), EN).parts[KNOWN]
    drawn = [part for part in shown if isinstance(part, charts.Chart)]
    assert [part.title for part in drawn] == [EN["metric.intervention_rate"], EN["metric.quality_refund_rate"]]
    traces = sorted(figure(drawn[0])["data"], key=lambda trace: int(trace["legendrank"]))
    assert [trace["name"] for trace in traces] == [
        "Near-30-day intervention rate (2021)",
        "over orders paid",
        "over orders dealt less tho… before shipping",
        "withdrawn ones counted",
    ]
    assert figure(drawn[0])["data"][-1] == traces[0], "the leading rule is drawn over the others"
    assert "the 4 definitions range from 2.19% to 2.51%" in drawn[0].note
    looks = {trace["line"]["color"] for trace in traces}
    assert len(looks) == 4


def test_many_definitions_are_one_leading_line_in_a_grey_field() -> None:
    many = [replace(made_up.rules()[0], name=f"variant-{at}", title_en=f"Base: variant {at}") for at in range(9)]
    base = rates()
    frame = pd.concat([base.assign(rule=rule.name) for rule in many])
    chart, table = charts.definitions(frame, many, EN).parts[KNOWN]
    traces = figure(chart)["data"]
    shown = [trace["name"] for trace in traces if trace["showlegend"]]
    assert sorted(shown) == sorted(["variant 0", EN["definitions.others"].format(rules=8)])
    assert len({trace["line"]["color"] for trace in traces}) == 2 and traces[-1]["name"] == "variant 0"
    assert all(rule.name in said(table) for rule in many)


def test_the_title_of_a_users_own_rule_is_no_markup() -> None:
    own = replace(made_up.rules()[0], title_zh="<b>自己的</b>", source_zh=HOSTILE)
    chart, table = charts.definitions(rates(), [own], ZH).parts[KNOWN]
    spec = figure(chart)["data"][0]
    assert spec["name"] == "&lt;b&gt;自己的&lt;/b&gt;" and "<b>" not in spec["text"][-1]
    assert HOSTILE in said(table)


def test_every_rule_of_the_table_has_counts_source_and_confidence() -> None:
    text = said(charts.definitions(made_up.rates_of_rules(), made_up.rules(), EN).parts[KNOWN][-1])
    assert "Near-30-day intervention rate (2021) (pdd-2021-03) 20 / 913 2.19% B seller article, 2021-03-26" in text
    assert all(rule.name in text for rule in made_up.rules())


def test_footnotes_say_what_the_rules_fields_say() -> None:
    quality = made_up.rules()[-1]
    text = said(charts.footnotes(quality, ZH))
    for part in (
        "售后申请的订单 ÷ 窗口内的成交订单减去未发货取消的",
        "按判定那天",
        "只计结果为支持买家的",
        "质量问题、发错货",
        "早 1 天",
    ):
        assert part in text
    assert "由平台主动" not in text and "判定前" not in text and "2021-03-26 至 2026-12-31 使用" in text
    base = said(charts.footnotes(made_up.rules()[0], ZH))
    assert "由平台主动发起的不计" in base and "判定前买家撤销的不计" in base and "只计结果" not in base


@pytest.mark.parametrize("name", rules.names())
def test_every_rule_of_ours_has_words_for_each_of_its_fields(name: str) -> None:
    rule = rules.load(name)
    text = said(charts.footnotes(rule, EN))
    assert not re.search(r"\b[a-z]+_[a-z_]+\b", text), "a code that has no word"
    assert "{" not in text


def reconciled(**given: Any) -> list[charts.Chart | charts.Fragment]:
    frames = {"reconciliation": made_up.reconciliation(), "fits": made_up.fits(), "gaps": made_up.gaps()} | given
    shown = charts.reconciliation(
        **frames, figures=made_up.figures(), rules=made_up.rules()[:4], words=ZH, shops=list(SHOPS)
    )
    assert said(shown.parts[FEW][0]) == ZH["reconciliation.no_figures"]
    return shown.parts[KNOWN]


def test_days_are_compared_newest_first_and_what_is_missing_is_a_dash() -> None:
    chart, days, *_ = reconciled()
    text = said(days)
    assert "2026-11-22 20 · 2.17% – · – – – 921 –" in text
    assert "2026-11-17 22 · 2.40% 23 · 2.51% −1 ▲ 之外 916 915–918" in text
    assert text.index("2026-11-21 ") < text.index("2026-11-12 ")
    assert "2026-11-14 有更早的一份：19 单、2.08%，以新的为准。" in text
    assert note(chart).startswith("10 天里 8 天相等")
    assert named(chart)[ZH["reconciliation.differs"]]["x"] == ["2026-11-15", "2026-11-17"]
    assert named(chart)[ZH["reconciliation.platform_count"]]["y"][-1] is None


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        ("fits", "“近30天平台介入率（2021 版）”最吻合：10 天里 8 天"),
        ("tied", "“近30天平台介入率（2021 版）”、“分母为支付订单”一样吻合"),
        ("not_enough_days", "只有 10 天可比，还分不出"),
        ("none_fits", "4 种口径没有一种对得上"),
    ],
)
def test_the_verdict_is_a_sentence(verdict: str, text: str) -> None:
    ranked = said(reconciled(fits=made_up.fits(verdict))[2])
    assert text in ranked and "“分母为支付订单”从 2026-11-17 起不再吻合" in ranked
    assert ("1 = 分母为支付订单" in ranked) == (verdict == "tied")


def test_orders_that_may_explain_a_gap_are_listed_with_the_reason() -> None:
    text = said(reconciled()[3])
    assert "261117-100000000000007 2026-11-17 2026-11-17 计入 分母为支付订单" in text
    assert "判定前买家撤销 含判定前撤销、分母为支付订单" in text
    assert len(reconciled(gaps=made_up.gaps().iloc[:0])) == 3
