"""Roll-off and forecast: bars that add up, bands that meet their horizons, and a withheld forecast with its reason."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from analysis import charts, texts
from tests import rate_frames as made_up
from tests.report_frames import AS_OF, SHOPS, rates
from tests.shown import figure, named, note, said

KNOWN, FEW = SHOPS
ZH = texts.load("zh")


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


def test_what_only_the_platform_knows_is_a_grey_band_on_top() -> None:
    status = made_up.standing(unseen=4, back_under_late_on=AS_OF + timedelta(days=14))
    (part,) = charts.rolloff(made_up.rolloff(), status, ZH).parts[KNOWN]
    traces = named(part)
    left = traces[ZH["rolloff.remaining"]]["y"]
    high, low = traces[ZH["rolloff.unseen"]]["y"][:31], traces[ZH["rolloff.unseen"]]["y"][31:][::-1]
    assert low == left and high == [each + 4 for each in left]
    assert note(part).endswith("另有 4 单只有平台看得到，不知道哪天滚出；算上它们，最晚 12-06（周日）回到警戒线内。")
    (unknown,) = charts.rolloff(made_up.rolloff(), status.assign(back_under_late_on=None), ZH).parts[KNOWN]
    assert note(unknown).endswith("灰带是它们最多占的数。")
    (all_seen,) = charts.rolloff(made_up.rolloff(), made_up.standing(), ZH).parts[KNOWN]
    assert ZH["rolloff.unseen"] not in named(all_seen)


def test_what_only_the_platform_knows_may_leave_though_our_count_is_none() -> None:
    empty = made_up.rolloff().assign(leaving=0, remaining=0)
    for unseen, said_of_it in ((0, ZH["rolloff.nothing"]), (3, ZH["rolloff.unseen_note"].format(unseen=3))):
        status = made_up.standing(numerator=0, headroom=18, unseen=unseen, back_under_late_on=None)
        (part,) = charts.rolloff(empty, status, ZH).parts[KNOWN]
        assert note(part) == said_of_it


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


def test_a_band_far_above_the_rest_leaves_the_chart_and_says_so() -> None:
    coming = made_up.forecast()
    coming.loc[(coming["shop_id"] == KNOWN) & (coming["horizon_days"] == 30), "high95"] = 200
    chart, _ = forecast_parts(forecast=coming)
    (_, top) = figure(chart)["layout"]["yaxis"]["range"]
    assert 26 < top < 60 and note(chart).endswith("95% 区间高出图外，到 200 单。")
    assert "高出图外" not in note(forecast_parts()[0])


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
