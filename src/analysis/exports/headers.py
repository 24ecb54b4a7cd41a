"""Which columns each kind of export has, under which names they were ever seen, and how a header row is recognised."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from analysis.settings import PACKAGE

FEWEST_MATCHES = 3


@dataclass(frozen=True)
class Column:
    """One column of a kind. `type` is one of archive's types; `aliases` are in falling priority."""

    name: str
    type: str
    aliases: tuple[str, ...]
    required: bool = False


@dataclass(frozen=True)
class Header:
    """One kind of export, as `headers/<kind>.toml` describes it.

    `key` columns must be readable or the row is quarantined; `covers` is the SQL for the day a row tells of (empty: the
    kind covers no days); `happened` are past moments, the newest of which can date an export; `personal` and `ignored`
    headers are known and never stored. `values` names codes; a list `kept_by_hand` is replaced by its newer form.
    """

    kind: str
    title_zh: str
    title_en: str
    key: tuple[str, ...]
    covers: str
    happened: tuple[str, ...]
    columns: tuple[Column, ...]
    personal: frozenset[str]
    ignored: frozenset[str]
    values: dict[str, dict[str, str]]
    kept_by_hand: bool

    @cached_property
    def known(self) -> dict[str, tuple[str, int]]:
        """Every header name of ours as it is compared → the column it holds and its rank among that column's aliases."""
        return {
            normal(alias): (column.name, rank) for column in self.columns for rank, alias in enumerate(column.aliases)
        }


@dataclass(frozen=True)
class Recognised:
    """A header row found in a file: its kind, and where each column of ours stands in it.

    `positions`: our column → the file's columns that hold it, best alias first. `missing`: required columns without any.
    """

    header: Header
    row: int
    cells: tuple[str, ...]
    positions: dict[str, tuple[int, ...]]
    missing: tuple[Column, ...]

    @property
    def unknown(self) -> list[str]:
        """Headers that no list knows: never stored, and named to the user, because a renamed column hides there."""
        known = self.header.known.keys() | self.header.personal | self.header.ignored
        found = [cell.strip() for cell in self.cells if normal(cell) and normal(cell) not in known]
        return [re.sub(r"\d{7,}", "***", cell)[:30] for cell in found]


def normal(cell: str) -> str:
    """A header cell as it is compared: no tabs, no spaces, no byte order mark, brackets and case unified."""
    folded = unicodedata.normalize("NFKC", cell).replace("\ufeff", "")
    return "".join(folded.split()).lower()


@cache
def kinds() -> dict[str, Header]:
    """Every kind of export that `headers/*.toml` describes, by name."""
    return {file.stem: _load(file.stem) for file in sorted((PACKAGE / "headers").glob("*.toml"))}


def _load(kind: str) -> Header:
    text = tomllib.loads((PACKAGE / "headers" / f"{kind}.toml").read_text(encoding="utf-8"))
    columns = tuple(
        Column(name, each["type"], tuple(each["aliases"]), each.get("required", False))
        for name, each in text["columns"].items()
    )
    return Header(
        kind=kind,
        title_zh=text["title_zh"],
        title_en=text["title_en"],
        key=tuple(text["key"]),
        covers=text["covers"],
        happened=tuple(text["happened"]),
        columns=columns,
        personal=frozenset(normal(name) for name in text["personal"]),
        ignored=frozenset(normal(name) for name in text["ignored"]),
        values=text.get("values", {}),
        kept_by_hand=text.get("kept_by_hand", False),
    )


def recognise(rows: Sequence[Sequence[str]]) -> Recognised | None:
    """The header among a file's first rows: the row and kind with the most known names.

    None where no row holds at least three names of one kind, or all that it requires.
    """
    best: tuple[int, Recognised] | None = None
    for row, cells in enumerate(rows):
        places: dict[str, int] = {}
        for place, cell in enumerate(cells):
            places.setdefault(normal(cell), place)
        for header in kinds().values():
            ranked: dict[str, list[tuple[int, int]]] = {}
            for name in places.keys() & header.known.keys():
                column, rank = header.known[name]
                ranked.setdefault(column, []).append((rank, places[name]))
            positions = {column: tuple(place for _, place in sorted(found)) for column, found in ranked.items()}
            extra = len((header.personal | header.ignored) & places.keys() - {""})
            score = 2 * len(positions) + extra
            missing = tuple(c for c in header.columns if c.required and c.name not in positions)
            is_enough = len(positions) >= FEWEST_MATCHES or not missing
            if is_enough and (best is None or score > best[0]):
                best = score, Recognised(header, row, tuple(cells), positions, missing)
    return best[1] if best else None
