"""The list of all runs, read from their records: what was said on which day stays findable."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from analysis.reports.page import environment
from analysis.settings import PACKAGE


def write_index(reports: Path, words: Mapping[str, Mapping[str, str]]) -> Path:
    """`<reports>/index.html`: one row per run, newest first, every language of the list side by side.

    A folder whose record cannot be read is left out: a run is listed when it is whole.
    """
    runs = [run for file in reports.glob("*/run.json") if (run := _read(file))]
    runs.sort(key=lambda run: str(run["as_of"]), reverse=True)
    html = (
        environment()
        .get_template("index.html")
        .render(
            runs=runs,
            words=words,
            style=Markup((PACKAGE / "pages" / "page.css").read_text(encoding="utf-8")),
        )
    )
    aside = reports / ".index.html.tmp"
    aside.write_text(html, encoding="utf-8", newline="\n")
    aside.replace(reports / "index.html")
    return reports / "index.html"


def _read(file: Path) -> dict[str, Any] | None:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or not {"as_of", "languages", "pages"} <= set(record):
        return None
    pages = record["pages"]
    if isinstance(pages, dict):  # written before a run had more than one page
        pages = [{"files": pages, "titles": dict.fromkeys(pages, "")}]
    return record | {
        "folder": file.parent.name,
        "pages": pages,
        "rule": record.get("rule", ""),
        "is_sample": record.get("is_sample", False),
    }
