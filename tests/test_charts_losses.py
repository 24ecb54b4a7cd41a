"""What disputes cost as a reader sees it: exact amounts, never a share without its ground, what is not known said as such."""

from __future__ import annotations

import re
from dataclasses import fields
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import charts, losses, rules, texts
from analysis.charts.money import between, money, of_yuan, yuan, yuan_axis
from analysis.losses import contest, contest_backtest, restriction
from analysis.losses.assumptions import SETTINGS
from analysis.losses.waterfall import LAST, STEPS, SWALLOWED
from analysis.rules.causes import ACCOUNTABLE
from analysis.settings import PACKAGE, Costs
from tests import loss_frames as made_up
from tests.loss_frames import BUSY, QUIET
from tests.report_frames import AS_OF, HOSTILE, SHOPS
from tests.shown import figure, named, note, said
from tests.test_charts_tickets import rows, toned

WORDS: dict[str, Any] = {language: texts.load(language) for language in ("zh", "en")}
ZH, EN = WORDS["zh"], WORDS["en"]
TYPES = rules.ticket_types()


def summary() -> pd.DataFrame:
    return losses.summary(*made_up.world(), made_up.shop_days(), AS_OF)


# Money


@given(st.integers(-(10**18), 10**18))
def test_an_amount_is_exact_to_the_fen_however_large(fen: int) -> None:
    plain = yuan(fen).replace(",", "").replace("−", "-")
    assert Decimal(plain) * 100 == fen
    assert all(len(part) == 3 for part in yuan(fen).lstrip("−").partition(".")[0].split(",")[1:])
    assert money(fen).replace("¥", "") == yuan(fen)


def test_money_is_written_as_a_reader_expects_it() -> None:
    assert [money(each) for each in (0, 5, -1349, 392147, None, pd.NA)] == [
        "¥0.00",
        "¥0.05",
        "−¥13.49",
        "¥3,921.47",
        "–",
        "–",
    ]
    assert [money(each, 0) for each in (49, 50, -50, 149_999_950)] == ["¥0", "¥1", "−¥1", "¥1,500,000"]
    assert (of_yuan(8.01), of_yuan(-12.34), of_yuan(None), of_yuan(50_000.0, 0)) == ("¥8.01", "−¥12.34", "–", "¥50,000")
    assert (between(-5831, 13817, 0), between(None, 5)) == ("−¥58 … ¥138", "–")


