"""One opened export → one immutable Parquet file and its record, or a refusal that leaves nothing behind."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from analysis.archive import types
from analysis.archive.manifest import Manifest, Record
from analysis.settings import BEIJING, Reading, UserError

# Measured: half the CPU and a third of the size of the defaults, and scanned a fifth faster (benchmarks/README.md).
STORED_AS = "format parquet, parquet_version v2, compression zstd, compression_level 1, dictionary_size_limit 1000"
PAST_THE_END = "\x01"
LONGEST_LINE = 16 << 20
# Left alone it is sixteen of the longest lines: the file is then read by one thread, and whole (benchmarks/README.md).
READ_AT_ONCE = 2 * LONGEST_LINE
NOTE_WORDS = "3个月前|仅支持在页面查看|^合计|^总计|^导出时间|^#"


def accept(
    manifest: Manifest, export: Any, sha256: str, reading: Reading, connection: duckdb.DuckDBPyConnection
) -> Record:
    """Types an export (an `exports.Export`), writes it to the archive and returns its record; the caller saves the manifest.

    Every row that the file has is in the Parquet file: `fate` is NULL for a kept one, else `quarantined` or `note`, with
    the column, the masked value and the reason. Raises UserError where more rows than `quarantine_limit_rate` cannot be
    read, and UnicodeDecodeError where the text is not in the encoding that its beginning promised.
    """
    found = export.found
    identity = f"{found.shop_id}\n{sha256}\n{found.is_intervention_list}"
    file_id = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:8], "big") >> 1
    folder = manifest.folder / export.header.kind
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{file_id:016x}.parquet"
    aside = folder / f"{file_id:016x}.new"
    try:
        _write(export, aside, file_id, reading, connection)
        record = _record(export, aside, file_id, sha256, connection)
        _refuse_when_unreadable(export, aside, record, reading, connection)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
    manifest.records[file_id] = record
    return record


def _write(export: Any, target: Path, file_id: int, reading: Reading, connection: duckdb.DuckDBPyConnection) -> None:
    values: dict[str, Any] = {"target": str(target), "file_id": file_id}
    if export.frame is not None:
        rows = export.frame.set_axis([f"c{place}" for place in range(export.width)], axis="columns")
        connection.register("rows", rows.assign(past_the_end=""))
        _copy(connection, _select(export, "rows", reading), values)
        connection.unregister("rows")
        return
    values |= {
        "paths": [literally(part) for part in export.parts],
        "skip": export.skip,
        "delimiter": export.delimiter,
    }
    try:
        _copy(connection, _select(export, _csv(export, "true"), reading), values)
        if _ends_short(target, connection):
            _refuse_open_quote(export, values, connection)
        return
    except duckdb.Error as error:
        if re.search("invalid unicode|not utf-8 encoded", str(error), re.IGNORECASE):
            raise UnicodeDecodeError("utf-8", b"", 0, 1, str(error)) from error
        if "parallel" not in str(error):
            raise
    _refuse_open_quote(export, values, connection)
    _copy(connection, _select(export, _csv(export, "false"), reading), values)


def _ends_short(file: Path, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the last row lacks cells: so ends a file whose last quotation mark is open."""
    rows = connection.execute(
        "select bad_cells from read_parquet($file, file_row_number = true) order by file_row_number desc limit 1",
        {"file": literally(file)},
    ).fetchall()
    return bool(rows) and "*" in str(rows[0][0] or "")


def _copy(connection: duckdb.DuckDBPyConnection, select: str, values: dict[str, Any]) -> None:
    connection.execute(f"copy ({select}) to $target ({STORED_AS})", values)


