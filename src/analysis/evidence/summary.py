"""The one page that goes with a pack: what is claimed, what each file proves, and when; as HTML and as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, StrictUndefined, Template

from analysis.settings import PACKAGE


@dataclass(frozen=True)
class File:
    """One file of the pack: its name there, its path below the evidence folder, what it is meant to prove."""

    name: str
    path: str
    proves: str
    modified_on: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Summary:
    """All that the page says; `facts` are pairs of label and value, `claim` the buyer's or the platform's, `description` the
    text for the form.
    """

    ticket_id: str
    facts: Sequence[tuple[str, str]]
    claim: str
    description: str
    warnings: Sequence[str]
    files: Sequence[File]


def as_html(summary: Summary, words: Mapping[str, str], language: str) -> str:
    """One page that needs nothing but itself; every value is escaped."""
    return _template().render(summary=summary, words=words, language=language) + "\n"


def as_text(summary: Summary, words: Mapping[str, str]) -> str:
    """The same, for a window that shows text only."""
    lines = [f"{words['pack.title']} {summary.ticket_id}", ""]
    lines += [f"{name}: {value}" for name, value in summary.facts]
    if summary.warnings:
        lines += ["", f"[{words['pack.warnings']}]", *(f"! {warning}" for warning in summary.warnings)]
    lines += ["", f"[{words['pack.claim']}]", summary.claim or words["pack.no_claim"]]
    lines += ["", f"[{words['pack.description']}]", summary.description, "", f"[{words['pack.files']}]"]
    for file in summary.files:
        lines += [f"{file.name}: {file.proves}"]
        lines += [f"    {words['pack.modified']} {file.modified_on} · {file.size} B · {file.path}"]
        lines += [f"    SHA-256 {file.sha256}"]
    return "\n".join(lines) + "\n"


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string((PACKAGE / "evidence" / "summary.html").read_text(encoding="utf-8"))
