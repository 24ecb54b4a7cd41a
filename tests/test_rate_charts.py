"""Roll-off, forecast, reconciliation and the rest: what is said follows from the frames, and what is unknown is said so."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import charts, rules, texts
from analysis.charts.wording import chance, number, points, signed, spread, weekday
from tests import rate_frames as made_up
from tests.report_frames import AS_OF, HOSTILE, SHOPS, covered_days, rates, segments
from tests.test_charts import Reading, figure

KNOWN, FEW = SHOPS
ZH, EN = texts.load("zh"), texts.load("en")


def said(part: charts.Chart | charts.Fragment) -> str:
    assert isinstance(part, charts.Fragment)
    return " ".join(Reading(part.html.replace("<", " <")).text.split())


def note(part: charts.Chart | charts.Fragment) -> str:
    assert isinstance(part, charts.Chart)
    return part.note


def named(part: charts.Chart | charts.Fragment) -> dict[str, Any]:
    return {trace["name"]: trace for trace in figure(part)["data"] if "name" in trace}


def tile(title: str, status: pd.DataFrame, words: Any = ZH, **given: Any) -> str:
    """What the first shop's tile of that title says."""
    frames = {
        "rates": rates().assign(status=status["status"].iloc[0]),
        "rolloff": made_up.rolloff(),
        "forecast": made_up.forecast(),
        "agreement": made_up.agreement(),
    } | given
    shown = charts.tiles(
        frames["rates"], status, frames["rolloff"], frames["forecast"], frames["agreement"], covered_days(), words
    )
    (part,) = shown.parts[KNOWN]
    assert isinstance(part, charts.Fragment)
    tiles = part.html.split('<div class="tile')
    (found,) = [each for each in tiles if f"<h4>{words[f'tiles.{title}']}</h4>" in each]
    return " ".join(Reading(f'<div class="tile{found}').text.split()).removeprefix(words[f"tiles.{title}"]).strip()


# Numbers in words


def test_numbers_are_rounded_half_up_and_signs_are_signs() -> None:
    assert [number(0.125, 2), number(-1234.5), number(pd.NA)] == ["0.13", "−1,235", "–"]
    assert [signed(3), signed(-2), signed(0), signed(0.004, 2), signed(None)] == ["+3", "−2", "±0", "±0.00", "–"]
    assert [points(0.0031), points(-0.01005), points(pd.NA)] == ["+0.31", "−1.01", "–"]
    assert [spread(6, 9), spread(6, 6), spread(-2, 5), spread(-4, -1), spread(1, None)] == [
        "6–9",
        "6",
        "−2 … 5",
        "−4 … −1",
        "–",
    ]


@given(st.floats(0, 1))
def test_a_chance_is_never_quite_none_and_never_quite_certain(probability: float) -> None:
    text = chance(probability)
    assert text not in ("0%", "100%")
    assert abs(float(text.strip("<>%")) / 100 - probability) <= 0.0101


def test_a_near_day_carries_its_weekday() -> None:
    assert weekday(date(2026, 9, 17), ZH) == "09-17（周四）" and weekday(date(2026, 9, 17), EN) == "Thursday 09-17"


# Tiles


@pytest.mark.parametrize(
    ("headroom", "low", "zh", "en"),
    [
        (6, 6, "还能再承受 6 单", "6 more"),
        (0, 0, "还能再承受 0 单", "0 more"),
        (-2, -2, "已超出 2 单", "over by 2"),
        (6, 2, "还能再承受 2–6 单", "2–6 more"),
        (5, -2, "还能再承受 −2 … 5 单", "−2 … 5 more"),
        (-1, -4, "已超出 1–4 单", "over by 1–4"),
    ],
)
def test_headroom_is_one_number_or_a_range(headroom: int, low: int, zh: str, en: str) -> None:
    status = made_up.standing(status="below", headroom=headroom, headroom_low=low)
    assert tile("headroom", status).replace(" ", "").startswith(zh.replace(" ", ""))
    assert tile("headroom", status, EN).replace(" ", "").startswith(en.replace(" ", ""))
    assert (ZH["headroom.range"] in tile("headroom", status)) == (low < headroom)


