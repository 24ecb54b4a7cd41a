"""Things that show themselves: in JupyterLab by hand, and as labelled outputs for the renderer.

Each output's metadata says what the renderer needs to place it: `shop_id`, `title`, `note`; outputs marked
`hand_only` help a person in JupyterLab and are left out of the page, which has its own headings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.settings import PACKAGE

PLOTLY_MIME = "application/vnd.plotly.v1+json"
CONFIG: dict[str, Any] = {
    "showSendToCloud": False,
    "displaylogo": False,
    "responsive": True,
    "typesetMath": False,
    "modeBarButtons": [["toImage", "resetScale2d"]],
}


@dataclass(frozen=True)
class Chart:
    """One figure with its title, and a note that says in words what the eye should find."""

    figure: go.Figure
    title: str = ""
    note: str = ""

    def bundle(self) -> dict[str, Any]:
        spec = _plain(self.figure.to_plotly_json()) | {"config": CONFIG}
        return {PLOTLY_MIME: spec, "text/plain": self.title or "figure"}

    def metadata(self) -> dict[str, Any]:
        return {"title": self.title, "note": self.note}

    def _ipython_display_(self) -> None:
        _show_part(self, {})


@dataclass(frozen=True)
class Fragment:
    """A piece of page made by one of our templates, where every value was escaped."""

    html: str

    def bundle(self) -> dict[str, Any]:
        return {"text/html": self.html, "text/plain": "table"}

    def metadata(self) -> dict[str, Any]:
        return {}

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True)
class Numbers:
    """A frame that travels with the page as `numbers/<name>.csv`.

    Floats are the shortest text that reads back equal; `_at` columns are times to the second, other dates are days, both
    ISO; several words in one cell are joined by `+`; what is missing is empty.
    """

    name: str
    frame: pd.DataFrame

    def csv(self) -> str:
        written = {
            str(name): column.dt.strftime("%Y-%m-%d %H:%M:%S" if str(name).endswith("_at") else "%Y-%m-%d")
            for name, column in self.frame.select_dtypes("datetime").items()
        }
        joined = {
            str(name): column.map(lambda each: "+".join(each) if isinstance(each, tuple) else each)
            for name, column in self.frame.items()
            if column.dtype == "object"
        }
        return self.frame.assign(**written, **joined).to_csv(index=False, lineterminator="\n")

    def _ipython_display_(self) -> None:
        _publish({"text/csv": self.csv(), "text/plain": f"{self.name}.csv: {len(self.frame)}"}, {"name": self.name})


@dataclass(frozen=True)
class PerShop:
    """For each shop, in order, the parts that answer one question about it."""

    parts: Mapping[str, list[Chart | Fragment]] = field(default_factory=dict)

    def _ipython_display_(self) -> None:
        for shop_id, parts in self.parts.items():
            label = {"shop_id": shop_id}
            _publish({"text/html": template("shop_name.html", shop_id=shop_id)}, label | {"hand_only": True})
            for part in parts:
                _show_part(part, label)


def numbers(frame: pd.DataFrame, name: str) -> Numbers:
    """The frame behind the page, to be kept beside it as `numbers/<name>.csv`."""
    return Numbers(name, frame)


def template(name: str, /, **values: object) -> str:
    """One of `pages/`, filled in; every value is escaped, a value that is not given is an error."""
    return _environment().get_template(name).render(**values)


def _show_part(part: Chart | Fragment, label: dict[str, Any]) -> None:
    if isinstance(part, Chart) and part.title:
        heading = template("chart_title.html", title=part.title, note=part.note)
        _publish({"text/html": heading}, label | {"hand_only": True})
    _publish(part.bundle(), label | part.metadata())


def _publish(bundle: dict[str, Any], metadata: dict[str, Any]) -> None:
    from IPython.display import publish_display_data

    publish_display_data(bundle, metadata)  # type: ignore[no-untyped-call]


def _plain(value: Any) -> Any:
    """The figure as lists, numbers and text only, NaN as null: bytes that do not depend on array types."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and value != value:
        return None
    return value


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(PACKAGE / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
