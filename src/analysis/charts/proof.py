"""Proof: what can still be got before anyone asks for it, and which files are of no use as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.today import kinds
from analysis.charts.wording import Words, count, day, is_missing, word

MOST_ORDERS = 30
MOST_FILES = 50


def obtainable(obtainable: pd.DataFrame, shops: Sequence[str], words: Words) -> PerShop:
    """Which shipped orders at risk lack proof that can still be got, whom to ask, and until when?

    `obtainable`: one row per order and whom to ask, the most pressing first. A shop without any has one sentence.
    """
    found = by_shop(obtainable)
    heads = ["order", "missing", "ask", "until", "why", "parcel"]
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        rows = found.get(shop, obtainable.iloc[:0])
        cells: list[list[Cell]] = [
            [
                (str(row["order_id"]), "code"),
                (kinds(row["missing"], words), "wrap"),
                word(words, "ask", row["ask"]),
                (day(row["until_on"]), "when"),
                (words["why.and"].join(word(words, "risk", each) for each in str(row["why"]).split(",")), "wrap"),
                (_parcel(row), "wrap"),
            ]
            for row in rows.head(MOST_ORDERS).to_dict("records")
        ]
        more = len(rows) - MOST_ORDERS
        note = words["obtainable.more"].format(more=count(more)) if more > 0 else ""
        parts[shop] = [table(words, "obtainable", heads, cells, note=note)]
    return PerShop(parts)


def evidence(evidence: pd.DataFrame, words: Words) -> Fragment:
    """How many proof files are registered, and which have a problem?

    `evidence`: one row per file, `problem` empty where nothing is wrong.
    """
    if evidence.empty:
        return sentence(words["evidence_files.none"])
    wrong = evidence[evidence["problem"] != ""]
    note = words["evidence_files.note"].format(files=count(len(evidence)), wrong=count(len(wrong)))
    cells: list[list[Cell]] = [
        [(str(row["path"]), "code path"), (word(words, "evidence_problem", row["problem"]), "wrap")]
        for row in wrong.sort_values("path").head(MOST_FILES).to_dict("records")
    ]
    if not cells:
        return sentence(note)
    more = len(wrong) - MOST_FILES
    notes = [words["evidence_files.more"].format(more=count(more))] if more > 0 else []
    return table(words, "evidence_files", ["path", "problem"], cells, note=note, notes=notes)


def _parcel(row: Mapping[Any, Any]) -> str:
    known = [str(row[name]) for name in ("courier", "tracking_no") if not is_missing(row[name])]
    return " ".join(known) or "–"
