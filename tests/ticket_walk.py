"""A ticket's state on a day by a plain walk through what each export said of it: what the fast way must equal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

SAYS = {
    "待处理": "open",
    "处理中": "answered",
    "已逾期": "expired",
    "已完结": "closed",
    "违规已处理": "lost",
    "已撤销": "withdrawn",
    "77": None,
    "": None,
}
OUTCOMES = {"": None, "支持商家": "won", "全额退款": "lost", "已处理": None}


@dataclass(frozen=True)
class Version:
    """What one export shows of a ticket; days of June, closings at noon."""

    ticket: int
    status: str
    progress: str
    reply: bool
    outcome: str
    closed_on: int | None
    liable: bool | None
    is_punished: bool


def created(ticket: int) -> str:
    return f"2026-06-{2 + ticket:02d} 23:30:00"


def deadline(ticket: int) -> datetime | None:
    return None if ticket == 4 else datetime(2026, 6, 5 + ticket, 12)


@dataclass
class Walk:
    """A ticket's state after one export after the other."""

    state: str
    since: datetime
    began_at: datetime
    answered_at: datetime | None = None
    settled_at: datetime | None = None


def walked(history: list[tuple[datetime, Version]], as_of: date) -> Walk | None:
    """The state of one ticket, by a plain walk through what each export said of it."""
    at = datetime.combine(as_of, datetime.max.time())
    seen = [(made, each) for made, each in history if made.date() <= as_of + timedelta(days=1)]
    if not seen:
        return None
    began = min(datetime.fromisoformat(created(seen[0][1].ticket)), seen[0][0])
    if began > at:
        return None
    stand, verdict, since, run = "open", None, began, 0
    answered: datetime | None = None
    stated: datetime | None = None
    closed_seen: datetime | None = None
    for place, (made, each) in enumerate(seen):
        closed = datetime(2026, 6, each.closed_on, 12) if each.closed_on else None
        is_later = closed is not None and closed > at
        word = SAYS[each.progress] or SAYS[each.status]
        if is_later and word in ("closed", "lost", "withdrawn"):
            word = None
        outcome = None if is_later else OUTCOMES[each.outcome]
        liable = None if is_later else each.liable
        punished = word == "lost" or (each.is_punished and not is_later)
        if liable is not None:
            verdict = "lost" if liable else "won"
        elif punished:
            verdict = "lost"
        elif outcome:
            verdict = outcome
        is_closing = liable is not None or (closed is not None and not is_later) or word == "lost"
        said = "withdrawn" if word == "withdrawn" else "closed" if is_closing else word
        if said is None and (punished or outcome):
            said = "closed"
        if said is None and each.reply:
            said = "answered"
        said = said or stand
        if said != stand:
            run += place > 0  # what the first version shows had been so since the beginning, as far as anyone knows
            since = made
        if answered is None and (each.reply or word == "answered"):
            answered = made
        if said in ("closed", "withdrawn"):
            if stand not in ("closed", "withdrawn"):
                stated, closed_seen = None, made
            if closed is not None and not is_later:
                stated = closed
        else:
            stated = closed_seen = None
        stand = said
    settled = stated or (min(closed_seen, at) if closed_seen else None)
    limit = deadline(seen[0][1].ticket)
    since = min(since, at)
    if stand in ("open", "expired") and limit is not None and at > limit:
        stand, since = "expired", max(limit, since if run else began)
    elif stand == "closed":
        stand = "closed_lost" if verdict == "lost" else "closed_won"
    if settled:
        since = settled
    if answered:
        answered = min(answered, settled or at)
    return Walk(stand, since, began, answered, settled)
