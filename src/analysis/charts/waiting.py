"""The backlog of tickets: how many wait and for how long, and how fast the staff answers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, by_shop, table
from analysis.charts.drawing import BELOW, BLUE, GREEN, ORANGE, VERMILION, count_axis, day_axis, days_text, layout
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, count, number, spread

COLOURS = (GREEN, BLUE, ORANGE, VERMILION, "#8C1D18")


def backlog(backlog: pd.DataFrame, handling: pd.DataFrame, words: Words) -> PerShop:
    """How many tickets waited at the end of each day, by age, and how long did answers take?

    `backlog`: one row per shop, day, type and age class with anything to count; `handling`: one row per shop and staff.
    """
    staff = by_shop(handling)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop, rows in by_shop(backlog).items():
        parts[shop] = [_open(rows, words)]
        if shop in staff:
            parts[shop].append(_handling(staff[shop], words))
    return PerShop(parts)


def _open(rows: pd.DataFrame, words: Words) -> Chart:
    ages = list(dict.fromkeys(sorted(rows["age"], key=_first_day)))
    days = pd.date_range(str(rows["on_date"].min()), str(rows["on_date"].max()))
    by_age = rows.assign(on_date=pd.to_datetime(rows["on_date"])).pivot_table(
        index="on_date", columns="age", values="open", aggfunc="sum", fill_value=0
    )
    wide = by_age.reindex(index=days, columns=ages, fill_value=0)
    figure = go.Figure()
    for age, colour in zip(ages, COLOURS * len(ages), strict=False):
        figure.add_bar(
            x=days_text(days),
            y=[int(each) for each in wide[age]],
            name=words["backlog.age"].format(days=age),
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="%{x} · %{y}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(
        layout(260),
        barmode="stack",
        bargap=0.1,
        legend=BELOW,
        xaxis=day_axis(pd.Series(days), words),
        yaxis=count_axis(float(wide.sum(axis=1).max())),
    )
    return Chart(figure, words["backlog.title"])


def _handling(rows: pd.DataFrame, words: Words) -> Fragment:
    cells: list[list[Cell]] = [
        [
            (row["staff"] or words["handling.nobody"], "wrap"),
            *((count(row[name]), "num") for name in ("tickets", "answered", "settled")),
            (spread(_hours(row["response_hours_low"]), _hours(row["response_hours_high"])), "num"),
            (number(row["handling_hours"], 1), "num"),
        ]
        for row in rows.to_dict("records")
    ]
    heads = ["staff", "tickets", "answered", "settled", "response", "handling"]
    return table(words, "handling", heads, cells, title=words["handling.title"], note=words["handling.note"])


def _first_day(age: Any) -> int:
    return int(str(age).replace("+", "-").split("-")[0])


def _hours(value: Any) -> Any:
    return None if pd.isna(value) else round(float(value))
