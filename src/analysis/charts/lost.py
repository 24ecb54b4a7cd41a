"""Cases that were lost: why, at what cost, and which of them can still be appealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.charts.cells import Cell, by_shop, table
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import WEEKDAYS, Words, count, is_missing, minute, number, word

MOST_APPEALS = 30


def lapses(lapses: pd.DataFrame, types: Sequence[Any], shops: Sequence[str], words: Words) -> PerShop:
    """Of the lost tickets, how many for which cause, of which type, and at what cost?

    `lapses`: one row per lost ticket with `cause, type, cost_fen`; `types` give the titles of the types.
    """
    titles = {each.name: getattr(each, words["language.rule_title"]) for each in types}
    found = by_shop(lapses)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        rows = found.get(shop, lapses.iloc[:0])
        groups = rows.groupby(["cause", "type"])
        totals = pd.DataFrame({"cases": groups.size(), "cost_fen": groups["cost_fen"].sum(min_count=1)}).reset_index()
        ordered = totals.sort_values(["cases", "cause", "type"], ascending=[False, True, True])
        cells: list[list[Cell]] = [
            [
                word(words, "cause", row["cause"]),
                (titles.get(row["type"], row["type"]), "wrap"),
                (count(row["cases"]), "num strong"),
                (_yuan(row["cost_fen"]), "num"),
            ]
            for row in ordered.to_dict("records")
        ]
        note = words["lapses.note"].format(cases=count(len(rows)), cost=_yuan(rows["cost_fen"].sum(min_count=1)))
        parts[shop] = [table(words, "lapses", ["cause", "type", "cases", "cost"], cells, note=note if cells else "")]
        if len(rows):
            days = rows["weekday"].map(lambda day: word(words, "weekday", WEEKDAYS[day]), na_action="ignore")
            hours = rows["hour"].map(lambda hour: f"{hour // 6 * 6:02d}–{hour // 6 * 6 + 6:02d}", na_action="ignore")
            parts[shop] += [_came(rows, rows["weekday"], days, words), _came(rows, rows["hour"] // 6, hours, words)]
    return PerShop(parts)


def appeals(appealable: pd.DataFrame, shops: Sequence[str], words: Words) -> PerShop:
    """Which lost orders can still be appealed, by which appeal, for how much, until when, and what stands against it?

    `appealable`: one row per order and appeal, the soonest to end first.
    """
    heads = ["order", "appeal", "days_left", "amount", "state", "until"]
    found = by_shop(appealable)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        rows = found.get(shop, appealable.iloc[:0])
        free = rows[(rows["blocked_by"] == "") & (rows["already"] == "")]
        cells: list[list[Cell]] = [
            [
                (str(row["order_id"]), "code"),
                word(words, "appeal", row["appeal"]),
                (count(row["days_left"]), "num strong"),
                ("–" if row["appeal"] == "dispute_rate" else _yuan(row["amount_fen"]), "num"),
                (_state(row, words), "wrap"),
                (minute(row["until_at"]), "when"),
            ]
            for row in rows.head(MOST_APPEALS).to_dict("records")
        ]
        note = words["appeals.note"].format(
            orders=count(free["order_id"].nunique()), amount=_yuan(free["amount_fen"].sum(min_count=1))
        )
        more = len(rows) - MOST_APPEALS
        notes = [words["appeals.more"].format(more=count(more))] if more > 0 else []
        parts[shop] = [table(words, "appeals", heads, cells, note=note if cells else "", notes=notes)]
    return PerShop(parts)


def _came(rows: pd.DataFrame, order: pd.Series, names: pd.Series, words: Words) -> Fragment:
    """When the tickets that were lost had come: cases, those lost on the clock, and cost by `names`, in their order."""
    named = rows.assign(order=order, name=names.fillna(words["lapses_when.unknown"]), late=rows["cause"] == "clock")
    totals = (
        named.groupby(["order", "name"], dropna=False)
        .agg(cases=("ticket_id", "size"), late=("late", "sum"), cost_fen=("cost_fen", lambda fen: fen.sum(min_count=1)))
        .reset_index()
        .sort_values("order")
    )
    cells: list[list[Cell]] = [
        [row["name"], (count(row["cases"]), "num strong"), (count(row["late"]), "num"), (_yuan(row["cost_fen"]), "num")]
        for row in totals.to_dict("records")
    ]
    return table(words, "lapses_when", ["when", "cases", "late", "cost"], cells)


def _state(row: Mapping[Any, Any], words: Words) -> str:
    if row["already"]:
        return word(words, "already", row["already"])
    return word(words, "blocked_by", row["blocked_by"]) if row["blocked_by"] else words["appeals.free"]


def _yuan(fen: object) -> str:
    return "–" if is_missing(fen) else number(float(str(fen)) / 100, 2)
