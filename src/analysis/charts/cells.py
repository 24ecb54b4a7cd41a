"""Tables out of cells: a cell is text, or text with its CSS classes. Every value is escaped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from analysis.charts.shown import Fragment, template
from analysis.charts.wording import Words

Cell = str | tuple[str, str]


def table(
    words: Words,
    name: str,
    heads: list[str],
    rows: list[list[Cell]],
    *,
    title: str = "",
    lead: str = "",
    note: str = "",
    notes: list[str] | None = None,
    links: list[str] | None = None,
) -> Fragment:
    """A table whose heads are `words["<name>.<head>"]`; without rows one sentence, `words["<name>.empty"]`.

    Sentences above it: `lead`, which is what the table is read for, then `note`, then `notes`. `links`, one per row, lead from each first cell.
    """
    cells = [[cell if isinstance(cell, tuple) else (cell, "") for cell in row] for row in rows]
    titles = [words[f"{name}.{head}"] for head in heads]
    kinds = [style.split()[0] if style else "" for _, style in cells[0]] if cells else [""] * len(heads)
    html = template(
        "table.html",
        name=name,
        title=title,
        lead=lead,
        heads=list(zip(titles, kinds, strict=True)),
        rows=cells,
        links=links or [],
        notes=[note] * bool(note) + (notes or []),
        empty=words[f"{name}.empty"] if not rows else "",
    )
    return Fragment(html)


def sentence(text: str) -> Fragment:
    """One sentence in the place of something that cannot be shown."""
    return Fragment(
        template("table.html", name="", title="", lead="", heads=[], rows=[], links=[], notes=[], empty=text)
    )


def latest(rates: pd.DataFrame) -> pd.DataFrame:
    """Each shop's newest window, by shop."""
    newest = rates.sort_values(["shop_id", "window_end"]).drop_duplicates("shop_id", keep="last")
    return newest.reset_index(drop=True)


def counts_at(rates: pd.DataFrame, days: int) -> dict[str, Any]:
    """Each shop's count in the window that ended so many days before its newest."""
    ends = pd.to_datetime(rates["window_end"])
    wanted = ends.groupby(rates["shop_id"]).transform("max") - timedelta(days=days)
    return dict(rates.loc[ends == wanted, ["shop_id", "numerator"]].itertuples(index=False, name=None))


def by_shop(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """A frame's rows by shop, the shops in order."""
    return {str(shop): rows for shop, rows in frame.groupby("shop_id", sort=True)}
