"""The yardstick for queries: what a query reads, and the plainest possible scan of exactly that."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


def columns_read(
    connection: duckdb.DuckDBPyConnection, sql: str, files: Mapping[str, list[str]] | None = None
) -> dict[str, set[str]]:
    """The tables that a query reads, as they stand behind FROM, each with the columns read: as DuckDB plans it.

    Column pruning is the plan's own, so a view counts as what it needs of its tables. `files`: the Parquet files of the
    archive's kinds that the query reads, because the plan does not name them.
    """
    text = re.sub(r"\$\w+", "1", sql)
    ((_, plan),) = connection.execute(f"explain (format json) {text}").fetchall()
    found: dict[str, set[str]] = {}
    pending: list[Any] = json.loads(plan)
    while pending:
        node = pending.pop()
        pending += node["children"]
        about = node["extra_info"]
        sources = _parquet(files or {}) if node["name"].strip() == "READ_PARQUET" else [about.get("Table")]
        for source in filter(None, sources):
            found.setdefault(source, set()).update(_columns(connection, source, about))
    return {source: columns for source, columns in found.items() if columns}


def _parquet(files: Mapping[str, list[str]]) -> list[str]:
    listed = (", ".join(f"'{path}'" for path in paths) for paths in files.values())
    return [f"read_parquet([{each}], union_by_name = true, file_row_number = true)" for each in listed]


def _columns(connection: duckdb.DuckDBPyConnection, source: str, about: Mapping[str, Any]) -> set[str]:
    """What a scan's node takes from its table: what it hands on, and what it looks at only to filter."""
    known = {column[0] for column in connection.execute(f"from {source} limit 0").description or []}
    return known & set(re.findall(r"\w+", f"{about.get('Projections', '')} {about.get('Filters', '')}"))


def scans(read: Mapping[str, set[str]]) -> list[str]:
    """One query a table that has to look at every value: the filter keeps statistics from answering in its place."""
    return [
        f"select {', '.join(f'max({name}) filter (where {name} is not null)' for name in sorted(columns))} from {source}"
        for source, columns in sorted(read.items())
    ]
