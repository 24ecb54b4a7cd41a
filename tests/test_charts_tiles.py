"""The tiles at the head of a shop: one number or a range, every state in words, and what is unknown is said so."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import charts, texts
from analysis.charts.wording import chance, number, points, signed, spread, weekday
from tests import rate_frames as made_up
from tests.report_frames import SHOPS, covered_days, rates
from tests.shown import Reading

KNOWN, FEW = SHOPS
ZH, EN = texts.load("zh"), texts.load("en")


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
    name = words[f"tiles.{title}"].format(days=30)
    (found,) = [each for each in tiles if f"<h4>{name}</h4>" in each]
    return " ".join(Reading(f'<div class="tile{found}').text.split()).removeprefix(name).strip()


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
    unseen = ZH["tiles.unseen"].format(unseen=4)
    assert tile("rolloff", made_up.standing(unseen=4), rolloff=empty) == unseen
    assert unseen in tile("rolloff", made_up.standing(unseen=4))


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


def test_the_tiles_are_named_after_the_metric_and_the_length_of_its_window() -> None:
    week = rates().assign(window_start=lambda frame: frame["window_end"] - timedelta(days=6))
    for metric, title in (("intervention_rate", "平台介入率（近7天）"), ("my_rate", "my_rate（近7天）")):
        shown = charts.tiles(
            week.assign(metric=metric), made_up.status(), made_up.rolloff(), made_up.forecast(), made_up.agreement(),
            covered_days(), ZH,
        )  # fmt: skip
        (part,) = shown.parts[KNOWN]
        assert isinstance(part, charts.Fragment) and f"<h4>{title}</h4>" in part.html
