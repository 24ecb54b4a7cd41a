"""The pages as a reader sees them, in a browser without a network: drawn, narrow, dark, printed, and safe."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import report_frames as made_up
from tests.browsing import Visit
from tests.made_up_pages import WORDS

CHARTS = {
    "daily": 2 * (1 + 6 + 1),
    "rates": 2 * (1 + 2 + 1) + 1 + 1 + 1,
    "tickets": 1,
    "model": 3,
    "losses": 1 + 2 + 1 + 1,
}
"""Both shops: the rate, six segments, coverage; roll-off, two metrics, cohorts; one has the other three, and tickets;
of the losses one has all four, the other its weeks."""


@pytest.mark.parametrize(
    ("name", "width"),
    [
        *(("daily.html", 1280), ("daily.html", 360), ("daily.en.html", 768)),
        *(("rates.html", 390), ("rates.en.html", 1280), ("rates.en.html", 360)),
        *(("tickets.html", 360), ("tickets.en.html", 1280)),
        *(("losses.html", 360), ("losses.en.html", 1280)),
        *(("model.html", 360), ("model.en.html", 1280)),
    ],
)
def test_a_page_draws_every_chart_within_its_width_and_without_complaint(
    delivered: Path, browser: Any, name: str, width: int
) -> None:
    with Visit(browser, delivered / name, width=width) as visit:
        boxes = visit.boxes()
        assert len(boxes) == CHARTS[name.partition(".")[0]]
        assert all(right > 200 and height > 100 and marks for right, height, marks in boxes)
        assert visit.overhang() <= 0
        assert visit.complaints == [] and visit.asked_of_the_network() == []
        assert visit.tab.locator("img").count() == 0
        assert visit.tab.locator(".modebar-btn[data-title*='hare']").count() == 0
        assert visit.tab.locator(".modebar").first.locator(".modebar-btn").count() == 2


@pytest.mark.parametrize(
    ("page", "entry"), [("daily", "count.name"), ("rates", "rolloff.leaving")], ids=["daily", "rates"]
)
def test_a_click_on_the_legend_hides_its_bars(delivered: Path, browser: Any, page: str, entry: str) -> None:
    with Visit(browser, delivered / f"{page}.html") as visit:
        chart = visit.tab.locator("div[data-chart]").first
        bars = chart.locator(".barlayer .point")
        before = bars.count()
        chart.locator(".legend .traces").filter(has_text=WORDS["zh"][entry]).first.locator(".legendtoggle").click()
        bars.first.wait_for(state="detached")
        assert before > 0 and bars.count() == 0 and visit.complaints == []


def test_text_from_exports_is_shown_as_it_was_typed(delivered: Path, browser: Any) -> None:
    with Visit(browser, delivered / "daily.html") as visit:
        assert visit.tab.locator("img").count() == 0
        assert visit.tab.locator("section.shop > h2").first.inner_text() == made_up.SHOPS[1]
        visit.tab.locator("div[data-chart]").nth(1).locator(".barlayer .point").first.hover(force=True)
        hover = visit.tab.locator(".hoverlayer .hovertext").first.text_content()
        assert made_up.HOSTILE in (hover or "").replace("\xa0", " ")
        assert visit.complaints == []


def test_a_script_that_slips_in_does_not_run(delivered: Path, browser: Any, tmp_path: Path) -> None:
    shutil.copytree(delivered.parent, tmp_path / "reports")
    file = tmp_path / "reports" / delivered.name / "daily.html"
    html = file.read_text(encoding="utf-8")
    file.write_text(html.replace("</main>", "<img src=x onerror='window.harm=1'></main>"), encoding="utf-8")
    with Visit(browser, file) as visit:
        visit.tab.wait_for_timeout(300)
        assert visit.tab.evaluate("window.harm") is None


def test_links_lead_through_all_pages_and_both_languages(delivered: Path, browser: Any) -> None:
    switch = "a.switch"
    ways = ["rates.html", switch, "daily.en.html", switch, "tickets.html", switch, "model.en.html", "second.en.html"]
    with Visit(browser, delivered / "daily.html", width=360) as visit:
        seen = [visit.follow(way if way == switch else f"nav.pages a[href='{way}']") for way in ways]
        assert seen == [
            *("rates.html", "rates.en.html", "daily.en.html", "daily.html"),
            *("tickets.html", "tickets.en.html", "model.en.html", "second.en.html"),
        ]
        assert visit.overhang() <= 0 and visit.complaints == []


@pytest.mark.parametrize("page", CHARTS)
def test_words_in_charts_follow_the_colours_of_the_page(delivered: Path, browser: Any, page: str) -> None:
    ink = "getComputedStyle(document.querySelector('div[data-chart] .xtick text')).fill"
    with Visit(browser, delivered / f"{page}.html", dark=True) as visit:
        assert visit.tab.evaluate(ink) == "rgb(228, 232, 238)"
        visit.tab.emulate_media(color_scheme="light")
        visit.tab.wait_for_timeout(500)
        assert visit.tab.evaluate(ink) == "rgb(28, 36, 48)"


@pytest.mark.parametrize("page", CHARTS)
def test_printing_keeps_charts_inside_the_paper(delivered: Path, browser: Any, page: str) -> None:
    with Visit(browser, delivered / f"{page}.html") as visit:
        visit.tab.emulate_media(media="print")
        visit.tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        visit.tab.wait_for_timeout(500)
        widest = visit.tab.evaluate(
            "Math.max(...[...document.querySelectorAll('svg.main-svg')]"
            ".map(each => each.getBoundingClientRect().right))"
        )
        assert widest <= 186 / 25.4 * 96 + 1
        assert not visit.tab.locator(".toolbar").is_visible()


def test_the_index_opens_and_leads_to_the_page(delivered: Path, browser: Any) -> None:
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.goto((delivered.parent / "index.html").as_uri())
    tab.get_by_role("link", name="Platform interventions, daily").click()
    tab.wait_for_selector("html[data-drawn]", timeout=30_000)
    assert tab.locator("h1").inner_text() == "Platform interventions, daily"
    context.close()
