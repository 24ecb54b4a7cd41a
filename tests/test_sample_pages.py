"""The sample's pages in a browser without a network, on a phone: every chart, no complaint, and the way between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analysis import settings
from tests.browsing import Visit


@pytest.fixture(scope="module")
def pages(sample_report: settings.Settings) -> Path:
    return sample_report.reports / "2026-09-14"


@pytest.mark.parametrize(
    ("name", "fewest", "captions"),
    [
        ("daily.html", 12, ["近30天平台介入率，逐日滚动", "按商品", "订单和售后每一天都有数据。"]),
        ("rates.html", 12, ["今后 30 天滚出窗口的订单", "平台介入率", "按下单日看：每天的订单有多少被介入"]),
        ("rates.en.html", 12, []),
        ("tickets.html", 2, ["每天结束时未结的工单，按等了几天"]),
        ("losses.html", 8, ["每周开始的纠纷，损失多少", "从退款到全部损失", "退款里原来有什么", "为什么损失，该找谁"]),
        ("model.html", 3, []),
    ],
)
def test_every_chart_of_both_shops_is_drawn_on_a_phone(
    pages: Path, browser: Any, name: str, fewest: int, captions: list[str]
) -> None:
    with Visit(browser, pages / name, width=390) as visit:
        made = (pages / name).read_text(encoding="utf-8").count('<script type="application/json" data-chart=')
        boxes = visit.boxes()
        assert len(boxes) == made >= fewest
        assert all(width > 200 and height > 100 and marks for width, height, marks in boxes)
        for caption in captions:
            assert visit.tab.locator(f"div[data-chart][aria-label='{caption}']").count() == 2, caption
        assert visit.overhang() <= 0
        assert visit.complaints == [] and visit.asked_of_the_network() == []


@pytest.mark.parametrize("name", ["daily.html", "rates.html"])
def test_the_legend_hides_a_line(pages: Path, browser: Any, name: str) -> None:
    with Visit(browser, pages / name, width=390) as visit:
        chart = visit.tab.locator("div[data-chart]").first
        lines = chart.locator(".scatterlayer .trace")
        before = lines.count()
        chart.locator(".legendtoggle").nth(1).click()
        lines.nth(before - 1).wait_for(state="detached")
        assert 0 < lines.count() < before and visit.complaints == []


def test_all_pages_and_both_languages_lead_to_each_other(pages: Path, browser: Any) -> None:
    switch = "a.switch"
    with Visit(browser, pages / "daily.html", width=390) as visit:
        ways = [
            "rates.html",
            switch,
            "tickets.en.html",
            switch,
            "model.html",
            switch,
            "losses.en.html",
            "daily.en.html",
        ]
        seen = [visit.follow(way if way == switch else f"nav.pages a[href='{way}']") for way in ways]
        assert seen == [
            *("rates.html", "rates.en.html", "tickets.en.html", "tickets.html"),
            *("model.html", "model.en.html", "losses.en.html", "daily.en.html"),
        ]
        assert visit.complaints == [] and visit.asked_of_the_network() == []
