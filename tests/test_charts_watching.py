"""The watch list, the model's card and whether acting helped: the words of each row, and what stands apart."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis import charts, escalation, texts
from analysis.escalation.feedback import STATES
from analysis.escalation.keeping import REASONS, Kept
from analysis.escalation.watchlist import RULES
from tests import watch_frames as made_up
from tests.report_frames import HOSTILE, SHOPS
from tests.shown import Reading, figure, named, said
from tests.test_charts_tickets import rows, toned

WORDS: dict[str, Any] = {language: texts.load(language) for language in ("zh", "en")}
ZH, EN = WORDS["zh"], WORDS["en"]


def listed(frame: pd.DataFrame, words: Any = ZH, shop: str = SHOPS[0], **given: str) -> Any:
    (part,) = charts.watchlist(frame, made_up.CHOICES, SHOPS, words, **given).parts[shop]
    return part


def test_each_order_says_why_what_to_do_what_it_saves_and_until_when() -> None:
    part = listed(made_up.watched(), verdict="模型好。", feedback="有用。")
    first, control, ticket, wait, hostile = rows(part)
    assert first == [
        made_up.ORDERS[0],
        f"已超承诺发货 26 小时；{HOSTILE}的订单有 6.3% 介入过；不过没有过工单",
        *("联系买家或先处理", "63%", "10.22", "2026-11-24 12:30", "承诺已过"),
    ]
    assert control[1:3] == ["售后申请已等了 31 小时", "对照，不要动"]
    assert (ticket[2], ticket[5]) == ("已在工单清单", "–")
    assert wait[2:5] == ["不值得处理", "<1%", "−4.90"]
    assert hostile[0] == HOSTILE and hostile[1] == HOSTILE
    assert toned(part, "quiet") == ["对照，不要动", "已在工单清单", "不值得处理"]
    text = said(part)
    assert text.startswith("模型好。") and "有用。" in text
    assert "要处理 2 单。留作对照 1 单：请不要动" in text and "1 单已有工单" in text
    assert "一单损失约 ¥80 × 处理后能避免的比例 30% − 处理一单 ¥5.00" in text
    assert rows(listed(made_up.watched(), EN))[0][1] == (
        f"26 h past the promised shipping; of orders with {HOSTILE} 6.3% became cases; but no earlier ticket"
    )


def test_a_list_that_the_rule_made_has_no_chances() -> None:
    part = listed(made_up.unranked())
    assert rows(part)[1] == [
        *(made_up.ORDERS[1], "已超该送达的时间 1.3 天", "联系买家或先处理", "2026-11-24 12:30", "承诺已过")
    ]
    assert "预计能省" not in said(part) and ZH["watch.chance"] not in said(part)


def test_a_shop_without_any_has_the_verdict_and_a_sentence_and_nothing_worth_it_is_said() -> None:
    part = listed(made_up.unranked(), shop=SHOPS[1], verdict="模型好。")
    assert said(part) == f"模型好。 {ZH['watch.empty']}"
    waits = made_up.watched(made_up.order(0, act=False, expected_gain_yuan=-4.0))
    assert ZH["watch.none_worth"] in said(listed(waits))


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("name", escalation.FEATURES)
def test_every_feature_has_words_with_and_without_a_value(name: str, words: Any) -> None:
    row = made_up.order(
        0, ship_late_hours=0.0, reason_1=name, courier="迅捷", province="云南省", reason_group="quality"
    )
    none = charts.watch_reasons(row | {"reason_1": None, "counter_reason": name}, words)
    assert not {"{", "}"} & set(none)
    many = charts.watch_reasons(row | {name: 0.12 if name.endswith("_rate") else 12.345}, words)
    assert none and many and none != many
    assert "12" in many or name in ("is_shipped", "has_open_request", "paid_yuan_log"), "a number or a plain yes"
    unknown = row | {"reason_1": None, "counter_reason": name, name: float("nan")}
    assert charts.watch_reasons(unknown, words) == none


def test_what_would_read_as_nonsense_is_not_said() -> None:
    """The model may hold that waiting makes a case less likely, as older orders do; a reader would not believe it."""
    row = made_up.order(0, reason_2="has_open_request", counter_reason="waiting_days", waiting_days=4.4)
    assert charts.watch_reasons(row, ZH) == "已超承诺发货 26 小时"
    assert charts.watch_reasons(row | {"has_open_request": 1.0, "waiting_days": 0.0}, ZH) == (
        "已超承诺发货 26 小时；有未结的售后申请；不过刚有进展"
    )


def test_the_loss_of_a_case_is_said_as_it_is_however_small_the_chances() -> None:
    rare = made_up.watched(
        made_up.order(0, probability=0.0001, expected_loss_yuan=0.01, expected_gain_yuan=-5.0, act=False)
    )
    assert "一单损失约 ¥80 ×" in said(listed(rare))
    never = made_up.watched(
        made_up.order(0, probability=0.0, expected_loss_yuan=0.0, expected_gain_yuan=-5.0, act=False)
    )
    assert "一单损失约 ¥80 ×" in said(listed(never))


@pytest.mark.parametrize("name", ["courier_rate", "province_rate"])
def test_a_rate_of_nobody_known_is_that_of_the_shop(name: str) -> None:
    row = made_up.order(0, reason_1=name) | {name: 0.048}
    assert charts.watch_reasons(row, ZH).startswith("这家店的") and "4.8%" in charts.watch_reasons(row, ZH)
    assert charts.watch_reasons(row, EN).startswith("of this shop's ")
    known = row | {"courier": "迅捷", "province": "云南省", "reason_group": "quality"}
    assert "这家店" not in charts.watch_reasons(known, ZH)


def test_the_rate_of_a_reason_is_not_said_of_an_order_without_a_request() -> None:
    row = made_up.order(0, counter_reason="reason_rate", reason_rate=0.025)
    assert charts.watch_reasons(row, ZH) == "已超承诺发货 26 小时"
    assert "2.5%" in charts.watch_reasons(row | {"reason_group": "quality"}, ZH)


def test_a_feature_that_never_differed_was_learnt_in_no_direction() -> None:
    frame = made_up.features().assign(weight=[0.02, -0.3, 0.0]).assign(expected="up")
    assert [row[2] for row in rows(charts.model_features(frame, ZH))] == ["↑ 更容易介入", "↓ 更不容易", "–"]


def test_every_code_of_the_model_has_words_in_both_languages() -> None:
    for words in WORDS.values():
        for section, codes in (
            ("verdict", escalation.CODES),
            ("watch_rule", RULES),
            ("feature", (*escalation.FEATURES, "probability", "predicted_over_actual")),
            ("model_kind", escalation.KINDS),
            ("ranking", ("model", *escalation.BASELINES)),
            ("direction", {"up", "down", "either"}),
        ):
            assert {key.split(".")[1] for key in words if key.startswith(f"{section}.")} == set(codes), section
        assert set(STATES) - {key.split(".")[1] for key in words if key.startswith("feedback.")} == set()


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("code", escalation.CODES)
def test_the_verdict_is_a_sentence_with_its_numbers(code: str, words: Any) -> None:
    text = charts.verdict(made_up.verdict(code), words)
    assert "{" not in text and "–" not in text.replace(" – ", "")
    bare = charts.verdict(made_up.verdict(code).__class__(code=code, numbers={}), words)
    assert "{" not in bare, "a number that is not there is a dash"


def test_the_verdict_says_the_numbers_as_a_reader_reads_them() -> None:
    text = charts.verdict(made_up.verdict(), ZH)
    assert "每天挑 20 单" in text and "20.41%" in text and "10.00%" in text
    assert "技巧 −0.028" in charts.verdict(made_up.verdict("no_skill", brier_skill=-0.0278), ZH)
    assert "只有 6 单" in charts.verdict(made_up.verdict("too_few", cases=6.0), ZH)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"state": "no_lists"}, "要等名单上的订单有了结果"),
        ({"state": "no_outcomes"}, "没有登记处理了哪些订单"),
        (
            {"state": "not_enough", "control": 7, "escalated": 2, "control_escalated": 1},
            "对照 7 单（至少要 30 单），两组共介入 3 单",
        ),
        ({}, "大约能避免 74% 的介入"),
        ({"difference_low": -0.02}, "区间里有 0"),
        ({"difference_low": -0.2, "difference_high": -0.01}, "反而介入得多"),
    ],
)
def test_whether_acting_helps_is_said_in_a_sentence(given: dict[str, Any], wanted: str) -> None:
    frame = made_up.feedback(**given)
    assert wanted in charts.feedback_text(frame, ZH)
    assert wanted in said(charts.feedback_table(frame, ZH))
    assert "{" not in charts.feedback_text(frame, EN)
    spoilt = charts.feedback_text(frame, ZH, ["2026-06-20", "2026-06-24"])
    assert spoilt.startswith(charts.feedback_text(frame, ZH)) and "2026-06-20；2026-06-24" in spoilt


def test_the_effect_stands_with_its_counts_and_interval() -> None:
    text = charts.feedback_text(made_up.feedback(), ZH)
    assert "900 单里介入 108 单（12.00%）" in text and "60 单里介入 15 单（25.00%）" in text
    assert "+13.00 个百分点（95% 区间 +3.40 到 +25.39）" in text and "处理了 70%" in text
    assert rows(charts.feedback_table(made_up.feedback(), ZH)) == [
        ["名单上要处理的", "900", "630", "108", "12.00%"],
        ["留作对照的", "60", "1", "15", "25.00%"],
    ]


def test_the_card_says_from_what_the_model_learnt_and_what_went_wrong() -> None:
    part = charts.model_card(made_up.card(), ZH, verdict="好。")
    cells = dict(rows(part))
    assert cells["什么算“会介入”"] == "观察日之后 18 天内平台介入；平台主动发起的不算"
    assert (cells["其中后来介入的订单"], cells["最晚的观察日"]) == ("231", "2026-11-01")
    assert cells["更复杂的模型（提升树）"] == "没有试：介入过的订单 231 单，到 400 单才够它学"
    tried = {"state": "not_better", "gain": 0.004, "gain_low": -0.012, "gain_high": 0.02}
    assert "+0.40 个百分点，95% 区间 −1.20 … +2.00" in said(
        charts.model_card(made_up.card() | {"challenger": tried}, ZH)
    )
    assert "not tried" in said(charts.model_card(made_up.card() | {"challenger": {}}, EN))
    failed = charts.training_notice(made_up.kept("training_failed", f"ValueError: {HOSTILE}"), ZH)
    assert "2026-11-19" in failed and HOSTILE in failed
    assert HOSTILE in said(charts.model_card(made_up.card(), ZH, verdict=failed))
    assert "还没有可用的模型" in charts.training_notice(made_up.kept("nothing_kept", "x"), ZH)
    assert Kept(None, False).notice == "", "nothing is said where nothing went wrong"


def test_a_training_that_failed_is_said_before_the_verdict_and_never_as_too_short_a_history() -> None:
    today = made_up.verdict()
    assert charts.standing(today, made_up.kept(), ZH) == charts.verdict(today, ZH)
    old = charts.standing(today, made_up.kept("training_failed", "OSError: full"), EN)
    assert old.startswith("The model could not be trained anew (OSError: full)") and old.endswith(
        charts.verdict(today, EN)
    )
    none = charts.standing(made_up.verdict("no_history"), made_up.kept("nothing_kept", "OSError: full", "altered"), ZH)
    assert "OSError: full" in none and none.endswith("原来的模型也不能用：模型文件被改动过，或不见了。")
    assert "历史太短" not in none


def test_what_looks_known_too_late_what_was_left_out_and_why_the_old_model_was_not_used_stand_below_the_card() -> None:
    assert charts.model_notices(made_up.trained(), ZH) == []
    found = made_up.trained()
    found.replaced, found.alarms = "other_context", {"auc": 0.951, "courier_rate": 0.127}
    found.dropped = ("province_rate", "paid_yuan_log")
    card = said(charts.model_card(made_up.card(), ZH, notices=charts.model_notices(found, ZH)))
    for told in (
        "设置改过了；2026-11-19 重新学过",
        "AUC 有 0.95",
        "少了“快递公司以前的介入率”，AUC 就掉 0.13",
        "没用上的：省份以前的介入率、订单金额",
    ):
        assert told in card
    assert len(charts.model_notices(found, EN)) == 4 and not any(
        "{" in each for each in charts.model_notices(found, EN)
    )
    assert {key.split(".")[1] for key in ZH if key.startswith("refused.")} == set(REASONS) - {"missing"}


def test_a_feature_that_was_learnt_the_other_way_round_is_marked() -> None:
    part = charts.model_features(made_up.features(), ZH)
    assert rows(part)[0] == ["超过承诺发货多久", "↑ 更容易介入", "↑ 更容易介入", "×1.92"]
    assert toned(part, "warn") == ["↓ 更不容易"]


def test_what_was_tested_stands_with_intervals_and_ceilings() -> None:
    found = made_up.evaluation()
    model, *_, rule = rows(charts.baselines(found["baselines"], 20, ZH))
    assert model == ["模型", "20.00%", "10.00%–30.00%", "60.00%", "31.00%"] and rule[0] == "两行规则"
    measures = rows(charts.model_measures(found["overall"], ZH))
    assert measures[1] == ["名单的命中率", "20.41%", "16.00%–25.00%", "90.00%"]
    assert measures[3][1:] == ["0.084", "0.050 … 0.110", "–"] and measures[6][2] == "–"
    assert rows(charts.folds(found["folds"], ZH)) == [
        ["2026-09-01 – 2026-10-02", "2026-08-01", "120", "31", "20.00%", "10.00%", "0.080", "0.90"]
    ]


def test_the_charts_draw_the_frames() -> None:
    found = made_up.evaluation()
    points = named(charts.reliability(found["reliability"], ZH))[ZH["reliability.actual"]]
    assert points["x"] == [0.01, 0.11] and points["y"] == [0.008, 0.125]
    assert points["error_y"]["array"] == pytest.approx([0.007, 0.035])
    assert points["error_y"]["arrayminus"] == pytest.approx([0.006, 0.035])
    gains = charts.gain(found["gain"], 20, ZH)
    assert named(gains)["模型"]["y"] == pytest.approx([0.006, 0.12, 1.0, 1.0])
    assert figure(gains)["layout"]["shapes"][0]["x0"] == 20
    assert figure(gains)["layout"]["xaxis"]["tickvals"] == [1, 20, 500], "ticks that would touch are left out"
    lines = named(charts.months(found["by_month"], ZH))
    assert lines["两行规则"]["y"] == [0.11, 0.11] and lines["模型"]["x"] == ["2026-09", "2026-10"]


def test_what_drifted_stands_first_with_its_limit() -> None:
    part = charts.drift(made_up.drift(), ZH)
    first, *others = rows(part)
    assert first == ["快递公司以前的介入率：分布（PSI）", "0.31", "不超过 0.05", "变了"]
    assert others[1][2] == "–" and others[3][1:3] == ["0.95", "0.70 … 1.30"]
    assert "有 1 项" in said(part)
    calm = charts.drift(made_up.drift().assign(is_alarm=False), ZH)
    assert said(calm).startswith(ZH["drift.none"])


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_nothing_to_show_is_a_sentence(words: Any) -> None:
    nothing = pd.DataFrame()
    features, measures = made_up.features().iloc[:0], made_up.evaluation()["overall"].iloc[:0]
    shown = [
        (charts.reliability(nothing, words), "reliability"),
        (charts.gain(nothing, 20, words), "gain"),
        (charts.months(nothing, words), "months"),
        (charts.baselines(nothing, 20, words), "rankings"),
        (charts.folds(nothing, words), "folds"),
        (charts.model_features(features, words), "features"),
        (charts.model_measures(measures, words), "measures"),
        (charts.drift(made_up.drift().iloc[:0], words), "drift"),
    ]
    assert [said(part) for part, _ in shown] == [words[f"{section}.empty"] for _, section in shown]


def test_text_from_exports_is_never_markup_and_frames_are_left_as_they_were() -> None:
    frames = [
        made_up.watched(),
        made_up.feedback(),
        made_up.drift(),
        made_up.features(),
        *made_up.evaluation().values(),
    ]
    kept = [frame.copy(deep=True) for frame in frames]
    watched, feedback, drift, features, overall, baselines, folds, reliability, gain, months = frames
    for words in WORDS.values():
        part = listed(watched, words)
        assert {"img", "script"} & set(Reading(part.html).tags) == set() and HOSTILE in Reading(part.html).text
        charts.feedback_table(feedback, words), charts.drift(drift, words), charts.model_features(features, words)
        charts.model_measures(overall, words), charts.baselines(baselines, 20, words), charts.folds(folds, words)
        charts.reliability(reliability, words), charts.gain(gain, 20, words), charts.months(months, words)
    for frame, before in zip(frames, kept, strict=True):
        pd.testing.assert_frame_equal(frame, before)