def test_headroom_names_each_line_and_the_expected_orders() -> None:
    status = made_up.standing(status="below", headroom=4, headroom_low=4, headroom_rate=9, headroom_count=4)
    assert "按介入率 9 单；按订单数 4 单。" in tile("headroom", status)
    assert "按预计单量：−1 单。" in tile("headroom", status)
    one = made_up.standing(status="below", headroom=4, headroom_low=4, headroom_rate=None, headroom_count=4)
    assert "按介入率" not in tile("headroom", one)


@pytest.mark.parametrize(
    "state", ["incomplete", "no_line", "no_orders", "no_intervention_source", "not_in_force", "near", "too_few_orders"]
)
def test_every_state_has_words_and_an_unknown_headroom_is_no_zero(state: str) -> None:
    status = made_up.standing(status=state, headroom=None, headroom_low=None, days_above=None)
    for words in (ZH, EN):
        assert words[f"status.{state}"] in tile("lines", status, words)
        text = tile("headroom", status, words)
        assert not re.search(r"\d", text) and text
    assert ZH["status.no_line"] in tile("headroom", made_up.standing(status="no_line", headroom=None))


def test_early_warning_and_persistence_are_said() -> None:
    near = made_up.standing(status="near", days_above=0, early_share=0.8)
    assert "80%" in tile("lines", near) and "连续" not in tile("lines", near)
    assert "已连续 5 天" in tile("lines", made_up.standing(days_above=5, is_persistent=False))
    assert "持续偏高：已连续 9 天超过（满 7 天算持续）" in tile(
        "lines", made_up.standing(days_above=9, is_persistent=True)
    )
    unset = made_up.standing(days_above=9, persistent_days=None, is_persistent=pd.NA)
    assert "已连续 9 天" in tile("lines", unset) and "持续偏高" not in tile("lines", unset)
    few = made_up.standing(status="too_few_orders", min_orders=2000)
    assert "窗口内不足 2,000 单" in tile("lines", few)


def test_the_next_day_with_leavings_and_the_first_day_back() -> None:
    text = tile("rolloff", made_up.standing())
    assert text.startswith("11-25（周三）滚出 3 单") and "7 天内滚出 5 单，剩 15 单。" in text
    assert "没有新增的话，11-25（周三）回到警戒线内。" in text
    assert "30 天内也回不到" in tile("rolloff", made_up.standing(back_under_on=None))
    assert "回" not in tile("rolloff", made_up.standing(headroom=3, back_under_on=None))


def test_a_shop_without_a_known_window_has_no_leavings() -> None:
    status = made_up.standing(status="incomplete", headroom=None)
    none = made_up.rolloff().query("shop_id == @FEW")
    assert tile("rolloff", status, rolloff=none) == ZH["status.incomplete"]
    empty = made_up.rolloff().assign(leaving=0, remaining=0)
    assert tile("rolloff", status, rolloff=empty) == ZH["rolloff.nothing"]


def test_a_chance_stands_with_its_band_and_skill_and_a_withheld_one_with_its_reason() -> None:
    assert tile("forecast", made_up.standing()).startswith("61% 的可能 11-29（周日）预计 19 单（80% 区间 16–23）")
    assert "+0.58" in tile("forecast", made_up.standing())
    for reason in ("too_short", "no_skill", "too_few_events", "no_line"):
        withheld = made_up.forecast().assign(breach_probability=None, reason=reason)
        assert ZH[f"withheld.{reason}"] in tile("forecast", made_up.standing(), forecast=withheld)
        assert "预计 19 单" in tile("forecast", made_up.standing(), forecast=withheld)
        nothing = withheld.assign(expected=None)
        assert tile("forecast", made_up.standing(), forecast=nothing) == ZH[f"withheld.{reason}"]


def test_the_platforms_larger_figure_leads_and_ours_is_called_incomplete() -> None:
    text = tile("rate", made_up.standing(), agreement=made_up.agreement(7))
    assert text.startswith("2.96% 平台 2026-11-22 显示：27 单介入 ▲ 我们的导出缺 7 单")
    assert "我们的数不完整：2.19%（20 / 913）" in text and "平台介入" in text
    assert tile("count", made_up.standing(), agreement=made_up.agreement(7)).startswith("27 单 我们的导出只看到 20 单")
    assert tile("rate", made_up.standing()).startswith("2.19%")
    unknown = made_up.agreement().assign(missing_count=None)
    assert tile("rate", made_up.standing(), agreement=unknown).startswith("2.19%")


