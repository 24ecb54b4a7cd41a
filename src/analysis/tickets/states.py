"""How does each ticket stand on a day? Read from every archived version of it, not from the newest alone."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime, time, timedelta
from functools import cache

import pandas as pd

from analysis.settings import PACKAGE

STATES = ("open", "answered", "expired", "closed_won", "closed_lost", "withdrawn")
COLUMNS = [
    "shop_id", "ticket_id", "state", "state_since", "began_at", "answered_at", "answered_on", "unanswered_at", "settled_at",
    "settled_on", "verdict_by", "flags",
]  # fmt: skip
KEY = ["shop_id", "ticket_id"]
CLOCK_TOLERANCE = timedelta(minutes=5)
"""A creation that lies further behind the first export that shows it cannot be meant (domain notes 3.3)."""


@cache
def patterns(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """A table of rules/ticket_words.toml: what each pattern means, in the order in which they are tried."""
    content = tomllib.loads((PACKAGE / "rules" / "ticket_words.toml").read_text(encoding="utf-8"))
    return tuple((each[table.removesuffix("s")], re.compile(each["pattern"])) for each in content[table])


def words(texts: pd.Series, table: str) -> pd.Series:
    """What texts mean under a table of rules/ticket_words.toml; missing where no pattern matches. Each text is tried once."""
    meaning: dict[str, str] = {}
    for text in texts.dropna().unique():
        found = (word for word, pattern in patterns(table) if pattern.search(text))
        if (word := next(found, None)) is not None:
            meaning[text] = word
    return texts.map(meaning).astype("object")


def end_of(as_of: date) -> datetime:
    """The last moment of a day."""
    return datetime.combine(as_of, time.max)


def states(history: pd.DataFrame, deadlines: pd.DataFrame, as_of: date, now: datetime | None = None) -> pd.DataFrame:
    """How does each ticket stand at the end of `as_of` (or at `now`), as the exports that tell of that day show it?

    `history` is the answer to `ticket_history` for `as_of`, `deadlines` has `shop_id, ticket_id, deadline_at`. One row a
    ticket that had begun by then, each for itself:

    `state`: `open` the shop is to act; `answered` the platform is; `expired` unanswered past the deadline (the deadline
    itself is still in time); `closed_lost`, `closed_won` (closed, and nothing says that the shop lost); `withdrawn`.
    `state_since`: a stated time, else the first export that showed it. `began_at`: the creation, at the latest the first export.
    `answered_at` the first export that showed an answer, at the latest the closing (missing: none was seen),
    `unanswered_at` the last moment that is known to be without one. `settled_at`: stated, else first seen; missing while
    unsettled. `answered_on`, `settled_on` (dates): the day that books it; what an export shows without a time of its own belongs to the
    day before that export (docs/decisions/0001). `verdict_by`: what says who won (`liability`, `punishment`, `outcome`,
    `nothing`; missing while unsettled). `flags`: `unknown_status`, `created_in_future`, joined by a comma; '' is none.

    A newer version wins wherever it says something. Of one version the stated closing and liability come first, then the
    page's progress text, the status, a punishment, the outcome's words, the reply. Empty in, empty out.
    """
    at = pd.Timestamp(now or end_of(as_of))
    versions = _read(history, at)
    by_ticket = versions.groupby("ticket")
    first_seen = by_ticket["exported_at"].min()
    created = by_ticket["created_at"].last()
    tickets = pd.DataFrame(
        {
            "shop_id": by_ticket["shop_id"].first(),
            "ticket_id": by_ticket["ticket_id"].first(),
            "began_at": created.clip(upper=first_seen).fillna(first_seen),
            "verdict": by_ticket["verdict"].last(),
            "verdict_by": by_ticket["verdict_by"].last(),
            "said": by_ticket["said_so_far"].last(),
            "is_unknown": by_ticket["is_unknown"].last(),
            "is_early": created > first_seen + CLOCK_TOLERANCE,
        }
    )
    tickets = tickets[tickets["began_at"] <= at]
    tickets = tickets.join(deadlines.set_index(KEY)["deadline_at"], on=KEY).join(_newest_run(versions))
    tickets = _with_settling(tickets, versions, at)
    return _named(_with_answers(tickets, versions, at), at)


def _read(history: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """What each version says for itself, and what all up to it say. A closing after `at` is not known, nor what came with it."""
    # One number a ticket, in the order of the keys: grouping by it is several times as fast as by two texts.
    numbered = history.assign(ticket=history.groupby(KEY, sort=True).ngroup())
    versions = numbered.sort_values(["ticket", "version_no"], ignore_index=True)
    is_later = versions["closed_at"] > at
    status = words(versions["ticket_status"], "states")
    word = words(versions["progress"], "states").fillna(status)
    word = word.mask(words(versions["outcome"], "states") == "withdrawn", "withdrawn")
    word = word.mask(is_later & word.isin(["lost", "withdrawn", "closed"]))
    outcome = words(versions["outcome"], "verdicts").mask(is_later)
    liable = versions["is_merchant_liable"].astype("boolean").mask(is_later)
    closed_at = versions["closed_at"].mask(is_later)
    is_fined = _is_true(versions["is_punished"]) | _is_true(versions["penalty_fen"].astype("Int64") > 0)
    is_punished = (word == "lost") | (is_fined & ~is_later)
    has_answer = _is_true(versions["has_answer"])
    said = _first_true(
        [
            (word == "withdrawn", "withdrawn"),
            (liable.notna() | closed_at.notna() | (word == "lost"), "closed"),
            (word.notna(), word),
            (is_punished | outcome.notna(), "closed"),
            (has_answer, "answered"),
        ]
    )
    versions = versions.assign(
        closed_at=closed_at,
        said=said,
        verdict=_first_true(
            [(_is_true(liable), "lost"), (liable.notna(), "won"), (is_punished, "lost"), (outcome.notna(), outcome)]
        ),
        verdict_by=_first_true(
            [(liable.notna(), "liability"), (is_punished, "punishment"), (outcome.notna(), "outcome")]
        ),
        is_unknown=versions["ticket_status"].notna() & status.isna(),
        is_answered=has_answer | (word == "answered"),
        is_unanswered=_is_true(versions["shows_answers"]) | word.isin(["open", "expired"]),
    )
    return versions.assign(said_so_far=versions.groupby("ticket")["said"].ffill().fillna("open"))


def _newest_run(versions: pd.DataFrame) -> pd.DataFrame:
    """The first export of each ticket's newest run of versions that say the same, and whether that is the first of all."""
    same = versions.groupby("ticket")["said_so_far"].transform("last") == versions["said_so_far"]
    run = _after(versions, versions[~same])
    since = run.groupby("ticket")[["exported_at", "version_no"]].first()
    first = versions.groupby("ticket")["version_no"].first()
    return pd.DataFrame({"run_since": since["exported_at"], "is_first_run": since["version_no"] == first})


