"""The numbers of all reports as tables, so that one query can follow a number from report to report."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from glob import escape
from pathlib import Path

import duckdb

SCHEMA = "numbers"


def published(reports: Path) -> dict[str, list[Path]]:
    """The files `<reports>/<as_of>/numbers/<name>.csv` by name, each name's oldest report first."""
    files: dict[str, list[Path]] = {}
    for file in sorted(reports.glob("????-??-??/numbers/*.csv")):
        files.setdefault(file.stem, []).append(file)
    return dict(sorted(files.items()))


def register(connection: duckdb.DuckDBPyConnection, files: dict[str, list[Path]], names: Iterable[str]) -> None:
    """Makes the table `numbers.<name>` of each name, in memory: the rows of all reports, with `as_of` (date) in front.

    A column that not every report has is missing in the others. Types are those that fit every value of a column;
    identifiers (`*_id`) stay text. Raises duckdb.Error where a file is no CSV file.
    """
    connection.execute(f"attach ':memory:' as {SCHEMA}")
    for name in names:
        texts = sorted({column for file in files[name] for column in _columns(file) if column.endswith("_id")})
        types = ", ".join(f"{_quoted(column)}: 'varchar'" for column in texts)
        listed = ", ".join(_quoted(escape(str(file))) for file in files[name])
        connection.execute(
            f"""create table {SCHEMA}."{name}" as
            select cast(parse_path(report_file)[-3] as date) as as_of, * exclude (report_file)
            from read_csv([{listed}], union_by_name = true, sample_size = -1, filename = 'report_file', header = true,
                delim = ',', quote = '"', escape = '"' {f", types = {{{types}}}" if types else ""})"""
        )


def _columns(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        return next(csv.reader(text), [])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
