"""Plotly figures. Colours of text and grid are left to the page, which knows whether it is dark."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import accumulate
from typing import Any
from unicodedata import east_asian_width

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, count, interval, percent, ratio, word

BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"
BLUE_BAND = "rgba(0,114,178,0.20)"
GREY_BAND = "rgba(153,153,153,0.18)"
COVERAGE_DAYS = 120
"""The 90 window ends of the page reach back 119 days before as_of."""
TOP_SEGMENTS = 8
KINDS = ("orders", "after_sales", "tickets", "ledger", "platform_figures", "interventions", "restrictions")
NEEDED_KINDS = ("orders", "after_sales")
"""What the rate needs every day of; the other kinds may well have days without."""
DIMENSIONS = ("product", "courier", "province", "reason")


def rolling(rates: pd.DataFrame, words: Words) -> PerShop:
    """How the rate and the count moved over the window ends given, against the lines.

    `rates`: one row per shop and window_end; an empty rate is a gap on a grey ground, never a zero.
    """
    return PerShop({str(shop): [_rolling(frame, words)] for shop, frame in rates.groupby("shop_id", sort=True)})


def segments(segments: pd.DataFrame, words: Words) -> PerShop:
    """Where the window's interventions come from: each dimension's largest segments, rates with intervals.

    `segments`: one row per shop, dimension and segment. Reasons have no orders of their own: there the rate
    is the share of all interventions. Dimensions without rows are left out.
    """
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop, frame in segments.groupby("shop_id", sort=True):
        found = [(dimension, frame[frame["dimension"] == dimension]) for dimension in DIMENSIONS]
        parts[str(shop)] = [_segments(dimension, part, words) for dimension, part in found if len(part)]
    return PerShop(parts)


def coverage(covered_days: pd.DataFrame, as_of: date, words: Words) -> PerShop:
    """Which days the loaded exports cover, by kind of export; a cross marks a day that none covers.

    `covered_days`: one row per shop, kind and covered day, with `files`. Orders and after-sales always have a
    line; a shop without any covered day has no figure.
    """
    shops = covered_days.groupby("shop_id", sort=True)
    return PerShop({str(shop): [_coverage(frame, as_of, words)] for shop, frame in shops})


def literal(text: object) -> str:
    """Text from an export for a Plotly label, which would otherwise read tags and entities in it."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _rolling(rates: pd.DataFrame, words: Words) -> Chart:
    frame = rates.sort_values("window_end").reset_index(drop=True)
    days = pd.to_datetime(frame["window_end"])
    shown = days.dt.strftime("%Y-%m-%d")
    hover = [
        f"{end}<br>{words['rate.name']} {ratio(n, d)} ({count(n)} / {count(d)})"
        f"<br>{words['rate.interval']} {interval(low, high)}"
        for end, n, d, low, high in zip(
            shown,
            frame["numerator"],
            frame["denominator"],
            frame["rate_low"],
            frame["rate_high"],
            strict=True,
        )
    ]
    known = frame["rate"].notna()
    figure = go.Figure()
    for first, run in enumerate(_runs(known)):
        part = frame.loc[run]
        ends = list(shown.loc[run])
        outline = [*part["rate_high"].astype(float), *part["rate_low"].astype(float)[::-1]]
        figure.add_scatter(
            x=ends + ends[::-1],
            y=outline,
            fill="toself",
            fillcolor=BLUE_BAND,
            line={"width": 0},
            mode="lines",
            name=words["rate.interval"],
            legendgroup="band",
            showlegend=first == 0,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=list(shown),
        y=_numbers(frame["rate"]),
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        name=words["rate.name"],
        text=hover,
        hoverinfo="text",
        connectgaps=False,
    )
    if known.any():
        at = int(known[known].index[-1])
        figure.add_scatter(
            x=[shown[at]],
            y=[float(frame["rate"][at])],
            mode="markers",
            name=words["rate.latest"],
            hoverinfo="skip",
            marker={"color": BLUE, "size": 9, "symbol": "diamond"},
        )
    figure.add_bar(
        x=list(shown),
        y=_numbers(frame["numerator"].where(known)),
        name=words["count.name"],
        yaxis="y2",
        marker={"color": ORANGE, "line": {"width": 0}},
        text=hover,
        hoverinfo="text",
        textposition="none",
    )
    for column, axis, name, text in (
        ("line_rate", "y", "line.rate", percent),
        ("line_count", "y2", "line.count", count),
    ):
        if frame[column].notna().any():
            latest = frame[column].dropna().iloc[-1]
            figure.add_scatter(
                x=list(shown),
                y=_numbers(frame[column]),
                yaxis=axis,
                mode="lines",
                hoverinfo="skip",
                name=f"{words[name]} {text(latest)}",
                line={"color": VERMILION, "width": 1.5, "dash": "dash"},
            )
    tallest = _largest(frame["rate_high"], frame["line_rate"])
    most = _largest(frame["numerator"].where(known), frame["line_count"])
    figure.update_layout(
        _layout(420),
        legend={"orientation": "h", "y": -0.14, "yanchor": "top", "x": 0, "xanchor": "left"},
        xaxis=_day_axis(words) | {"range": _around(days), "anchor": "y2"},
        yaxis={
            "domain": [0.36, 1],
            "tickformat": ".2~%",
            "range": [0, tallest * 1.08 or 0.01],
            "zeroline": False,
        },
        yaxis2={"domain": [0, 0.26], "tickformat": ",d", "range": [0, most * 1.15 or 1], "zeroline": False}
        | _whole_ticks(most),
        shapes=[_grey(days.loc[run]) for run in _runs(~known)],
        bargap=0.25,
    )
    return Chart(figure, words["rolling.title"], words["rolling.gap_note"] if (~known).any() else "")


