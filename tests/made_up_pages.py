"""Notebooks for the renderer: the report's own with made-up findings in place of the facts, and small ones."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from analysis import rules, texts
from analysis.cli import reporting
from analysis.reports import render
from analysis.settings import PROJECT
from tests import loss_frames, rate_frames, report_frames, ticket_frames, watch_frames

WORDS = {language: texts.load(language) for language in ("zh", "en")}
TITLES = {"small": ("小报告", "A small report"), "second": ("第二页 <i>", "A second page <i>")}
PUBLISH = "import pandas as pd\nfrom analysis import charts\ncharts.numbers(pd.DataFrame({'a': [%s]}), '%s')"
FACTS = f"""
import sys
sys.path.insert(0, {str(PROJECT)!r})
from analysis import charts, forecast, rates, texts
from tests import made_up_pages
words = texts.load(language)
found, chosen, warehouse = made_up_pages.findings(), None, made_up_pages.warehouse()
"""


def notebooks() -> Any:
    """The untyped library nbformat, loaded when first used: every test session loads this file."""
    return importlib.import_module("nbformat")


def findings() -> SimpleNamespace:
    """What the notebooks take from `analysis.findings.Findings`, of the made-up shops."""
    leading, *others = rate_frames.rules()
    return SimpleNamespace(
        as_of=report_frames.AS_OF,
        previous=rate_frames.SINCE,
        shops=sorted(report_frames.SHOPS),
        rule=leading,
        candidates=[leading, *(rule for rule in others if rule.metric == leading.metric)],
        every_rule=[leading, *others],
        covered_days=report_frames.covered_days(),
        warnings=report_frames.warnings(),
        rates=report_frames.rates(),
        all_rates=rate_frames.rates_of_rules(),
        windows=rate_frames.rates_of_rules(),
        status=rate_frames.status(),
        rolloff=rate_frames.rolloff(),
        outlook=rate_frames.forecast(),
        backtest=rate_frames.backtest(),
        cohorts=rate_frames.cohorts(),
        signal=(rate_frames.signal(), rate_frames.signal_basis()),
        reconciliation=rate_frames.reconciliation(),
        fits=rate_frames.fits(),
        gaps=rate_frames.gaps(),
        figures=rate_frames.figures(),
        agreement=rate_frames.agreement(),
        changes=rate_frames.changes(),
        change_totals=rate_frames.change_totals(),
        segments=report_frames.segments(),
        interventions=report_frames.interventions(),
        cases=report_frames.interventions(),
        sources=report_frames.sources(),
        ticket_types=rules.ticket_types(),
        worklist=ticket_frames.worklist(),
        tickets=ticket_frames.tickets(),
        due=ticket_frames.due(),
        obtainable=ticket_frames.obtainable(),
        lapses=ticket_frames.lapses(),
        appealable=ticket_frames.appealable(),
        backlog=ticket_frames.backlog(),
        handling=ticket_frames.handling(),
        evidence=ticket_frames.evidence(),
        settings=SimpleNamespace(escalation=watch_frames.CHOICES),
        watched=watch_frames.watched(),
        watchlist=watch_frames.watched(),
        trained=watch_frames.trained(),
        kept=watch_frames.kept(),
        feedback=watch_frames.feedback(),
        unread_lists=[],
        model_card=watch_frames.card(),
        model_features=watch_frames.features(),
        model_measures=watch_frames.evaluation()["overall"],
        drift=watch_frames.drift(),
        **loss_frames.findings(),
    )


def warehouse() -> SimpleNamespace:
    """The question that the daily notebook asks itself."""
    answers = {"file_accounts": report_frames.files()}
    return SimpleNamespace(ask=lambda _, question, **values: answers[question])


def with_made_up_facts(folder: Path) -> list[Path]:
    """The report's notebooks, in the order of their pages, with the one cell that loads the facts replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in reporting.NOTEBOOKS:
        notebook = notebooks().read(file, as_version=4)
        (cell,) = (cell for cell in notebook.cells if "facts" in cell.metadata.get("tags", []))
        cell.source = FACTS
        notebooks().write(notebook, folder / file.name)
    return [folder / file.name for file in reporting.NOTEBOOKS]


def small(folder: Path, *cells: str, parameters: str = 'as_of = None\nlanguage = "zh"', name: str = "small") -> Path:
    """A notebook with a heading per language, a parameters cell and these code cells."""
    zh, en = TITLES[name]
    v4 = notebooks().v4
    found = [
        v4.new_markdown_cell(f"# {zh}", metadata={"tags": ["zh"]}),
        v4.new_markdown_cell(f"# {en}", metadata={"tags": ["en"]}),
        v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *(v4.new_code_cell(source) for source in cells),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    notebooks().write(v4.new_notebook(cells=found), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def with_second_page(folder: Path) -> Path:
    parameters = 'data = None\nas_of = None\nlanguage = "zh"'
    return small(folder, PUBLISH % ("1", "second"), parameters=parameters, name="second")


def deliver(folder: Path, inputs: dict[str, str]) -> Path:
    """The report of the made-up shops and a small page beside it, in both languages."""
    return render(
        [*with_made_up_facts(folder / "notebooks"), with_second_page(folder / "notebooks")],
        {"data": folder / "data"},
        as_of=report_frames.AS_OF,
        words=WORDS,
        reports=folder / "reports",
        record=lambda: {"rule": "pdd-2021-03", "inputs": inputs},
        is_sample=True,
    )
