"""An executed notebook → one page: text and outputs in order, per-shop outputs gathered shop by shop."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.reports.kernel import Notebook, heading, tags
from analysis.settings import PACKAGE, UserError

PLOTLY_MIME = "application/vnd.plotly.v1+json"


@dataclass(frozen=True)
class Page:
    """What one notebook became: its file and its title, by language."""

    notebook: str
    files: Mapping[str, str]
    titles: Mapping[str, str]


@dataclass(frozen=True)
class Site:
    """What the pages of one run share: the plotly file, all pages in order, the day, made up or not."""

    plotly: str
    pages: Sequence[Page]
    as_of: date
    is_sample: bool


@dataclass(frozen=True)
class Output:
    """One output as the template takes it; `kind` is chart, html or text."""

    kind: str
    content: Any
    shop_id: str | None
    title: str
    note: str
    key: str


@dataclass(frozen=True)
class Block:
    """A text cell and the outputs of the code below it."""

    text: Markup
    heading: str
    outputs: list[Output] = field(default_factory=list)

    def of(self, shop_id: str | None) -> list[Output]:
        return [output for output in self.outputs if output.shop_id == shop_id]


def title(notebook: Notebook) -> str:
    """The first heading of the notebook's text; nothing where it has none."""
    return next(
        (found for cell in notebook.cells if cell.cell_type == "markdown" if (found := heading(cell.source))), ""
    )


def build_page(notebook: Notebook, page: Page, language: str, words: Mapping[str, str], site: Site) -> str:
    """The whole page as HTML: what precedes the first per-shop block, one section per shop, what follows."""
    blocks = _blocks(notebook)
    shops = sorted({output.shop_id for block in blocks for output in block.outputs if output.shop_id})
    by_shop = [block for block in blocks if any(output.shop_id for output in block.outputs)]
    first = blocks.index(by_shop[0]) if by_shop else len(blocks)
    script = (PACKAGE / "pages" / "page.js").read_text(encoding="utf-8")
    others = {each: name for each, name in page.files.items() if each != language}
    return (
        environment()
        .get_template("page.html")
        .render(
            blocks_before=blocks[:first],
            blocks_by_shop=by_shop,
            blocks_after=[block for block in blocks[first:] if block not in by_shop],
            shops=list(enumerate(shops, 1)),
            page=page,
            code=list(_code(notebook)),
            language=language,
            others=others,
            numbers=list(_numbers(notebook)),
            words=words,
            site=site,
            style=Markup((PACKAGE / "pages" / "page.css").read_text(encoding="utf-8")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def check_page(html: str, notebook: Notebook, name: str) -> None:
    """Raises UserError unless the page has as many charts and tables as the notebook produced."""
    made: Counter[str] = Counter()
    for output in (output for cell in notebook.cells for output in cell.get("outputs", []) if _is_for_page(output)):
        data = output.get("data", {})
        if PLOTLY_MIME in data:
            made.update(["chart", "chart data"])
        elif "text/html" in data:
            made["table"] += _count(data["text/html"])["table"]
    found = _count(html)
    if +made != +found:
        raise UserError(
            f"报告没有写出：{name} 产生了 {_tally(made)}，页面上却是 {_tally(found)}。",
            f"No report was written: {name} produced {_tally(made)}, but the page has {_tally(found)}.",
        )


def write_assets(folder: Path) -> str:
    """Puts the installed plotly.min.js into the folder, once per version, and gives back the file's name."""
    import plotly
    from plotly.offline import get_plotlyjs_version

    folder.mkdir(parents=True, exist_ok=True)
    name = f"plotly-{get_plotlyjs_version()}.min.js"
    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    if not (folder / name).exists() or (folder / name).stat().st_size != source.stat().st_size:
        aside = folder / f".{name}.tmp"
        aside.write_bytes(source.read_bytes())
        aside.replace(folder / name)
    return name


@cache
def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(PACKAGE / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _blocks(notebook: Notebook) -> list[Block]:
    import mistune

    to_html = mistune.create_markdown(escape=True, plugins=["table"])
    blocks: list[Block] = []
    charts = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            blocks.append(Block(Markup(to_html(cell.source)), heading(cell.source)))
            continue
        for output in filter(_is_for_page, cell.get("outputs", [])):
            charts += PLOTLY_MIME in output.get("data", {})
            if not blocks:
                blocks.append(Block(Markup(), ""))
            if shown := _output(output, f"chart-{charts}"):
                blocks[-1].outputs.append(shown)
    return blocks


def _output(output: Notebook, key: str) -> Output | None:
    if output.output_type == "stream":
        return Output("text", output.text, None, "", "", key)
    data, about = output.data, output.get("metadata", {})
    label = (about.get("shop_id"), about.get("title", ""), about.get("note", ""), key)
    if PLOTLY_MIME in data:
        return Output("chart", data[PLOTLY_MIME], *label)
    if "text/html" in data:
        return Output("html", Markup(data["text/html"]), *label)
    return Output("text", data["text/plain"], *label) if "text/plain" in data and "text/csv" not in data else None


def _is_for_page(output: Notebook) -> bool:
    if output.output_type == "stream":
        return bool(output.name == "stdout")
    return "data" in output and not output.get("metadata", {}).get("hand_only")


def _code(notebook: Notebook) -> Iterator[tuple[str, str]]:
    """Each code cell with the heading above it, without the injected values, which name this machine."""
    above = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            above = heading(cell.source) or above
        elif "injected" not in tags(cell):
            yield above, cell.source


def _numbers(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/csv" in output.get("data", {}):
                yield output.metadata["name"]


class _Counting(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if tag == "table":
            self.found["table"] += 1
        elif tag == "div" and "data-chart" in about:
            self.found["chart"] += 1
        elif tag == "script" and "data-chart" in about:
            self.found["chart data"] += 1


def _count(html: str) -> Counter[str]:
    counting = _Counting()
    counting.feed(html)
    return counting.found


def _tally(found: Mapping[str, int]) -> str:
    return ", ".join(f"{found.get(kind, 0)} {kind}" for kind in ("chart", "chart data", "table"))
