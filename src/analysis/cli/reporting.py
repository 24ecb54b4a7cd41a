"""The warehouse → the rendered report, unless the same page lies there already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from analysis import archive, rules, texts, warehouse
from analysis.settings import PACKAGE, PROJECT, Settings, UserError

NOTEBOOK = PROJECT / "notebooks" / "reports" / "daily.ipynb"
VERSIONS = ("pandas", "duckdb", "plotly")


def render(settings: Settings, manifest: archive.Manifest, wanted: date | None) -> tuple[Path, bool]:
    """The report's first page, and whether it had to be rendered.

    `wanted`: the last day that counts; None takes the last that the orders exports cover in full. Raises UserError where
    no orders export tells such a day.
    """
    as_of = wanted or last_closed_day(settings)
    fingerprint = _fingerprint(settings, as_of)
    folder = settings.reports / as_of.isoformat()
    if (page := _same_page(folder, fingerprint, settings.report.languages)) is not None:
        return page, False
    from analysis import reports

    record = {
        "fingerprint": fingerprint,
        "rule": rules.load(settings.report.rule).name,
        "inputs": [
            {"path": each.shown, "sha256": each.sha256, "rows": each.read}
            for each in sorted(manifest.records.values(), key=lambda each: (each.shown, each.sha256))
        ],
        "refused": [each.shown for each in manifest.refusals],
        "versions": {name: version(name) for name in VERSIONS},
    }
    reports.render(
        NOTEBOOK,
        {"data": str(settings.data), "reports": str(settings.reports)},
        as_of=as_of,
        words={language: texts.load(language) for language in settings.report.languages},
        reports=settings.reports,
        record=record,
        is_sample=settings.is_sample,
    )
    return folder / f"{NOTEBOOK.stem}.html", True


def last_closed_day(settings: Settings) -> date:
    """The last day that the orders exports cover in full. Raises UserError where there is no orders export."""
    with warehouse.connect(settings) as connection:
        sql = (warehouse.SQL / "questions" / "last_closed_day.sql").read_text(encoding="utf-8")
        ((day,),) = connection.execute(sql).fetchall()
    if day is None:
        raise UserError(
            "还没有订单导出文件，算不出介入率的分母。请导出订单（订单查询 → 导出）后再运行；见 data/README.md。",
            "There is no orders export yet, so the rate has no denominator. Export the orders and run again; see data/README.md.",
        )
    return date.fromisoformat(str(day))


def _same_page(folder: Path, fingerprint: str, languages: Sequence[str]) -> Path | None:
    try:
        record: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    pages = [folder / str(record.get("pages", {}).get(language, "")) for language in languages]
    same = record.get("fingerprint") == fingerprint and record.get("languages") == list(languages)
    parts = [*pages, folder / "numbers" / "rates.csv", folder.parent / "index.html"]
    whole = all(part.is_file() for part in parts) and any((folder.parent / "assets").glob("plotly*.js"))
    return pages[0] if same and whole else None


def _fingerprint(settings: Settings, as_of: date) -> str:
    """What the page stands on: the warehouse, the user's choices, the day, our own files and the libraries that draw."""
    digest = hashlib.sha256(str(warehouse.fingerprint(settings)).encode())
    digest.update(repr((as_of, asdict(settings))).encode())
    digest.update(repr([(name, version(name)) for name in VERSIONS]).encode())
    for file in (NOTEBOOK, *sorted(each for each in PACKAGE.rglob("*") if each.is_file() and each.suffix != ".pyc")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
