"""Figures and tables: right numbers in words, gaps stay gaps, and text from exports stays text."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis import charts, rules, texts
from analysis.charts.drawing import literal
from analysis.charts.shown import CONFIG
from analysis.charts.wording import interval, percent, ratio
from tests import rate_frames
from tests import report_frames as made_up
from tests.shown import Reading, figure, html

HEALTHY, FEW = made_up.SHOPS
TYPES = rules.ticket_types()
ZH = texts.load("zh")


def tiles(rates: pd.DataFrame | None = None) -> charts.PerShop:
    return charts.tiles(
        made_up.rates() if rates is None else rates,
        rate_frames.status(),
        rate_frames.rolloff(),
        rate_frames.forecast(),
        rate_frames.agreement(),
        made_up.covered_days(),
        ZH,
    )


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [
        (1, 8, "12.50%"),
        (1, 800, "0.13%"),  # 0.125 %: half up, where a float would say 0.12
        (3, 800, "0.38%"),  # 0.375 %
        (264, 1779, "14.84%"),
        (0, 50, "0.00%"),
        (pd.NA, 50, "–"),
        (3, 0, "–"),
    ],
)
def test_a_rate_is_rounded_half_up_from_its_counts(numerator: object, denominator: object, text: str) -> None:
    assert ratio(numerator, denominator) == text


def test_shares_are_rounded_half_up_and_an_empty_interval_is_a_dash() -> None:
    assert percent(0.01845) == "1.85%"
    assert interval(0.01, 0.02) == "1.00%–2.00%"
    assert interval(pd.NA, 0.02) == "–"


def test_no_figure_may_be_shared_to_a_cloud() -> None:
    assert CONFIG["showSendToCloud"] is False and CONFIG["displaylogo"] is False
    for part in charts.rolling(made_up.rates(), ZH).parts.values():
        assert figure(part[0])["config"] == CONFIG


def test_an_incomplete_window_is_a_gap_on_grey_ground_and_never_a_zero() -> None:
    (part,) = charts.rolling(made_up.rates(), ZH).parts[HEALTHY]
    spec = figure(part)
    traces = {trace["name"]: trace for trace in spec["data"]}
    line, bars = traces[ZH["rate.name"]], traces[ZH["count.name"]]
    assert line["y"][20:32] == bars["y"][20:32] == [None] * 12
    assert line["connectgaps"] is False
    assert None not in line["y"][:20] + line["y"][32:]
    bands = [trace for trace in spec["data"] if trace.get("legendgroup") == "band"]
    assert len(bands) == 2 and all(None not in band["y"] for band in bands)
    (grey,) = spec["layout"]["shapes"]
    assert grey["x0"][:10] <= line["x"][20] and grey["x1"][:10] >= line["x"][31]


def test_the_line_is_drawn_where_one_is_set_and_none_is_invented() -> None:
    shown = charts.rolling(made_up.rates(), ZH)
    named = [trace["name"] for trace in figure(shown.parts[HEALTHY][0])["data"]]
    assert f"{ZH['line.rate']} 2.00%" in named and f"{ZH['line.count']} 18" in named
    unlined = [trace["name"] for trace in figure(shown.parts[FEW][0])["data"]]
    assert not [name for name in unlined if "警戒线" in name]


def test_hover_text_carries_counts_and_interval_with_the_percentage() -> None:
    spec = figure(charts.rolling(made_up.rates(), ZH).parts[HEALTHY][0])
    line = next(trace for trace in spec["data"] if trace["name"] == ZH["rate.name"])
    assert line["text"][-1].startswith("2026-11-22<br>平台介入率 2.19% (20 / 913)<br>95% 区间 1.42%–")


def test_counts_have_whole_ticks() -> None:
    spec = figure(charts.rolling(made_up.rates(), ZH).parts[FEW][0])
    assert spec["layout"]["yaxis2"]["dtick"] == 1


def test_segments_show_the_eight_largest_with_counts_and_whiskers() -> None:
    parts = charts.segments(made_up.segments(), TYPES, ZH).parts[HEALTHY]
    titles = [part.title for part in parts if isinstance(part, charts.Chart)]
    dimensions = ("product", "sku", "courier", "province", "reason", "ticket_type")
    assert titles == [ZH[f"dimension.{name}"] for name in dimensions]
    bars, whiskers, _ = figure(parts[0])["data"]
    assert len(bars["x"]) == 8 and bars["x"][0] == 8 / 120
    expected = made_up.segments().iloc[0]
    assert bars["x"][0] + whiskers["error_x"]["array"][0] == pytest.approx(float(expected["rate_high"]))
    assert bars["x"][0] - whiskers["error_x"]["arrayminus"][0] == pytest.approx(float(expected["rate_low"]))
    labels = [each["text"] for each in figure(parts[0])["layout"]["annotations"]]
    assert "8 / 120 · <b>6.67%</b>" in labels


def test_a_product_name_is_no_markup_in_plotlys_labels() -> None:
    spec = figure(charts.segments(made_up.segments(), TYPES, ZH).parts[HEALTHY][0])
    texts_ = [each["text"] for each in spec["layout"]["annotations"]] + spec["data"][0]["text"]
    joined = " ".join(texts_).replace("<br>", "").replace("<b>", "").replace("</b>", "")
    assert "<" not in joined and ">" not in joined
    assert literal("<b>&amp;") == "&lt;b&gt;&amp;amp;"
    assert literal(made_up.HOSTILE) in spec["data"][0]["text"][0]


def test_a_product_whose_name_is_a_number_stays_a_name() -> None:
    spec = figure(charts.segments(made_up.segments(), TYPES, ZH).parts[HEALTHY][0])
    assert "2026" in [each["text"] for each in spec["layout"]["annotations"]]


def test_the_coverage_map_marks_the_days_that_no_file_covers() -> None:
    spec = figure(charts.coverage(made_up.covered_days(), made_up.AS_OF, ZH).parts[HEALTHY][0])
    map_, _, holes = spec["data"]
    assert list(map_["y"]) == ["订单", "售后", "商家工单"]
    assert sum(each is None for each in map_["z"][0]) == 3
    assert len(holes["x"]) == 3 + 2 + 40
    assert {on for on, kind in zip(holes["x"], holes["y"], strict=True) if kind == "售后"} == {
        "2026-10-29",
        "2026-10-30",
    }


def test_a_kind_that_was_never_exported_is_one_long_hole() -> None:
    only_orders = made_up.covered_days().query("kind == 'orders'")
    spec = figure(charts.coverage(only_orders, made_up.AS_OF, ZH).parts[HEALTHY][0])
    assert spec["data"][0]["y"] == ["订单", "售后"]
    assert set(spec["data"][0]["z"][1]) == {None}


def test_tiles_never_show_a_bare_percentage() -> None:
    text = Reading(html(tiles(), HEALTHY)).text
    for part in (
        "2.19%",
        "20 单介入 / 913 单成交",
        "1.42%–",
        "介入率和订单数都超过警戒线",
        "介入率警戒线 2.00%",
    ):
        assert part in text
    assert "19 → 20 (+1 ▲)" in " ".join(text.split())
    assert "窗口内缺 2 天" in text and "窗口内不缺" in text


def test_few_events_show_counts_first_and_no_arrow() -> None:
    text = Reading(html(tiles(), FEW)).text
    assert "3 / 389" in text and "不足 5 单" in text and "0.26%–2.24%" in text
    assert "▲ 窗口内缺 2 天" in text and "(+1)" in text and "+1 ▲" not in text
    assert "还没有设置警戒线" in text and "data/settings.toml" in text


def test_an_incomplete_latest_window_shows_no_number() -> None:
    rates = made_up.rates()
    latest = rates["window_end"] == pd.Timestamp(made_up.AS_OF)
    rates.loc[latest, ["numerator", "denominator", "rate", "rate_low", "rate_high"]] = pd.NA
    rates.loc[latest, "status"] = "incomplete"
    text = Reading(html(tiles(rates), HEALTHY)).text
    assert "数据不全，不计算" in text and "%" not in text.split("对照警戒线")[0].replace("95%", "")


def test_the_overview_puts_the_shop_over_its_line_first_and_needs_two_shops() -> None:
    rates = made_up.rates()
    shown = charts.overview(rates, ZH)
    assert isinstance(shown, charts.Fragment)
    text = Reading(shown.html).text
    assert text.index(HEALTHY) < text.index(FEW)
    assert charts.overview(rates[rates["shop_id"] == FEW], ZH) == charts.PerShop()


def test_overview_links_lead_to_the_shops_place_on_the_page() -> None:
    shown = charts.overview(made_up.rates(), ZH)
    assert isinstance(shown, charts.Fragment)
    place = sorted(made_up.SHOPS).index(HEALTHY) + 1
    assert f'<a href="#shop-{place}">{HEALTHY}</a>' in shown.html


def test_every_intervention_is_listed_with_why_it_is_not_counted() -> None:
    shown = charts.interventions(made_up.interventions(), made_up.rates(), ZH)
    text = Reading(html(shown, HEALTHY)).text
    assert all(order in text for order in made_up.interventions()["order_id"])
    assert "窗口内共 23 次介入，计入 20 次（同一订单只算一单），不计入 3 次。" in text
    assert text.count("不计入 · 平台主动发起") == 3
    assert "没有看到平台介入" in Reading(html(shown, FEW)).text


def test_a_shop_without_any_source_is_told_so_in_words() -> None:
    shown = charts.sources(made_up.sources(), made_up.rates(), ZH)
    assert "data/README.md" in Reading(html(shown, FEW)).text
    assert "售后状态文字" in Reading(html(shown, HEALTHY)).text


def test_the_account_of_files_names_the_refused_and_the_unbalanced() -> None:
    shown = charts.files(made_up.files(), made_up.warnings(), made_up.rates(), ZH)
    reading = Reading(html(shown, HEALTHY))
    assert "b" not in reading.tags and "文件没有下载完整" in reading.text and "<b>" in reading.text
    assert reading.text.index("未采用") < reading.text.index("对得上")
    assert "有 127 单没有成交时间" in reading.text
    assert "行数对不上" in Reading(html(shown, FEW)).text


def test_text_from_an_export_is_escaped_in_every_table() -> None:
    rates = made_up.rates()
    shown = [charts.overview(rates, ZH)]
    others = made_up.interventions().assign(
        shop_id=FEW, order_id=made_up.HOSTILE, reason=made_up.HOSTILE, counted=False
    )
    shown += [charts.interventions(others, rates, ZH).parts[FEW][0]]  # type: ignore[list-item]
    for fragment in shown:
        assert isinstance(fragment, charts.Fragment)
        reading = Reading(fragment.html)
        assert not {"img", "script", "b"} & set(reading.tags)
        assert "<img src=x onerror=alert(1)></script><b>" in reading.text


def test_the_masthead_says_day_window_and_rule() -> None:
    text = Reading(charts.masthead(made_up.rates(), made_up.Rule(), date(2026, 11, 22), ZH).html).text
    assert "2026-10-24 至 2026-11-22，共 30 天" in text and "pdd-2021-03" in text


def test_numbers_are_plain_csv_with_floats_that_read_back() -> None:
    rates = made_up.rates()
    text = charts.numbers(rates, "rates").csv()
    assert text.startswith("shop_id,metric,rule,window_start,window_end,numerator,denominator,rate,rate_low,rate_high,")
    assert "\r" not in text
    row = text.splitlines()[-1]
    assert ",2026-10-24,2026-11-22,3,389,0.007712082262210797," in row
    assert ",2026-09-14,,,,,,0.02,18,incomplete" in text


def test_frames_are_left_as_they_were() -> None:
    rates, segments = made_up.rates(), made_up.segments()
    charts.rolling(rates, ZH), tiles(rates), charts.segments(segments, TYPES, ZH)
    pd.testing.assert_frame_equal(rates, made_up.rates())
    pd.testing.assert_frame_equal(segments, made_up.segments())


def test_numbers_keep_the_time_of_an_at_column_and_join_words() -> None:
    frame = pd.DataFrame(
        {
            "deadline_at": pd.to_datetime(["2026-06-01 10:20:30", "NaT"]),
            "booked_on": pd.to_datetime(["2026-06-01", "NaT"]),
            "missing": [("waybill_stub", "signed_seal"), ()],
            "rate": [0.5, None],
        }
    )
    assert charts.numbers(frame, "x").csv().splitlines() == [
        "deadline_at,booked_on,missing,rate",
        "2026-06-01 10:20:30,2026-06-01,waybill_stub+signed_seal,0.5",
        ",,,",
    ]
