"""Runs the SQL folders over the archive, enforces what they promise, swaps the new file in, and lets anyone read it safely.

`sql/<layer>/<table>.sql` holds one SELECT and builds `<layer>.<table>`. Layers run in order, and a file reads only from
earlier layers, from `archive.*` and from `input.*` (the user's choices and rules as tables; both exist only while building).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import duckdb

from analysis.settings import PACKAGE, Settings, UserError

if TYPE_CHECKING:
    import pandas as pd

SQL = PACKAGE / "sql"
LAYERS = ("staging", "signs", "facts", "cases", "marts")
PRIOR_ORDERS = 30  # a history of this many orders of its own counts as much as the shop's rate does
MATURE_DAYS = 30  # an order this old has escalated by now or hardly ever will
STORAGE_VERSION = "v1.5.0"  # opens in every client of DuckDB since 1.5; the newer format does not
OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}

_one_at_a_time = Lock()  # of a file that is attached under one name


@dataclass(frozen=True)
class Table:
    """One SQL file: what it builds, its grain (the columns that identify a row), and whether it is a view.

    `plain` are columns of texts that hardly repeat: compressing them costs four times what storing them as they are does.
    """

    layer: str
    name: str
    sql: str

    @property
    def full_name(self) -> str:
        return f"{self.layer}.{self.name}"

    @cached_property
    def grain(self) -> list[str]:
        return self._note("grain")

    @cached_property
    def reads(self) -> list[str]:
        return self._note("reads")

    @cached_property
    def plain(self) -> list[str]:
        return self._note("plain")

    @cached_property
    def is_view(self) -> bool:
        return self._note("as") == ["view"]

    def _note(self, name: str) -> list[str]:
        found = re.search(rf"^-- {name}: (.+)$", self.sql, re.MULTILINE)
        return [each.strip() for each in found.group(1).split(",")] if found else []


class PromiseBroken(Exception):
    """A table has two rows where its grain allows one, or a check returned rows: the build is not swapped in."""


def tables(layer: str) -> list[Table]:
    """The SQL files of one layer, by name."""
    return [Table(layer, file.stem, file.read_text(encoding="utf-8")) for file in sorted((SQL / layer).glob("*.sql"))]


def build(
    settings: Settings,
    fingerprint: str,
    attach: Callable[[duckdb.DuckDBPyConnection], None],
    values: Mapping[str, Any],
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Builds the warehouse aside and swaps it in; whatever happens before the swap, the old one stays.

    `attach` gives the connection its `archive` and `input` databases; `values` fill the `$name`s of the SQL files;
    `fingerprint` names what the build stands on. Raises PromiseBroken where a grain or a check does not hold, and
    UserError where another program keeps the old file from being replaced.
    """
    target = settings.warehouse
    work = settings.data / ".work"
    work.mkdir(parents=True, exist_ok=True)
    aside = work / "warehouse.duckdb"
    for leftover in work.glob("warehouse.duckdb*"):
        leftover.unlink()
    with duckdb.connect(config={**OFFLINE, "temp_directory": str(work / "spill")}) as connection:
        # No write-ahead log: a build that was cut short is never recovered but made anew.
        options = f"storage_version '{STORAGE_VERSION}', recovery_mode no_wal_writes"
        connection.execute(f"attach '{_quoted(aside)}' as warehouse ({options})")
        attach(connection)
        connection.execute("use warehouse")
        for layer in LAYERS:
            connection.execute(f"create schema {layer}")
            # Wide tables are written twice as fast where their rows may come in any order; nothing relies on it.
            connection.execute(f"set preserve_insertion_order = {str(layer != 'staging').lower()}")
            for table in tables(layer):
                progress(table.full_name)
                _create(connection, table, values)
        for check in tables("checks"):
            progress(check.name)
            _require_no_rows(connection, check)
        connection.execute("create table build (fingerprint varchar)")
        connection.execute("insert into build values (?)", [fingerprint])
        connection.execute("use memory")
        connection.execute("detach warehouse")
    try:
        aside.replace(target)
    except PermissionError as error:
        raise UserError(
            f"无法替换 {target}：它正被别的程序打开。请关闭后再运行。",
            f"{target} cannot be replaced because another program has it open. Close that program and run again.",
        ) from error


def fingerprint(settings: Settings) -> str | None:
    """What the present warehouse stands on; None where there is none that opens."""
    if not settings.warehouse.exists():
        return None
    try:
        with connect(settings) as connection:
            return str(connection.execute("select fingerprint from build").fetchall()[0][0])
    except (UserError, duckdb.Error, IndexError):
        return None


