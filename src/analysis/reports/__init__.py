"""Runs notebooks for an as_of date and keeps their pages, their numbers and the record of the run.

Same notebooks, same facts and same as_of: same bytes, but for the durations in `run.json`. A report is delivered
whole or not at all: everything is written into a folder beside, checked there, and renamed.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from analysis.reports.history import write_index
from analysis.reports.kernel import Executed, execute, prepare
from analysis.reports.page import Page, Site, build_page, check_page, title, write_assets
from analysis.settings import UserError

__all__ = ["render"]

BOM = "\ufeff"
"""Chinese Excel takes a CSV file for GBK unless it begins with this; pandas, DuckDB and Spark skip it."""


def render(
    notebooks: Sequence[Path],
    parameters: Mapping[str, Any],
    *,
    as_of: date,
    words: Mapping[str, Mapping[str, str]],
    reports: Path,
    record: Callable[[], Mapping[str, Any]] = dict,
    modules: Sequence[str] = (),
    is_sample: bool = False,
) -> Path:
    """The folder `<reports>/<as_of>/` with one page per notebook and language, `numbers/*.csv` and `run.json`.

    The notebooks lie in one folder and run in the order given, one kernel per language. `words` gives the
    languages in order: the first one's page is `<notebook>.html`, another's `<notebook>.<language>.html`.
    `parameters` go into each notebook's parameters cell, with `as_of` added; `language` and `previous` only where
    the cell has them. `record()` is called once while the kernels start and import `modules`, and no cell runs before it
    has answered: what the notebooks find ready is made there, and what it returns about the run (rules, inputs with
    hashes, versions) ends in `run.json`. Raises what `record()` raises, and UserError for an unknown parameter, a failing cell, numbers that two notebooks
    publish under one name or that differ between the languages, or a page that lost a chart or a table; what was
    there before then stays as it was.
    """
    begun = perf_counter()
    languages = list(words)
    parameters = {**parameters, "as_of": as_of.isoformat()}
    sources = {
        language: {file: prepare(file, parameters | {"language": language}, language) for file in notebooks}
        for language in languages
    }
    reports.mkdir(parents=True, exist_ok=True)
    aside = reports / f".{as_of}.tmp"
    _recover(aside, reports / as_of.isoformat())
    try:
        aside.mkdir()
        given, done = _executed(sources, modules, record)
        pages = {file: _page(file, {language: done[language][file] for language in languages}) for file in notebooks}
        site = Site(write_assets(reports / "assets"), list(pages.values()), as_of, is_sample)
        for file, page in pages.items():
            for language in languages:
                notebook = done[language][file].notebook
                html = build_page(notebook, page, language, words[language], site)
                check_page(html, notebook, file.name)
                (aside / page.files[language]).write_text(html, encoding="utf-8", newline="\n")
        numbers = _agreed([{file: runs[file].numbers() for file in notebooks} for runs in done.values()])
        _write_numbers(numbers, aside / "numbers")
        known = {
            "as_of": as_of.isoformat(),
            "pages": [asdict(page) for page in site.pages],
            "languages": languages,
            "numbers": sorted(numbers),
            "is_sample": is_sample,
            "durations": {
                file.stem: {language: round(done[language][file].seconds, 3) for language in languages}
                for file in notebooks
            }
            | {"all": round(perf_counter() - begun, 3)},
        }
        _write_record(aside / "run.json", {**given, **known})
        _deliver(aside, reports / as_of.isoformat())
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    write_index(reports, words)
    return reports / as_of.isoformat()


def _executed(
    sources: Mapping[str, Mapping[Path, Any]], modules: Sequence[str], record: Callable[[], Mapping[str, Any]]
) -> tuple[Mapping[str, Any], dict[str, dict[Path, Executed]]]:
    """What `record` gives, and by language the notebooks that ran after it did."""
    ready: Future[Mapping[str, Any]] = Future()
    with ThreadPoolExecutor(len(sources)) as pool:
        runs = {language: pool.submit(execute, each, modules, ready) for language, each in sources.items()}
        try:
            ready.set_result(record())
        except BaseException as error:
            ready.set_exception(error)
        return ready.result(), {language: run.result() for language, run in runs.items()}


def _page(file: Path, runs: Mapping[str, Executed]) -> Page:
    first, *_ = runs
    files = {each: f"{file.stem}.html" if each == first else f"{file.stem}.{each}.html" for each in runs}
    return Page(file.name, files, {each: title(run.notebook) or file.stem for each, run in runs.items()})


def _agreed(by_language: Sequence[Mapping[Path, Mapping[str, str]]]) -> dict[str, str]:
    """All numbers by name: each from one notebook, and the same bytes in every language."""
    first, *others = by_language
    for file in first:
        if any(other[file] != first[file] for other in others):
            raise UserError(
                f"{file.name}：各语言的数字不一致，报告没有写出。请检查 notebook 里和语言有关的计算。",
                f"{file.name}: the languages disagree on the numbers, no report was written. "
                "Look for a calculation that depends on the language.",
            )
    for name, count in Counter(name for numbers in first.values() for name in numbers).items():
        if count > 1:
            listed = ", ".join(file.name for file, numbers in first.items() if name in numbers)
            raise UserError(
                f"{listed} 都写出了 {name}.csv，报告没有写出。请改用不同的名字。",
                f"{listed} all publish {name}.csv, no report was written. Give each its own name.",
            )
    return {name: text for numbers in first.values() for name, text in numbers.items()}


def _write_numbers(numbers: Mapping[str, str], folder: Path) -> None:
    if numbers:
        folder.mkdir()
    for name, text in numbers.items():
        (folder / f"{name}.csv").write_text(BOM + text, encoding="utf-8", newline="\n")


def _write_record(file: Path, record: Mapping[str, Any]) -> None:
    text = json.dumps(record, ensure_ascii=False, indent=2, sort_keys=True, default=str)
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
