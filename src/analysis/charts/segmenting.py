"""Where a rate comes from, and which segments moved it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, table
from analysis.charts.drawing import BELOW, BLUE, GREEN, GREY, ORANGE, lay_out, literal, shortened
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, count, interval, is_missing, percent, points, ratio, word

TOP_SEGMENTS = 8
TOP_MOVERS = 10
DIMENSIONS = ("product", "sku", "courier", "province", "reason", "ticket_type")
WITHOUT_ORDERS = ("reason", "ticket_type")
"""Dimensions whose segments have no orders of their own: the rate there is the share of all interventions."""


def segments(segments: pd.DataFrame, types: Sequence[Any], words: Words) -> PerShop:
    """Where do the window's interventions come from? Each dimension's largest segments, raw and shrunken.

    `segments`: one row per shop, dimension and segment, with the raw rate and its interval and the shrunken rate; both only
    where there are orders. Dimensions without any are left out. Reasons and ticket types have no orders of their own: there
    the rate is the share of all interventions. `types` give the titles of ticket types.
    """
    titles = _titles(types, words)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop, frame in segments.groupby("shop_id", sort=True):
        present = frame[(frame["numerator"] > 0) | (frame["denominator"] > 0)]
        found = [(dimension, present[present["dimension"] == dimension]) for dimension in DIMENSIONS]
        parts[str(shop)] = [
            _segments(dimension, part, titles, words) for dimension, part in found if part["rate"].notna().any()
        ]
    return PerShop(parts)


def movers(segments: pd.DataFrame, types: Sequence[Any], words: Words) -> PerShop:
    """Which segments moved the shop's rate most since the window before?

    `segments`: as above, with the `change` of each one's contribution (a share of all orders) and the mix and rate effects
    that sum to it. Shops whose changes are all missing have no table.
    """
    titles = _titles(types, words)
    return PerShop({str(shop): _movers(frame, titles, words) for shop, frame in segments.groupby("shop_id", sort=True)})


def _segments(dimension: str, frame: pd.DataFrame, titles: Mapping[str, str], words: Words) -> Chart:
    is_share = dimension in WITHOUT_ORDERS
    order = ["numerator", "rate", "segment"]
    top = frame.sort_values(order, ascending=[False, False, True], kind="stable").head(TOP_SEGMENTS)
    rows = list(range(len(top)))[::-1]
    rates = top["rate"].astype(float).fillna(0.0)
    low, high = (top[name].astype(float).fillna(rates) for name in ("rate_low", "rate_high"))
    known = pd.Series(rows, index=top.index)[top["rate"].notna()]
    plain = [_name(row, titles, words) for row in top.to_dict("records")]
    names = [literal(name) for name in plain]
    values = [
        f"{count(n)} / {count(d)} · <b>{ratio(n, d)}</b>"
        for n, d in zip(top["numerator"], top["denominator"], strict=True)
    ]
    hover = [
        f"{name}<br>{value}<br>{words['rate.interval']} {interval(left, right)}"
        + ("" if is_missing(drawn_in) else f"<br>{words['segment.shrunken']} {percent(drawn_in)}")
        for name, value, left, right, drawn_in in zip(
            names, values, top["rate_low"], top["rate_high"], top["shrunken_rate"], strict=True
        )
    ]
    figure = go.Figure()
    figure.add_bar(
        x=list(rates),
        y=rows,
        orientation="h",
        width=0.34,
        name=words["segment.share" if is_share else "rate.name"],
        marker={"color": GREEN if is_share else BLUE, "line": {"width": 0}},
        text=hover,
        hoverinfo="text",
        textposition="none",
    )
    figure.add_scatter(
        x=list(rates[known.index]),
        y=list(known),
        mode="markers",
        name=words["rate.interval"],
        hoverinfo="skip",
        marker={"color": GREY, "size": 5, "symbol": "line-ns-open"},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": list((high - rates)[known.index].clip(lower=0)),
            "arrayminus": list((rates - low)[known.index].clip(lower=0)),
            "color": GREY,
            "thickness": 1.5,
            "width": 4,
        },
    )
    shrunken = top.loc[known.index, "shrunken_rate"].dropna().astype(float)
    if len(shrunken):
        figure.add_scatter(
            x=list(shrunken),
            y=list(known[shrunken.index]),
            mode="markers",
            name=words["segment.shrunken"],
            hoverinfo="skip",
            marker={"color": ORANGE, "size": 9, "symbol": "diamond", "line": {"color": "#ffffff", "width": 1}},
        )
    widest = max([*high, *rates, *shrunken, 0.0]) or 0.01
    lay_out(
        figure,
        96 + 46 * max(len(top), 2),
        margin={"b": 84, "l": 8},
        legend=BELOW,
        xaxis={"range": [0, widest * 1.05], "tickformat": ".2~%", "zeroline": False, "nticks": 5},
        yaxis={"visible": False, "range": [-0.55, len(top) - 0.15], "fixedrange": True},
        annotations=[
            *(_label(literal(shortened(name)), row, 0, "left") for name, row in zip(plain, rows, strict=True)),
            *(_label(value, row, 1, "right") for value, row in zip(values, rows, strict=True)),
        ],
    )
    more = len(frame) - len(top)
    note = words["segment.more"].format(shown=len(top), more=more) if more > 0 else ""
    return Chart(figure, word(words, "dimension", dimension), note)


def _movers(frame: pd.DataFrame, titles: Mapping[str, str], words: Words) -> list[Chart | Fragment]:
    """The segments whose share of the shop's rate changed most, over all dimensions; nothing where none is known.

    A dimension with one segment only says again how the shop's rate changed.
    """
    if frame["change"].isna().all():
        return []
    known = frame[frame["change"].notna() & (frame["change"] != 0)]
    known = known[known.groupby("dimension")["segment"].transform("size") > 1]
    size = known["change"].abs()
    top = known.assign(size=size).sort_values(["size", "dimension", "segment"], ascending=[False, True, True])
    rows: list[list[Cell]] = [
        [
            (_name(row, titles, words), "wrap"),
            word(words, "dimension_name", row["dimension"]),
            (points(row["change"]), "num strong"),
            (points(row["mix_effect"]), "num"),
            (points(row["rate_effect"]), "num"),
            (f"{percent(row['contribution_before'])} → {percent(row['contribution'])}", "num"),
            (f"{count(row['numerator'])} / {count(row['denominator'])}", "num"),
        ]
        for row in top.head(TOP_MOVERS).to_dict("records")
    ]
    heads = ["name", "dimension", "change", "mix_effect", "rate_effect", "contribution", "counts"]
    return [table(words, "movers", heads, rows, title=words["movers.title"], note=words["movers.note"] if rows else "")]


def _titles(types: Sequence[Any], words: Words) -> dict[str, str]:
    return {each.name: getattr(each, words["language.rule_title"]) for each in types}


def _name(row: dict[Any, Any], titles: Mapping[str, str], words: Words) -> str:
    """What a reader calls the segment: its label, or our word for a code of ours."""
    if row["dimension"] == "reason":
        return word(words, "reason_group", row["segment"] or "unknown")
    if row["dimension"] == "ticket_type":
        return titles.get(row["segment"], words["ticket_type.none"])
    label = row["label"]
    return words["segment.unknown"] if is_missing(label) or label == "" else str(label)


def _label(text: str, row: int, x: float, side: str) -> dict[str, Any]:
    place = {"x": x, "xref": "paper", "xanchor": side, "y": row + 0.24, "yref": "y", "yanchor": "bottom"}
    return place | {"text": text, "showarrow": False, "borderpad": 0}
