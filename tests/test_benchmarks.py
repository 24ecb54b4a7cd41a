"""Each benchmark runs at a tiny size and its equal answers hold; how long anything takes is never asserted here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import (
    building,
    commands,
    escalating,
    featuring,
    finding,
    ledgering,
    made_up,
    rating,
    reading,
    ticketing,
)
from benchmarks.__main__ import SUBJECTS, main
from benchmarks.scanning import columns_read, scans
from benchmarks.timing import AnswersDiffer, Line, Run, child, compared, in_turn, same

ROWS = 4_000


def test_reading_compares_equal_archives(tmp_path: Path) -> None:
    lines = list(reading.measure(tmp_path, ROWS, 1))
    assert [line.limit for line in lines[:3]] == [1.3, 1 / 5, 1.4]
    assert all(line.ratio and line.ratio > 0 for line in lines)


def test_building_shows_every_table_and_rating_agrees_with_plain_sql(tmp_path: Path) -> None:
    from analysis import warehouse

    built = {line.what for line in building.measure(tmp_path, ROWS, 1)}
    tables = {table.full_name for layer in warehouse.LAYERS for table in warehouse.tables(layer) if not table.is_view}
    assert tables < built
    assert [line.limit for line in rating.measure(tmp_path, ROWS, 1)] == [2.0]


def test_the_features_are_those_that_polars_finds(tmp_path: Path) -> None:
    lines = list(featuring.measure(tmp_path, ROWS, 1))
    assert [line.limit for line in lines] == [1.0, 8.0, None, 1.0, None, None]
    assert all(line.ratio and line.ratio > 0 for line in lines)


def test_the_scores_are_those_of_scikit_learns_own_pipeline(tmp_path: Path) -> None:
    fitted, scored = escalating.measure(tmp_path, 5 * ROWS, 1)
    assert (fitted.limit, scored.limit) == (1.0, 1.2) and scored.ratio and scored.ratio > 0


def test_the_figures_of_many_shops_stand_on_every_order_of_the_window(tmp_path: Path) -> None:
    judged, shown = finding.measure(tmp_path, ROWS, 1)
    assert (judged.limit, shown.limit) == (1.0, None) and judged.ratio and judged.ratio > 0


def test_the_ranked_tickets_are_those_that_wait(tmp_path: Path) -> None:
    (line,) = ticketing.measure(tmp_path, ROWS, 1)
    assert line.what == "400 tickets ranked" and line.ratio and line.ratio > 0


def test_bookings_are_summed_by_order_as_a_second_formulation_sums_them(tmp_path: Path) -> None:
    lines = {line.what: line for line in ledgering.measure(tmp_path, ROWS, 1)}
    assert set(ledgering.TABLES) < set(lines)
    summed = lines[f"{ROWS} bookings classified and summed by order"]
    assert summed.limit == ledgering.LIMIT and summed.ratio and summed.ratio > 0


def test_the_orders_repeat_in_overlapping_exports(tmp_path: Path) -> None:
    import duckdb

    made_up.write_exports(tmp_path, ROWS)
    counted = "select count(*), count(distinct (filename[:-30], 订单号)) from read_csv($files, filename = true, all_varchar = true)"
    files = [str(file) for file in tmp_path.rglob("orders_export*.csv")]
    counts = duckdb.execute(counted, {"files": files}).fetchone()
    assert len(files) == 4
    assert counts == (ROWS * 1.1, ROWS)


def test_a_query_is_scanned_for_the_columns_that_its_plan_reads() -> None:
    import duckdb

    connection = duckdb.connect()
    connection.execute(
        "create table orders as select i as id, i % 3 as kind, 'x' as note, i as unread from range(9) as t(i)"
    )
    connection.execute("create view named as select id, kind, note || '!' as note, unread from orders")
    read = columns_read(connection, "select kind, max(note) from named where id <> $low group by kind")
    assert list(read.values()) == [{"id", "kind", "note"}]
    (query,) = scans(read)
    assert connection.execute(query).fetchall() == [(8, 2, "x")]


def test_different_answers_are_an_error_and_a_slow_one_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    same("equal", [1], [1])
    with pytest.raises(AnswersDiffer, match="orders"):
        same("orders", [1, 2], [1, 3])
    assert Line("what", "9 s", "1 s", 9.0, 3.0).verdict == "NO"
    with pytest.raises(SystemExit):
        main(["raeding"])
    assert "unknown: raeding" in capsys.readouterr().err


def test_only_different_answers_make_the_run_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def slow(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
        yield Line("slow", "9 s", "1 s", 9.0, 3.0)

    def wrong(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
        yield from slow(folder, rows, repeats)
        same("orders", rows, rows + repeats)

    monkeypatch.setitem(SUBJECTS, "slow", slow)
    monkeypatch.setitem(SUBJECTS, "wrong", wrong)
    assert main(["slow"]) == 0
    assert "| slow | 9 s | 1 s |  | 9.00 | 3.00 | NO |" in capsys.readouterr().out
    assert main(["wrong", "slow", "--rows", "5"]) == 1
    shown = capsys.readouterr()
    assert "orders: the answers differ" in shown.err and shown.out.count("| slow |") == 2


def test_a_child_answers_with_what_it_found_and_what_it_cost(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    made_up.write_orders(file, ROWS)
    run = child("benchmarks.reading:pandas", str(file), str(tmp_path / "typed.parquet"))
    assert run.answer == ROWS
    assert run.seconds > 0 and run.cpu_seconds > 0 and run.peak_mib > 10


def test_sides_run_in_turn_and_the_ratio_is_that_of_neighbours() -> None:
    order: list[str] = []
    seconds = iter([2.0, 1.0, 30.0, 10.0, 4.0, 1.0])

    def side(name: str) -> Run:
        order.append(name)
        return Run(next(seconds))

    ours, theirs = in_turn(3, lambda: side("ours"), lambda: side("theirs"))
    assert order == ["ours", "theirs"] * 3
    line = compared("what", ours, "theirs", theirs, 2.9)
    assert (line.ratio, line.cpu_ratio, line.verdict) == (3.0, None, "NO")


def test_the_sample_is_reported_alike_by_every_run(tmp_path: Path) -> None:
    lines = list(commands.measure(tmp_path, ROWS, 1, fewest=1))
    assert [line.limit for line in lines] == [1.0, 1.0, 1.5]
