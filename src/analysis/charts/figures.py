"""How a rate moved, and which days its data covers."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.charts.drawing import (
    BELOW,
    BLUE,
    BLUE_BAND,
    ORANGE,
    VERMILION,
    band,
    count_axis,
    day_axis,
    floats,
    grey_ground,
    largest,
    lay_out,
    runs,
    share_axis,
)
from analysis.charts.shown import Chart, PerShop
from analysis.charts.wording import Words, count, interval, percent, ratio, word

COVERAGE_DAYS = 120
"""The 90 window ends of the page reach back 119 days before as_of."""
KINDS = ("orders", "after_sales", "tickets", "ledger", "platform_figures", "interventions", "restrictions")
NEEDED_KINDS = ("orders", "after_sales")
"""What the rate needs every day of; the other kinds may well have days without."""


def rolling(rates: pd.DataFrame, words: Words) -> PerShop:
    """How the rate and the count moved over the window ends given, against the lines.

    `rates`: one row per shop and window_end; an empty rate is a gap on a grey ground, never a zero.
    """
    return PerShop({str(shop): [_rolling(frame, words)] for shop, frame in rates.groupby("shop_id", sort=True)})


def coverage(covered_days: pd.DataFrame, as_of: date, words: Words) -> PerShop:
    """Which days the loaded exports cover, by kind of export; a cross marks a day that none covers.

    `covered_days`: one row per shop, kind and covered day, with `files`. Orders and after-sales always have a
    line; a shop without any covered day has no figure.
    """
    shops = covered_days.groupby("shop_id", sort=True)
    return PerShop({str(shop): [_coverage(frame, as_of, words)] for shop, frame in shops})


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
    for first, run in enumerate(runs(known)):
        low, high = (list(frame.loc[run, name].astype(float)) for name in ("rate_low", "rate_high"))
        drawn = band(list(shown.loc[run]), low, high, BLUE_BAND, words["rate.interval"])
        figure.add_scatter(**drawn, legendgroup="band", showlegend=first == 0)
    figure.add_scatter(
        x=list(shown),
        y=floats(frame["rate"]),
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
        y=floats(frame["numerator"].where(known)),
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
                y=floats(frame[column]),
                yaxis=axis,
                mode="lines",
                hoverinfo="skip",
                name=f"{words[name]} {text(latest)}",
                line={"color": VERMILION, "width": 1.5, "dash": "dash"},
            )
    tallest = largest(frame["rate_high"], frame["line_rate"])
    most = largest(frame["numerator"].where(known), frame["line_count"])
    lay_out(
        figure,
        420,
        xaxis=day_axis(days, words) | {"anchor": "y2"},
        yaxis=share_axis(tallest) | {"domain": [0.36, 1]},
        yaxis2=count_axis(most) | {"domain": [0, 0.26]},
        shapes=[grey_ground(days.loc[run]) for run in runs(~known)],
        bargap=0.25,
    )
    return Chart(figure, words["rolling.title"], words["rolling.gap_note"] if (~known).any() else "")


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
    lay_out(
        figure,
        110 + 34 * len(kinds),
        margin={"b": 64},
        legend=BELOW,
        xaxis=day_axis(days, words) | {"showgrid": False},
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
    found = sum(kind in NEEDED_KINDS for kind, _ in missing)
    note = words["coverage.note_holes"].format(holes=found) if found else words["coverage.note_whole"]
    return Chart(figure, "", note)