def _refuse_open_quote(export: Any, values: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> None:
    """Refuses a file in which a quotation mark that is never closed swallowed whole rows into one cell.

    Such a cell holds a line break and behind it an order number or as many delimiters as a row has.
    """
    cells = ", ".join(f"c{place}" for place in range(export.width))
    swallowed = (
        f"contains(x, chr(10)) and (regexp_matches(x, '\\n(.*\\n)*.*[0-9]{{6}}-[0-9]{{12}}') "
        f"or length(x) - length(replace(x, $delimiter, '')) >= {max(export.width - 1, 2)})"
    )
    rows = connection.execute(
        f"select row_no from (select row_number() over () as row_no, len(list_filter([{cells}], lambda x: {swallowed})) as bad "
        f"from {_csv(export, 'false')}) where bad > 0 order by row_no limit 1",
        {name: value for name, value in values.items() if name in ("paths", "skip", "delimiter")},
    ).fetchall()
    if rows:
        row, shown = export.first_row + rows[0][0] - 1, export.found.shown
        raise UserError(
            f"{shown}：第 {row} 行附近有一个没有闭合的引号，后面的行被吞进了一个单元格，整个文件未导入。请重新下载原始文件。",
            f"{shown}: a quotation mark near row {row} is never closed and swallows the rows behind it, so the file is refused. "
            "Download the original file again.",
            exit_code=3,
        )


def literally(path: Path) -> str:
    """A path as DuckDB's readers take it without seeing a pattern in it."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def _csv(export: Any, parallel: str) -> str:
    """Reads by position under our own names; short rows are padded and one cell too many is caught, so no row is dropped."""
    names = [f"c{place}" for place in range(export.width)] + ["past_the_end"]
    columns = ", ".join(f"'{name}': 'varchar'" for name in names)
    return (
        f"read_csv($paths, auto_detect = false, header = false, skip = $skip, delim = $delimiter, quote = '\"', "
        f"escape = '\"', nullstr = '{PAST_THE_END}', null_padding = true, strict_mode = false, parallel = {parallel}, "
        f"max_line_size = {LONGEST_LINE}, buffer_size = {READ_AT_ONCE}, columns = {{{columns}}})"
    )


def _select(export: Any, source: str, reading: Reading) -> str:
    """The typing query: the kind's columns in their fixed order, then what became of the row.

    A row that is not kept loses its texts, because behind a stray comma or line break a text column may hold a name.
    """
    header, width = export.header, export.width
    fast, typed, checked, bad, failed = [], [], [], [], []
    for column in header.columns:
        kind = types.TYPES[column.type]
        places = export.positions.get(column.name, ())
        if not places:
            checked.append(f"null::{kind.sql_type} as {column.name}")
            continue
        filled = [f"nullif(c{place}, '')" for place in places]
        raw = f"c{places[0]}" if len(places) == 1 else f"coalesce({', '.join(filled)})"
        fast.append(f"{kind.fast(raw)} as fast_{column.name}")
        typed.append(f"{kind.whole(f'fast_{column.name}', raw)} as typed_{column.name}")
        value = f"typed_{column.name}" if kind.check is None else kind.check(f"typed_{column.name}")
        names, is_closed = header.values.get(column.name), column.type == "word"
        checked.append(f"{_named(value, names, is_closed)} as {column.name}")
        if column.name in header.key:
            failed.append((column, raw))
        elif column.type not in types.NEVER_BAD:
            bad.append((column.name, raw))
    columns = ", ".join(
        f"case when verdict is null then {column.name} end as {column.name}" if column.type == "text" else column.name
        for column in header.columns
    )
    no_key = " or ".join(f"{column.name} is null" for column, _ in failed)
    start = [f"nullif(trim(c{place}), '')" for place in range(min(width, 8))]
    first = f"trim(coalesce({', '.join(start)}, ''))"
    note = "x" if header.personal else f"trim(concat_ws(' ', {', '.join(start)}))"
    key_value = " ".join(f"when {column.name} is null then {types.shown(raw)}" for column, raw in failed)
    key_name = " ".join(f"when {column.name} is null then '{column.name}'" for column, _ in failed)
    key_reason = " ".join(f"when {column.name} is null then {types.reason(column.type, raw)}" for column, raw in failed)
    keys_blank = " and ".join(types.is_blank(raw) for _, raw in failed)
    alone = f"trim(concat_ws('', {', '.join(start)})) = x"
    says_so = f"regexp_matches(x, '{NOTE_WORDS}') and (({keys_blank}) or {alone})"
    is_note = f"({no_key}) and (x = '' or ({says_so}) or {_repeats_header(export, failed)})"
    verdict = types.let(
        first,
        f"case when {is_note} then ['note', null, {types.let(f'left({note}, 200)', types.masked('x'))}, null] "
        f"else ['quarantined', case {key_name} else '*' end, case {key_value} else {failed[0][0].name}::varchar end, "
        f"case {key_reason} else 'too_many_cells' end] end",
    )
    short = f"c{width - 1} is null"
    any_bad = " or ".join([short, *(f"({name} is null and {raw} <> '')" for name, raw in bad)])
    bad_names = ", ".join(
        [
            *(f"case when {name} is null and not {types.is_blank(raw)} then '{name}' end" for name, raw in bad),
            f"case when {short} then '*' end",
        ]
    )
    # As a literal: a pattern that comes as a parameter is compiled again for every row.
    pattern = "'" + reading.order_id_pattern.replace("'", "''") + "'"
    raw_cells = ", ".join(f"c{place}" for place in range(width))
    return f"""
        select {columns}, verdict[1] as fate, verdict[2] as bad_column, verdict[3] as bad_value, verdict[4] as bad_reason,
            bad_cells, $file_id::bigint as file_id
        from (select *,
                case when {no_key} or coalesce(past_the_end, '') <> '' then {verdict} end as verdict,
                case when {any_bad} then nullif(concat_ws(',', {bad_names}), '') end as bad_cells
            from (select {raw_cells}, past_the_end, {", ".join(checked)}
                from (select *, {", ".join(typed)}
                    from (select *, {", ".join(fast)} from {source}))))
    """.replace("$order_id_pattern", pattern)


def _named(expression: str, names: dict[str, str] | None, is_closed: bool) -> str:
    """A code's name; where the list is closed, what it does not hold is unknown and becomes NULL."""
    if not names:
        return expression
    cases = " ".join(f"when '{code}' then '{name}'" for code, name in names.items())
    return f"case {expression} {cases}{'' if is_closed else f' else {expression}'} end"


def _repeats_header(export: Any, failed: list[tuple[Any, str]]) -> str:
    """A header row once more in the middle of the rows, as happens where files were pasted together."""
    names = [(raw, export.cells[export.positions[column.name][0]].strip()) for column, raw in failed]
    return " and ".join(f"trim(replace({raw}, {types.TAB}, '')) = '{name}'" for raw, name in names)


def _record(export: Any, file: Path, file_id: int, sha256: str, connection: duckdb.DuckDBPyConnection) -> Record:
    found, header = export.found, export.header
    fates = dict(
        connection.execute(
            "select coalesce(fate, 'kept'), count(*) from read_parquet($file) group by all",
            {"file": literally(file)},
        ).fetchall()
    )
    bad = connection.execute(
        "select cell, count(*) from (select unnest(string_split(bad_cells, ',')) as cell from read_parquet($file) "
        "where bad_cells is not null and fate is null) group by cell order by cell",
        {"file": literally(file)},
    ).fetchall()
    low, high, newest = _span(header, file, connection)
    exported_at, dated_by = _exported_at(export, file, connection, newest)
    return Record(
        file_id=file_id,
        kind=header.kind,
        shop_id=found.shop_id,
        sha256=sha256,
        shown=found.shown,
        is_intervention_list=found.is_intervention_list,
        exported_at=exported_at.isoformat(sep=" "),
        dated_by=dated_by,
        first_row=export.first_row,
        encoding=export.encoding,
        read=sum(fates.values()),
        kept=fates.get("kept", 0),
        quarantined=fates.get("quarantined", 0),
        notes=fates.get("note", 0),
        bad_cells=dict(bad),
        unknown_headers=list(export.unknown),
        columns=[column.name for column in header.columns if column.name in export.positions],
        covers_from=low.isoformat() if low else None,
        covers_to=min(high, exported_at.date()).isoformat() if high else None,
        stated_from=_text(export.stated.begins_at),
        stated_to=_text(export.stated.ends_at),
        stated_income_fen=export.stated.income_fen,
        stated_expense_fen=export.stated.expense_fen,
        stated_total_fen=export.stated.total_fen,
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(sep=" ") if moment else None


def _span(
    header: Any, file: Path, connection: duckdb.DuckDBPyConnection
) -> tuple[date | None, date | None, datetime | None]:
    """The first and last day that the kept rows tell of, and the newest moment at which something in them happened."""
    newest = ", ".join(f"max({name}::timestamp)" for name in header.happened) or "null::timestamp"
    covers = header.covers or "null::date"
    (row,) = connection.execute(
        f"select min(({covers})::date), max(({covers})::date), greatest({newest}) from read_parquet($file) where fate is null",
        {"file": literally(file)},
    ).fetchall()
    return row[0], row[1], row[2]


def _exported_at(
    export: Any, file: Path, connection: duckdb.DuckDBPyConnection, newest: datetime | None
) -> tuple[datetime, str]:
    """When the export was made: by its file name, else its own footer or newest time, else the file's modification time.

    A name that holds only a day is sharpened by the newest time inside where that falls on the same day.
    """
    if named := export.named_at:
        if export.is_day_only and newest and newest.date() == named.date():
            return newest.replace(microsecond=0), "name"
        return named, "name"
    (footer,) = connection.execute(
        r"select max(try_cast(regexp_extract(bad_value, '导出时间[：: \[]*(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)', 1) as timestamp)) "
        "from read_parquet($file) where fate = 'note'",
        {"file": literally(file)},
    ).fetchall()
    if footer[0]:
        return footer[0], "content"
    if newest:
        return newest.replace(microsecond=0), "content"
    return datetime.fromtimestamp(int(export.found.path.stat().st_mtime), BEIJING).replace(tzinfo=None), "modified"


def _refuse_when_unreadable(
    export: Any, file: Path, record: Record, reading: Reading, connection: duckdb.DuckDBPyConnection
) -> None:
    rows = record.read - record.notes
    if record.quarantined <= reading.quarantine_limit_rate * rows:
        return
    (worst,) = connection.execute(
        "select bad_column, bad_reason, bad_value, $first + file_row_number, count(*) over (partition by bad_reason) "
        "from read_parquet($file, file_row_number = true) where fate = 'quarantined' order by 5 desc, 4 limit 1",
        {"file": literally(file), "first": record.first_row},
    ).fetchall()
    column, why, value, row, _ = worst
    places = export.positions.get(column, ())
    shown = export.cells[places[0]].strip() if places else "-"
    share, limit = record.quarantined / rows, reading.quarantine_limit_rate
    if export.header.kept_by_hand:
        zh, en = "请改好这些格子再运行。", "Mend these cells and run again."
    else:
        zh = "请重新下载原始文件，不要用 Excel 另存。"
        en = "Download the original file again and do not save it from a spreadsheet program."
    raise UserError(
        f"{record.shown}：{rows} 行中有 {record.quarantined} 行（{share:.1%}）无法读取，超过 {limit:.0%}，整个文件未导入。"
        f"例如第 {row} 行，列“{shown}”，值“{value}”（{why}）。{zh}",
        f"{record.shown}: {record.quarantined} of {rows} rows ({share:.1%}) cannot be read, more than {limit:.0%}, so the file "
        f"is refused. For example row {row}, column {shown}, value {value!r} ({why}). {en}",
        exit_code=3,
    )