@given(st.floats(-1e8, 1e8), st.floats(-1e8, 1e8))
def test_an_axis_of_money_holds_nothing_and_both_ends_with_few_round_ticks(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    axis = yuan_axis(low, high, ZH)
    assert axis["range"][0] <= min(low, 0) and axis["range"][1] >= max(high, 0)
    assert 1 <= len(axis["tickvals"]) <= 7 and 0 in axis["tickvals"]
    assert len(set(axis["ticktext"])) == len(axis["ticktext"]) == len(axis["tickvals"])


def test_large_ticks_have_the_large_unit_of_the_language() -> None:
    assert yuan_axis(0, 31_000, ZH)["ticktext"] == ["¥0", "¥1万", "¥2万", "¥3万"]
    assert yuan_axis(0, 16_000, ZH)["ticktext"] == ["¥0", "¥5,000", "¥1万", "¥1.5万"]
    assert yuan_axis(-1_200, 1_500, EN)["ticktext"] == ["−¥1k", "¥0", "¥1k"]


# The sum


def test_the_tiles_say_the_sum_what_it_is_per_order_and_how_much_is_certain() -> None:
    (tiles,) = charts.loss_tiles(summary(), ZH).parts[BUSY]
    text = said(tiles)
    for expected in (
        "纠纷损失（近30天） ¥2,661.22 3 单纠纷",
        "2026-10-24 至 2026-11-22，共 30 天",
        "每千单成交损失 ¥7,392.28 同期成交 360 单 摊到每一单成交是 ¥7.39。",
        "已知 64% ¥2,593.32 估算 18% ¥67.90 不知道 18%",
        "按 11 笔费用的笔数算",
        "有 1 单还有一部分不知道金额，没有算进去，也没有当成 0",
    ):
        assert expected in text, expected
    assert "还没有判定" not in text, "the undecided one began before the window"
    (unknown,) = charts.loss_tiles(summary(), EN).parts[QUIET]
    assert "Cost of disputes (30 days) –" in said(unknown), "no amount is known: no sum, and no 0"
    bare = made_up.shop_days().assign(on_date=AS_OF)
    (uncovered,) = charts.loss_tiles(losses.summary(*made_up.world(), bare, AS_OF), ZH).parts[BUSY]
    assert ZH["loss_tiles.no_orders"] in said(uncovered)


def test_several_shops_are_compared_the_dearest_first_and_one_is_not() -> None:
    both = charts.loss_overview(summary(), ZH)
    assert isinstance(both, charts.Fragment)
    assert rows(both)[0] == [BUSY, "2,661.22", "7,392.28", "3 / 360", "64%", "18%", "18%"]
    assert rows(both)[1][1:] == ["–", "–", "1 / 360", "0%", "0%", "100%"]
    links = re.findall(r'href="(#shop-\d)"', both.html)
    assert [sorted(SHOPS)[int(link[-1]) - 1] for link in links] == [BUSY, QUIET]
    known = summary().assign(loss_per_1000_fen=pd.array([900, 800], dtype="Int64"))
    for frame in (known, known.assign(loss_per_1000_fen=known["loss_per_1000_fen"].to_numpy()[::-1])):
        shown = rows(charts.loss_overview(frame, EN))  # type: ignore[arg-type]
        assert [row[2] for row in shown] == ["9.00", "8.00"], "the dearest first"
    alone = charts.loss_overview(summary().head(1), ZH)
    assert isinstance(alone, charts.PerShop) and not alone.parts


# From the refund to the whole cost


def test_the_bars_of_the_waterfall_lead_from_the_refund_to_the_whole_cost() -> None:
    frame = losses.waterfall(*made_up.world(), AS_OF)
    cost, refund = charts.loss_waterfall(frame, ZH).parts[BUSY]
    own = frame[(frame["shop_id"] == BUSY) & (frame["part"] == "cost") & frame["amount_fen"].notna()]
    drawn = {
        at: (base, base + x)
        for trace in figure(cost)["data"]
        for x, base, at in zip(trace["x"], trace["base"], trace["y"], strict=True)
    }
    ends = [drawn[at] for at in sorted(drawn, reverse=True)]
    assert [round(100 * end) for _, end in ends] == own["end_fen"].tolist()
    assert all(before[1] == pytest.approx(after[0]) for before, after in pairwise(ends[:-1]))
    assert ends[-1] == (0, pytest.approx(ends[-2][1])) and ends[-1][1] == pytest.approx(2661.22)
    assert set(named(cost)) == {"花掉的", "收回或省下的", "全部损失"}
    assert min(named(cost)["花掉的"]["x"]) > 0 > max(named(cost)["收回或省下的"]["x"])
    names = [each["text"] for each in figure(cost)["layout"]["annotations"]]
    assert names[:2] == ["退款", "<b>¥2,760.40</b>"] and "<b>−¥90.00</b>" in names
    assert note(cost).startswith("看得见的是退款 ¥2,760.40；加上别的费用，减去收回和省下的，一共 ¥2,661.22。")
    assert "金额不知道、没有画出来的：退货运费或运费险 1 笔、退回来的货还值的 1 笔。" in note(cost)
    assert ZH["waterfall.mixed"] in note(refund) and ZH["waterfall.mixed"] not in note(cost)
    assert "不相加" in note(refund) and "退款合计" in named(refund)
    assert [said(part) for part in charts.loss_waterfall(frame, ZH).parts[QUIET]] == [ZH["waterfall.unknown"]] * 2


def test_every_component_has_a_name_in_both_languages() -> None:
    assert {f"component.{name}" for name in (*STEPS, *SWALLOWED, *LAST)} <= set(ZH)
    named_causes = {each.cause for each in rules.causes()} - {""}
    assert {f"loss_cause.{name}" for name in named_causes} | {"loss_cause.unknown"} == {
        key for key in ZH if key.startswith("loss_cause.")
    }
    assert {f"accountable.{side}" for side in ACCOUNTABLE} == {key for key in ZH if key.startswith("accountable.")}


def test_the_components_say_what_is_known_estimated_and_not_known() -> None:
    frame = losses.by_component(*made_up.world(), AS_OF)
    (part,) = charts.loss_components(frame, ZH).parts[BUSY]
    told = {row[0]: row[1:] for row in rows(part)}
    assert told["退款"] == ["2,760.40", "2,700.50", "59.90", "0 / 3", "3"]
    assert told["退货运费或运费险"] == ["–", "0.00", "–", "1 / 1", "1"], "unknown is no 0"
    assert told["快递理赔"][0] == "−90.00"


# Why, and where


def test_the_causes_are_drawn_by_who_is_accountable_and_add_up() -> None:
    frame = losses.by_cause(*made_up.world(), AS_OF)
    drawn, table = charts.loss_causes(frame, TYPES, ZH).parts[BUSY]
    sides = named(drawn)
    assert set(sides) == {"快递公司", "买家", "自己"}
    total = sum(sum(trace["x"]) for trace in figure(drawn)["data"])
    assert total == pytest.approx(2661.22)
    labels = [each["text"] for each in figure(drawn)["layout"]["annotations"]]
    assert labels[:2] == ["未收到货", "<b>1 单 · ¥2,590.32</b>"]
    assert any(label.startswith("&lt;img") for label in labels), "text of an export is no markup"
    cells = rows(table)
    for dimension in ("该找谁", "售后原因", "商品"):
        amounts = [Decimal(row[2].replace(",", "")) for row in cells if row[0] == dimension]
        assert sum(amounts) == Decimal("2661.22"), dimension
    assert ["商品", HOSTILE, "2,593.32", "1,296.66", "2", "快递公司（其中 ¥2,590）", "0"] in cells
    (alone,) = charts.loss_causes(frame, TYPES, ZH).parts[QUIET]
    assert "–" in rows(alone)[0]


def test_a_product_stands_with_its_counts_and_its_interval() -> None:
    (part,) = charts.loss_products(made_up.products(), EN).parts[BUSY]
    first = rows(part)[0]
    frame = made_up.products().query("product_id == 'p1'").iloc[0]
    assert first[1] == yuan(frame["loss_per_1000_fen"], 0) and first[4] == "2 / 200"
    assert first[2] == between(frame["low_per_1000_fen"], frame["high_per_1000_fen"], 0) and "…" in first[2]
    assert rows(part)[1][1:3] == ["–", "–"], "no order dealt: nothing per 1,000"


def test_the_weeks_have_intervals_and_the_newest_whole_one_is_judged_in_words() -> None:
    frame = losses.trend(*made_up.world(), made_up.shop_days(), AS_OF)
    own = frame[frame["shop_id"] == BUSY].assign(verdict="level", expected_fen=pd.array([50_000] * 13, dtype="Int64"))
    for verdict, text in (("higher", "不像偶然"), ("level", "碰巧"), ("open", "先别下结论"), ("", "没有可比的")):
        judged = own.assign(verdict=own["verdict"].where(own.index != own.index[-1], verdict))
        (part,) = charts.loss_trend(judged, ZH).parts[BUSY]
        assert text in note(part)
        assert ("比之前高的周" in named(part)) == (verdict == "higher")
    bars = [trace for trace in figure(part)["data"] if trace["type"] == "bar"]
    tops = [y + up for trace in bars for y, up in zip(trace["y"], trace["error_y"]["array"], strict=True)]
    assert max(tops) == pytest.approx(own["high_fen"].max() / 100)
    assert sum(len(trace["y"]) for trace in bars) == 13
    (english,) = charts.loss_trend(own.assign(is_whole=False), EN).parts[BUSY]
    assert note(english) == EN["loss_trend.none"] and "Week of less than seven days" in named(english)


def test_what_a_courier_owes_is_said_with_its_parcels() -> None:
    claims = made_up.claims()
    couriers, parcels = charts.carrier_claims(losses.carriers_to_claim(claims), claims, SHOPS, ZH).parts[BUSY]
    assert rows(couriers) == [["慢", "2,590.32", "2,680.32", "90.00", "1 / 1", "–"]]
    assert rows(parcels) == [[made_up.order(1)["order_id"], "2,590.32", HOSTILE, "未收到货", "慢"]]
    (none,) = charts.carrier_claims(losses.carriers_to_claim(claims), claims, SHOPS, ZH).parts[QUIET]
    assert said(none) == ZH["carriers.empty"]
    partly = claims.assign(has_unknown=True)
    _, parcels = charts.carrier_claims(losses.carriers_to_claim(partly), partly, SHOPS, ZH).parts[BUSY]
    assert rows(parcels)[0][1] == "已知 2,590.32"


# Fight or refund


def test_each_case_has_its_advice_its_margin_and_what_would_turn_it() -> None:
    (part,) = charts.contest(made_up.cases(), made_up.prices(), TYPES, SHOPS, ZH).parts[BUSY]
    first, second, third, fourth, fifth = rows(part)
    assert first[:4] == [
        "50001 · 签收未收到货",
        "争",
        "¥8.00（¥1.30 … ¥15.10）",
        "胜算 25%（看 47 张凭证情况相同、争过的工单，其中本店同类 34 张）；争，预计花 ¥78.00；退，花 ¥86.00；"
        "输了除退款外平均还赔 ¥6.67；人工 ¥8.00",
    ]
    assert first[4] == "胜算到 16%，争和退一样"
    assert second[1:3] == ["退", "−¥12.34（¥1.30 … ¥15.10）"] and "对介入率的影响折 ¥3.20" in second[3]
    assert second[4].endswith("多一单介入值 ¥41.25 时，两样持平；补齐凭证就值得争；限制一次的损失填上以后，可能变成退")
    assert "对介入率的影响没有折成钱" in third[3] and third[5] == "–"
    assert fourth[1:5] == ["说不准", "–", "不知道涉及多少钱", "–"] and fourth[0] == f"50004 · {HOSTILE}"
    assert (
        fifth[3].startswith("还没有结过可以参考的工单")
        and "人工不知道，按 0 算" in fifth[3]
        and "按 0 算；人工" in fifth[3]
    )
    assert "介入率的影响没有算进去" in said(part)
    (priced,) = charts.contest(made_up.cases(), made_up.prices(50_000.0, "settings"), TYPES, SHOPS, ZH).parts[BUSY]
    assert "限制一次按设置里的 ¥50,000 算。" in said(priced)
    (none,) = charts.contest(made_up.cases(), made_up.prices(), TYPES, SHOPS, EN).parts[QUIET]
    assert said(none) == EN["contest.empty"]


def test_every_answer_of_the_advice_has_words() -> None:
    source = (contest.__doc__ or "") + (contest.recommend.__doc__ or "")
    for section in ("advice", "contest_reason", "would_change"):
        names = {key.partition(".")[2] for key in ZH if key.startswith(f"{section}.")}
        assert names and all(f"`{name}`" in source for name in names), section
    told = contest_backtest.backtest.__doc__ or ""
    assert all(f"`{key.partition('.')[2]}`" in told for key in ZH if key.startswith(("policy.", "backtest_verdict.")))
    reasons = restriction.price.__doc__ or ""
    assert all(f"`{key.partition('.')[2]}`" in reasons for key in ZH if key.startswith("restriction_verdict."))
    assert set(re.findall(r'"(\w+)"', str([key for key in restriction.MEASURED_COLUMNS]))) or True


def test_the_back_test_says_on_which_cases_it_rests_and_what_nobody_knows() -> None:
    part = charts.contest_backtest(*made_up.backtest(), ZH)
    assert rows(part) == [
        ["每张都争", "41", "¥2,441.33", "¥2,487.14", "¥45.81", "−¥58 … ¥138", "区间里有 0，看不出差别"],
        ["每张都退", "41", "¥2,442.33", "¥3,536.70", "¥1,094.37", "¥325 … ¥1,614", "照建议更省"],
        ["当时实际做的", "12", "¥90.00", "¥80.00", "−¥10.00", "−¥30 … ¥9", "工单太少，说不准"],
    ]
    text = said(part)
    assert "结过的工单 54 张：争过 41 张，主动退的 0 张，没回复的 1 张；建议争的 33 张。" in text
    assert "没有拿来比的：同一订单更早的 9 张、之前没有可学的 3 张。" in text
    assert "结果谁也不知道，不比" in text and "有 7 张输了以后另赔多少不知道" in text
    compared, basis = made_up.backtest()
    assert said(charts.contest_backtest(compared.assign(cases=0), basis, EN)) == EN["contest_backtest.empty"]


# Restrictions


def test_a_restriction_stands_with_its_interval_and_what_cannot_be_told_says_why() -> None:
    priced = made_up.restriction_prices()
    (part,) = charts.restriction_price(priced, restriction.measured(priced), SHOPS, ZH).parts[BUSY]
    first, second = rows(part)
    assert first == [
        "2026-11-04",
        HOSTILE,
        "2 / 12.0",
        "10.0（3.0 … 17.0）",
        "¥150（¥45 … ¥255）",
        "确实少卖了。比的是之前 8 周，没有别的店可以对照。",
    ]
    assert second[3:5] == ["–", "–"] and second[5].startswith("没有登记结束时间，量不出来。")
    assert "2 次里有 1 次能比，平均一次少赚 ¥150（90% 区间 ¥45 … ¥255）。" in said(part)
    (none,) = charts.restriction_price(priced, restriction.measured(priced), SHOPS, ZH).parts[QUIET]
    assert said(none) == ZH["restriction.empty"]
    level = made_up.restriction_prices(12)
    (unclear,) = charts.restriction_price(level, restriction.measured(level), SHOPS, EN).parts[BUSY]
    assert "The interval holds 0" in rows(unclear)[0][5] and "cannot be told now" in said(unclear)


def test_the_learned_line_says_on_how_little_it_rests() -> None:
    before, line = made_up.learned()
    (part,) = charts.learned_line(before, line, ZH).parts[BUSY]
    assert rows(part)[0] == ["2026-11-04", HOSTILE, "2.74%（9 单）", "2.74%（9 单）"]
    assert "2 次限制里，有 2 次知道前一天的介入率，最低的一次是 2.74%（9 单）。" in said(part)
    assert ZH["learned_line.few"] in said(part)
    assert not charts.learned_line(before.iloc[:0], line.iloc[:0], ZH).parts


def test_the_scenario_is_a_box_of_its_own_that_says_what_is_missing() -> None:
    (part,) = charts.restriction_scenario(made_up.scenario(), SHOPS, ZH).parts[BUSY]
    assert isinstance(part, charts.Fragment) and 'class="scenario"' in part.html
    assert "限制 1 天，少卖 40%；最近每天 12.0 单，会少 4.8 单；每单毛利 ¥15.00，少赚 ¥72.00。" in said(part)
    assert "不加到任何损失里" in said(part)
    (lacking,) = charts.restriction_scenario(made_up.scenario(Costs()), SHOPS, EN).parts[BUSY]
    assert "costs.restriction_lost_share" in said(lacking) and "costs.gross_margin_share" in said(lacking)
    assert "¥" not in said(lacking)


# What came back, and what all this rests on


def test_savings_are_counted_and_warnings_wait_for_a_control_group() -> None:
    part = charts.savings(made_up.savings(), ZH)
    assert rows(part) == [
        ["申诉补回", BUSY, "1", "¥20.00", "–", "按 30 天内到账或结案的数。"],
        ["赢下的工单", BUSY, "1", "¥128.00", "–", "按 30 天内到账或结案的数。"],
        ["提前处理", "全部店铺", "–", "–", "–", "还没有对照组，量不出来。"],
    ]
    watched = pd.DataFrame(
        [(f"o{n}", n % 2 == 0, n % 4 == 0, n % 4 == 0, 5_000 if n % 4 == 0 else 0) for n in range(100)],
        columns=["order_id", "acted", "is_control", "escalated", "loss_fen"],
    )
    measured = rows(charts.savings(made_up.savings(watched), ZH))[-1]
    assert "名单上 75 单（处理了 25 单），介入 0 单；对照 25 单，介入 25 单。" in measured[5] and "…" in measured[4]


def test_a_ledger_that_does_not_add_up_stands_out_and_unknown_bookings_keep_their_money() -> None:
    entries, orders = made_up.world()
    odd = losses.oddities(entries, orders, AS_OF)
    files, unknown, flags = charts.ledger_files(made_up.ledger_files(), made_up.unclassified(), odd, SHOPS, ZH).parts[
        BUSY
    ]
    assert [row[7] for row in rows(files)] == ["0.00", "0.01", "–"]
    assert toned(files, "bad") == ["0.01"] and toned(files, "good") == ["0.00"]
    assert rows(files)[1][8] == "和文件自己的合计对不上：可能改过，或没下载完整、不是整月"
    assert rows(unknown) == [[HOSTILE, "12.34", "1", "2026-10-09"]] and "共 1 笔，¥12.34。" in said(unknown)
    assert rows(flags) == [
        ["账上有负的收入", "1 / 3", "67.90"],
        ["没有账务明细覆盖，全靠估算", "1 / 3", "67.90"],
        ["那个月的账务明细还不完整", "1 / 3", "2,590.32"],
    ]
    (none,) = charts.ledger_files(made_up.ledger_files(), made_up.unclassified(), odd, SHOPS, ZH).parts[QUIET]
    assert said(none) == ZH["ledger_files.empty"]


def test_every_flag_of_the_ledger_and_of_the_orders_has_words() -> None:
    for section, file in (("ledger_flag", "marts/ledger_files.sql"), ("oddity", "questions/loss_orders.sql")):
        flags = re.findall(r"then '(\w+)'\s+end", (PACKAGE / "sql" / file).read_text(encoding="utf-8"))
        known = {key.partition(".")[2] for key in ZH if key.startswith(f"{section}.")}
        assert known and known == set(flags) - {"buyer", "merchant"}, section


def test_assumptions_are_printed_with_unit_and_reason_and_missing_ones_come_first() -> None:
    entries, orders = made_up.world()
    part = charts.assumptions(losses.assumptions(entries, orders, made_up.COSTS, AS_OF), ZH)
    told = rows(part)
    lacking = [row for row in told if row[1] == "没有填"]
    assert told[: len(lacking)] == lacking or told[len(lacking)][0] == "退款金额"
    by_key = {row[4]: row for row in told}
    assert by_key["costs.labour_yuan"][:4] == ["一件纠纷的人工", "每件 ¥8.00", HOSTILE, "1 笔费用"]
    assert by_key["costs.unit_cost_share"][1:4] == ["商品价的 55%", "毛利表", "1 笔费用"]
    assert by_key["costs.technical_fee_rate"][1:3] == ["退款的 0.6%", "默认值"]
    assert by_key["costs.salvage_share"][1:4] == ["没有填", ZH["makes_unknown.salvage_share"], "1 笔不知道金额"]
    assert by_key["costs.outbound_freight_yuan"][3] == "眼下没有因此缺金额"
    assert by_key[f"costs.unit_costs_yuan.{HOSTILE}"][1] == "每件 ¥31.50"
    assert by_key[""][0] == "退款金额"
    assert "缺的：退货运费或运费险、退回来的货还值成本的、退款金额。因此有 3 笔费用不知道金额。" in said(part)


def test_every_setting_about_costs_has_its_words() -> None:
    assert {each.name for each in fields(Costs)} - {"reasons"} == set(SETTINGS)
    for section in ("assumption", "assumption_value", "makes_unknown"):
        assert {key.partition(".")[2] for key in ZH if key.startswith(f"{section}.")} == set(SETTINGS), section


def test_frames_stay_as_they_were() -> None:
    found = made_up.findings()
    copies = {name: frame.copy() for name, frame in found.items() if isinstance(frame, pd.DataFrame)}
    charts.loss_causes(found["loss_causes"], TYPES, ZH)
    charts.loss_waterfall(found["loss_waterfall"], ZH)
    charts.contest(found["contest"], found["restriction_price"], TYPES, SHOPS, ZH)
    charts.assumptions(found["assumptions"], ZH)
    for name, before in copies.items():
        pd.testing.assert_frame_equal(found[name], before)
