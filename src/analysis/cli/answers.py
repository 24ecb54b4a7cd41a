"""Answers on the terminal: a query's rows, and each export's account."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import duckdb

from analysis import archive, warehouse
from analysis.settings import Settings, UserError

MENTION = re.compile(r'\bnumbers"?\s*\.\s*"?(\w+)', re.IGNORECASE)
"""`numbers.<name>` in a query. What else reads like that, such as a column of a table called numbers, does no harm."""


def answer(settings: Settings, query: str, shape: str) -> str:
    """A query's rows as text: `table` for people, `csv` and `json` for programs.

    A query that mentions `numbers.<name>` also reads the numbers of all reports. Raises UserError for an empty query,
    for a name that no report published, and with DuckDB's own words where the query fails or tries to leave the warehouse.
    """
    if not query.strip():
        example = 'analysis sql "select * from marts.shop_days limit 5"'
        raise UserError(f"查询是空的。例如：{example}", f"The query is empty. For example: {example}")
    mentioned = {name.lower() for name in MENTION.findall(query)}
    try:
        with _open(settings, mentioned) as connection:
            result = connection.execute(query)
            names = [each[0] for each in result.description or []]
            rows = result.fetchall() if names else []
    except duckdb.CatalogException as error:
        raise _unknown_numbers(settings, mentioned) or _failed(error) from error
    except duckdb.Error as error:
        raise _failed(error) from error
    if shape == "csv":
        return _csv(names, rows)
    if shape == "json":
        return _json(names, rows)
    return table(names, [[_shown(cell) for cell in row] for row in rows])


def _open(settings: Settings, mentioned: set[str]) -> duckdb.DuckDBPyConnection:
    """The warehouse, with those of the reports' numbers that are mentioned; reading them takes time."""
    if not mentioned:
        return warehouse.connect(settings)
    from analysis.reports import published

    files = published.published(settings.reports)
    wanted = [name for name in files if name.lower() in mentioned]
    return warehouse.connect(settings, lambda connection: published.register(connection, files, wanted))


def _unknown_numbers(settings: Settings, mentioned: set[str]) -> UserError | None:
    """What to say where a query failed over a name that no report published; None where it has no such name."""
    from analysis.reports import published

    known = list(published.published(settings.reports))
    unknown = ", ".join(f"numbers.{name}" for name in sorted(mentioned - {each.lower() for each in known}))
    if not unknown:
        return None
    if not known:
        return UserError(
            f"没有 {unknown}：还没有生成过报告。请先运行 python3 start.py report。",
            f"There is no {unknown}: no report was rendered yet. Run python3 start.py report first.",
        )
    listed = ", ".join(f"numbers.{name}" for name in known)
    return UserError(f"没有 {unknown}；报告的数字有：{listed}。", f"There is no {unknown}; the reports have: {listed}.")


def _failed(error: duckdb.Error) -> UserError:
    return UserError(f"查询没有成功：{error}", f"The query failed: {error}")


def accounts(settings: Settings, records: Sequence[archive.Record]) -> Iterator[str]:
    """Each new export in one line: where its rows went (they add up), and what else there is to know about it."""
    if not records:
        return
    with warehouse.connect(settings) as connection:
        rows = connection.execute("select file_id, kept_rows, superseded_rows from marts.files").fetchall()
        flags = dict(connection.execute("select file_id, flags from marts.ledger_files").fetchall())
    kept = {file_id: (current, superseded) for file_id, current, superseded in rows}
    for record in records:
        current, superseded = kept[record.file_id]
        parts = [
            f"读 read {record.read} = 采用 kept {current} + 被替代 superseded {superseded} "
            f"+ 隔离 quarantined {record.quarantined} + 说明 notes {record.notes}"
        ]
        if record.bad_cells:
            cells = ", ".join(f"{name} {count}" for name, count in record.bad_cells.items())
            parts.append(f"读不出的单元格 unreadable cells: {cells}")
        if record.unknown_headers:
            parts.append(f"不认识的列 unknown columns: {', '.join(record.unknown_headers)}")
        if flags.get(record.file_id):
            parts.append(f"账务 ledger: {flags[record.file_id]}")
        yield f"{record.shown}: {' · '.join(parts)}"


