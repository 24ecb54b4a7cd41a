"""What the figures share: colours, axes, layout, and text from exports made harmless for Plotly.

Colours of text and grid are left to the page, which knows whether it is dark.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import Any
from unicodedata import east_asian_width

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.wording import Words

BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"
BLUE_BAND = "rgba(0,114,178,0.20)"
GREY_BAND = "rgba(153,153,153,0.18)"
LEGEND_ROW = 19
"""Pixels of one row of a legend."""
BELOW = {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "xanchor": "left"}
"""A legend at the foot of the figure, wrapping as the width needs."""
AXIS = {"automargin": True, "title": {"standoff": 15}, "zerolinecolor": GREY}


def literal(text: object) -> str:
    """Text from an export for a Plotly label, which would otherwise read tags and entities in it."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def shortened(text: str, width: int = 26) -> str:
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


def lay_out(figure: go.Figure, height: int, margin: Mapping[str, int] | None = None, **own: Any) -> None:
    """Gives the figure the layout that all share, `height` in pixels, with what is its own on top of it.

    Set at once and with a template of ours: `update_layout` merges into Plotly's, which costs four times as much, and the
    page would carry that template once a figure. The legend below the axis takes the room it needs.
    """
    shared = {
        "template": {"layout": {"autotypenumbers": "strict", "xaxis": AXIS, "yaxis": AXIS}},
        "height": height,
        "margin": {"l": 52, "r": 12, "t": 12, "b": 40} | dict(margin or {}),
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "dragmode": False,
        "separators": ".,",
        "font": {"size": 12},
        "colorway": [BLUE, ORANGE, GREEN],
        "legend": below_axis(height),
    }
    figure.layout = shared | own


def below_axis(height: int) -> dict[str, Any]:
    """A legend right below the axis of a figure of that height."""
    return {"orientation": "h", "y": -34 / (height - 90), "yanchor": "top", "x": 0, "xanchor": "left"}


def day_axis(days: pd.Series | pd.DatetimeIndex, words: Words) -> dict[str, Any]:
    """An axis that holds these days. Plotly has no Chinese month names offline: there days are written in figures."""
    return {
        "type": "date",
        "tickformat": words["axis.day"],
        "hoverformat": "%Y-%m-%d",
        "nticks": 7,
        "tickangle": 0,
        "range": around(days),
    }


def count_axis(largest: float) -> dict[str, Any]:
    """An axis of whole numbers from 0 that leaves some air above the largest."""
    return {"tickformat": ",d", "range": [0, largest * 1.15 or 1], "zeroline": False} | whole_ticks(largest)


def share_axis(largest: float) -> dict[str, Any]:
    """An axis of percentages from 0 that leaves some air above the largest. Its labels are short: a margin that grows with them and
    a legend that wraps with the width chase each other on a phone."""
    return {"automargin": False, "tickformat": ".2~%", "range": [0, largest * 1.08 or 0.01], "zeroline": False}


def around(days: pd.Series | pd.DatetimeIndex) -> list[str]:
    half = timedelta(hours=14)
    return [(days.min() - half).strftime("%Y-%m-%d %H:%M"), (days.max() + half).strftime("%Y-%m-%d %H:%M")]


def grey_ground(days: pd.Series) -> dict[str, Any]:
    """A grey ground behind an unbroken run of days."""
    begins, ends = around(days)
    box = {"type": "rect", "xref": "x", "yref": "paper", "x0": begins, "x1": ends, "y0": 0, "y1": 1}
    return box | {"fillcolor": GREY_BAND, "line": {"width": 0}, "layer": "below"}


def days_text(days: Iterable[Any]) -> list[str]:
    """Days as the ISO text that Plotly takes for dates."""
    return list(pd.DatetimeIndex(pd.to_datetime(list(days))).strftime("%Y-%m-%d"))


def band(days: Sequence[str], low: Sequence[float], high: Sequence[float], colour: str, name: str) -> dict[str, Any]:
    """A filled band between two courses over the same days, as a scatter trace."""
    return {
        "x": [*days, *reversed(days)],
        "y": [*high, *reversed(low)],
        "fill": "toself",
        "fillcolor": colour,
        "line": {"width": 0},
        "mode": "lines",
        "name": name,
        "hoverinfo": "skip",
    }


def limit(days: Sequence[str], height: float, name: str, dash: str = "dash") -> dict[str, Any]:
    """A level line over the days, as a scatter trace."""
    return {
        "x": [days[0], days[-1]],
        "y": [height, height],
        "mode": "lines",
        "hoverinfo": "skip",
        "name": name,
        "line": {"color": VERMILION, "width": 1.5, "dash": dash},
    }


def runs(flags: pd.Series) -> Iterable[pd.Index]:
    """The index of each unbroken run of True, in order."""
    group = (flags != flags.shift()).cumsum()
    return [part.index for _, part in flags[flags].groupby(group[flags])]


def floats(column: pd.Series) -> list[float | None]:
    """A column as Plotly takes it, None where it is missing."""
    return [None if pd.isna(each) else float(each) for each in column]


def largest(*columns: pd.Series) -> float:
    """The largest number of several columns; 0 where there is none."""
    return max([float(column.max()) for column in columns if column.notna().any()], default=0.0)


def whole_ticks(most: float) -> dict[str, Any]:
    """Ticks on whole numbers, at most five: left alone, D3 writes 0.5 orders, and 10k for 1 万."""
    step = next(size * 10**power for power in range(9) for size in (1, 2, 5) if most <= 4 * size * 10**power)
    return {"tick0": 0, "dtick": step}