def connect(
    settings: Settings, extra: Callable[[duckdb.DuckDBPyConnection], None] | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection that can read the warehouse and nothing else: no files, no network, no settings.

    `extra` may read files into databases in memory beside the warehouse; the doors are locked after it. Raises UserError
    where nothing was built yet.
    """
    _require(settings)
    doors: dict[str, Any] = {"enable_external_access": extra is not None}
    # In this order: with the spill folder first, locking fails.
    config = doors | _config(settings.data) | {"lock_configuration": extra is None}
    if extra is None:
        with _opening(settings.warehouse):
            return duckdb.connect(settings.warehouse, read_only=True, config=config)
    connection = duckdb.connect(config=config)  # beside a file that is opened read-only nothing can be attached
    _attach(connection, settings.warehouse)
    extra(connection)
    connection.execute("use warehouse")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def ask(settings: Settings, question: str, **values: Any) -> pd.DataFrame:
    """The answer to one of `sql/questions/*.sql` as a frame; `values` fill its `$name`s."""
    return _answer(settings, SQL / "questions" / f"{question}.sql", values)


def features(
    settings: Settings,
    landmarks: Sequence[date],
    *,
    late_days: int,
    unseen_days: int,
    prior_orders: int = PRIOR_ORDERS,
    mature_days: int = MATURE_DAYS,
) -> pd.DataFrame:
    """What is known of every order that is still open to escalation at the end of each landmark day, from what was known then.

    One row: a shop's order and a landmark, in the order of landmark, shop and order; all columns are those of
    `sql/features/order_landmarks.sql` (docs/model.md). Rates are histories of earlier orders, drawn towards the shop's own
    with the weight of `prior_orders` orders; orders and requests count in them once they are `mature_days` old. A parcel is
    late `late_days` after it was sent where no delivery was promised; an order that no orders export of the last `unseen_days` shows
    is left out. Empty where no order was open, or for no landmarks.
    """
    values = {
        "landmarks": list(landmarks),
        "late_days": late_days,
        "unseen_days": unseen_days,
        "prior_orders": prior_orders,
        "mature_days": mature_days,
    }
    return _answer(settings, SQL / "features" / "order_landmarks.sql", values)


def _answer(settings: Settings, file: Path, values: Mapping[str, Any]) -> pd.DataFrame:
    """Our own SQL needs no doors locked, so that one engine answers all of it; the warehouse is open only meanwhile."""
    _require(settings)
    with _one_at_a_time:
        try:
            with _engine(settings.data).cursor() as connection:
                _attach(connection, settings.warehouse)
                connection.execute("use warehouse")
                answer = connection.execute(file.read_text(encoding="utf-8"), dict(values)).df()
                connection.execute("use memory")
                connection.execute("detach warehouse")
                return answer
        except BaseException:  # also an interruption, which may have left the warehouse attached
            _engine.cache_clear()
            raise


@lru_cache(maxsize=1)
def _engine(data: Path) -> duckdb.DuckDBPyConnection:
    """An engine with no file of its own, kept because starting one takes longer than most questions."""
    return duckdb.connect(config=_config(data))


def _config(data: Path) -> dict[str, str | bool | int | float | list[str]]:
    spill = {"temp_directory": str(data / ".work" / "spill"), "max_temp_directory_size": "8GiB"}
    return {**OFFLINE, **spill}


def _attach(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    with _opening(file):
        connection.execute(f"attach '{_quoted(file)}' as warehouse (read_only)")


@contextmanager
def _opening(file: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise UserError(
            f"数据仓库打不开：{file}（{type(error).__name__}）。可以放心删除它，再运行 python3 start.py build 重建。",
            f"The warehouse does not open: {file} ({type(error).__name__}). It is safe to delete; then run "
            "python3 start.py build to make it again.",
        ) from error


def _require(settings: Settings) -> None:
    if not settings.warehouse.exists():
        raise UserError(
            f"还没有数据仓库：{settings.warehouse}。请先运行 python3 start.py report（或加 --sample 试用示例）。",
            f"There is no warehouse yet: {settings.warehouse}. Run python3 start.py report first (--sample tries the sample).",
        )


def _create(connection: duckdb.DuckDBPyConnection, table: Table, values: Mapping[str, Any]) -> None:
    chosen = {name: value for name, value in values.items() if re.search(rf"\${name}\b", table.sql)}
    try:
        if table.is_view:
            connection.execute(f"create view {table.full_name} as {table.sql}", chosen)
        else:
            _fill(connection, table, chosen)
        repeated = _repeated(connection, table)
    except duckdb.Error as error:
        raise RuntimeError(f"{table.full_name}: {error}\n{table.sql}") from error
    if repeated:
        raise PromiseBroken(f"{table.full_name}: more than one row for {', '.join(table.grain)}: {repeated}")


def _fill(connection: duckdb.DuckDBPyConnection, table: Table, values: Mapping[str, Any]) -> None:
    if not table.plain:
        connection.execute(f"create table {table.full_name} as {table.sql}", values)
        return
    shape = connection.execute(f"describe {table.sql}", values).fetchall()
    columns = (f"{name} {kind}{' using compression uncompressed' * (name in table.plain)}" for name, kind, *_ in shape)
    connection.execute(f"create table {table.full_name} ({', '.join(columns)})")
    connection.execute(f"insert into {table.full_name} {table.sql}", values)


def _repeated(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Any]:
    """Some keys that more than one row has. Hashes are compared first: they are quick, and distinct ones prove distinct keys."""
    grain = ", ".join(table.grain)
    count, distinct = connection.execute(
        f"select count(*), count(distinct hash({grain})) from {table.full_name}"
    ).fetchall()[0]
    if count == distinct:
        return []
    return connection.execute(
        f"select {grain}, count(*) from {table.full_name} group by {grain} having count(*) > 1 limit 5"
    ).fetchall()


def _require_no_rows(connection: duckdb.DuckDBPyConnection, check: Table) -> None:
    rows = connection.execute(check.sql).fetchmany(5)
    connection.execute("select 1").fetchall()
    if rows:
        raise PromiseBroken(f"{check.name}: {rows}")


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
