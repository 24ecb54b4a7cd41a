"""What kinds of merchant tickets there are: how they are recognised, how long they run, what proves the shop's case."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.settings import PACKAGE


@dataclass(frozen=True)
class TicketType:
    """A kind of ticket as it holds from `valid_from` to `valid_to`, by the day of a ticket's creation.

    `pattern` decides by the title, and `counts` says whether such a ticket is an intervention (yes, no, lapsed).
    `text_pattern` decides by title and content where no title pattern does; "" where only a title can. `hours` is the time
    to answer from creation, None where no source gives it. `required` names kinds of evidence in the order in which they
    are asked for; `action_*` says what is to be done besides. `entrance` is after_sales or ticket.
    """

    name: str
    pattern: str
    counts: str
    title_zh: str
    title_en: str
    text_pattern: str
    hours: int | None
    required: tuple[str, ...]
    action_zh: str
    action_en: str
    consequence_zh: str
    consequence_en: str
    entrance: str
    valid_from: date
    valid_to: date | None
    source_zh: str
    source_en: str
    confidence: str


def ticket_types() -> list[TicketType]:
    """The ticket types in the order in which they are tried; of one that changed, each version once."""
    content = tomllib.loads((PACKAGE / "rules" / "tickets.toml").read_text(encoding="utf-8"))
    return [_ticket_type(each) for each in content["types"]]


def types_of_reasons() -> dict[str, str]:
    """The type that a request would be as a ticket, by its reason group; of a group that is not there: `other`."""
    return dict(tomllib.loads((PACKAGE / "rules" / "tickets.toml").read_text(encoding="utf-8"))["reasons"])


def _ticket_type(entry: dict[str, Any]) -> TicketType:
    silent = dict.fromkeys(("action_zh", "action_en", "consequence_zh", "consequence_en"), "")
    given = {"text_pattern": entry["pattern"], "hours": None, "valid_to": None} | silent | entry
    return TicketType(**given | {"required": tuple(entry["required"])})
