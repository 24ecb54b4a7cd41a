"""The renderer: whole pages or none, the same bytes again, nothing from the network, no markup."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import rates
from analysis.cli import reporting
from analysis.reports import page, render
from analysis.reports.history import write_index
from analysis.reports.kernel import prepare
from analysis.settings import PACKAGE, UserError
from tests import report_frames as made_up
from tests.made_up_pages import PUBLISH, TITLES, WORDS, deliver, notebooks, small

DAILY_TITLES = ("平台介入日报", "Platform interventions, daily")
RATES_TITLES = ("介入率：接下来会怎样，和平台对得上吗", "The rate: what comes next, and does it equal the platform's?")
TICKETS_TITLES = ("工单和举证", "Tickets and proof")
LOSS_TITLES = ("纠纷损失", "What disputes cost")
MODEL_TITLES = ("升级预测", "Escalation model")
DAILY_NUMBERS = ("rates", "status", "cases", "changes", "tickets", "watchlist")
LOSS_NUMBERS = (
    *(
        "losses",
        "loss_summary",
        "loss_waterfall",
        "loss_causes",
        "loss_products",
        "loss_trend",
        "carrier_claims",
        "contest",
    ),
    *("contest_backtest", "restrictions", "learned_line", "restriction_scenario", "savings", "assumptions"),
)
MODEL_NUMBERS = ("model", "model_features", "drift", "feedback")
RATES_NUMBERS = ("rolloff", "forecast", "backtest", "reconciliation", "fits", "segments", "cohorts", "signal")
TICKETS_NUMBERS = ("obtainable", "lapses", "appeals", "backlog", "handling")
NUMBERS = (*DAILY_NUMBERS, *LOSS_NUMBERS, *MODEL_NUMBERS, *RATES_NUMBERS, *TICKETS_NUMBERS, "second")
PAGES = {
    "daily": DAILY_TITLES,
    "losses": LOSS_TITLES,
    "model": MODEL_TITLES,
    "rates": RATES_TITLES,
    "tickets": TICKETS_TITLES,
    "second": TITLES["second"],
}
"""The titles of each page in both languages, in the order of the pages."""


def render_small(folder: Path, *cells: str, **given: Any) -> Path:
    parameters = given.pop("parameters", {})
    notebook = small(folder / "notebooks", *cells)
    words = given.pop("words", {"zh": WORDS["zh"]})
    return render([notebook], parameters, as_of=made_up.AS_OF, words=words, reports=folder / "reports", **given)


def test_a_run_leaves_pages_numbers_record_index_and_one_plotly_file(delivered: Path) -> None:
    reports = delivered.parent
    assert delivered.name == "2026-11-22"
    kept = sorted(str(file.relative_to(delivered)) for file in delivered.rglob("*") if file.is_file())
    pages = [f"{name}{end}" for name in PAGES for end in (".en.html", ".html")]
    numbers = [str(Path("numbers", f"{name}.csv")) for name in NUMBERS]
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
    assert "charts.rolling(found.rates, words)" in fold and "charts.rolling" not in body
    assert str(delivered.parent.parent / "data") not in html


def test_the_numbers_open_in_excel_and_in_pandas(delivered: Path) -> None:
    file = delivered / "numbers" / "rates.csv"
    assert file.read_bytes().startswith(b"\xef\xbb\xbfshop_id,metric,rule,")
    numbers = pd.read_csv(file)
    assert list(numbers.columns) == rates.COLUMNS
    assert len(numbers) == 2 * 5 * 90 and set(numbers["shop_id"]) == set(made_up.SHOPS)


def test_the_record_says_what_the_run_stood_on(delivered: Path) -> None:
    record = json.loads((delivered / "run.json").read_text(encoding="utf-8"))
    assert record["as_of"] == "2026-11-22" and record["rule"] == "pdd-2021-03" and record["is_sample"] is True
    assert record["inputs"] == {"a.csv": "11", "b.csv": "22"}
    assert record["pages"] == [
        {
            "notebook": f"{name}.ipynb",
            "files": {"zh": f"{name}.html", "en": f"{name}.en.html"},
            "titles": dict(zip(("zh", "en"), titles, strict=True)),
        }
        for name, titles in PAGES.items()
    ]
    assert record["numbers"] == sorted(NUMBERS)
    assert set(record["durations"]) == {*PAGES, "all"}
    assert all(set(record["durations"][name]) == {"zh", "en"} for name in PAGES)


def test_the_same_run_again_gives_the_same_bytes(delivered: Path, tmp_path: Path) -> None:
    again = deliver(tmp_path / "elsewhere", {"a.csv": "11", "b.csv": "22"})
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


@pytest.mark.parametrize(("at", "end"), [(0, ".html"), (1, ".en.html")], ids=["zh", "en"])
def test_pages_lead_to_each_other_by_their_titles(delivered: Path, at: int, end: str) -> None:
    titles = [each[at] for each in PAGES.values()]
    files = [name + end for name in PAGES]
    for here, file in enumerate(files):
        page_html = (delivered / file).read_text(encoding="utf-8")
        (navigation,) = re.findall(r'<nav class="pages">(.*?)</nav>', page_html)
        links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>([^<]+)</a>', navigation)
        assert [(link[0], unescape(link[2])) for link in links] == list(zip(files, titles, strict=True))
        assert [bool(link[1]) for link in links] == [place == here for place in range(len(PAGES))]
        (shown,) = re.findall(r"<title>(.*?)</title>", page_html)
        assert unescape(shown) == f"{titles[here]} · 2026-11-22"


def test_a_page_offers_its_own_numbers_and_a_lone_page_no_navigation(delivered: Path, tmp_path: Path) -> None:
    own = re.compile(r'href="numbers/([^"]+)\.csv"')
    pages = {"daily.html": DAILY_NUMBERS, "rates.en.html": RATES_NUMBERS, "tickets.html": TICKETS_NUMBERS}
    for file, names in (
        pages | {"second.html": ("second",), "model.en.html": MODEL_NUMBERS, "losses.html": LOSS_NUMBERS}
    ).items():
        assert own.findall((delivered / file).read_text(encoding="utf-8")) == list(names), file
    html = (render_small(tmp_path, PUBLISH % (1, "a"), PUBLISH % (2, "b")) / "small.html").read_text(encoding="utf-8")
    assert own.findall(html) == ["a", "b"] and ">b.csv</a>" in html
    assert '<nav class="pages">' not in html


def test_the_report_before_goes_in_only_where_a_notebook_asks_for_it(tmp_path: Path) -> None:
    given = {"as_of": "2026-11-22", "language": "zh", "previous": None}
    asking = small(tmp_path, parameters="as_of = None\nprevious = 'x'")
    assert prepare(asking, given, "zh").cells[2].source == "as_of = '2026-11-22'\nprevious = None"
    silent = small(tmp_path, parameters="as_of = None")
    assert prepare(silent, given, "zh").cells[2].source == "as_of = '2026-11-22'"


def test_the_record_keeps_what_the_caller_says(tmp_path: Path) -> None:
    definitions = {"a-rule": {"window_days": 30, "valid_from": made_up.AS_OF}}
    folder = render_small(tmp_path, "1", record=lambda: {"rules": definitions})
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["rules"] == {"a-rule": {"window_days": 30, "valid_from": "2026-11-22"}}
    assert record["numbers"] == []


@pytest.mark.parametrize("file", reporting.NOTEBOOKS, ids=lambda file: str(file.stem))
def test_a_notebook_is_thin_and_kept_without_outputs(file: Path) -> None:
    notebook = notebooks().read(file, as_version=4)
    notebooks().validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(code) <= 12
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert not [cell for cell in code if re.search(r"^\s*(def|class|for|while)\b", cell.source, re.MULTILINE)]
    language_tags = [{"zh", "en"} & set(cell.metadata.tags) for cell in notebook.cells if cell.cell_type == "markdown"]
    assert language_tags.count({"zh"}) == language_tags.count({"en"}) == len(language_tags) / 2
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
