"""What to do this morning: the tickets to answer, in which order and why, and whether the team can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, chance, count, is_missing, minute, number, word

MOST_TICKETS = 50
MOST_FLAGGED = 3
"""So many tickets with the same flag are named, the others counted."""
URGENT_HOURS = 6
Row = Mapping[Any, Any]


def due(due: pd.DataFrame, words: Words) -> Fragment:
    """How many answers fall due in each part of the coming days, against how many the team can give?"""
    rows: list[list[Cell]] = [
        [
            word(words, "due_slot", row["slot"]),
            (count(row["due"]), "num strong"),
            (words["due.not_set"] if is_missing(row["capacity"]) else count(row["capacity"]), "num"),
            _short(row, words),
            (_span(row["from_at"], row["to_at"]), "when"),
        ]
        for row in due.to_dict("records")
    ]
    return table(words, "due", ["slot", "due", "capacity", "short", "when"], rows, title=words["due.title"])


def worklist(
    worklist: pd.DataFrame,
    types: Sequence[Any],
    shops: Sequence[str],
    words: Words,
    tickets: pd.DataFrame | None = None,
) -> PerShop:
    """Which tickets wait for an answer, which first, with what proof, through which entrance, and why in this order?

    `worklist`: one row per ticket in its order, the overdue last; `types` give the titles of the types. `tickets`
    (`shop_id, ticket_id, flags`, words with blanks between them): what is odd about a ticket; those on the worklist are
    counted and named in a sentence before it. A shop without an open ticket has one sentence.
    """
    titles = {each.name: getattr(each, words["language.rule_title"]) for each in types}
    found = by_shop(worklist)
    flagged = {} if tickets is None else by_shop(_flags(worklist, tickets))
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        mine = found.get(shop, worklist.iloc[:0])
        late = (mine["hours_left"] < 0).fillna(False).astype(bool)
        parts[shop] = [_look(flagged[shop], words)] if shop in flagged else []
        for rows, title in ((mine[~late], "worklist.title"), (mine[late], "overdue.title")):
            if len(rows):
                parts[shop].append(_tickets(rows, words[title], titles, words))
        if mine.empty:
            parts[shop] = [sentence(words["worklist.empty"])]
    return PerShop(parts)


def why(row: Row, words: Words) -> str:
    """Why a ticket stands where it stands, in one line: time, money, chance, the rate, and what proof is missing."""
    said = [_time(row, words)]
    if not is_missing(row["at_stake_yuan"]):
        said.append(words["why.at_stake"].format(yuan=number(row["at_stake_yuan"], 2)))
    said.append(words["why.chance"].format(chance=chance(row["win_probability"])))
    if not is_missing(row["rate_effect_yuan"]) and float(row["rate_effect_yuan"]) > 0:
        said.append(words["why.rate_effect"].format(yuan=number(row["rate_effect_yuan"], 2)))
    if row["missing"]:
        said.append(words["why.missing"].format(kinds=kinds(row["missing"], words)))
    elif row["required"]:
        said.append(words["why.complete"])
    return words["why.separator"].join(said)


def kinds(evidence: Sequence[str], words: Words) -> str:
    """Kinds of proof as a reader calls them."""
    return words["why.and"].join(word(words, "evidence", each) for each in evidence)


def _flags(worklist: pd.DataFrame, tickets: pd.DataFrame) -> pd.DataFrame:
    """One row a flag of a ticket on the worklist, in its order."""
    key = ["shop_id", "ticket_id"]
    listed = worklist[key].merge(tickets[[*key, "flags"]], on=key)
    each = listed.assign(flag=listed["flags"].str.split(" ")).explode("flag")
    return each[each["flag"].fillna("") != ""]


def _look(flags: pd.DataFrame, words: Words) -> Fragment:
    """Which tickets are to be looked at in the backend, because what the exports say of them is odd."""
    said = []
    for flag, ids in flags.groupby("flag", sort=True)["ticket_id"]:
        named = words["why.and"].join(ids.head(MOST_FLAGGED))
        more = "…" if len(ids) > MOST_FLAGGED else ""
        label = word(words, "flag", flag)
        said.append(words["worklist.flagged"].format(flag=label, count=count(len(ids)), tickets=named + more))
    tickets = count(flags["ticket_id"].nunique())
    return sentence(words["worklist.look"].format(tickets=tickets, flags=words["why.separator"].join(said)))


def _tickets(rows: pd.DataFrame, title: str, titles: Mapping[str, str], words: Words) -> Fragment:
    heads = ["ticket", "why", "deadline", "entrance", "order", "priority"]
    cells: list[list[Cell]] = [
        [
            (f"{row['ticket_id']} · {titles.get(row['type'], row['type'])}", "wrap"),
            (why(row, words), "wrap bad" if _is_urgent(row) else "wrap"),
            (minute(row["deadline_at"]), "when"),
            word(words, "entrance", row["entrance"]),
            ("–" if is_missing(row["order_id"]) else str(row["order_id"]), "code"),
            (number(row["priority"], 0), "num strong"),
        ]
        for row in rows.head(MOST_TICKETS).to_dict("records")
    ]
    more = len(rows) - MOST_TICKETS
    note = words["worklist.more"].format(more=count(more)) if more > 0 else ""
    return table(words, "worklist", heads, cells, title=title, note=note)


def _time(row: Row, words: Words) -> str:
    hours = row["hours_left"]
    if is_missing(hours):
        return words["why.no_deadline"]
    if float(hours) < 0:
        return words["why.overdue"].format(hours=number(-float(hours), 1))
    return words["why.hours_left"].format(
        hours=number(hours, 1), source=word(words, "deadline_source", row["deadline_source"])
    )


def _is_urgent(row: Row) -> bool:
    return not is_missing(row["hours_left"]) and float(row["hours_left"]) <= URGENT_HOURS


def _span(begins: pd.Timestamp, ends: pd.Timestamp) -> str:
    """From when to when, without the year, the day once where it is the same."""
    is_same_day = begins.normalize() == ends.normalize()
    return f"{begins:%m-%d %H:%M} – {ends:{'%H:%M' if is_same_day else '%m-%d %H:%M'}}"


def _short(row: Row, words: Words) -> Cell:
    if is_missing(row["short"]):
        return ("–", "num quiet")
    return (words["due.enough"], "num good") if not int(row["short"]) else (count(row["short"]), "num bad")
