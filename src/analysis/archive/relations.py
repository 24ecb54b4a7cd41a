"""The archive as tables that SQL reads: `archive.files`, and one view a kind over exactly the manifest's Parquet files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from analysis.archive import types
from analysis.archive.accepting import literally
from analysis.archive.manifest import Manifest

VERSION_STEP = 1 << 32
FATES = ("fate", "bad_column", "bad_value", "bad_reason", "bad_cells")


def register(connection: duckdb.DuckDBPyConnection, manifest: Manifest, kinds: Mapping[str, Any]) -> None:
    """Attaches an in-memory database `archive` that exists only in this connection.

    `archive.files`: one row an accepted export. `archive.<kind>`: one row for every row of every accepted export of that
    kind (but for lists kept by hand that a newer form replaced), with its `fate`, its `row_no` as a spreadsheet shows it, and `version_no`, which is larger in a newer export and
    larger further down in the same one. `kinds`: kind → `exports.Header`.
    """
    connection.execute("attach ':memory:' as archive")
    connection.execute(
        """create table archive.files (
            file_id bigint, kind varchar, shop_id varchar, path varchar, sha256 varchar, is_intervention_list boolean,
            exported_at timestamp, dated_by varchar, first_row bigint, version_no bigint, read_rows bigint, kept_rows bigint,
            quarantined_rows bigint, note_rows bigint, bad_cells bigint, covers_from date, covers_to date, columns varchar[],
            stated_from timestamp, stated_to timestamp, stated_income_fen bigint, stated_expense_fen bigint,
            stated_total_fen bigint)"""
    )
    for kind, header in kinds.items():
        records = manifest.of_kind(kind)
        for rank, each in enumerate(records, start=1):
            connection.execute(
                f"insert into archive.files values ({', '.join('?' * 23)})",
                [
                    each.file_id, each.kind, each.shop_id, each.shown, each.sha256, each.is_intervention_list,
                    each.exported_at, each.dated_by, each.first_row, rank * VERSION_STEP, each.read, each.kept,
                    each.quarantined, each.notes, sum(each.bad_cells.values()), each.covers_from, each.covers_to, each.columns,
                    each.stated_from, each.stated_to, each.stated_income_fen, each.stated_expense_fen, each.stated_total_fen,
                ],
            )  # fmt: skip
        _view(connection, header, [literally(manifest.parquet(each)) for each in records if not each.is_replaced])


def _view(connection: duckdb.DuckDBPyConnection, header: Any, paths: list[str]) -> None:
    columns = [(column.name, types.TYPES[column.type].sql_type) for column in header.columns]
    columns += [(name, "varchar") for name in FATES]
    shape = ", ".join(f"null::{sql_type} as {name}" for name, sql_type in [*columns, ("file_id", "bigint")])
    rows = f"select {shape}, null::bigint as file_row_number where false"
    if paths:
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        stored = f"select * from read_parquet([{listed}], union_by_name = true, file_row_number = true)"
        rows = f"{stored} union all by name {rows}"
    names = ", ".join(f"stored.{name}" for name, _ in columns)
    connection.execute(
        f"""create view archive.{header.kind} as
        select files.shop_id, {names}, stored.file_id, files.exported_at, files.is_intervention_list,
            files.first_row + stored.file_row_number as row_no, files.version_no + stored.file_row_number as version_no
        from ({rows}) as stored
        join archive.files as files on stored.file_id = files.file_id"""
    )