def account(settings: Settings) -> str:
    """Where each export's rows went, what each ledger adds up to, which rows could not be read, which files were refused."""
    with warehouse.connect(settings) as connection:
        loaded = connection.execute(
            "select path, kind, exported_at, dated_by, read_rows, kept_rows, superseded_rows, quarantined_rows, note_rows, "
            "bad_cells from marts.files order by path"
        ).fetchall()
        unreadable = connection.execute(
            "select path, row_no, bad_column, bad_value, reason from marts.quarantined_rows order by path, row_no"
        ).fetchall()
        refused = connection.execute("select message_zh, message_en from marts.refused_files order by path").fetchall()
        ledgers = connection.execute(
            "select path, stated_from::date, stated_to::date, ledger_rows, shop_rows, unclassified_rows, overlapping_rows, "
            "flags, classified_fen, unclassified_fen, excluded_fen, income_fen + expense_fen, stated_total_fen, "
            "difference_fen from marts.ledger_files order by path"
        ).fetchall()
    names = [
        "file",
        "kind",
        "exported_at",
        "dated_by",
        "read",
        "kept",
        "superseded",
        "quarantined",
        "notes",
        "bad_cells",
    ]
    text = table(names, [[_shown(cell) for cell in row] for row in loaded])
    if ledgers:
        counted = ["file", "from", "to", "rows", "of_the_shop", "unknown", "in_two_files", "flags"]
        sums = ["classified", "unclassified", "excluded", "total", "stated", "difference"]
        lines = [[_shown(each) for each in row[:8]] + [_yuan(fen) for fen in row[8:]] for row in ledgers]
        text += f"\n账务明细（元）· ledgers (yuan)\n{table([*counted, *sums], lines)}"
    if unreadable:
        names = ["file", "row", "column", "value", "reason"]
        text += f"\n隔离的行 · quarantined rows\n{table(names, [[_shown(cell) for cell in row] for row in unreadable])}"
    for zh, en in refused:
        text += f"\n未导入 · refused\n  {zh}\n  {en}\n"
    return text


def tested(settings: Settings, as_of: date | None, shape: str) -> str:
    """How good the forecast of each shop's count would have been on its own history, and what it says now."""
    from pandas import isna

    from analysis.findings import Findings

    found = Findings(settings, as_of)
    now = found.outlook[["shop_id", "horizon_days", "breach_probability", "reason"]]
    rows_of = found.backtest.merge(now, on=["shop_id", "horizon_days"], how="right").drop(columns="rule")
    if shape == "csv":
        return str(rows_of.to_csv(index=False, lineterminator="\n"))
    rows = [
        [_shown(None if isna(cell) else round(cell, 3) if isinstance(cell, float) else cell) for cell in row]
        for row in rows_of.itertuples(index=False, name=None)
    ]
    read = (
        "coverage：实际落在 50/80/95% 区间内的比例；skill：0 等于只看自己的历史常态，1 为全中，不大于 0 就不给预测；reason：没有给出的原因\n"
        "coverage: share of outcomes inside the bands; skill: 0 is the shop's own past, 1 perfect, withheld at 0 or below; "
        "reason: why something is withheld\n"
    )
    return f"{found.rule.name} · {found.as_of}\n{table(list(rows_of.columns), rows)}{read}"


def _csv(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    return text.getvalue()


def _json(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    import json

    records = [dict(zip(names, row, strict=True)) for row in rows]
    return json.dumps(records, ensure_ascii=False, indent=1, default=str) + "\n"


def _shown(cell: Any) -> str:
    return "" if cell is None else str(cell).replace("\n", " ")


def _yuan(fen: int | None) -> str:
    return "" if fen is None else f"{'-' * (fen < 0)}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def table(names: list[str], rows: list[list[str]]) -> str:
    """Rows under their names, in columns that a terminal shows straight, and how many there are."""
    widths = [max(_width(name), *(_width(row[place]) for row in rows), 0) for place, name in enumerate(names)]
    lines = [names, ["-" * width for width in widths], *rows]
    padded = (
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return "\n".join(padded) + f"\n({len(rows)} 行 rows)\n"


def _width(text: str) -> int:
    """How many terminal columns a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)
