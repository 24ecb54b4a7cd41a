"""The renderer: whole pages or none, the same bytes again, nothing from the network, no markup."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import texts
from analysis.reports import page, render
from analysis.reports.history import write_index
from analysis.reports.kernel import prepare
from analysis.settings import PACKAGE, PROJECT, UserError
from tests import report_frames as made_up

nbformat: Any = importlib.import_module("nbformat")
DAILY = PROJECT / "notebooks" / "reports" / "daily.ipynb"
WORDS = {language: texts.load(language) for language in ("zh", "en")}
TITLES = {"small": ("小报告", "A small report"), "second": ("第二页 <i>", "A second page <i>")}
PUBLISH = "import pandas as pd\nfrom analysis import charts\ncharts.numbers(pd.DataFrame({'a': [%s]}), '%s')"
FACTS = f"""
import sys
from datetime import date
sys.path.insert(0, {str(PROJECT)!r})
from analysis import charts, texts
from tests import report_frames as made_up
words = texts.load(language)
as_of = date.fromisoformat(as_of)
rates, segments, covered_days = made_up.rates(), made_up.segments(), made_up.covered_days()
interventions, sources = made_up.interventions(), made_up.sources()
files, warnings, rule = made_up.files(), made_up.warnings(), made_up.Rule()
"""


def with_made_up_facts(folder: Path) -> Path:
    """The real daily notebook, with the one cell that loads the facts replaced."""
    notebook = nbformat.read(DAILY, as_version=4)
    (cell,) = (cell for cell in notebook.cells if "facts" in cell.metadata.get("tags", []))
    cell.source = FACTS
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / "daily.ipynb")
    return folder / "daily.ipynb"


def small(folder: Path, *cells: str, parameters: str = 'as_of = None\nlanguage = "zh"', name: str = "small") -> Path:
    """A notebook with a heading per language, a parameters cell and these code cells."""
    zh, en = TITLES[name]
    v4 = nbformat.v4
    found = [
        v4.new_markdown_cell(f"# {zh}", metadata={"tags": ["zh"]}),
        v4.new_markdown_cell(f"# {en}", metadata={"tags": ["en"]}),
        v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *(v4.new_code_cell(source) for source in cells),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(v4.new_notebook(cells=found), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def with_second_page(folder: Path) -> Path:
    parameters = 'data = None\nas_of = None\nlanguage = "zh"'
    return small(folder, PUBLISH % ("1", "second"), parameters=parameters, name="second")


def render_small(folder: Path, *cells: str, **given: Any) -> Path:
    parameters = given.pop("parameters", {})
    notebook = small(folder / "notebooks", *cells)
    words = given.pop("words", {"zh": WORDS["zh"]})
    return render([notebook], parameters, as_of=made_up.AS_OF, words=words, reports=folder / "reports", **given)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The daily report of the made-up shops and a second page, in both languages."""
    folder = tmp_path_factory.mktemp("daily")
    return render(
        [with_made_up_facts(folder / "notebooks"), with_second_page(folder / "notebooks")],
        {"data": folder / "data"},
        as_of=made_up.AS_OF,
        words=WORDS,
        reports=folder / "reports",
        record={"rule": "pdd-2021-03", "inputs": {"b.csv": "22", "a.csv": "11"}},
        is_sample=True,
    )


def test_a_run_leaves_pages_numbers_record_index_and_one_plotly_file(delivered: Path) -> None:
    reports = delivered.parent
    assert delivered.name == "2026-11-22"
    kept = sorted(str(file.relative_to(delivered)) for file in delivered.rglob("*") if file.is_file())
    pages = ["daily.en.html", "daily.html", "second.en.html", "second.html"]
    numbers = [str(Path("numbers", name)) for name in ("rates.csv", "second.csv")]
    assert kept == sorted([*pages, *numbers, "run.json"])
    assert sorted(file.name for file in reports.iterdir()) == ["2026-11-22", "assets", "index.html"]
    (asset,) = (reports / "assets").iterdir()
    assert re.fullmatch(r"plotly-\d+\.\d+\.\d+\.min\.js", asset.name)
    assert f'src="../assets/{asset.name}"' in (delivered / "daily.html").read_text(encoding="utf-8")


