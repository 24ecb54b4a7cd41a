"""What made a disputed order cost money, and who is accountable for it, as `causes.toml` says."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

from analysis.settings import PACKAGE

SOURCES = ("initiator", "ticket_type", "reason_group", "component")
"""What can tell a cause, the first that names one decides."""
ACCOUNTABLE = ("merchant", "carrier", "buyer", "platform", "unknown")


@dataclass(frozen=True)
class Cause:
    """The word `name` of `known_from` (one of SOURCES) means `cause`, for which `accountable` (one of ACCOUNTABLE) answers.

    An empty `cause` tells nothing. `is_dispute`: in a ticket of this type the buyer contests the order.
    """

    known_from: str
    name: str
    cause: str
    accountable: str
    is_dispute: bool = False


def causes() -> list[Cause]:
    """Every cause that `causes.toml` names."""
    content = tomllib.loads((PACKAGE / "rules" / "causes.toml").read_text(encoding="utf-8"))
    return [Cause(**each) for each in content["causes"]]