def test_agreement_is_days_of_days_and_its_absence_names_the_export() -> None:
    assert tile("agreement", made_up.standing()).startswith("28 / 30 天一致")
    assert "服务概况" in tile("agreement", made_up.standing(), agreement=made_up.agreement().iloc[:0])


def test_tiles_of_one_and_of_twenty_shops() -> None:
    for shops in (1, 20):
        frames = {
            name: pd.concat([frame[frame["shop_id"] == KNOWN].assign(shop_id=f"店{at}") for at in range(shops)])
            for name, frame in {
                "rates": rates(),
                "status": made_up.status(),
                "rolloff": made_up.rolloff(),
                "forecast": made_up.forecast(),
                "agreement": made_up.agreement(),
                "covered_days": covered_days(),
            }.items()
        }
        assert len(charts.tiles(**frames, words=ZH).parts) == shops
        assert (charts.overview(frames["rates"], ZH) == charts.PerShop()) == (shops == 1)


# Roll-off and forecast


def test_the_rolloff_begins_with_today_and_hovers_with_the_rate() -> None:
    (part,) = charts.rolloff(made_up.rolloff(), made_up.status(), ZH).parts[KNOWN]
    traces = named(part)
    left = traces[ZH["rolloff.remaining"]]
    assert left["y"][0] == 20 and left["y"][-1] == 0 and left["x"][0] == "2026-11-22" and len(left["x"]) == 31
    bars = traces[ZH["rolloff.leaving"]]
    assert sum(bars["y"]) == 20
    assert [20 - sum(bars["y"][:day]) for day in range(31)] == left["y"]
    assert bars["text"][2] == "11-25（周三）<br>当天滚出 3<br>没有新增时还剩 17<br>没有新增时的介入率 1.86%"
    assert note(part) == (
        "7 天内滚出 5 单，剩 15 单。滚出最多的一天是 11-25（周三），3 单。没有新增的话，11-25（周三）回到警戒线内。"
    )


def test_a_rate_line_is_drawn_as_the_largest_count_that_does_not_exceed_it() -> None:
    (part,) = charts.rolloff(made_up.rolloff(), made_up.standing(target_rate=0.07, denominator=300), ZH).parts[KNOWN]
    assert named(part)["介入率警戒线 7.00% ≈ 21 单"]["y"] == [21, 21]
    (unlined,) = charts.rolloff(made_up.rolloff(), made_up.status(), ZH).parts[FEW]
    assert not [name for name in named(unlined) if "警戒线" in name]


def test_a_shop_without_a_known_count_has_a_sentence_for_its_rolloff() -> None:
    status = made_up.standing(numerator=None, status="incomplete")
    shown = charts.rolloff(made_up.rolloff(), status, ZH).parts[KNOWN]
    gone = charts.rolloff(made_up.rolloff().iloc[:0], made_up.status(), ZH)
    assert [said(part) for part in shown] == [said(gone.parts[KNOWN][0])] == [ZH["rolloff.unknown"]]


def test_two_rules_of_one_shop_are_two_charts_that_name_their_rule() -> None:
    status = pd.concat([made_up.standing(), made_up.standing(rule="other")])
    other = pd.concat([made_up.rolloff(), made_up.rolloff().assign(rule="other")])
    titles = [part.title for part in charts.rolloff(other, status, ZH).parts[KNOWN] if isinstance(part, charts.Chart)]
    assert [title.rpartition(" · ")[2] for title in titles] == ["pdd-2021-03", "other"]


def forecast_parts(**given: pd.DataFrame) -> list[charts.Chart | charts.Fragment]:
    frames = {"rates": rates(), "rolloff": made_up.rolloff(), "forecast": made_up.forecast()} | given
    frames["backtest"] = made_up.backtest()
    return charts.forecast(**frames, words=ZH).parts[KNOWN]