def test_each_language_keeps_its_own_text_and_links_to_the_other(delivered: Path) -> None:
    zh = (delivered / "daily.html").read_text(encoding="utf-8")
    en = (delivered / "daily.en.html").read_text(encoding="utf-8")
    assert "平台介入日报" in zh and "Platform interventions, daily" not in zh
    assert "Platform interventions, daily" in en and "平台介入日报" not in en
    assert 'href="daily.en.html"' in zh and 'href="daily.html"' in en
    assert '<html lang="zh-CN">' in zh and '<html lang="en">' in en


def test_the_sample_says_loudly_that_it_is_made_up(delivered: Path) -> None:
    assert WORDS["zh"]["page.sample"] in (delivered / "daily.html").read_text(encoding="utf-8")
    assert WORDS["en"]["page.sample"] in (delivered / "daily.en.html").read_text(encoding="utf-8")


def test_real_data_has_no_sample_banner(tmp_path: Path) -> None:
    folder = render_small(tmp_path, "1 + 1")
    assert WORDS["zh"]["page.sample"] not in (folder / "small.html").read_text(encoding="utf-8")


def test_the_code_is_folded_away_and_names_no_folder_of_this_machine(delivered: Path) -> None:
    html = (delivered / "daily.html").read_text(encoding="utf-8")
    body, fold = html.split('<details class="code">')
    assert "charts.rolling(rates, words)" in fold and "charts.rolling" not in body
    assert str(delivered.parent.parent / "data") not in html


def test_the_numbers_open_in_excel_and_in_pandas(delivered: Path) -> None:
    file = delivered / "numbers" / "rates.csv"
    assert file.read_bytes().startswith(b"\xef\xbb\xbfshop_id,metric,rule,")
    numbers = pd.read_csv(file)
    assert list(numbers.columns) == list(made_up.rates().columns)
    assert len(numbers) == 180 and set(numbers["shop_id"]) == set(made_up.SHOPS)


def test_the_record_says_what_the_run_stood_on(delivered: Path) -> None:
    record = json.loads((delivered / "run.json").read_text(encoding="utf-8"))
    assert record["as_of"] == "2026-11-22" and record["rule"] == "pdd-2021-03" and record["is_sample"] is True
    assert record["inputs"] == {"a.csv": "11", "b.csv": "22"}
    assert record["pages"] == [
        {
            "notebook": "daily.ipynb",
            "files": {"zh": "daily.html", "en": "daily.en.html"},
            "titles": {"zh": "平台介入日报", "en": "Platform interventions, daily"},
        },
        {
            "notebook": "second.ipynb",
            "files": {"zh": "second.html", "en": "second.en.html"},
            "titles": dict(zip(("zh", "en"), TITLES["second"], strict=True)),
        },
    ]
    assert record["numbers"] == ["rates", "second"]
    assert set(record["durations"]) == {"daily", "second", "all"}
    assert set(record["durations"]["daily"]) == set(record["durations"]["second"]) == {"zh", "en"}


def test_the_same_run_again_gives_the_same_bytes(delivered: Path, tmp_path: Path) -> None:
    again = render(
        [with_made_up_facts(tmp_path / "elsewhere"), with_second_page(tmp_path / "elsewhere")],
        {"data": tmp_path / "other"},
        as_of=made_up.AS_OF,
        words=WORDS,
        reports=tmp_path / "reports",
        record={"rule": "pdd-2021-03", "inputs": {"a.csv": "11", "b.csv": "22"}},
        is_sample=True,
    )
    for file in (file for file in delivered.rglob("*") if file.is_file() and file.name != "run.json"):
        assert file.read_bytes() == (again / file.relative_to(delivered)).read_bytes(), file.name
    assert (delivered.parent / "index.html").read_bytes() == (again.parent / "index.html").read_bytes()
    records = [json.loads((folder / "run.json").read_text(encoding="utf-8")) for folder in (delivered, again)]
    for record in records:
        del record["durations"]
    assert records[0] == records[1]


