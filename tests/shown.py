"""What a part of a page says and draws, taken as a browser takes it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from analysis import charts
from analysis.charts.shown import PLOTLY_MIME


class Reading(HTMLParser):
    """The tags and the text of a fragment as a browser takes them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def html(shown: charts.PerShop, shop: str) -> str:
    (part,) = shown.parts[shop]
    assert isinstance(part, charts.Fragment)
    return part.html


def figure(part: charts.Chart | charts.Fragment) -> dict[str, Any]:
    assert isinstance(part, charts.Chart)
    spec = part.bundle()[PLOTLY_MIME]
    assert isinstance(spec, dict)
    return spec


def said(part: charts.Chart | charts.Fragment) -> str:
    assert isinstance(part, charts.Fragment)
    return " ".join(Reading(part.html.replace("<", " <")).text.split())


def note(part: charts.Chart | charts.Fragment) -> str:
    assert isinstance(part, charts.Chart)
    return part.note


def named(part: charts.Chart | charts.Fragment) -> dict[str, Any]:
    return {trace["name"]: trace for trace in figure(part)["data"] if "name" in trace}