def test_the_fan_meets_the_bands_at_its_horizons_and_todays_count_at_its_root() -> None:
    chart, _ = forecast_parts()
    given = made_up.forecast().query("shop_id == @KNOWN").set_index("horizon_days")
    for share in (50, 80, 95):
        drawn = named(chart)[ZH["forecast.band"].format(share=share)]
        high, low = drawn["y"][:31], drawn["y"][31:][::-1]
        assert high[0] == low[0] == 20
        for days in (7, 14, 30):
            assert high[days] == pytest.approx(given.loc[days, f"high{share}"])
            assert low[days] == pytest.approx(given.loc[days, f"low{share}"])
    certain = named(chart)[ZH["forecast.certain"]]["y"]
    remaining = made_up.rolloff().query("shop_id == @KNOWN")["remaining"]
    assert certain == [20, *remaining]
    lowest = named(chart)["95% 区间"]["y"][31:][::-1]
    assert all(low >= sure for low, sure in zip(lowest, certain, strict=True)), "arrivals are never negative"


def test_the_past_of_the_forecast_is_sixty_days_with_its_gaps() -> None:
    past = named(forecast_parts()[0])[ZH["count.name"]]
    assert len(past["x"]) == 60 and past["x"][-1] == "2026-11-22" and past["connectgaps"] is False
    assert past["y"][:2] == [None, None] and None not in past["y"][2:]


def test_the_table_beside_the_fan_has_probability_skill_and_coverage() -> None:
    text = said(forecast_parts()[1])
    assert "7 天后，11-29（周日） 19.4 16–23 61% +0.58 +0.21 54% / 84% / 96% 83" in text
    assert "30 天后，12-22（周二） 17.9 10–26 只给区间" in text


def test_a_withheld_forecast_is_its_reason() -> None:
    for reason in ("too_short", "no_skill", "too_few_events"):
        frame = made_up.forecast().assign(reason=reason, expected=None)
        assert [said(part) for part in forecast_parts(forecast=frame)] == [ZH[f"withheld.{reason}"]]
    assert [said(part) for part in forecast_parts(forecast=made_up.forecast().iloc[:0])] == [ZH["withheld.unknown"]]


def test_a_forecast_for_one_horizon_ends_there() -> None:
    chart, _ = forecast_parts(forecast=made_up.forecast().query("horizon_days == 7"))
    assert named(chart)[ZH["forecast.expected"]]["x"][-1] == "2026-11-29" and "7 天处" in note(chart)


# Definitions


def test_only_rules_of_one_metric_share_a_chart() -> None:
    shown = charts.definitions(made_up.rates_of_rules(), made_up.rules(), EN).parts[KNOWN]
    drawn = [part for part in shown if isinstance(part, charts.Chart)]
    assert [part.title for part in drawn] == [EN["metric.intervention_rate"], EN["metric.quality_refund_rate"]]
    names = [trace["name"] for trace in figure(drawn[0])["data"]]
    assert names == [
        "Near-30-day intervention rate (2021)",
        "over orders paid",
        "over orders dealt less tho… before shipping",
        "withdrawn ones counted",
    ]
    assert "the 4 definitions range from 2.19% to 2.51%" in drawn[0].note
    looks = {(trace["line"]["color"], trace["line"]["dash"]) for trace in figure(drawn[0])["data"]}
    assert len(looks) == 4


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


# Reconciliation


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


# Changes


def test_the_four_changes_are_shown_as_a_sum_that_adds_up() -> None:
    shown = charts.changes(made_up.changes(), made_up.change_totals(), made_up.SINCE, ZH)
    assert isinstance(shown, charts.PerShop)
    text = said(shown.parts[KNOWN][0])
    assert text.startswith("上次（2026-11-21） 19 新增 +3 滚出 −2 补录更正 +1 口径变化 −1 现在 = 20")
    assert all(order in text for order in made_up.changes()["order_id"])
    assert ZH["changes.rest"].split("{")[0] not in text
    assert ZH["changes.unchanged"] in said(shown.parts[FEW][0])


def test_a_sum_that_does_not_add_up_says_so() -> None:
    wrong = made_up.change_totals().assign(count_now=22)
    shown = charts.changes(made_up.changes(), wrong, made_up.SINCE, ZH)
    assert isinstance(shown, charts.PerShop)
    assert "四项加起来还差 +2 单" in said(shown.parts[KNOWN][0])


