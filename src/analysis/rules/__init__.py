"""Named, dated definitions: what counts as an intervention, over which window, on which date, over which orders.

Each `<name>.toml` in this folder is one rule. Applying a rule is `rates`' work; a rule only says what it wants.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
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


def names() -> list[str]:
    """The names of all rules."""
    return sorted(each.stem for each in FOLDER.glob("*.toml") if each.stem not in ("tickets", "reasons"))


def load(name: str) -> Rule:
    """The rule of that name. Raises UserError for a name without a file, listing those that exist."""
    if name not in (known := names()):
        listed = ", ".join(known)
        raise UserError(f"没有名为 {name} 的规则；现有：{listed}。", f"There is no rule {name}; there are: {listed}.")
    content: dict[str, Any] = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    content["excluded_initiators"] = tuple(content["excluded_initiators"])
    return Rule(name=name, **content)


@dataclass(frozen=True)
class ReasonGroup:
    """A group of reasons for after-sales requests, and the pattern that their texts match."""

    name: str
    pattern: str


def reason_groups() -> list[ReasonGroup]:
    """The reason groups in the order in which they are tried."""
    content = tomllib.loads((FOLDER / "reasons.toml").read_text(encoding="utf-8"))
    return [ReasonGroup(**each) for each in content["groups"]]


def window_start(rule: Rule, as_of: date) -> date:
    """The first day of the rule's window that ends on `as_of`."""
    return as_of - timedelta(days=rule.window_days - 1)


def ticket_types() -> list[TicketType]:
    """The ticket types in the order in which they are tried."""
    content = tomllib.loads((FOLDER / "tickets.toml").read_text(encoding="utf-8"))
    return [TicketType(**each) for each in content["types"]]