def test_a_second_run_replaces_the_first_whole(tmp_path: Path) -> None:
    render_small(tmp_path, "print('an older run')")
    (tmp_path / "reports" / "2026-11-22" / "left.txt").write_text("from an older version")
    folder = render_small(tmp_path, "print('a newer run')")
    assert sorted(file.name for file in folder.iterdir()) == ["run.json", "small.html"]
    html = (folder / "small.html").read_text(encoding="utf-8")
    assert "<pre>a newer run" in html and "an older run" not in html


def test_a_failing_cell_names_notebook_heading_and_error_and_leaves_the_old_report(tmp_path: Path) -> None:
    folder = render_small(tmp_path, "print('good')")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(UserError) as raised:
        render_small(tmp_path, "1 // 0")
    for text in (raised.value.zh, raised.value.en):
        assert "small.ipynb" in text and "ZeroDivisionError" in text and "小报告" in text
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert sorted(file.name for file in folder.parent.iterdir()) == ["2026-11-22", "assets", "index.html"]


def test_a_kernel_that_dies_is_an_error_and_no_page(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="DeadKernel"):
        render_small(tmp_path, "import os; os._exit(1)")
    assert not (tmp_path / "reports" / "2026-11-22").exists()


def test_a_misspelt_parameter_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"dta.*as_of, language"):
        render_small(tmp_path, "1", parameters={"dta": "x"})
    assert not (tmp_path / "reports" / "2026-11-22").exists()


def test_parameters_reach_the_notebook_as_text(tmp_path: Path) -> None:
    parameters = 'as_of = None\nlanguage = "zh"\nplace = None'
    notebook = small(tmp_path, "1", parameters=parameters)
    injected = prepare(notebook, {"as_of": "2026-11-22", "language": "en", "place": Path("a'b")}, "en").cells[2]
    assert injected.source == "as_of = '2026-11-22'\nlanguage = 'en'\nplace = \"a'b\""


def test_a_page_that_lost_a_chart_is_not_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    templates = tmp_path / "package" / "pages"
    shutil.copytree(PACKAGE / "pages", templates)
    broken = (templates / "page.html").read_text(encoding="utf-8").replace('each.kind == "chart"', "false")
    (templates / "page.html").write_text(broken, encoding="utf-8")
    monkeypatch.setattr(page, "PACKAGE", templates.parent)
    page.environment.cache_clear()
    try:
        with pytest.raises(UserError, match=r"1 chart.*0 chart"):
            render_small(tmp_path, "import plotly.graph_objects as go\ngo.Figure(go.Scatter(x=[1], y=[2])).show()")
    finally:
        page.environment.cache_clear()
    assert not (tmp_path / "reports" / "2026-11-22").exists()


def test_a_plain_figure_and_a_plain_frame_reach_the_page(tmp_path: Path) -> None:
    folder = render_small(
        tmp_path,
        "import pandas as pd, plotly.graph_objects as go",
        "pd.DataFrame({'name': ['<script>alert(1)</script>']})",
        "go.Figure(go.Scatter(x=[1], y=[2]))",
    )
    html = (folder / "small.html").read_text(encoding="utf-8")
    assert html.count("<table") == 1 and html.count('<div class="chart"') == 1
    assert "<script>alert" not in html and "&lt;script&gt;alert(1)" in html


def test_languages_that_disagree_on_a_number_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"small\.ipynb.*disagree"):
        render_small(tmp_path, PUBLISH % ("language", "a"), words=WORDS)


def test_what_a_killed_run_left_behind_is_put_right(tmp_path: Path) -> None:
    folder = render_small(tmp_path, "print('kept')")
    folder.rename(folder.with_name(".2026-11-22.old"))
    folder.with_name(".2026-11-22.tmp").mkdir()
    with pytest.raises(UserError):
        render_small(tmp_path, "1 // 0")
    assert "kept" in (folder / "small.html").read_text(encoding="utf-8")
    assert sorted(file.name for file in folder.parent.iterdir()) == ["2026-11-22", "assets", "index.html"]


