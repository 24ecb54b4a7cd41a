"""Warehouse → everything that the report says of 500 shops: what pandas does with the answers against what SQL took to give them.

Rates under every rule, headroom, roll-off, forecast and back-test, cohorts, segments, signal, reconciliation, cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import made_up
from benchmarks.timing import Line, Steps, child, compared, in_turn, same

LIMIT = 1.0
SHOPS = 500
ANSWERS = ("shop_days", "covered_days", "evidence_sources", "events", "figures", "pending", "segment_orders")
FIGURES = (
    "windows", "rates", "all_rates", "rolloff", "status", "cases", "interventions", "sources", "segments", "backtest", "outlook",
    "cohorts", "signal", "reconciliation", "fits", "gaps", "agreement", "changes", "change_totals",
)  # fmt: skip


def measure(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
    """Raises AnswersDiffer where the leading rule's orders are not all the orders of the newest window, counted in plain SQL."""
    shops = min(SHOPS, max(2, rows // 2000))
    data = str(prepared(folder, rows, shops))
    pandas, questions = in_turn(
        repeats,
        lambda: child("benchmarks.finding:figures", data),
        lambda: child("benchmarks.finding:questions", data),
    )
    built = [child("benchmarks.finding:build_and_ask", data) for _ in range(repeats)]
    same("orders of the newest windows", *(run.answer for run in (*pandas, *built)))
    yield compared(f"all figures of {shops} shops", pandas, "building the warehouse and asking it", built, LIMIT)
    yield compared("the same", pandas, "asking alone", questions, None)


def prepared(folder: Path, rows: int, shops: int) -> Path:
    """A data folder with a warehouse of so many shops."""
    data = folder / f"many-shops-{rows}"
    if not data.exists():
        child("benchmarks.finding:fill", str(data), rows, shops)
    return data


def fill(data: str, rows: str, shops: str) -> Steps:
    from analysis import settings
    from analysis.cli import loading

    made_up.write_exports(Path(data) / "exports", int(rows), [f"店{n:03d}" for n in range(int(shops))])
    (Path(data) / "settings.toml").write_text("[lines]\nrate = 0.03\ncount = 40\n", encoding="utf-8")
    chosen = settings.load(Path(data))
    yield
    loaded = loading.load(chosen, lambda _: None)
    assert not loaded.manifest.refusals
    loading.build(chosen, loaded.manifest, lambda _: None)
    yield


def figures(data: str) -> Steps:
    found = _asked(data)
    yield
    for name in FIGURES:
        getattr(found, name)
    yield
    newest = found.rates[found.rates["window_end"] == made_up.LAST_DAY]
    yield int(newest["denominator"].sum())


def questions(data: str) -> Steps:
    import analysis.findings  # noqa: F401  (imports are no part of the answer's time)

    yield
    _asked(data)
    yield


def build_and_ask(data: str) -> Steps:
    from analysis import archive, settings, warehouse
    from analysis.cli import loading

    chosen = settings.load(Path(data))
    yield
    chosen.warehouse.unlink()
    loading.build(chosen, archive.Manifest.load(chosen.archive), lambda _: None)
    _asked(data)
    yield
    first = made_up.LAST_DAY - timedelta(days=29)
    with warehouse.connect(chosen) as connection:
        ((orders,),) = connection.execute(
            "select count(*) from marts.orders where dealt_on between ? and ?", [first, made_up.LAST_DAY]
        ).fetchall()
    yield int(orders)


def _asked(data: str) -> Any:
    """The findings of a data folder with every answer of the warehouse at hand."""
    from analysis import settings
    from analysis.findings import Findings

    found = Findings(settings.load(Path(data)), made_up.LAST_DAY)
    for name in ANSWERS:
        getattr(found, name)
    return found
