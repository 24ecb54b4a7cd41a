"""What the facts and the rules say of one day: the figures that pages, commands and notebooks show.

The one place besides the command line that combines modules: the warehouse's answers go through the rules to the rates,
the forecast, the tickets, the escalation model, the losses and the comparisons. Nothing is computed here, and nothing before it is asked for.
"""

from __future__ import annotations

from datetime import date

from analysis import evidence, warehouse
from analysis.findings.losses import LossFindings
from analysis.findings.rate import CASE_COLUMNS
from analysis.settings import Settings

__all__ = ["CASE_COLUMNS", "Findings", "of"]

_newest: dict[tuple[object, ...], Findings] = {}


class Findings(LossFindings):
    """All figures of one `as_of` day.

    `as_of` None takes the last day that the orders exports cover. `previous`: the day of the report to compare with.
    """


def of(settings: Settings, as_of: date | None = None, previous: date | None = None) -> Findings:
    """The findings of a day, the same object for all pages of one run: what one page computed the next has at hand.

    Another day, other settings, other proof or a rebuilt warehouse give new ones.
    """
    key = (repr(settings), as_of, previous, warehouse.fingerprint(settings), evidence.stamp(settings.evidence))
    if key not in _newest:
        _newest.clear()
        _newest[key] = Findings(settings, as_of, previous)
    return _newest[key]