def _with_settling(tickets: pd.DataFrame, versions: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """`settled_at` and the day that books it: the newest stated closing since the ticket was last unsettled, else the first export."""
    is_settled = versions["said_so_far"].isin(["closed", "withdrawn"])
    by_ticket = _after(versions, versions[~is_settled]).groupby("ticket")
    stated, seen = by_ticket["closed_at"].last(), by_ticket["exported_at"].first()
    days = stated.dt.normalize().fillna(_day_told(seen))
    found = tickets.join(pd.DataFrame({"settled_at": stated.fillna(_at_most(seen, at)), "settled_on": days}))
    return found.assign(settled_on=_not_before(found["settled_on"], found["began_at"]))


def _with_answers(tickets: pd.DataFrame, versions: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """`answered_at` with the day that books it, and `unanswered_at`, none later than the settling."""
    answered = versions[versions["is_answered"]].groupby("ticket")[["exported_at", "version_no"]].first()
    first_no = versions["ticket"].map(answered["version_no"])
    before = versions[versions["is_unanswered"] & ~(versions["version_no"] >= first_no)]
    found = tickets.join(answered["exported_at"].rename("answered_at")).join(
        before.groupby("ticket")["exported_at"].last().rename("unanswered_at")
    )
    latest = found["settled_at"].fillna(at)
    answered_on = _day_told(found["answered_at"])
    booked = answered_on.mask(found["settled_on"] < answered_on, found["settled_on"])
    return found.assign(
        answered_at=_at_most(found["answered_at"], latest),
        answered_on=_not_before(booked, found["began_at"]),
        unanswered_at=_at_most(found["unanswered_at"], latest),
    )


def _named(tickets: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    said, run_since = tickets["said"], _at_most(tickets["run_since"], at)
    is_waiting = said.isin(["open", "expired"])
    is_past = is_waiting & (tickets["deadline_at"] < at)
    is_lost = tickets["verdict"] == "lost"
    waits_since = tickets["began_at"].where(tickets["is_first_run"].astype(bool), run_since)
    is_closed = said == "closed"
    state = _first_true(
        [
            (said == "withdrawn", "withdrawn"),
            (is_closed & is_lost, "closed_lost"),
            (is_closed, "closed_won"),
            (is_past | (said == "expired"), "expired"),
            (said == "answered", "answered"),
        ]
    ).fillna("open")
    since = run_since.mask(said == "open", waits_since).mask(is_past, tickets["deadline_at"].clip(lower=waits_since))
    since = since.mask(is_closed | (said == "withdrawn"), tickets["settled_at"])
    flags = tickets["is_unknown"].map({True: "unknown_status,", False: ""}) + tickets["is_early"].map(
        {True: "created_in_future,", False: ""}
    )
    named = tickets.assign(
        state=state.astype("str"),
        state_since=since,
        verdict_by=tickets["verdict_by"].fillna("nothing").where(is_closed).astype("str"),
        flags=flags.str.rstrip(",").astype("str"),
        answered_on=tickets["answered_on"].dt.date,
        settled_on=tickets["settled_on"].dt.date,
    )
    return named.reset_index(drop=True)[COLUMNS]


def _after(versions: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """The versions of each ticket that are newer than the newest of `others`."""
    reached = versions["ticket"].map(others.groupby("ticket")["version_no"].max())
    return versions[~(versions["version_no"] <= reached)]


def _day_told(exported_at: pd.Series) -> pd.Series:
    """The day whose end an export tells of: the one before it was made."""
    day: pd.Series = exported_at.dt.normalize() - pd.Timedelta(days=1)
    return day


def _not_before(day: pd.Series, moment: pd.Series) -> pd.Series:
    later: pd.Series = day.clip(lower=moment.dt.normalize())
    return later


def _at_most(moments: pd.Series, latest: pd.Series | pd.Timestamp) -> pd.Series:
    return moments.mask(moments > latest, latest)


def _first_true(cases: list[tuple[pd.Series, pd.Series | str]]) -> pd.Series:
    """For each row what stands beside the first condition that holds; missing where none does."""
    found = pd.Series(None, index=cases[0][0].index, dtype="object")
    for condition, value in reversed(cases):
        found = found.mask(condition, value)
    return found


def _is_true(flags: pd.Series) -> pd.Series:
    found: pd.Series = flags.astype("boolean").fillna(False).astype(bool)
    return found
