"""Archive → warehouse, table by table: each against a scan of the columns that its SQL reads.

The scans run inside the build, just before their table, on the same connection: same files, same memory, same warmth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from benchmarks import made_up
from benchmarks.scanning import columns_read, scans
from benchmarks.timing import Line, Run, Steps, child, compared, same, shown

Clocks = tuple[float, float]  # wall-clock and CPU seconds

LIMIT = 3.0
SHORTEST_JUDGED_SECONDS = 0.05  # of CPU time; below it, planning and opening the table are most of the time

SECOND_OPINION = """
    select count(*), bit_xor(hash(shop_id, order_id, order_status, paid_fen, signed_at, version)) from (
        select shop_id, order_id, order_status, paid_fen, signed_at, file_id as version
        from archive.orders where fate is null
        qualify row_number() over (partition by shop_id, order_id order by version_no desc) = 1)
"""
STAGED = """
    select count(*), bit_xor(hash(shop_id, order_id, order_status, paid_fen, signed_at, file_id)) from warehouse.staging.orders
"""


def measure(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
    """Raises AnswersDiffer where the staged orders are not the newest versions, found in another way."""
    data = prepared(folder, rows)
    runs = [child("benchmarks.building:build", str(data)) for _ in range(repeats)]
    opinions = child("benchmarks.building:second_opinion", str(data)).answer
    same("newest orders", *opinions)
    for table in runs[0].answer:
        yield of_table(table, runs)
    peak = max(run.peak_mib for run in runs)
    yield Line("peak memory of the build", f"{peak:.0f} MiB", "")


def of_table(table: str, runs: list[Run]) -> Line:
    """One table of several builds against its scan; judged where it takes long enough."""
    built, scan = ([Run(*run.answer[table][side]) for run in runs] for side in ("built", "scan"))
    cpu_built, cpu_scan = (median(run.cpu_seconds for run in side) for side in (built, scan))
    if max(cpu_built, cpu_scan) >= SHORTEST_JUDGED_SECONDS and cpu_scan > 0:
        return compared(table, built, "scan", scan, LIMIT)
    return Line(table, shown(built), f"scan {shown(scan)} (too short to judge)")


def prepared(folder: Path, rows: int) -> Path:
    """A data folder whose archive holds `rows` orders and what belongs to them, loaded from exports as usual."""
    data = folder / f"shops-{rows}"
    if not data.exists():
        child("benchmarks.building:fill", str(data), rows)
    return data


def fill(data: str, rows: str) -> Steps:
    from analysis import settings
    from analysis.cli import loading

    yield
    made_up.write_exports(Path(data) / "exports", int(rows))
    loaded = loading.load(settings.load(Path(data)), lambda _: None)
    same("refused files", [], [each.en for each in loaded.manifest.refusals])
    yield


def build(data: str) -> Steps:
    """Answers with the seconds of each table, as it is built and checked for its grain, and of its scan."""
    import duckdb

    from analysis import archive, exports, settings, warehouse
    from analysis.cli import assumptions, loading

    chosen = settings.load(Path(data))
    manifest = archive.Manifest.load(chosen.archive)
    tables = {table.full_name: table for layer in warehouse.LAYERS for table in warehouse.tables(layer)}
    connections: list[duckdb.DuckDBPyConnection] = []
    started: list[tuple[str, Clocks, Clocks]] = []
    found: dict[str, dict[str, Clocks]] = {}

    def attach(connection: duckdb.DuckDBPyConnection) -> None:
        archive.register(connection, manifest, exports.kinds())
        loading._register_input(connection, chosen, manifest)
        connections.append(connection)

    def step(name: str) -> None:
        now = _clocks()
        while started:
            previous, start, scan = started.pop()
            found[previous] = {"built": _between(start, now), "scan": scan}
        if name in tables and not tables[name].is_view:
            kinds = [each.removeprefix("archive.") for each in tables[name].reads if each.startswith("archive.")]
            files = {kind: [str(manifest.parquet(each)) for each in manifest.of_kind(kind)] for kind in kinds}
            queries = scans(
                columns_read(connections[0], tables[name].sql, {k: paths for k, paths in files.items() if paths})
            )
            _run(connections[0], queries)
            before = _clocks()
            _run(connections[0], queries)
            started.append((name, _clocks(), _between(before, _clocks())))

    values: dict[str, Any] = {
        **asdict(chosen.reading),
        **asdict(chosen.interventions),
        **assumptions.values(chosen.costs),
    }
    yield
    warehouse.build(chosen, "benchmark", attach, values, step)
    yield
    yield found


def _run(connection: Any, queries: list[str]) -> None:
    for query in queries:
        connection.execute(query).fetchall()


def _clocks() -> Clocks:
    return perf_counter(), process_time()


def _between(start: Clocks, end: Clocks) -> Clocks:
    return end[0] - start[0], end[1] - start[1]


def second_opinion(data: str) -> Steps:
    import duckdb

    from analysis import archive, exports, settings

    chosen = settings.load(Path(data))
    yield
    with duckdb.connect() as connection:
        archive.register(connection, archive.Manifest.load(chosen.archive), exports.kinds())
        connection.execute(f"attach '{chosen.warehouse}' as warehouse (read_only)")
        answers = [connection.execute(query).fetchone() for query in (STAGED, SECOND_OPINION)]
    yield
    yield answers
