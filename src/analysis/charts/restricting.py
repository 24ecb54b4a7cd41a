"""What restrictions cost, at which rate they came, and what a planned one would cost, which is shown apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.charts.cells import Cell, by_shop, table
from analysis.charts.money import Row, between, money
from analysis.charts.shown import Chart, Fragment, PerShop, template
from analysis.charts.wording import Words, count, day, is_missing, number, percent, share_of, word


def restriction_price(priced: pd.DataFrame, measured: pd.DataFrame, shops: Sequence[str], words: Words) -> PerShop:
    """What did each restriction that the shop noted cost, in orders and margin, and can it be told?

    `priced`: one row a restriction, as `losses.restriction.price` gives it; `measured`: one row a shop, all of its own together. A shop
    that noted none has one sentence.
    """
    heads = ["when", "type", "orders", "lost", "margin", "verdict"]
    found, own = by_shop(priced), by_shop(measured)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        rows: list[list[Cell]] = [
            [
                (_when(row, words), "when"),
                (str(row["restriction_types"]), "wrap"),
                (f"{number(row['actual_orders'])} / {number(row['expected_orders'], 1)}", "num"),
                (_spread(row, words), "num"),
                (_money(row, words), "num"),
                (_verdict(row, words), "wrap"),
            ]
            for row in found.get(shop, priced.iloc[:0]).to_dict("records")
        ]
        notes = [_together(own[shop].iloc[0].to_dict(), words)] if shop in own and rows else []
        note = words["restriction.note"] if rows else ""
        parts[shop] = [
            table(
                words,
                "restriction",
                heads,
                rows,
                title=words["restriction.title"] if rows else "",
                note=note,
                notes=notes,
            )
        ]
    return PerShop(parts)


def learned_line(before: pd.DataFrame, line: pd.DataFrame, words: Words) -> PerShop:
    """At which rate and count was each shop restricted, and which line do its restrictions show?

    `before`: one row a restriction, `line`: one row a shop, as `losses.restriction.learned_line` gives them. Nothing for a shop that
    noted none.
    """
    heads = ["when", "type", "eve", "highest"]
    parts: dict[str, list[Chart | Fragment]] = {}
    lines = by_shop(line)
    for shop, frame in by_shop(before).items():
        rows: list[list[Cell]] = [
            [
                (day(row["started_on"]), "when"),
                (str(row["restriction_types"]), "wrap"),
                (_point(row["rate_before"], row["count_before"], words), "num"),
                (_point(row["rate_highest"], row["count_highest"], words), "num"),
            ]
            for row in frame.to_dict("records")
        ]
        said = _line(lines[shop].iloc[0].to_dict(), words) if shop in lines else ""
        parts[shop] = [table(words, "learned_line", heads, rows, title=words["learned_line.title"], note=said)]
    return PerShop(parts)


def restriction_scenario(scenario: pd.DataFrame, shops: Sequence[str], words: Words) -> PerShop:
    """What would a restriction cost that the settings describe? Apart from all that was measured, and added to nothing.

    `scenario`: one row a shop, as `losses.restriction.scenario` gives it.
    """
    parts: dict[str, list[Chart | Fragment]] = {}
    found = by_shop(scenario)
    for shop in sorted(shops):
        rows = found.get(shop, scenario.iloc[:0]).to_dict("records")
        said = [_scenario(row, words) for row in rows] or [words["scenario.missing"].format(names="–")]
        html = template("scenario.html", title=words["scenario.title"], said=[*said, words["scenario.apart"]])
        parts[shop] = [Fragment(html)]
    return PerShop(parts)


def _when(row: Row, words: Words) -> str:
    ends = day(row["ended_on"])
    if is_missing(row["days"]) or is_missing(row["ended_on"]):
        return words["restriction.from"].format(begins=day(row["started_on"]))
    return day(row["started_on"]) if ends == day(row["started_on"]) else f"{day(row['started_on'])} – {ends}"


def _spread(row: Row, words: Words) -> str:
    if is_missing(row["lost_orders"]):
        return "–"
    low, high = number(row["lost_orders_low"], 1), number(row["lost_orders_high"], 1)
    return words["restriction.interval"].format(value=number(row["lost_orders"], 1), low=low, high=high)


def _money(row: Row, words: Words) -> str:
    if is_missing(row["lost_margin_fen"]):
        return "–"
    low, high = money(row["lost_margin_low_fen"], 0), money(row["lost_margin_high_fen"], 0)
    return words["restriction.interval"].format(value=money(row["lost_margin_fen"], 0), low=low, high=high)


def _verdict(row: Row, words: Words) -> str:
    said = word(words, "restriction_verdict", row["reason"] or row["verdict"])
    if is_missing(row["matched_weeks"]) or not row["matched_weeks"]:
        return said
    key = "restriction.controlled" if row["control_shops"] else "restriction.alone"
    basis = words[key].format(weeks=count(row["matched_weeks"]), shops=count(row["control_shops"]))
    return words["sentence.join"].join([said, basis])


def _together(row: Row, words: Words) -> str:
    """What one restriction costs by all of the shop's own, or why that cannot be told."""
    facts = {"restrictions": count(row["restrictions"]), "compared": count(row["compared"])}
    if row["verdict"] != "lost":
        return words[f"restriction_measured.{row['reason']}"].format(**facts)
    if is_missing(row["lost_margin_fen"]):
        low, high = number(row["lost_orders_low"], 1), number(row["lost_orders_high"], 1)
        return words["restriction_measured.margin_unknown"].format(
            **facts, orders=number(row["lost_orders"], 1), low=low, high=high
        )
    interval = between(row["lost_margin_low_fen"], row["lost_margin_high_fen"], 0)
    return words["restriction_measured.lost"].format(
        **facts, amount=money(row["lost_margin_fen"], 0), interval=interval
    )


def _point(rate: Any, orders: Any, words: Words) -> str:
    return "–" if is_missing(rate) else words["learned_line.point"].format(rate=percent(rate), orders=count(orders))


def _line(row: Row, words: Words) -> str:
    if not row["rests_on"]:
        return words["learned_line.no_rate"].format(restrictions=count(row["restrictions"]))
    said = words["learned_line.said"].format(
        rate=percent(row["learned_rate"]),
        orders=count(row["learned_count"]),
        rests_on=count(row["rests_on"]),
        restrictions=count(row["restrictions"]),
    )
    quiet = words["learned_line.quiet"].format(as_high=count(row["quiet_days_as_high"]), days=count(row["quiet_days"]))
    return words["sentence.join"].join(
        [said, quiet, words["learned_line.few"]] if row["rests_on"] < 3 else [said, quiet]
    )


def _scenario(row: Row, words: Words) -> str:
    if row["missing"]:
        names = words["why.and"].join(word(words, "scenario_missing", each) for each in str(row["missing"]).split(","))
        return words["scenario.missing"].format(names=names)
    return words["scenario.said"].format(
        days=number(row["restriction_days"], 0 if float(row["restriction_days"]).is_integer() else 1),
        share=share_of(row["restriction_lost_share"]),
        orders=number(row["orders_a_day"], 1),
        lost=number(row["lost_orders"], 1),
        margin=money(row["margin_per_order_fen"]),
        amount=money(row["lost_margin_fen"]),
    )
