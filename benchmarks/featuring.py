"""Warehouse → features of every open order at the newest landmark and at four, against the same in polars and a scan of the columns read.

Polars reads the same tables, laid out as Parquet for it beforehand, lazily, on as many threads. Both end with the rows in
the engine's own memory; making a pandas frame of them is shown apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from analysis.escalation.columns import FEATURES
from benchmarks import building, made_up
from benchmarks.scanning import columns_read, scans
from benchmarks.timing import Line, Steps, child, compared, in_turn, same

LIMIT_POLARS = 1.0
LIMIT_SCAN = 8.0
LANDMARKS = [made_up.LAST_DAY - timedelta(days=7 * weeks) for weeks in range(4)][::-1]
LATE_DAYS, UNSEEN_DAYS, PRIOR, MATURE = 7, 14, 30, 30
TABLES = {
    "orders": "staging.orders",
    "interventions": "staging.interventions",
    "request_signs": "signs.requests",
    "ticket_types": "signs.tickets",
    "sightings": "facts.order_sightings",
    "requests": "facts.request_dates",
    "deadlines": "facts.request_deadlines",
    "reasons": "facts.request_reasons",
    "tickets": "facts.ticket_versions",
}


def measure(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
    """Raises AnswersDiffer where the two do not find the same rows and numbers."""
    data = str(building.prepared(folder, rows))
    child("benchmarks.rating:build", data)
    child("benchmarks.featuring:lay_out", data)
    sides = [f"benchmarks.featuring:{name}" for name in ("computed", "polars", "scan", "framed")]
    for days in (1, len(LANDMARKS)):
        runs = in_turn(repeats, *(partial(child, side, data, days) for side in sides))
        ours, theirs, scan, framed = runs
        same("features", *(run.answer for side in (ours, theirs, framed) for run in side))
        what = f"{ours[0].answer['rows']} open orders, {days} landmark{'s' * (days > 1)}"
        yield compared(what, ours, "polars", theirs, LIMIT_POLARS)
        yield compared("the same", ours, "scan", scan, LIMIT_SCAN if days == 1 else None)
        yield compared("the same as a pandas frame", framed, "without", ours, None)


def lay_out(data: str) -> Steps:
    """The tables as Parquet, for polars."""
    import duckdb

    yield
    folder = Path(data) / "polars"
    folder.mkdir(exist_ok=True)
    with duckdb.connect(Path(data) / "warehouse.duckdb", read_only=True) as connection:
        for name, table in TABLES.items():
            connection.execute(f"copy {table} to '{folder / name}.parquet' (format parquet)")
    yield


def computed(data: str, days: str) -> Steps:
    """The statement alone, its rows kept by the engine, as polars keeps its own."""
    from analysis import settings, warehouse

    values = {
        "landmarks": LANDMARKS[-int(days) :],
        "late_days": LATE_DAYS,
        "unseen_days": UNSEEN_DAYS,
        "prior_orders": PRIOR,
        "mature_days": MATURE,
    }
    with warehouse.connect(settings.load(Path(data))) as connection:
        yield
        connection.execute(f"create temp table found as {_sql()}", values)
        yield
        totals = ", ".join(f"sum({name})" for name in FEATURES)
        row = connection.execute(f"select count(*), sum(promise_missed::int), {totals} from found").fetchall()[0]
        by_day = connection.execute("select landmark_on, count(*) from found group by all").fetchall()
        yield _summary(row, by_day)


def framed(data: str, days: str) -> Steps:
    """What the model is given."""
    from analysis import settings, warehouse

    chosen = settings.load(Path(data))
    yield
    choices = {"late_days": LATE_DAYS, "unseen_days": UNSEEN_DAYS, "prior_orders": PRIOR, "mature_days": MATURE}
    found = warehouse.features(chosen, LANDMARKS[-int(days) :], **choices)
    yield
    row = [len(found), found["promise_missed"].sum(), *(found[name].sum() for name in FEATURES)]
    yield _summary(row, found.groupby("landmark_on").size().items())


def polars(data: str, days: str) -> Steps:
    import polars as pl

    from benchmarks import featuring_polars

    folder = Path(data) / "polars"
    yield
    tables = {name: pl.scan_parquet(folder / f"{name}.parquet") for name in TABLES}
    found = featuring_polars.features(tables, LANDMARKS[-int(days) :], LATE_DAYS, UNSEEN_DAYS, PRIOR, MATURE)
    yield
    row = [len(found), found["promise_missed"].sum(), *(found[name].sum() for name in FEATURES)]
    yield _summary(row, found.group_by("landmark_on").len().rows())


def scan(data: str, days: str) -> Steps:
    """However many `days`, every column once."""
    from analysis import settings, warehouse

    sql = _sql().replace("$landmarks", f"['{LANDMARKS[-1]}']")
    with warehouse.connect(settings.load(Path(data))) as connection:
        queries = scans(columns_read(connection, sql))
        yield
        for query in queries:
            connection.execute(query).fetchall()
        yield


def _sql() -> str:
    from analysis import warehouse

    return (warehouse.SQL / "features" / "order_landmarks.sql").read_text(encoding="utf-8")


def _summary(row: Iterable[Any], by_day: Iterable[tuple[Any, int]]) -> dict[str, Any]:
    """Rows, also by landmark, and the total of each feature to nine digits."""
    rows, late, *totals = row
    days = {str(day)[:10]: int(count) for day, count in sorted(by_day)}
    numbers = [f"{float(total):.9g}" for total in totals]
    return {"rows": int(rows), "late": int(late), **days, **dict(zip(FEATURES, numbers, strict=True))}
