"""What to do this morning: the tickets to answer, in which order and why, and whether the team can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, chance, count, is_missing, minute, number, word

MOST_TICKETS = 50
URGENT_HOURS = 6
Row = Mapping[Any, Any]


def due(due: pd.DataFrame, words: Words) -> Fragment:
    """How many answers fall due in each part of the coming days, against how many the team can give?"""
    rows: list[list[Cell]] = [
        [
            word(words, "due_slot", row["slot"]),
            (f"{minute(row['from_at'])} – {minute(row['to_at'])}", "when"),
            (count(row["due"]), "num strong"),
            (words["due.not_set"] if is_missing(row["capacity"]) else count(row["capacity"]), "num"),
            _short(row, words),
        ]
        for row in due.to_dict("records")
    ]
    return table(words, "due", ["slot", "when", "due", "capacity", "short"], rows, title=words["due.title"])


def worklist(worklist: pd.DataFrame, types: Sequence[Any], shops: Sequence[str], words: Words) -> PerShop:
    """Which tickets wait for an answer, which first, with what proof, through which entrance, and why in this order?

    `worklist`: one row per ticket in its order, the overdue last; `types` give the titles of the types. A shop without
    an open ticket has one sentence.
    """
    titles = {each.name: getattr(each, words["language.rule_title"]) for each in types}
    found = by_shop(worklist)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        mine = found.get(shop, worklist.iloc[:0])
        late = (mine["hours_left"] < 0).fillna(False).astype(bool)
        parts[shop] = (
            [_tickets(mine[~late], words["worklist.title"], titles, words)]
            if len(mine)
            else [sentence(words["worklist.empty"])]
        )
        if late.any():
            parts[shop].append(_tickets(mine[late], words["overdue.title"], titles, words))
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


def _tickets(rows: pd.DataFrame, title: str, titles: Mapping[str, str], words: Words) -> Fragment:
    heads = ["ticket", "deadline", "priority", "at_stake", "chance", "missing", "entrance", "why"]
    cells: list[list[Cell]] = [
        [
            (f"{row['ticket_id']} · {titles.get(row['type'], row['type'])} · {row['order_id'] or '–'}", "wrap"),
            (minute(row["deadline_at"]), _urgency(row)),
            (number(row["priority"], 0), "num strong"),
            (number(row["at_stake_yuan"], 2), "num"),
            (chance(row["win_probability"]), "num"),
            (kinds(row["missing"], words) or "–", "wrap"),
            word(words, "entrance", row["entrance"]),
            (why(row, words), "wrap"),
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


def _urgency(row: Row) -> str:
    hours = row["hours_left"]
    return "when" if is_missing(hours) or float(hours) > URGENT_HOURS else "when bad"


def _short(row: Row, words: Words) -> Cell:
    if is_missing(row["short"]):
        return ("–", "num quiet")
    return (words["due.enough"], "num good") if not int(row["short"]) else (count(row["short"]), "num bad")
