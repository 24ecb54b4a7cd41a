"""Whom and what the losses come from: cause, accountable side, product, courier; and from whom they can be claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, by_shop, table
from analysis.charts.drawing import BELOW, BLUE, GREEN, GREY, ORANGE, VERMILION, lay_out, literal, shortened
from analysis.charts.losses import ROW, labelled
from analysis.charts.money import Row, between, money, yuan, yuan_axis
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, count, day, is_missing, word

SIDES = {
    "merchant": ("merchant_fen", BLUE),
    "carrier": ("carrier_fen", ORANGE),
    "buyer": ("buyer_fen", GREEN),
    "platform": ("platform_fen", VERMILION),
    "unknown": ("unknown_side_fen", GREY),
}
TABLED = ("accountable", "reason_group", "ticket_type", "product", "courier", "province")
"""The dimensions of the table; the causes have the figure."""
MOST_CAUSES = 8
MOST_SEGMENTS = 5
MOST_CLAIMS = 30


def loss_causes(causes: pd.DataFrame, types: Sequence[Any], words: Words) -> PerShop:
    """For which causes was it lost, who is accountable, and where did it happen?

    `causes`: one row a shop, dimension and segment, as `losses.by_cause` gives it. `types` give the titles of ticket types.
    """
    titles = {each.name: getattr(each, words["language.rule_title"]) for each in types}
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop, frame in by_shop(causes).items():
        own = frame[frame["dimension"] == "cause"]
        drawn = own[own["loss_fen"].notna()]
        parts[shop] = [_causes(drawn, own, words)] if len(drawn) else []
        parts[shop].append(_segments(frame, titles, words))
    return PerShop(parts)


def loss_products(products: pd.DataFrame, words: Words) -> PerShop:
    """Which products lose most on each order that they sell, and how sure is that?

    `products`: one row a shop and product, as `losses.top_products` gives it; those that lost nothing are left out.
    """
    heads = ["product", "per_1000", "interval", "loss", "orders"]
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop, frame in by_shop(products).items():
        rows: list[list[Cell]] = [
            [
                (
                    words["segment.unknown"]
                    if not row["product_id"]
                    else _named(row["product_name"], row["product_id"]),
                    "wrap",
                ),
                (yuan(row["loss_per_1000_fen"], 0), "num strong"),
                (between(row["low_per_1000_fen"], row["high_per_1000_fen"], 0), "num"),
                (yuan(row["loss_fen"]), "num"),
                (f"{count(row['disputed_orders'])} / {count(row['orders_dealt'])}", "num"),
            ]
            for row in frame.to_dict("records")
        ]
        parts[shop] = [
            table(
                words,
                "loss_products",
                heads,
                rows,
                title=words["loss_products.title"],
                note=words["loss_products.note"],
            )
        ]
    return PerShop(parts)


def carrier_claims(couriers: pd.DataFrame, claims: pd.DataFrame, shops: Sequence[str], words: Words) -> PerShop:
    """From which couriers is how much to be claimed, for which parcels?

    `couriers`: as `losses.carriers_to_claim` gives them, `claims`: as `losses.claims` does. A shop without any has one sentence.
    """
    heads = ["courier", "open", "lost", "claimed", "orders", "until"]
    found, parcels = by_shop(couriers), by_shop(claims)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        own = found.get(shop, couriers.iloc[:0])
        rows: list[list[Cell]] = [
            [
                row["courier"] or words["segment.unknown"],
                (yuan(row["open_fen"]), "num strong"),
                (yuan(row["lost_fen"]), "num"),
                (yuan(row["claimed_fen"]), "num"),
                (f"{count(row['orders'])} / {count(row['parcels'])}", "num"),
                (day(row["until_on"]), "when"),
            ]
            for row in own.to_dict("records")
        ]
        parts[shop] = [table(words, "carriers", heads, rows, note=words["carriers.note"] if rows else "")]
        if shop in parcels:
            parts[shop].append(_parcels(parcels[shop], words))
    return PerShop(parts)


def _causes(drawn: pd.DataFrame, every: pd.DataFrame, words: Words) -> Chart:
    top = drawn.sort_values(["loss_fen", "segment"], ascending=[False, True]).head(MOST_CAUSES)
    places = list(range(len(top)))[::-1]
    names = [literal(word(words, "loss_cause", each or "unknown")) for each in top["segment"]]
    orders = [words["loss_trend.orders"].format(orders=count(each)) for each in top["disputed_orders"]]
    figure = go.Figure()
    for side, (column, colour) in SIDES.items():
        amounts = [int(each) for each in top[column]]
        if not any(amounts):
            continue
        title = word(words, "accountable", side)
        figure.add_bar(
            x=[each / 100 for each in amounts],
            y=places,
            orientation="h",
            width=0.36,
            name=title,
            marker={"color": colour, "line": {"width": 0}},
            text=[f"{name} · {title}<br>{money(each)}" for name, each in zip(names, amounts, strict=True)],
            hoverinfo="text",
            textposition="none",
        )
    sides = top[[column for column, _ in SIDES.values()]].astype("float64") / 100
    lowest, highest = sides.clip(upper=0).sum(axis=1).min(), sides.clip(lower=0).sum(axis=1).max()
    values = [f"{n} · {money(each)}" for n, each in zip(orders, top["loss_fen"], strict=True)]
    lay_out(
        figure,
        100 + ROW * len(top),
        margin={"b": 78, "l": 8},
        barmode="relative",
        legend=BELOW | {"traceorder": "normal"},
        xaxis=yuan_axis(lowest, highest, words),
        yaxis={"visible": False, "range": [-0.55, len(top) - 0.1], "fixedrange": True},
        annotations=labelled(names, values, places),
    )
    more = len(every) - len(top)
    note = words["causes.note"] if not more else words["causes.note_more"].format(more=count(more))
    return Chart(figure, words["causes.title"], note)


def _segments(frame: pd.DataFrame, titles: Mapping[str, str], words: Words) -> Fragment:
    """The dearest segments of each dimension that tells more than one."""
    heads = ["dimension", "segment", "loss", "per_order", "orders", "side", "unknown"]
    rows: list[list[Cell]] = []
    left_out = 0
    for dimension in TABLED:
        own = frame[frame["dimension"] == dimension]
        told = own[own["segment"] != ""]
        if told.empty:
            continue
        left_out += max(len(own) - MOST_SEGMENTS, 0)
        rows += [
            [
                word(words, "loss_dimension", dimension),
                (_segment(row, titles, words), "wrap"),
                (yuan(row["loss_fen"]), "num strong"),
                (yuan(row["loss_per_order_fen"]), "num"),
                (count(row["disputed_orders"]), "num"),
                ("" if dimension == "accountable" else _side(row, words), "wrap"),
                (count(row["orders_with_unknown"]), "num"),
            ]
            for row in own.head(MOST_SEGMENTS).to_dict("records")
        ]
    note = words["causes.table_note"].format(most=MOST_SEGMENTS)
    notes = [words["causes.left_out"].format(more=count(left_out))] if left_out else []
    return table(words, "causes", heads, rows, note=note, notes=notes)


def _segment(row: Row, titles: Mapping[str, str], words: Words) -> str:
    name, dimension = row["segment"], row["dimension"]
    if dimension == "accountable":
        return word(words, "accountable", name)
    if dimension == "reason_group":
        return word(words, "reason_group", name or "unknown")
    if dimension == "ticket_type":
        return titles.get(name, words["ticket_type.none"])
    return str(row["label"]) or words["segment.unknown"]


def _side(row: Row, words: Words) -> str:
    """Who is accountable for the largest part of it, and for how much of it where that is not all."""
    amounts = {side: int(row[column]) for side, (column, _) in SIDES.items()}
    side = max(amounts, key=lambda each: (amounts[each], each))
    if amounts[side] <= 0:
        return "–"
    name = word(words, "accountable", side)
    others = sum(each for other, each in amounts.items() if other != side)
    return name if not others else words["causes.part"].format(side=name, amount=money(amounts[side], 0))


def _named(name: object, product: object) -> str:
    return str(product) if is_missing(name) else shortened(str(name), 40)


def _parcels(claims: pd.DataFrame, words: Words) -> Fragment:
    rows: list[list[Cell]] = [
        [
            (str(row["order_id"]), "code"),
            (
                words["claims.at_least"].format(amount=yuan(row["open_fen"]))
                if row["has_unknown"]
                else yuan(row["open_fen"]),
                "num strong",
            ),
            ("–" if is_missing(row["tracking_no"]) else str(row["tracking_no"]), "code"),
            word(words, "loss_cause", row["cause"] or "unknown"),
            row["courier"] or words["segment.unknown"],
        ]
        for row in claims.head(MOST_CLAIMS).to_dict("records")
    ]
    more = len(claims) - MOST_CLAIMS
    note = words["claims.more"].format(more=count(more)) if more > 0 else ""
    return table(
        words, "claims", ["order", "open", "parcel", "cause", "courier"], rows, title=words["claims.title"], note=note
    )
