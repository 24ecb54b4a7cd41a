"""Which exports the archive holds and how each of their rows was accounted for: one JSON file, replaced atomically."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.settings import UserError

FORMAT = 1
DATED_BY = ("name", "content", "modified")


@dataclass(frozen=True)
class Record:
    """One accepted export: where it came from, what it covers, and where each of its rows went.

    `read = kept + quarantined + notes` (how many of the kept are superseded, the warehouse knows). `exported_at` is the
    export's own time and `dated_by` says whether its name, its content or the file's modification time told it.
    `covers_from`/`covers_to`: first and last day that its rows tell of; None where it has no rows. `stated_*` is what a
    ledger says about itself; None where it does not, and in archives made before that was kept.
    """

    file_id: int
    kind: str
    shop_id: str
    sha256: str
    shown: str
    is_intervention_list: bool
    exported_at: str
    dated_by: str
    first_row: int
    encoding: str
    read: int
    kept: int
    quarantined: int
    notes: int
    bad_cells: dict[str, int]
    unknown_headers: list[str]
    columns: list[str]
    covers_from: str | None
    covers_to: str | None
    is_replaced: bool = False
    stated_from: str | None = None
    stated_to: str | None = None
    stated_income_fen: int | None = None
    stated_expense_fen: int | None = None
    stated_total_fen: int | None = None


@dataclass(frozen=True)
class Refusal:
    """A file of the exports folder that the last run did not load, and why, in both languages."""

    shop_id: str
    shown: str
    zh: str
    en: str


@dataclass
class Manifest:
    """The archive's content: `records` by file id, the last run's `refusals`, and `seen` (size, time and digest of files met,
    to spare reading them again).
    """

    folder: Path
    records: dict[int, Record] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    seen: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """The manifest of an archive folder; an empty one where there is none yet."""
        file = folder / "manifest.json"
        if not file.exists():
            return cls(folder)
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise ValueError(content["format"])
            records = [Record(**each) for each in content["files"]]
            refusals = [Refusal(**each) for each in content["refused"]]
            return cls(folder, {each.file_id: each for each in records}, refusals, content["seen"])
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"存档的目录读不懂：{file}（{error}）。如果导出文件都还在，可以删除 {folder} 后重新运行；否则请从备份恢复这个文件。",
                f"The archive's manifest cannot be read: {file} ({error}). If all exports are still there, delete {folder} and "
                "run again; otherwise restore this file from a backup.",
            ) from error

    def save(self) -> None:
        """Replaces the manifest in one step: a reader sees the old one or the new one, never half of it."""
        records = sorted(
            self.records.values(), key=lambda each: (each.kind, each.shop_id, each.exported_at, each.file_id)
        )
        content = {
            "format": FORMAT,
            "files": [asdict(each) for each in records],
            "refused": [asdict(each) for each in self.refusals],
            "seen": dict(sorted(self.seen.items())),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / "manifest.json.new"
        with aside.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.folder / "manifest.json")

    def of_kind(self, kind: str) -> list[Record]:
        """The records of one kind, oldest export first; equal times are ordered by content, never by name."""
        chosen = (each for each in self.records.values() if each.kind == kind)
        return sorted(chosen, key=lambda each: (each.exported_at, each.sha256, each.shop_id, each.is_intervention_list))

    def held(self, shop_id: str, sha256: str, is_intervention_list: bool) -> Record | None:
        """The record of an export with this content, in this shop, in such a folder; None where there is none."""
        for each in self.records.values():
            if (each.shop_id, each.sha256, each.is_intervention_list) == (
                shop_id,
                sha256,
                is_intervention_list,
            ):
                return each
        return None

    def date_by_name(self, record: Record, named_at: datetime, is_day_only: bool) -> None:
        """Lets another copy's name date an export: a name beats any other source, and the earliest name is the download's."""
        present = datetime.fromisoformat(record.exported_at)
        if is_day_only and present.date() == named_at.date():
            named_at = present
        if record.dated_by != "name" or named_at < present:
            changed = replace(record, exported_at=named_at.isoformat(sep=" "), dated_by="name")
            self.records[record.file_id] = changed

    def replace_list(self, record: Record) -> None:
        """A list kept by hand counts in its newest form only: what stood at the same place before is set aside."""
        for each in list(self.records.values()):
            if each.shown == record.shown and each.kind == record.kind and each.file_id != record.file_id:
                self.records[each.file_id] = replace(each, is_replaced=True)
        self.records[record.file_id] = replace(record, is_replaced=False)

    def fingerprint(self) -> str:
        """A digest of what the archive holds and refused: equal fingerprints build equal warehouses."""
        kept = sorted(json.dumps(asdict(each), ensure_ascii=False, sort_keys=True) for each in self.records.values())
        refused = [json.dumps(asdict(each), ensure_ascii=False, sort_keys=True) for each in self.refusals]
        return hashlib.sha256("\n".join([*kept, *refused]).encode()).hexdigest()

    def parquet(self, record: Record) -> Path:
        return self.folder / record.kind / f"{record.file_id:016x}.parquet"
