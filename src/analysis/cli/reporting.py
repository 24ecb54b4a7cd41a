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

NOTEBOOKS = sorted(
    (PROJECT / "notebooks" / "reports").glob("*.ipynb"), key=lambda file: (file.stem != "daily", file.stem)
)
"""Every notebook of the report in the order of its pages: the daily one first, then by name."""
MODULES = ("analysis.findings", "analysis.charts")
"""What every notebook of the report imports."""
VERSIONS = ("pandas", "duckdb", "plotly")


def render(settings: Settings, manifest: archive.Manifest, wanted: date | None) -> tuple[Path, bool]:
    """The report's first page, and whether it had to be rendered.

    `wanted`: the last day that counts; None takes the last that the orders exports cover in full. Raises UserError where
    no orders export tells such a day.
    """
    as_of = wanted or last_closed_day(settings)
    before = _previous(settings.reports, as_of)
    fingerprint = _fingerprint(settings, as_of, before)
    folder = settings.reports / as_of.isoformat()
    page = folder / f"{NOTEBOOKS[0].stem}.html"
    if _is_same(folder, fingerprint, settings.report.languages):
        return page, False
    from analysis import reports
    from analysis.findings import Findings

    def record() -> dict[str, Any]:
        # Once, before the languages' pages are made at the same time: proof is registered, the model is trained where due.
        found = Findings(settings, as_of)
        if settings.evidence.exists():
            _ = found.evidence
        _ = found.kept
        chosen = rules.chosen((settings.report.rule, *settings.report.also), settings.rules)
        return {
            "fingerprint": _fingerprint(settings, as_of, before),
            "rule": settings.report.rule,
            "rules": {rule.name: rules.described(rule) for rule in chosen},
            "inputs": [
                {"path": each.shown, "sha256": each.sha256, "rows": each.read}
                for each in sorted(manifest.records.values(), key=lambda each: (each.shown, each.sha256))
            ],
            "refused": [each.shown for each in manifest.refusals],
            "versions": {name: version(name) for name in VERSIONS},
        }

    reports.render(
        NOTEBOOKS,
        {"data": str(settings.data), "reports": str(settings.reports), "previous": before and before.name},
        as_of=as_of,
        words={language: texts.load(language) for language in settings.report.languages},
        reports=settings.reports,
        record=record,
        modules=MODULES,
        is_sample=settings.is_sample,
    )
    return page, True


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


def _previous(reports: Path, as_of: date) -> Path | None:
    """The folder of the newest whole report of an earlier day, None where there is none; its name is the day."""
    days = [folder for folder in reports.glob("????-??-??") if folder.name < as_of.isoformat()]
    return next((day for day in sorted(days, reverse=True) if _record(day).get("as_of") == day.name), None)


def _record(folder: Path) -> dict[str, Any]:
    """What the report in the folder says of its run; empty where there is none or it was cut off."""
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _is_same(folder: Path, fingerprint: str, languages: Sequence[str]) -> bool:
    """Whether the folder holds every page and every number of a run on the same ground."""
    record = _record(folder)
    if record.get("fingerprint") != fingerprint or record.get("languages") != list(languages):
        return False
    pages = [folder / name for page in record["pages"] for name in page["files"].values()]
    numbers = [folder / "numbers" / f"{name}.csv" for name in record["numbers"]]
    parts = [*pages, *numbers, folder.parent / "index.html"]
    return all(part.is_file() for part in parts) and any((folder.parent / "assets").glob("plotly*.js"))


def _fingerprint(settings: Settings, as_of: date, before: Path | None) -> str:
    """What the pages stand on: the warehouse, the proof files, the model, the user's choices, the day, our files, the libraries that draw.

    Also what the report before said (how long that took makes no difference), and every earlier watch list, which the feedback reads.
    """
    digest = hashlib.sha256(str(warehouse.fingerprint(settings)).encode())
    digest.update(repr((as_of, asdict(settings))).encode())
    if settings.evidence.exists():
        from analysis import evidence

        digest.update(evidence.stamp(settings.evidence).encode())
    # A card holds the digest of the file beside it. What lies below serves reports of past days only.
    for card in sorted(settings.models.glob("*.json")):
        digest.update(card.read_bytes())
    digest.update(repr([(name, version(name)) for name in VERSIONS]).encode())
    digest.update(repr([file.name for file in NOTEBOOKS]).encode())
    ours = sorted(each for each in PACKAGE.rglob("*") if each.is_file() and each.suffix != ".pyc")
    for file in (*NOTEBOOKS, *ours, *sorted(settings.rules.glob("*.toml"))):
        digest.update(file.read_bytes())
    if before:
        said = {key: value for key, value in _record(before).items() if key != "durations"}
        digest.update(json.dumps(said, sort_keys=True).encode())
        for file in sorted(before.glob("numbers/*.csv")):
            digest.update(file.name.encode() + file.read_bytes())
    for file in sorted(settings.reports.glob("????-??-??/numbers/watchlist.csv")):
        if file.parent.parent.name < as_of.isoformat():
            digest.update(file.parent.parent.name.encode() + file.read_bytes())
    return digest.hexdigest()
