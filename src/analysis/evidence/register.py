"""Which proof lies in `data/evidence/`, whose is it, and is it still what it was when it was first seen?

The register file keeps each file's digest at its first registration. A file is read again only when its size, its time of
modification or its time of change (which no copying tool sets back) differ; on Windows, which keeps no such time, a file
altered with size and time restored is noticed when it is packed, because packing compares digests.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd

from analysis.evidence import names
from analysis.evidence.contents import examine
from analysis.evidence.files import Closed, Found, from_text, opened, walk
from analysis.evidence.names import ORDER_ID, Kind
from analysis.evidence.owners import Owner, Owners
from analysis.settings import BEIJING, UserError

FORMAT = 1
COLUMNS = [
    "shop_id", "order_id", "tracking_no", "path", "kind", "bytes", "content_type", "is_readable", "sha256", "modified_on",
    "problem",
]  # fmt: skip
TEXTS = ["shop_id", "order_id", "tracking_no", "path", "kind", "content_type", "sha256", "problem"]


@dataclass(frozen=True)
class Entry:
    """What the register file keeps of a file: `sha256` as first registered, `changed_to` where it is another one now."""

    bytes: int
    modified_ns: int
    changed_ns: int
    content_type: str
    problem: str
    sha256: str
    changed_to: str | None = None


def register(
    folder: Path,
    orders: pd.DataFrame,
    kinds: Iterable[Kind],
    register_file: Path,
    order_id_pattern: str = ORDER_ID,
) -> pd.DataFrame:
    """Which proof is there, of which order, of which kind, and what is wrong with it?

    `orders`: `shop_id, order_id, tracking_no`, every order whose parcel a file may name. One row a file below `folder`, by
    path: `shop_id, order_id, tracking_no` (missing: the names do not tell; `order_id` alone is missing where several orders
    share the parcel), `path` (relative, see `files.to_text`), `kind` (`video` and `other` where no name tells), `bytes`,
    `content_type`, `is_readable`, `sha256` (as first registered), `modified_on` (Beijing), `problem`: empty where nothing is
    wrong, else link, not_a_file, unreadable, empty, not_a_picture, not_a_video, not_a_pdf, truncated, changed,
    several_orders (the names contradict each other), no_id, other_shop (the order is another shop's) or no_shop. Empty: no
    files.

    The shop is the first folder, unless that folder's name is an order's or a parcel's: then it is the shop that has the
    order. Files are only read; `register_file` is replaced, in one step, when something is new. A file that was registered
    with a problem in its content is registered anew once it is mended.

    Raises UserError where the register file cannot be read.
    """
    known = _load(register_file)
    found = list(walk(folder))
    entries: dict[str, Entry] = {}
    problems: dict[str, str] = {}
    for each in found:
        try:
            entries[each.path] = _entry(folder, each, known.get(each.path))
        except Closed as closed:
            problems[each.path] = closed.problem
    if any(known.get(path) != entry for path, entry in entries.items()):
        _save(register_file, {**known, **entries})
    parts = [from_text(each.path).split("/") for each in found]
    owners = Owners(parts, orders, order_id_pattern)
    kinds = tuple(kinds)
    rows = [
        _row(each.path, entries.get(each.path), problems.get(each.path, ""), owners.owner(names_on_the_way), kinds)
        for each, names_on_the_way in zip(found, parts, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=COLUMNS).sort_values("path", ignore_index=True)
    return frame.astype({name: "str" for name in TEXTS} | {"bytes": "Int64", "is_readable": "bool"})


def stamp(folder: Path) -> str:
    """A digest of which files lie in the folder, how large they are and when they changed; nothing is read."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        digest.update(os.fsencode(path.relative_to(folder)) + repr((state.st_size, state.st_mtime_ns)).encode())
    return digest.hexdigest()


def _entry(folder: Path, found: Found, known: Entry | None) -> Entry:
    if found.state is None:
        raise Closed(found.problem)
    state = found.state
    stamp = (state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    if known and (known.bytes, known.modified_ns, known.changed_ns) == stamp:
        return known
    try:
        with opened(folder, found.path) as file:
            content = examine(file, found.path)
    except OSError as error:
        raise Closed("unreadable") from error
    entry = Entry(*stamp, content.content_type, content.problem, content.sha256)
    if known and not known.problem and known.sha256 != content.sha256:
        return replace(entry, sha256=known.sha256, changed_to=content.sha256)
    return entry


def _row(path: str, entry: Entry | None, problem: str, owner: Owner, kinds: Iterable[Kind]) -> dict[str, object]:
    kind = names.kind(owner.inner, kinds)
    row: dict[str, object] = {
        "shop_id": owner.shop_id,
        "order_id": owner.order_id,
        "tracking_no": owner.tracking_no,
        "path": path,
        "kind": kind or "other",
        "is_readable": entry is not None,
        "problem": problem or owner.problem,
    }
    if entry is not None:
        is_video = entry.content_type.startswith("video/")
        row |= {
            "kind": kind or ("video" if is_video else "other"),
            "bytes": entry.bytes,
            "content_type": entry.content_type,
            "sha256": entry.sha256,
            "modified_on": datetime.fromtimestamp(entry.modified_ns / 1e9, BEIJING).date(),
            "problem": entry.problem or ("changed" if entry.changed_to else "") or owner.problem,
        }
    return row


def _load(file: Path) -> dict[str, Entry]:
    if not file.exists():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(content["format"])
        return {path: Entry(**each) for path, each in content["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"举证材料的登记读不懂：{file}（{error}）。请从备份恢复；没有备份就删除它再运行，所有材料会按现在的内容重新登记。",
            f"The register of evidence cannot be read: {file} ({error}). Restore it from a backup; without one delete it and "
            "run again: all files are then registered as they are now.",
        ) from error


def _save(file: Path, entries: Mapping[str, Entry]) -> None:
    """Replaces the register in one step: a reader sees the old one or the new one, never half of it."""
    content = {"format": FORMAT, "files": {path: asdict(entries[path]) for path in sorted(entries)}}
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f"{file.name}.new")
    with aside.open("w", encoding="utf-8") as stream:
        json.dump(content, stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)
