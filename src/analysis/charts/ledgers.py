"""What the losses rest on: the ledger's files, bookings that nobody knows, odd orders, and the shop's own assumptions."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.charts.cells import Cell, by_shop, table
from analysis.charts.money import Row, money, yuan
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, count, day, is_missing, number, word

MOST_WORDINGS = 20
SHARES = ("_share", "_rate")


def ledger_files(
    files: pd.DataFrame, unclassified: pd.DataFrame, oddities: pd.DataFrame, shops: Sequence[str], words: Words
) -> PerShop:
    """Does each ledger export add up to its own totals, which of its money is not known, and which disputes are odd?

    `files`: one row an export of the ledger; `unclassified`: one row a shop and wording that no rule knows; `oddities`: one row a
    shop and flag. Bookings that are not known are shown with their money and in no loss.
    """
    found, unknown, odd = by_shop(files), by_shop(unclassified), by_shop(oddities)
    heads = ["file", "period", "rows", "total", "classified", "unclassified", "excluded", "difference", "flags"]
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        rows: list[list[Cell]] = [
            [
                (str(row["path"]).rpartition("/")[2], "code wrap"),
                (f"{day(row['stated_from'])} – {day(row['stated_to'])}", "when"),
                (count(row["ledger_rows"]), "num"),
                *((yuan(row[f"{name}_fen"]), "num") for name in ("total", "classified", "unclassified", "excluded")),
                _difference(row),
                (_flags(row["flags"], words), "wrap"),
            ]
            for row in found.get(shop, files.iloc[:0]).to_dict("records")
        ]
        parts[shop] = [table(words, "ledger_files", heads, rows, note=words["ledger_files.note"] if rows else "")]
        if rows:
            parts[shop].append(_unclassified(unknown.get(shop, unclassified.iloc[:0]), words))
        if shop in odd:
            parts[shop].append(_oddities(odd[shop], words))
    return PerShop(parts)


def assumptions(assumptions: pd.DataFrame, words: Words) -> Fragment:
    """Which assumptions were used, why are they what they are, which are missing, and what is unknown for it?

    `assumptions`: one row a setting, as `losses.assumptions` gives it. Missing ones come first, with the name to fill in.
    """
    is_lacking = assumptions["state"].isin(["missing", "no_export"])
    ordered = pd.concat([assumptions[is_lacking], assumptions[~is_lacking]])
    rows: list[list[Cell]] = [
        [
            (_named(row, words), "wrap"),
            _value(row, words),
            (_reason(row, words), "wrap"),
            (_use(row, words), "wrap"),
            ("" if row["state"] == "no_export" else f"costs.{_key(row)}", "code path"),
        ]
        for row in ordered.to_dict("records")
    ]
    lacking = assumptions[assumptions["unknown_entries"] > 0]
    note = words["assumptions.note"]
    notes = []
    if len(lacking):
        listed = words["why.and"].join(_named(row, words) for row in lacking.to_dict("records"))
        notes.append(words["assumptions.lacking"].format(names=listed, entries=count(lacking["unknown_entries"].sum())))
    return table(words, "assumptions", ["name", "value", "reason", "used", "key"], rows, note=note, notes=notes)


def _difference(row: Row) -> Cell:
    if is_missing(row["difference_fen"]):
        return ("–", "num")
    return (yuan(row["difference_fen"]), "num bad" if row["difference_fen"] else "num good")


def _flags(flags: object, words: Words) -> str:
    return (
        "–"
        if is_missing(flags)
        else words["why.and"].join(word(words, "ledger_flag", each) for each in str(flags).split(","))
    )


def _unclassified(rows: pd.DataFrame, words: Words) -> Fragment:
    cells: list[list[Cell]] = [
        [
            ("–" if is_missing(row["wording"]) else str(row["wording"]), "wrap"),
            (yuan(row["amount_fen"]), "num strong"),
            (count(row["ledger_rows"]), "num"),
            (day(row["last_booked_at"]), "when"),
        ]
        for row in rows.head(MOST_WORDINGS).to_dict("records")
    ]
    total, bookings = (
        money(rows["amount_fen"].sum() if len(rows) else 0),
        count(rows["ledger_rows"].sum() if len(rows) else 0),
    )
    note = words["unclassified.note"].format(amount=total, rows=bookings) if cells else ""
    more = len(rows) - MOST_WORDINGS
    notes = [words["unclassified.more"].format(more=count(more))] if more > 0 else []
    title = words["unclassified.title"] if cells else ""
    return table(
        words, "unclassified", ["wording", "amount", "rows", "last"], cells, title=title, note=note, notes=notes
    )


def _oddities(rows: pd.DataFrame, words: Words) -> Fragment:
    cells: list[list[Cell]] = [
        [
            (word(words, "oddity", row["flag"]), "wrap"),
            (f"{count(row['orders'])} / {count(row['disputed_orders'])}", "num"),
            (yuan(row["loss_fen"]), "num"),
        ]
        for row in rows.to_dict("records")
    ]
    return table(words, "oddities", ["flag", "orders", "loss"], cells, title=words["oddities.title"])


def _named(row: Row, words: Words) -> str:
    if row["state"] == "no_export":
        return word(words, "lacking_fact", row["setting"])
    name = word(words, "assumption", row["setting"])
    if not row["item"]:
        return name
    item = word(words, "component", row["item"]) if row["setting"] == "penalties_yuan" else row["item"]
    return words["assumptions.item"].format(name=name, item=item)


def _key(row: Row) -> str:
    return f"{row['setting']}.{row['item']}" if row["item"] else str(row["setting"])


def _value(row: Row, words: Words) -> Cell:
    if is_missing(row["value"]):
        return (
            words["assumptions.unset"] if row["state"] == "missing" else "–",
            "num bad" if row["unknown_entries"] else "num quiet",
        )
    name, value = str(row["setting"]), row["value"]
    if name.endswith(SHARES):
        text = f"{number(float(value) * 100, 2).removesuffix('0').removesuffix('.0')}%"
    elif name.endswith("_yuan"):
        text = f"¥{number(value, 2)}"
    else:
        text = number(value, 0 if float(value).is_integer() else 1)
    return (words[f"assumption_value.{name}"].format(value=text), "num strong")


def _reason(row: Row, words: Words) -> str:
    if row["state"] == "missing":
        return words[f"makes_unknown.{row['setting']}"]
    if row["state"] == "no_export":
        return words["assumptions.no_export"]
    return row["reason"] or words["assumptions.preset" if row["state"] == "preset" else "assumptions.no_reason"]


def _use(row: Row, words: Words) -> str:
    if row["unknown_entries"]:
        return words["assumptions.unknown"].format(entries=count(row["unknown_entries"]))
    if row["setting"] in ("gross_margin_share", "restriction_days", "restriction_lost_share"):
        return words["assumptions.for_restrictions"]
    if row["state"] == "missing":
        return words["assumptions.not_lacking"]
    if is_missing(row["entries"]):
        return words["assumptions.as_above"]
    return (
        words["assumptions.entries"].format(entries=count(row["entries"]))
        if row["entries"]
        else words["assumptions.unused"]
    )