def test_the_first_report_has_one_sentence_of_change() -> None:
    shown = charts.changes(made_up.changes().iloc[:0], made_up.change_totals().iloc[:0], None, ZH)
    assert isinstance(shown, charts.Fragment) and said(shown) == ZH["changes.first"]


# By day


def test_immature_order_days_stand_on_grey_and_days_without_orders_are_gaps() -> None:
    (part,) = charts.cohorts(made_up.cohorts(), ZH).parts[KNOWN]
    frame = made_up.cohorts().query("shop_id == @KNOWN").reset_index(drop=True)
    (grey,) = figure(part)["layout"]["shapes"]
    young = frame.loc[~frame["is_mature"], "ordered_on"]
    assert grey["x0"][:10] == str(young.min() - timedelta(days=1)) and len(young) == 8
    assert "下单日" in part.title and "8 天" in note(part)  # type: ignore[union-attr]
    traces = named(part)
    empty = [at for at, orders in enumerate(frame["orders"]) if orders == 0]
    assert empty and all(traces[ZH["cohort.reported"]]["y"][at] is None for at in empty)
    colours = traces[ZH["cohort.reported"]]["marker"]["color"]
    assert [colour == colours[-1] for colour in colours] == list(~frame["is_mature"])
    through = made_up.cohorts().assign(completion=1.0)
    (whole,) = charts.cohorts(through, ZH).parts[KNOWN]
    assert set(named(whole)[ZH["cohort.expected"]]["y"]) == {None} and ZH["cohort.band"] not in named(whole)
    (rough,) = charts.cohorts(made_up.cohorts(), ZH).parts[FEW]
    assert ZH["cohort.few_errors"] in note(rough)


def test_a_signal_names_its_first_day_and_how_often_it_is_false() -> None:
    (part,) = charts.signal(made_up.signal(), made_up.signal_basis(), ZH).parts[KNOWN]
    assert note(part).startswith("11-19（周四）起比平时多，共 4 天") and "约 365 天误报一次" in note(part)
    bars = named(part)[ZH["signal.arrivals"]]
    assert bars["y"][8] is None and len(set(bars["marker"]["color"][-4:])) == 1
    assert bars["marker"]["color"][-1] != bars["marker"]["color"][0]
    quiet = charts.signal(made_up.signal().assign(is_signal=False), made_up.signal_basis(), ZH)
    assert note(quiet.parts[KNOWN][0]).startswith(ZH["signal.none"])
    assert said(quiet.parts[FEW][0]) == ZH["signal_withheld.too_few_events"]


# Segments


def test_the_shrunken_rate_is_a_diamond_beside_the_raw_bar() -> None:
    product = charts.segments(segments(), ZH).parts[KNOWN][0]
    diamonds = named(product)[ZH["segment.shrunken"]]
    bars = named(product)[ZH["rate.name"]]
    assert diamonds["marker"]["symbol"] == "diamond" and diamonds["y"] == bars["y"]
    assert diamonds["x"][0] == pytest.approx(0.5 * 8 / 120 + 0.5 * 0.03)
    unknown = charts.segments(segments().assign(shrunken_rate=None), ZH).parts[KNOWN][0]
    assert ZH["segment.shrunken"] not in named(unknown)


def test_a_segment_without_orders_has_counts_and_no_rate_to_draw() -> None:
    frame = segments()
    first = frame.index[frame["segment"] == HOSTILE]
    for name in ("rate", "rate_low", "rate_high"):
        frame.loc[first, name] = pd.NA
    frame.loc[first, "denominator"] = 0
    product = charts.segments(frame, ZH).parts[KNOWN][0]
    assert len(named(product)[ZH["rate.name"]]["x"]) == 8 and len(named(product)[ZH["segment.shrunken"]]["x"]) == 7
    assert "8 / 0 · <b>–</b>" in [each["text"] for each in figure(product)["layout"]["annotations"]]
    frame.loc[first, "numerator"] = 0
    gone = charts.segments(frame, ZH).parts[KNOWN][0]
    assert "0 / 0" not in str(figure(gone)["layout"]["annotations"])
    frame.loc[frame["dimension"] == "product", "rate"] = pd.NA
    assert len(charts.segments(frame, ZH).parts[KNOWN]) == 5 + 1


