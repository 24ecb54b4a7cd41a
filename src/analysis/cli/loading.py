"""The exports folder → the archive → the warehouse, in the order of events."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, astuple, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import duckdb

from analysis import archive, exports, rules, warehouse
from analysis.cli import assumptions
from analysis.settings import Reading, Settings, UserError

Progress = Callable[[str], None]
READERS = 2  # planning one file's query takes longer than running it, and takes one core
READER_MEMORY = "1GiB"  # of each; without a limit the rows of a large file wait in memory for their turn to be written


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
    before = manifest.fingerprint(), dict(manifest.seen)
    looks = [_look(each, manifest) for each in found]
    copies = {_content(each): each for each in reversed(looks) if each.is_new}
    with _readers(settings) as readers:
        results = _read_all([each for each in looks if copies.get(_content(each)) is each], manifest, readers, progress)
        accepted: list[archive.Record] = []
        refusals: list[archive.Refusal] = []
        for look in looks:
            try:
                result = look.failure or results.get(look.found) or _once_more(look, manifest, readers, progress)
                if isinstance(result, Exception):
                    raise result
                accepted += _settled(look, result, manifest)
            except UserError as error:
                refusals.append(archive.Refusal(look.found.shop_id, look.found.shown, error.zh, error.en))
            except Exception as error:  # whatever one file does, it stops no other and is named
                refusals.append(_unforeseen(look.found, error))
    manifest.refusals = refusals
    if (manifest.fingerprint(), manifest.seen) != before:
        manifest.save()
    return Loaded(manifest, accepted)


@dataclass(frozen=True)
class _Look:
    """A file of the exports folder before it is read: its content's digest, and the record of a copy that the archive holds."""

    found: exports.Found
    seen: list[Any]
    has_blank: bool | None = None
    known: archive.Record | None = None
    failure: Exception | None = None

    @property
    def is_new(self) -> bool:
        return self.known is None and self.failure is None


@dataclass(frozen=True)
class _Reader:
    """A connection of its own, a folder for the parts of the file in hand, and how strictly it reads."""

    connection: duckdb.DuckDBPyConnection
    work: Path
    reading: Reading


def _look(found: exports.Found, manifest: archive.Manifest) -> _Look:
    try:
        stat = found.path.stat()
        seen = manifest.seen.get(found.shown)
        if seen and seen[:2] == [stat.st_size, stat.st_mtime_ns]:
            sha256, has_blank = seen[2], None
        else:
            sha256, has_blank = exports.digest(found.path)
        known = manifest.held(found.shop_id, sha256, found.is_intervention_list)
        if known is None and has_blank is None:
            _, has_blank = exports.digest(found.path)
        return _Look(found, [stat.st_size, stat.st_mtime_ns, sha256], has_blank, known)
    except (OSError, UserError) as error:
        return _Look(found, [], failure=error)


def _content(look: _Look) -> tuple[object, ...]:
    return look.found.shop_id, *look.seen[2:], look.found.is_intervention_list


@contextmanager
def _readers(settings: Settings) -> Iterator[SimpleQueue[_Reader]]:
    work = settings.data / ".work" / "reading"
    shutil.rmtree(work, ignore_errors=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        **warehouse.OFFLINE,
        "temp_directory": str(settings.data / ".work" / "spill"),
        "memory_limit": READER_MEMORY,
    }
    idle: SimpleQueue[_Reader] = SimpleQueue()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, work, ignore_errors=True)
        for number in range(READERS):
            folder = work / str(number)
            folder.mkdir(parents=True)
            idle.put(_Reader(stack.enter_context(duckdb.connect(config=config)), folder, settings.reading))
        yield idle


def _read_all(
    looks: list[_Look], manifest: archive.Manifest, readers: SimpleQueue[_Reader], progress: Progress
) -> dict[exports.Found, archive.Record | Exception]:
    """What became of each file. Records go by content, so the order in which readers finish changes nothing."""

    def read(look: _Look) -> archive.Record | Exception:
        try:
            return _read(look, manifest, readers, progress)
        except Exception as error:
            return error

    with ThreadPoolExecutor(READERS) as pool:
        return {look.found: result for look, result in zip(looks, pool.map(read, looks), strict=True)}


