"""Tickets → what they are about, by when they must be answered and with what, how they stand and what they cost.

All functions take small frames (one row a ticket) and never change them.
"""

from analysis.tickets.appeals import appealable
from analysis.tickets.backlog import backlog, handling
from analysis.tickets.deadlines import deadlines
from analysis.tickets.lapses import lapse_totals, lapses
from analysis.tickets.states import states
from analysis.tickets.types import typed
from analysis.tickets.worklist import due, win_probability, worklist

__all__ = [
    "appealable",
    "backlog",
    "deadlines",
    "due",
    "handling",
    "lapse_totals",
    "lapses",
    "states",
    "typed",
    "win_probability",
    "worklist",
]
