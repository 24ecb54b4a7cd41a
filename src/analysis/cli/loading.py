"""The exports folder → the archive → the warehouse, in the order of events."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from analysis import archive, exports, rules, warehouse
from analysis.settings import Settings, UserError

Progress = Callable[[str], None]
READING_MEMORY = "2GiB"  # without a limit the rows of a large file wait in memory for their turn to be written


@dataclass(frozen=True)
class Loaded:
    """What one look at the exports folder brought: the archive as it is now, and the exports accepted just now."""

    manifest: archive.Manifest
    accepted: list[archive.Record]


def load(settings: Settings, progress: Progress) -> Loaded:
    """Accepts every file of the exports folder that the archive does not hold yet; a refused one stops no other.

    Raises UserError where the exports folder holds nothing at all and the archive is empty too.
    """
    manifest = archive.Manifest.load(settings.archive)
    found = list(exports.find(settings.exports)) if settings.exports.exists() else []
    if not found and not manifest.records:
        raise UserError(
            f"{settings.exports} 里还没有导出文件。请把拼多多后台导出的文件放进 {settings.exports}/<店铺名>/（见 data/README.md），"
            "或先用 python3 start.py report --sample 看示例。",
            f"There are no exports in {settings.exports}. Put the files that the backend exports into "
            f"{settings.exports}/<shop>/ (see data/README.md), or try python3 start.py report --sample.",
        )
    work = settings.data / ".work" / "reading"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    before = manifest.fingerprint(), dict(manifest.seen)
    accepted: list[archive.Record] = []
    refusals: list[archive.Refusal] = []
    config: dict[str, str | bool | int | float | list[str]] = {
        **warehouse.OFFLINE,
        "temp_directory": str(settings.data / ".work" / "spill"),
        "memory_limit": READING_MEMORY,
    }
    try:
        with duckdb.connect(config=config) as connection:
            for each in found:
                try:
                    record = _accept(each, manifest, settings, work, connection, progress)
                except UserError as error:
                    refusals.append(archive.Refusal(each.shop_id, each.shown, error.zh, error.en))
                except Exception as error:  # whatever one file does, it stops no other and is named
                    refusals.append(_unforeseen(each, error))
                else:
                    accepted += [record] if record else []
    finally:
        shutil.rmtree(work, ignore_errors=True)
    manifest.refusals = refusals
    if (manifest.fingerprint(), manifest.seen) != before:
        manifest.save()
    return Loaded(manifest, accepted)


def _unforeseen(found: exports.Found, error: Exception) -> archive.Refusal:
    kind = type(error).__name__
    return archive.Refusal(
        found.shop_id,
        found.shown,
        f"{found.shown}：无法读取（{kind}）。文件可能已损坏、没有读取权限，或不是后台导出的原始文件；请重新下载。",
        f"{found.shown}: cannot be read ({kind}). It may be damaged, unreadable for you, or not the backend's original; "
        "download it again.",
    )


def _accept(
    found: exports.Found,
    manifest: archive.Manifest,
    settings: Settings,
    work: Path,
    connection: duckdb.DuckDBPyConnection,
    progress: Progress,
) -> archive.Record | None:
    """The record of a file that the archive did not hold; None where it did."""
    stat = found.path.stat()
    seen = manifest.seen.get(found.shown)
    if seen and seen[:2] == [stat.st_size, stat.st_mtime_ns]:
        sha256, has_blank = seen[2], None
    else:
        sha256, has_blank = exports.digest(found.path)
    known = manifest.held(found.shop_id, sha256, found.is_intervention_list)
    if known:
        _date_again(manifest, known, found)
        if known.is_replaced:
            manifest.replace_list(known)
        manifest.seen[found.shown] = [stat.st_size, stat.st_mtime_ns, sha256]
        return None
    progress(found.shown)
    if has_blank is None:
        _, has_blank = exports.digest(found.path)
    for part in work.iterdir():
        part.unlink()
    export = exports.read(found, has_blank, work)
    try:
        record = archive.accept(manifest, export, sha256, settings.reading, connection)
    except UnicodeDecodeError as error:
        if exports.is_utf8(found.path):
            line = re.search(r"Line: (\d+)", str(error))
            row = export.first_row + int(line[1]) - 1 - export.skip if line else "?"
            raise UserError(
                f"{found.shown}：第 {row} 行有一个单元格，引号后面还有别的字，无法可靠地分列。请重新下载原始文件。",
                f"{found.shown}: in row {row} a cell goes on behind its quotation mark, so its columns cannot be told apart. "
                "Download the original file again.",
                exit_code=3,
            ) from error
        if export.encoding != "utf-8":
            raise UserError(
                f"{found.shown}：文件中途的编码无法识别，可能已损坏。请重新下载。",
                f"{found.shown}: the encoding breaks in the middle, the file may be damaged. Download it again.",
                exit_code=3,
            ) from error
        record = archive.accept(
            manifest, exports.read(found, has_blank, work, "gb18030"), sha256, settings.reading, connection
        )
    if export.header.kept_by_hand:
        manifest.replace_list(record)
    manifest.seen[found.shown] = [stat.st_size, stat.st_mtime_ns, sha256]
    return record


def _date_again(manifest: archive.Manifest, record: archive.Record, found: exports.Found) -> None:
    """The same content under another name: the order in which copies are met must not decide when it was exported."""
    named_at, is_day_only = exports.date_in_name(found.path.name)
    if named_at and record.kind != "ledger":
        manifest.date_by_name(record, named_at, is_day_only)


def build(settings: Settings, manifest: archive.Manifest, progress: Progress) -> bool:
    """Builds the warehouse from the archive; False where nothing that it stands on has changed.

    An archive without a single export builds nothing: the last good warehouse stays.
    """
    if not manifest.records:
        return False
    wanted = _fingerprint(settings, manifest)
    if warehouse.fingerprint(settings) == wanted:
        return False

    def attach(connection: duckdb.DuckDBPyConnection) -> None:
        archive.register(connection, manifest, exports.kinds())
        _register_input(connection, settings, manifest)

    values = {
        "same_case_days": settings.interventions.same_case_days,
        "orders_quiet_days": settings.reading.orders_quiet_days,
        "after_sales_quiet_days": settings.reading.after_sales_quiet_days,
    }
    warehouse.build(settings, wanted, attach, values, progress)
    return True


def _register_input(connection: duckdb.DuckDBPyConnection, settings: Settings, manifest: archive.Manifest) -> None:
    """The user's choices and the rules as tables `input.*`, for SQL to join."""
    chosen = settings.interventions
    connection.execute("attach ':memory:' as input")
    for name, columns, rows in (
        ("platform_words", "word varchar", [(word,) for word in chosen.platform_status_words]),
        ("platform_accounts", "account varchar", [(account,) for account in chosen.platform_accounts]),
        (
            "ticket_types",
            "priority integer, ticket_type varchar, pattern varchar, counts varchar",
            [(place, each.name, each.pattern, each.counts) for place, each in enumerate(rules.ticket_types())],
        ),
        (
            "reason_groups",
            "priority integer, reason_group varchar, pattern varchar",
            [(place, each.name, each.pattern) for place, each in enumerate(rules.reason_groups())],
        ),
        (
            "refused_files",
            "shop_id varchar, path varchar, message_zh varchar, message_en varchar",
            [(each.shop_id, each.shown, each.zh, each.en) for each in manifest.refusals],
        ),
        ("calendar", "on_date date", [(day,) for day in _calendar(manifest)]),
    ):
        connection.execute(f"create table input.{name} ({columns})")
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            connection.executemany(f"insert into input.{name} values ({marks})", rows)


def _calendar(manifest: archive.Manifest) -> list[date]:
    """Every day that any export could cover."""
    starts = [date.fromisoformat(each.covers_from) for each in manifest.records.values() if each.covers_from]
    ends = [datetime.fromisoformat(each.exported_at).date() for each in manifest.records.values()]
    if not starts:
        return []
    first, last = min(starts) - timedelta(days=31), max(ends)
    return [first + timedelta(days=day) for day in range((last - first).days + 1)]


def _fingerprint(settings: Settings, manifest: archive.Manifest) -> str:
    digest = hashlib.sha256(manifest.fingerprint().encode())
    digest.update(
        repr(
            (asdict(settings.interventions), asdict(settings.reading), rules.ticket_types(), rules.reason_groups())
        ).encode()
    )
    for layer in (*warehouse.LAYERS, "checks"):
        for table in warehouse.tables(layer):
            digest.update(f"{table.full_name}\n{table.sql}".encode())
    digest.update(duckdb.__version__.encode())
    return digest.hexdigest()