def test_the_index_lists_the_whole_runs_newest_first(tmp_path: Path) -> None:
    old = {"en": "daily.en.html", "zh": "daily.html"}
    new = [
        {"files": {"zh": f"{name}.html", "en": f"{name}.en.html"}, "titles": {"zh": f"{name}页", "en": f"{name} <i>"}}
        for name in ("daily", "rates")
    ]
    for day, pages in (("2026-11-20", old), ("2026-11-22", new), ("2026-11-21", new)):
        (tmp_path / day).mkdir()
        text = json.dumps({"languages": ["zh", "en"], "pages": pages, "as_of": day, "rule": "<b>"})
        (tmp_path / day / "run.json").write_text(text, encoding="utf-8")
    (tmp_path / "2026-11-23").mkdir()
    (tmp_path / "2026-11-23" / "run.json").write_text("{ half", encoding="utf-8")
    html = write_index(tmp_path, WORDS).read_text(encoding="utf-8")
    names = ("daily.html", "rates.html", "daily.en.html", "rates.en.html")
    links = [f"{day}/{name}" for day in ("2026-11-22", "2026-11-21") for name in names]
    assert re.findall(r'href="([^"]+)"', html) == [*links, "2026-11-20/daily.html", "2026-11-20/daily.en.html"]
    shown = re.findall(r"<a [^>]+>([^<]+)</a>", html)
    assert shown[:4] == ["daily页", "rates页", "daily &lt;i&gt;", "rates &lt;i&gt;"]
    assert shown[8:] == ["中文", "English"], "a run of before pages had titles"
    assert "<b>" not in html and "&lt;b&gt;" in html


def test_pages_lead_to_each_other_by_their_titles(delivered: Path) -> None:
    for name, daily, second, at in (
        ("daily.html", "平台介入日报", "第二页 &lt;i&gt;", 0),
        ("second.html", "平台介入日报", "第二页 &lt;i&gt;", 1),
        ("daily.en.html", "Platform interventions, daily", "A second page &lt;i&gt;", 0),
        ("second.en.html", "Platform interventions, daily", "A second page &lt;i&gt;", 1),
    ):
        html = (delivered / name).read_text(encoding="utf-8")
        (navigation,) = re.findall(r'<nav class="pages">(.*?)</nav>', html)
        end = ".en.html" if name.endswith(".en.html") else ".html"
        links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>([^<]+)</a>', navigation)
        assert [(link[0], link[2]) for link in links] == [("daily" + end, daily), ("second" + end, second)]
        assert [bool(link[1]) for link in links] == [at == 0, at == 1]
        assert f"<title>{(daily, second)[at]} · 2026-11-22</title>" in html


def test_a_page_offers_its_own_numbers_and_a_lone_page_no_navigation(delivered: Path, tmp_path: Path) -> None:
    own = re.compile(r'href="(numbers/[^"]+)"')
    assert own.findall((delivered / "daily.html").read_text(encoding="utf-8")) == ["numbers/rates.csv"]
    assert own.findall((delivered / "second.en.html").read_text(encoding="utf-8")) == ["numbers/second.csv"]
    html = (render_small(tmp_path, PUBLISH % (1, "a"), PUBLISH % (2, "b")) / "small.html").read_text(encoding="utf-8")
    assert own.findall(html) == ["numbers/a.csv", "numbers/b.csv"] and ">b.csv</a>" in html
    assert '<nav class="pages">' not in html


def test_the_report_before_goes_in_only_where_a_notebook_asks_for_it(tmp_path: Path) -> None:
    given = {"as_of": "2026-11-22", "language": "zh", "previous": None}
    asking = small(tmp_path, parameters="as_of = None\nprevious = 'x'")
    assert prepare(asking, given, "zh").cells[2].source == "as_of = '2026-11-22'\nprevious = None"
    silent = small(tmp_path, parameters="as_of = None")
    assert prepare(silent, given, "zh").cells[2].source == "as_of = '2026-11-22'"


def test_the_record_keeps_what_the_caller_says(tmp_path: Path) -> None:
    definitions = {"a-rule": {"window_days": 30, "valid_from": made_up.AS_OF}}
    folder = render_small(tmp_path, "1", record={"rules": definitions})
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["rules"] == {"a-rule": {"window_days": 30, "valid_from": "2026-11-22"}}
    assert record["numbers"] == []