def _segments(dimension: str, frame: pd.DataFrame, words: Words) -> Chart:
    is_share = dimension == "reason"
    order = ["numerator", "rate", "segment"]
    top = frame.sort_values(order, ascending=[False, False, True], kind="stable").head(TOP_SEGMENTS)
    rows = list(range(len(top)))[::-1]
    rates, low, high = (top[name].astype(float).fillna(0.0) for name in ("rate", "rate_low", "rate_high"))
    plain = [
        word(words, "reason_group", name) if is_share else str(name)
        for name in top["segment" if is_share else "label"].fillna("").replace("", words["segment.unknown"])
    ]
    names = [literal(name) for name in plain]
    values = [
        f"{count(n)} / {count(d)} · <b>{ratio(n, d)}</b>"
        for n, d in zip(top["numerator"], top["denominator"], strict=True)
    ]
    hover = [
        f"{name}<br>{value}<br>{words['rate.interval']} {interval(left, right)}"
        for name, value, left, right in zip(names, values, top["rate_low"], top["rate_high"], strict=True)
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
        x=list(rates),
        y=rows,
        mode="markers",
        name=words["rate.interval"],
        hoverinfo="skip",
        marker={"color": GREY, "size": 5, "symbol": "line-ns-open"},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": list((high - rates).clip(lower=0)),
            "arrayminus": list((rates - low).clip(lower=0)),
            "color": GREY,
            "thickness": 1.5,
            "width": 4,
        },
    )
    widest = max([*high, *rates, 0.0]) or 0.01
    figure.update_layout(
        _layout(90 + 46 * len(top)),
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        xaxis={"range": [0, widest * 1.05], "tickformat": ".2~%", "zeroline": False, "nticks": 5},
        yaxis={"visible": False, "range": [-0.55, len(top) - 0.15], "fixedrange": True},
        annotations=[
            *(_label(literal(_shortened(name)), row, 0, "left") for name, row in zip(plain, rows, strict=True)),
            *(_label(value, row, 1, "right") for value, row in zip(values, rows, strict=True)),
        ],
    )
    figure.update_layout(margin={"b": 64, "l": 8})
    more = len(frame) - len(top)
    note = words["segment.more"].format(shown=len(top), more=more) if more > 0 else ""
    return Chart(figure, word(words, "dimension", dimension), note)


