"""Named, dated definitions: what counts as an intervention, over which window, on which date, over which orders.

Each `<name>.toml` in this folder is one rule. Applying a rule is `rates`' work; a rule only says what it wants.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.settings import PACKAGE, UserError

FOLDER = PACKAGE / "rules"


@dataclass(frozen=True)
class Rule:
    """One definition of a rate. `denominator` is a column of `marts.shop_days`; `dated_by` the column that books an event."""

    name: str
    title_zh: str
    title_en: str
    metric: str
    source_zh: str
    source_en: str
    confidence: str
    valid_from: date
    window_days: int
    unit: str
    dated_by: str
    denominator: str
    excluded_initiators: tuple[str, ...]
    excludes_undecided_withdrawn: bool


@dataclass(frozen=True)
class TicketType:
    """A kind of ticket: the pattern that its title matches, and whether it counts as an intervention (yes, no, lapsed)."""

    name: str
    pattern: str
    counts: str


def load(name: str) -> Rule:
    """The rule of that name. Raises UserError for a name without a file, listing those that exist."""
    file = FOLDER / f"{name}.toml"
    if not file.exists() or name == "tickets":
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.toml") if each.stem != "tickets"))
        raise UserError(
            f"没有名为 {name} 的规则；现有：{known}。", f"There is no rule {name}; there are: {known}."
        )
    content: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    content["excluded_initiators"] = tuple(content["excluded_initiators"])
    return Rule(name=name, **content)


def ticket_types() -> list[TicketType]:
    """The ticket types in the order in which they are tried."""
    content = tomllib.loads((FOLDER / "tickets.toml").read_text(encoding="utf-8"))
    return [TicketType(**each) for each in content["types"]]
