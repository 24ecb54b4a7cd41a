"""Runs a notebook for an as_of date and keeps the page, the numbers and the record of the run.

Same notebook, same facts and same as_of: same bytes, but for the durations in `run.json`. A page is delivered
whole or not at all: everything is written into a folder beside, checked there, and renamed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from analysis.reports.history import write_index
from analysis.reports.kernel import Executed, execute, prepare
from analysis.reports.page import Site, build_page, check_page, write_assets
from analysis.settings import UserError

__all__ = ["render"]

BOM = "\ufeff"
"""Chinese Excel takes a CSV file for GBK unless it begins with this; pandas, DuckDB and Spark skip it."""


def render(
    notebook: Path,
    parameters: Mapping[str, Any],
    *,
    as_of: date,
    words: Mapping[str, Mapping[str, str]],
    reports: Path,
    record: Mapping[str, Any] | None = None,
    is_sample: bool = False,
) -> Path:
    """The folder `<reports>/<as_of>/` with one page per language, `numbers/*.csv` and `run.json`.

    `words` gives the languages in order: the first one's page is `<notebook>.html`, another's
    `<notebook>.<language>.html`. `parameters` go into the notebook's parameters cell, with `as_of` and
    `language` added where the cell has them. `record` is what the caller knows about the run (rule, inputs
    with hashes, versions) and ends in `run.json`. Raises UserError for an unknown parameter, a failing cell,
    or a page that lost a chart or a table; what was there before then stays as it was.
    """
    begun = perf_counter()
    languages = list(words)
    parameters = {**parameters, "as_of": as_of.isoformat()}
    sources = {each: prepare(notebook, parameters | {"language": each}, each) for each in languages}
    reports.mkdir(parents=True, exist_ok=True)
    aside = reports / f".{as_of}.tmp"
    _recover(aside, reports / as_of.isoformat())
    try:
        aside.mkdir()
        with ThreadPoolExecutor(len(languages)) as pool:
            runs = list(pool.map(lambda each: execute(sources[each], notebook), languages))
        done = dict(zip(languages, runs, strict=True))
        site = Site(
            plotly=write_assets(reports / "assets"),
            pages={each: _page_name(notebook, each, languages) for each in languages},
            as_of=as_of,
            is_sample=is_sample,
        )
        for language, run in done.items():
            html = build_page(run.notebook, language, words[language], site)
            check_page(html, run.notebook, notebook.name)
            (aside / site.pages[language]).write_text(html, encoding="utf-8", newline="\n")
        _write_numbers(done, aside / "numbers", notebook)
        durations = {each: round(run.seconds, 3) for each, run in done.items()}
        _write_record(aside / "run.json", site, notebook, record or {}, durations | {"all": perf_counter() - begun})
        _deliver(aside, reports / as_of.isoformat())
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    write_index(reports, words)
    return reports / as_of.isoformat()


def _page_name(notebook: Path, language: str, languages: Sequence[str]) -> str:
    return f"{notebook.stem}.html" if language == languages[0] else f"{notebook.stem}.{language}.html"


def _write_numbers(done: Mapping[str, Executed], folder: Path, notebook: Path) -> None:
    """The notebook's numbers, once: the languages must agree on every byte of them."""
    kept = {language: run.numbers() for language, run in done.items()}
    first, *others = kept.values()
    if any(other != first for other in others):
        raise UserError(
            f"{notebook.name}：各语言的数字不一致，报告没有写出。请检查 notebook 里和语言有关的计算。",
            f"{notebook.name}: the languages disagree on the numbers, no report was written. "
            "Look for a calculation that depends on the language.",
        )
    if first:
        folder.mkdir()
    for name, text in first.items():
        (folder / f"{name}.csv").write_text(BOM + text, encoding="utf-8", newline="\n")


def _write_record(
    file: Path, site: Site, notebook: Path, record: Mapping[str, Any], durations: Mapping[str, float]
) -> None:
    known = {
        "as_of": site.as_of.isoformat(),
        "notebook": notebook.name,
        "pages": site.pages,
        "languages": list(site.pages),
        "is_sample": site.is_sample,
        "durations": {name: round(seconds, 3) for name, seconds in durations.items()},
    }
    text = json.dumps({**record, **known}, ensure_ascii=False, indent=2, sort_keys=True, default=str)
    file.write_text(text + "\n", encoding="utf-8", newline="\n")


def _recover(aside: Path, folder: Path) -> None:
    """After a run that was killed: what it had not finished goes, what it had moved aside comes back."""
    shutil.rmtree(aside, ignore_errors=True)
    old = aside.with_suffix(".old")
    if old.exists() and not folder.exists():
        old.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def _deliver(aside: Path, folder: Path) -> None:
    """Puts the finished folder in place; one that is there steps aside first, and comes back on failure."""
    old = aside.with_suffix(".old")
    if folder.exists():
        folder.replace(old)
    try:
        aside.replace(folder)
    except OSError:
        if old.exists():
            old.replace(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
