"""Forgets everything after a day: the archive's rows and cells dated later, and what later exports show without a date."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from analysis import archive, warehouse
from analysis.cli import loading
from tests.conftest import Data


@dataclass(frozen=True)
class Dates:
    """Of one kind of export: what dates a row (its own first time; without any, its export), which cells are dated by themselves, and what
    stands in a later export's other cells as long as nothing is known. Deadlines and promises are no events: they stay,
    but for a request's step deadline, which is that of the export's own moment.
    """

    row: str
    cells: tuple[str, ...] = ()
    later: tuple[tuple[str, str], ...] = ()


KINDS = {
    "orders": Dates(
        "dealt_at",
        ("paid_at", "shipped_at", "signed_at", "intervened_at"),
        (
            (
                "order_status",
                "case when signed_at < {ends} then '已收货' when shipped_at < {ends} then '已发货，待收货' else '待发货' end",
            ),
            ("after_sales_status", "null"),
            ("is_intervened", "null"),
            ("is_under_review", "null"),
            ("courier", "case when shipped_at < {ends} then courier end"),
            ("tracking_no", "null"),
        ),
    ),
    "after_sales": Dates(
        "applied_at",
        ("updated_at", "refund_agreed_at", "return_agreed_at", "return_status_at", "intervened_at"),
        (
            ("after_sales_status", "'买家申请退款，待商家处理'"),
            ("step_deadline_at", "null"),
            ("refund_agreed_by", "null"),
            ("return_status", "null"),
            ("return_tracking_no", "null"),
            ("interception_status", "null"),
            ("ticket_id", "null"),
            ("is_intervened", "null"),
            ("is_dispute_refund", "null"),
            ("decided_by_role", "null"),
            ("is_speed_refund", "null"),
        ),
    ),
    "tickets": Dates(
        "created_at",
        ("closed_at",),
        (
            ("ticket_status", "'待处理'"),
            ("progress", "null"),
            ("time_left", "null"),
            ("reply", "null"),
            ("evidence", "null"),
            ("outcome", "null"),
            ("is_merchant_liable", "null"),
            ("is_punished", "null"),
            ("penalty_fen", "null"),
        ),
    ),
    "interventions": Dates(
        "began_at", ("decided_at",), (("outcome", "case when decided_at < {ends} then outcome end"),)
    ),
}


def truncated(source: Data, folder: Path, until: date, *, keeps_later_exports: bool) -> Data:
    """A warehouse built from what was dated `until` or earlier.

    With `keeps_later_exports`, later exports stay with those of their rows and cells that tell of days up to then; without,
    they are deleted, but for those of the next morning, because nothing else tells of the last day's orders.
    Kinds that tell nothing of a single order are left out.
    """
    made = Data(folder)
    shutil.copytree(source.settings.archive, made.settings.archive)
    manifest = archive.Manifest.load(made.settings.archive)
    ends = f"timestamp '{until + timedelta(days=1)}'"
    for file_id, record in list(manifest.records.items()):
        is_later = record.exported_at >= str(until + timedelta(days=1))
        is_deleted = not keeps_later_exports and record.exported_at >= str(until + timedelta(days=2))
        if record.kind not in KINDS or (is_deleted and record.kind != "interventions"):
            del manifest.records[file_id]
            continue
        is_later = is_later and record.kind != "interventions"
        read, kept, quarantined, notes = _cut(manifest.parquet(record), KINDS[record.kind], ends, is_later)
        manifest.records[file_id] = replace(
            record,
            read=read,
            kept=kept,
            quarantined=quarantined,
            notes=notes,
            is_intervention_list=record.is_intervention_list and not is_later,
        )
    manifest.save()
    loading.build(made.settings, manifest, lambda _: None)
    return made


def _cut(file: Path, dates: Dates, ends: str, is_later: bool) -> tuple[int, int, int, int]:
    """Rewrites one Parquet file; gives its rows by their fate: all, kept, quarantined, notes."""
    aside = file.with_suffix(".cut")
    with duckdb.connect() as connection:
        names = {name for name, *_ in connection.execute(f"describe select * from '{file}'").fetchall()}
        timed = (dates.row, *dates.cells)
        added = "".join(f", null::timestamp as {name}" for name in timed if name not in names)
        cells = {name: f"case when {name} < {ends} then {name} end" for name in timed if name in names}
        if is_later:
            cells |= {name: value.format(ends=ends) for name, value in dates.later if name in names}
        listed = ", ".join(f"{cells.get(name, name)} as {name}" for name in sorted(names))
        connection.execute(
            f"""copy (
                select {listed} from (select *{added} from '{file}')
                where coalesce(least({", ".join(timed)}) < {ends}, {not is_later})
            ) to '{aside}' (format parquet)"""
        )
        counted = connection.execute(
            f"""select count(*), count(*) filter (where fate is null), count(*) filter (where fate = 'quarantined'),
                count(*) filter (where fate = 'note') from read_parquet('{aside}')"""
        ).fetchone()
    aside.replace(file)
    assert counted is not None
    return counted


def ask(data: Data, sql: str, days: list[date], unseen_days: int = 6) -> pd.DataFrame:
    """What a text of the features' SQL finds."""
    choices = {"late_days": 5, "unseen_days": unseen_days, "prior_orders": 3, "mature_days": 10}
    with warehouse.connect(data.settings) as connection:
        return connection.execute(sql, {"landmarks": days} | choices).df()
