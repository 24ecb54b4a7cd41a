"""What moved: since the last report, by order day, against the usual level, and by segment."""

from __future__ import annotations

import re
from datetime import timedelta

import pandas as pd
import pytest

from analysis import charts, rules, texts
from tests import rate_frames as made_up
from tests.report_frames import HOSTILE, SHOPS, segments
from tests.shown import figure, named, note, said

KNOWN, FEW = SHOPS
TYPES = rules.ticket_types()
ZH = texts.load("zh")


def test_the_four_changes_are_shown_as_a_sum_that_adds_up() -> None:
    shown = charts.changes(made_up.changes(), made_up.change_totals(), made_up.SINCE, SHOPS, ZH)
    text = said(shown.parts[KNOWN][0])
    assert text.startswith("上次（2026-11-21） 19 新增 +3 滚出 −2 补录更正 +1 口径变化 −1 现在 = 20")
    assert all(order in text for order in made_up.changes()["order_id"])
    assert ZH["changes.rest"].split("{")[0] not in text
    assert ZH["changes.unchanged"] in said(shown.parts[FEW][0])


def test_a_sum_that_does_not_add_up_says_so() -> None:
    wrong = made_up.change_totals().assign(count_now=22)
    shown = charts.changes(made_up.changes(), wrong, made_up.SINCE, SHOPS, ZH)
    assert "四项加起来还差 +2 单" in said(shown.parts[KNOWN][0])


def test_the_first_report_has_one_sentence_of_change() -> None:
    shown = charts.changes(made_up.changes().iloc[:0], made_up.change_totals().iloc[:0], None, SHOPS, ZH)
    assert [[said(part) for part in shown.parts[shop]] for shop in SHOPS] == [[ZH["changes.first"]]] * 2


def test_a_shop_of_which_nothing_was_counted_has_one_sentence_of_change() -> None:
    only = made_up.change_totals().query("shop_id == @KNOWN")
    shown = charts.changes(made_up.changes(), only, made_up.SINCE, SHOPS, ZH)
    assert [said(part) for part in shown.parts[FEW]] == [ZH["changes.nothing"].format(day="2026-11-21")]


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


def test_the_shrunken_rate_is_a_diamond_beside_the_raw_bar() -> None:
    product = charts.segments(segments(), TYPES, ZH).parts[KNOWN][0]
    diamonds = named(product)[ZH["segment.shrunken"]]
    bars = named(product)[ZH["rate.name"]]
    assert diamonds["marker"]["symbol"] == "diamond" and diamonds["y"] == bars["y"]
    assert diamonds["x"][0] == pytest.approx(0.5 * 8 / 120 + 0.5 * 0.03)
    unknown = charts.segments(segments().assign(shrunken_rate=None), TYPES, ZH).parts[KNOWN][0]
    assert ZH["segment.shrunken"] not in named(unknown)


def test_a_segment_without_orders_has_counts_and_no_rate_to_draw() -> None:
    frame = segments()
    first = frame.index[frame["segment"] == HOSTILE]
    for name in ("rate", "rate_low", "rate_high"):
        frame.loc[first, name] = pd.NA
    frame.loc[first, "denominator"] = 0
    product = charts.segments(frame, TYPES, ZH).parts[KNOWN][0]
    assert len(named(product)[ZH["rate.name"]]["x"]) == 8 and len(named(product)[ZH["segment.shrunken"]]["x"]) == 7
    assert "8 / 0 · <b>–</b>" in [each["text"] for each in figure(product)["layout"]["annotations"]]
    frame.loc[first, "numerator"] = 0
    gone = charts.segments(frame, TYPES, ZH).parts[KNOWN][0]
    assert "0 / 0" not in str(figure(gone)["layout"]["annotations"])
    frame.loc[frame["dimension"] == "product", "rate"] = pd.NA
    assert len(charts.segments(frame, TYPES, ZH).parts[KNOWN]) == 5


def test_a_dimension_with_one_segment_moves_nothing() -> None:
    frame = segments().query("dimension == 'courier' and segment == '邮政' or dimension == 'province'")
    assert "邮政" not in said(charts.movers(frame, TYPES, ZH).parts[KNOWN][0])


def test_the_movers_are_the_largest_changes_with_effects_that_sum_to_them() -> None:
    (movers,) = charts.movers(segments(), TYPES, ZH).parts[KNOWN]
    assert isinstance(movers, charts.Fragment)
    cells = re.findall(r'<td class="num[^"]*">([^<]*)</td>', movers.html)
    assert len(cells) == 10 * 5
    changes = [[float(cell.replace("−", "-")) for cell in cells[row * 5 : row * 5 + 3]] for row in range(10)]
    assert all(abs(change - mix - rate) < 0.011 for change, mix, rate in changes)
    sizes = [abs(change) for change, _, _ in changes]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] == 1.01
    assert charts.movers(segments(), TYPES, ZH).parts[FEW] == [], "no window before: no movers"