def _once_more(
    look: _Look, manifest: archive.Manifest, readers: SimpleQueue[_Reader], progress: Progress
) -> archive.Record:
    """The record of a copy's content; where the other copy was refused, this one is read to be refused under its own name."""
    held = manifest.held(look.found.shop_id, look.seen[2], look.found.is_intervention_list)
    return held or _read(look, manifest, readers, progress)


def _settled(look: _Look, record: archive.Record, manifest: archive.Manifest) -> list[archive.Record]:
    """Notes that the file was met; gives its record where it was accepted just now."""
    manifest.seen[look.found.shown] = look.seen
    if record.shown == look.found.shown and look.known is None:
        if exports.kinds()[record.kind].kept_by_hand:
            manifest.replace_list(record)
        return [record]
    _date_again(manifest, record, look.found)
    if (held := manifest.records[record.file_id]).is_replaced:
        manifest.replace_list(held)
    return []


def _unforeseen(found: exports.Found, error: Exception) -> archive.Refusal:
    kind = type(error).__name__
    return archive.Refusal(
        found.shop_id,
        found.shown,
        f"{found.shown}：无法读取（{kind}）。文件可能已损坏、没有读取权限，或不是后台导出的原始文件；请重新下载。",
        f"{found.shown}: cannot be read ({kind}). It may be damaged, unreadable for you, or not the backend's original; "
        "download it again.",
    )


def _read(look: _Look, manifest: archive.Manifest, readers: SimpleQueue[_Reader], progress: Progress) -> archive.Record:
    """The record of a file that the archive did not hold."""
    progress(look.found.shown)
    reader = readers.get()
    try:
        for part in reader.work.iterdir():
            part.unlink()
        return _accept(look, manifest, reader)
    finally:
        readers.put(reader)


def _accept(look: _Look, manifest: archive.Manifest, reader: _Reader) -> archive.Record:
    found, sha256, has_blank, work = look.found, look.seen[2], bool(look.has_blank), reader.work
    export = exports.read(found, has_blank, work)
    try:
        record = archive.accept(manifest, export, sha256, reader.reading, reader.connection)
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
            manifest, exports.read(found, has_blank, work, "gb18030"), sha256, reader.reading, reader.connection
        )
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
        **assumptions.values(settings.costs),
    }
    warehouse.build(settings, wanted, attach, values, progress)
    return True


def _register_input(connection: duckdb.DuckDBPyConnection, settings: Settings, manifest: archive.Manifest) -> None:
    """The user's choices and the rules as tables `input.*`, for SQL to join."""
    chosen = settings.interventions
    connection.execute("attach ':memory:' as input")
    tables: tuple[tuple[str, str, Sequence[tuple[object, ...]]], ...] = (
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
            "ledger_rules",
            "priority integer, rule varchar, code varchar, pattern varchar, direction varchar, component varchar, "
            "ledger_class varchar",
            [
                (place, each.name, each.code, each.pattern, each.direction, each.component, each.ledger_class)
                for place, each in enumerate(rules.ledger_rules(settings.rules))
            ],
        ),
        (
            "refused_files",
            "shop_id varchar, path varchar, message_zh varchar, message_en varchar",
            [(each.shop_id, each.shown, each.zh, each.en) for each in manifest.refusals],
        ),
        ("calendar", "on_date date", [(day,) for day in _calendar(manifest)]),
        (
            "causes",
            "known_from varchar, name varchar, cause varchar, accountable varchar, is_dispute boolean",
            [astuple(each) for each in rules.causes()],
        ),
        *assumptions.tables(settings.costs),
    )
    for name, columns, rows in tables:
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
            (
                asdict(settings.interventions),
                asdict(settings.reading),
                rules.ticket_types(),
                rules.reason_groups(),
                rules.ledger_rules(settings.rules),
                rules.causes(),
                assumptions.values(settings.costs),
                assumptions.tables(settings.costs),
            )
        ).encode()
    )
    for layer in (*warehouse.LAYERS, "checks"):
        for table in warehouse.tables(layer):
            digest.update(f"{table.full_name}\n{table.sql}".encode())
    digest.update(duckdb.__version__.encode())
    return digest.hexdigest()