def test_the_notebook_is_thin_and_kept_without_outputs() -> None:
    notebook = nbformat.read(DAILY, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) <= 12
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert not [cell for cell in code if re.search(r"^\s*(def|class|for|while)\b", cell.source, re.MULTILINE)]
    language_tags = [{"zh", "en"} & set(cell.metadata.tags) for cell in notebook.cells if cell.cell_type == "markdown"]
    assert language_tags.count({"zh"}) == language_tags.count({"en"}) == len(language_tags) / 2
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium. Missing: a skip with the reason, but a failure in CI."""
    found = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if not found:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no chromium or google-chrome on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=found, args=options)
        yield chromium
        chromium.close()


class Visit:
    """One page opened from its file with the network off, and everything it complained about or asked for."""

    def __init__(self, browser: Any, file: Path, *, width: int = 1280, dark: bool = False) -> None:
        scheme = "dark" if dark else "light"
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
        self.tab = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.tab.on("console", lambda message: self.complaints.append(message.text))
        self.tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tab.on("dialog", self.dismiss)
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.goto(file.as_uri())
        self.tab.wait_for_selector("html[data-drawn]", timeout=30_000)

    def dismiss(self, dialog: Any) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize("name", ["daily.html", "daily.en.html"])
def test_the_page_draws_every_chart_without_network_or_complaint(delivered: Path, browser: Any, name: str) -> None:
    with Visit(browser, delivered / name) as visit:
        boxes = visit.tab.evaluate(
            "[...document.querySelectorAll('div[data-chart]')].map(each => {"
            " const box = each.querySelector('svg.main-svg').getBoundingClientRect();"
            " return [box.width, box.height, each.querySelectorAll('.trace, .hm, .point').length] })"
        )
        assert len(boxes) == 12
        assert all(width > 200 and height > 100 and drawn for width, height, drawn in boxes)
        assert visit.complaints == []
        assert [url for url in visit.requests if not url.startswith("file:")] == []
        assert visit.tab.locator(".modebar-btn[data-title*='hare']").count() == 0
        assert visit.tab.locator(".modebar").first.locator(".modebar-btn").count() == 2


def test_a_click_on_the_legend_hides_its_line(delivered: Path, browser: Any) -> None:
    with Visit(browser, delivered / "daily.html") as visit:
        chart = visit.tab.locator("div[data-chart]").first
        entry = chart.locator(".legend .traces").filter(has_text=WORDS["zh"]["count.name"]).first
        before = chart.locator(".barlayer .point").count()
        entry.locator(".legendtoggle").click()
        visit.tab.wait_for_timeout(800)
        assert before > 0 and chart.locator(".barlayer .point").count() == 0


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


def test_the_navigation_leads_to_the_other_page(delivered: Path, browser: Any) -> None:
    with Visit(browser, delivered / "daily.en.html", width=360) as visit:
        visit.tab.get_by_role("link", name="A second page <i>").click()
        visit.tab.wait_for_selector("html[data-drawn]", timeout=30_000)
        assert visit.tab.url.endswith("/second.en.html")
        assert visit.tab.evaluate("document.documentElement.scrollWidth") <= 360
        assert visit.complaints == []


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_width_scrolls_the_page_sideways(delivered: Path, browser: Any, width: int) -> None:
    with Visit(browser, delivered / "daily.html", width=width) as visit:
        assert visit.tab.evaluate("document.documentElement.scrollWidth") <= width


def test_dark_pages_have_light_words_in_their_charts(delivered: Path, browser: Any) -> None:
    ink = "getComputedStyle(document.querySelector('div[data-chart] .xtick text')).fill"
    with (
        Visit(browser, delivered / "daily.html", dark=True) as dark,
        Visit(browser, delivered / "daily.html") as light,
    ):
        assert dark.tab.evaluate(ink) == "rgb(228, 232, 238)"
        assert light.tab.evaluate(ink) == "rgb(28, 36, 48)"


def test_printing_keeps_charts_inside_the_paper(delivered: Path, browser: Any) -> None:
    with Visit(browser, delivered / "daily.html") as visit:
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