def test_a_dimension_with_one_segment_moves_nothing() -> None:
    frame = segments().query("dimension == 'courier' and segment == '邮政' or dimension == 'province'")
    assert "邮政" not in said(charts.segments(frame, ZH).parts[KNOWN][-1])


def test_the_movers_are_the_largest_changes_with_effects_that_sum_to_them() -> None:
    movers = charts.segments(segments(), ZH).parts[KNOWN][-1]
    assert isinstance(movers, charts.Fragment)
    cells = re.findall(r'<td class="num[^"]*">([^<]*)</td>', movers.html)
    assert len(cells) == 10 * 5
    changes = [[float(cell.replace("−", "-")) for cell in cells[row * 5 : row * 5 + 3]] for row in range(10)]
    assert all(abs(change - mix - rate) < 0.011 for change, mix, rate in changes)
    sizes = [abs(change) for change, _, _ in changes]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] == 1.01
    assert isinstance(charts.segments(segments(), ZH).parts[FEW][-1], charts.Chart), "no window before: no movers"


# All of them


def everything(words: Any) -> list[charts.Chart | charts.Fragment]:
    changed = charts.changes(made_up.changes(), made_up.change_totals(), made_up.SINCE, words)
    assert isinstance(changed, charts.PerShop)
    shown = [
        charts.tiles(
            *(rates(), made_up.status(), made_up.rolloff(), made_up.forecast(), made_up.agreement(2)),
            *(covered_days(), words),
        ),
        charts.rolloff(made_up.rolloff(), made_up.status(), words),
        charts.forecast(rates(), made_up.rolloff(), made_up.forecast(), made_up.backtest(), words),
        charts.definitions(made_up.rates_of_rules(), made_up.rules(), words),
        charts.reconciliation(
            *(made_up.reconciliation(), made_up.fits(), made_up.gaps(), made_up.figures(), made_up.rules()[:4], words)
        ),
        changed,
        charts.cohorts(made_up.cohorts(), words),
        charts.signal(made_up.signal(), made_up.signal_basis(), words),
        charts.segments(segments(), words),
    ]
    return [part for each in shown for parts in each.parts.values() for part in parts]


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_text_from_exports_is_never_markup_and_no_placeholder_is_left(words: Any) -> None:
    tags = {"p", "div", "table", "thead", "tbody", "tr", "th", "td", "h4", "b", "span", "small", "ul", "li"}
    tags |= {"dl", "dt", "dd", "details", "summary"}
    hostile = 0
    for part in everything(words):
        if isinstance(part, charts.Fragment):
            reading = Reading(part.html)
            assert set(reading.tags) <= tags
            hostile += HOSTILE in reading.text
            assert not re.search(r"\{\w+\}", reading.text.replace(HOSTILE, ""))
        else:
            assert not re.search(r"\{\w+\}", part.title + part.note)
            spec = str(figure(part))
            assert "<img" not in spec and "<script" not in spec
    assert hostile >= 1


def test_rule_frames_are_left_as_they_were() -> None:
    frames = [made_up.rolloff, made_up.status, made_up.forecast, made_up.backtest, made_up.reconciliation, made_up.fits]
    frames += [made_up.gaps, made_up.figures, made_up.changes, made_up.cohorts, made_up.signal]
    kept = [make() for make in frames]
    before = [each.copy(deep=True) for each in kept]
    rolloff, status, forecast, backtest, reconciliation, fits, gaps, figures, changes, cohorts, signal = kept
    charts.rolloff(rolloff, status, ZH)
    charts.forecast(rates(), rolloff, forecast, backtest, ZH)
    charts.tiles(rates(), status, rolloff, forecast, made_up.agreement(), covered_days(), ZH)
    charts.reconciliation(reconciliation, fits, gaps, figures, made_up.rules(), ZH)
    charts.changes(changes, made_up.change_totals(), AS_OF, ZH)
    charts.cohorts(cohorts, ZH), charts.signal(signal, made_up.signal_basis(), ZH)
    for frame, earlier in zip(kept, before, strict=True):
        pd.testing.assert_frame_equal(frame, earlier)