def _coverage(covered_days: pd.DataFrame, as_of: date, words: Words) -> Chart:
    last = pd.Timestamp(as_of)
    first = last - timedelta(days=COVERAGE_DAYS - 1)
    on = pd.to_datetime(covered_days["on_date"])
    inside = covered_days.assign(on_date=on)[(on >= first) & (on <= last)]
    begins = inside["on_date"].min() if len(inside) else first
    days = pd.date_range(begins, last)
    present = set(inside["kind"]) | {"orders", "after_sales"}
    kinds = [kind for kind in KINDS if kind in present] + sorted(present - set(KINDS))
    grid = (
        inside.pivot_table(index="kind", columns="on_date", values="files", aggfunc="sum")
        .reindex(index=kinds, columns=days)
        .astype("Float64")
    )
    names = [word(words, "kind", kind) for kind in kinds]
    dates = [each.strftime("%Y-%m-%d") for each in days]
    covered = grid.notna()
    missing = [(kinds[row], dates[column]) for row, column in np.argwhere(grid.isna().to_numpy())]
    figure = go.Figure()
    figure.add_heatmap(
        x=dates,
        y=names,
        z=[[1 if each else None for each in row] for row in covered.to_numpy()],
        colorscale=[[0, BLUE], [1, BLUE]],
        showscale=False,
        xgap=0,
        ygap=6,
        hoverongaps=False,
        customdata=grid.fillna(0).astype(int).to_numpy().tolist(),
        hovertemplate=f"%{{x}} · %{{y}}<br>{words['coverage.files']} %{{customdata}}<extra></extra>",
        name=words["coverage.covered"],
    )
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        name=words["coverage.covered"],
        marker={"color": BLUE, "symbol": "square"},
    )
    figure.add_scatter(
        x=[on for _, on in missing],
        y=[word(words, "kind", kind) for kind, _ in missing],
        mode="markers",
        name=words["coverage.hole"],
        hovertemplate="%{x} · %{y}<extra></extra>",
        marker={"color": VERMILION, "symbol": "x-thin-open", "size": 6, "line": {"width": 1.2}},
    )
    figure.update_layout(
        _layout(110 + 34 * len(kinds)),
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0},
        xaxis=_day_axis(words) | {"range": _around(pd.Series(days)), "showgrid": False},
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "showgrid": False,
            "fixedrange": True,
            "categoryorder": "array",
            "categoryarray": names,
            "automargin": True,
        },
        hovermode="closest",
    )
    figure.update_layout(margin={"b": 64})
    found = sum(kind in NEEDED_KINDS for kind, _ in missing)
    note = words["coverage.note_holes"].format(holes=found) if found else words["coverage.note_whole"]
    return Chart(figure, "", note)


def _layout(height: int) -> dict[str, Any]:
    return {
        "template": {},
        "height": height,
        "margin": {"l": 52, "r": 12, "t": 12, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "dragmode": False,
        "separators": ".,",
        "font": {"size": 12},
        "colorway": [BLUE, ORANGE, GREEN],
    }


def _day_axis(words: Words) -> dict[str, Any]:
    """Plotly has no Chinese month names offline, so the days are written in figures there."""
    return {
        "type": "date",
        "tickformat": words["axis.day"],
        "hoverformat": "%Y-%m-%d",
        "nticks": 7,
        "tickangle": 0,
    }


def _around(days: pd.Series) -> list[str]:
    half = timedelta(hours=14)
    return [(days.min() - half).strftime("%Y-%m-%d %H:%M"), (days.max() + half).strftime("%Y-%m-%d %H:%M")]


def _grey(days: pd.Series) -> dict[str, Any]:
    begins, ends = _around(days)
    box = {"type": "rect", "xref": "x", "yref": "paper", "x0": begins, "x1": ends, "y0": 0, "y1": 1}
    return box | {"fillcolor": GREY_BAND, "line": {"width": 0}, "layer": "below"}


def _label(text: str, row: int, x: float, side: str) -> dict[str, Any]:
    place = {"x": x, "xref": "paper", "xanchor": side, "y": row + 0.24, "yref": "y", "yanchor": "bottom"}
    return place | {"text": text, "showarrow": False, "borderpad": 0}


def _shortened(text: str, width: int = 26) -> str:
    """The head and the tail of a long name, as the names of one shop's products often begin alike.

    The width is in half-width signs; a Chinese sign takes two.
    """
    widths = [2 if east_asian_width(sign) in "WF" else 1 for sign in text]
    if sum(widths) <= width:
        return text
    reach = list(accumulate(widths))
    head = bisect_right(reach, width * 6 // 10)
    tail = bisect_right(list(accumulate(widths[::-1])), width * 4 // 10 - 1)
    return f"{text[:head]}…{text[len(text) - tail :]}"


def _runs(flags: pd.Series) -> Iterable[pd.Index]:
    """The index of each unbroken run of True, in order."""
    group = (flags != flags.shift()).cumsum()
    return [part.index for _, part in flags[flags].groupby(group[flags])]


def _numbers(column: pd.Series) -> list[float | None]:
    return [None if pd.isna(each) else float(each) for each in column]


def _largest(*columns: pd.Series) -> float:
    return max([float(column.max()) for column in columns if column.notna().any()], default=0.0)


def _whole_ticks(largest: float) -> dict[str, Any]:
    """Ticks on whole numbers, at most five: left alone, D3 writes 0.5 orders, and 10k for 1 万."""
    step = next(size * 10**power for power in range(9) for size in (1, 2, 5) if largest <= 4 * size * 10**power)
    return {"tick0": 0, "dtick": step}
