"""The backlog of tickets: how many wait and for how long, and how fast the staff answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.drawing import BELOW, BLUE, GREEN, ORANGE, VERMILION, count_axis, day_axis, days_text, lay_out
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, count, number, spread

COLOURS = (GREEN, BLUE, ORANGE, VERMILION, "#8C1D18")


def backlog(
    backlog: pd.DataFrame,
    handling: pd.DataFrame,
    words: Words,
    *,
    shops: Sequence[str] = (),
    as_of: date | None = None,
) -> PerShop:
    """How many tickets waited at the end of each day, by age, and how long did answers take?

    `backlog`: one row per shop, day, type and age class with anything to count; `handling`: one row per shop and staff.
    A day without a row counts none: the chart ends with `as_of`, None takes the last day that any shop has. Those of
    the `shops` that never had a ticket have one sentence.
    """
    staff, waiting = by_shop(handling), by_shop(backlog)
    ages = sorted(backlog["age"].unique(), key=_first_day)
    ends = as_of or backlog["on_date"].max()
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted({*shops, *staff, *waiting}):
        parts[shop] = [_open(waiting[shop], ages, ends, words)] if shop in waiting else []
        if shop in staff:
            parts[shop].append(_handling(staff[shop], words))
        if not parts[shop]:
            parts[shop] = [sentence(words["handling.empty"])]
    return PerShop(parts)


def _open(rows: pd.DataFrame, ages: list[str], ends: date, words: Words) -> Chart:
    days = pd.date_range(str(rows["on_date"].min()), str(ends))
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
    lay_out(
        figure,
        260,
        barmode="stack",
        bargap=0.1,
        legend=BELOW | {"traceorder": "normal"},
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
