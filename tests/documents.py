"""The documents as tests read them: their texts, and their tables as rows."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
DICTIONARY = (DOCS / "data-dictionary.md").read_text(encoding="utf-8")
METRICS = (DOCS / "metrics.md").read_text(encoding="utf-8")
TICKETS = (DOCS / "tickets.md").read_text(encoding="utf-8")
MODEL = (DOCS / "model.md").read_text(encoding="utf-8")


def rows_below(text: str, mark: str) -> list[dict[str, str]]:
    """The first Markdown table below a mark, one dict a row, without the backticks."""
    lines = text[text.index(mark) + len(mark) :].splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
        table.append([cell.strip().replace(r"\|", "|") for cell in cells])
    names, _, *body = table
    return [dict(zip(names, row, strict=True)) for row in body]


def bare(cell: str) -> str:
    return cell.strip("`")
