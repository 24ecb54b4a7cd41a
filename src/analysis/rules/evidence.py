"""The rules about proof: what a file is, from whom missing proof can be had and until when, and what a form takes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.settings import PACKAGE, UserError

FILE = PACKAGE / "rules" / "evidence.toml"
UNNAMED = ("video", "other")
"""Kinds that no name gives: a video is one by its content, `other` is what no pattern matches."""
SINCE = ("shipped_at", "signed_at")


@dataclass(frozen=True)
class Kind:
    """A kind of proof, and the pattern that the names of its files match (any case, NFKC)."""

    name: str
    pattern: str


@dataclass(frozen=True)
class Source:
    """Whom to ask for a kind, from which time on it exists, and for how many days it is kept; None: no end known."""

    kind: str
    ask: str
    since: str
    confidence: str
    days: int | None = None


@dataclass(frozen=True)
class Form:
    """What one of the platform's pages takes, and the order in which it is shown there."""

    name: str
    order: tuple[str, ...]
    most_pictures: int
    most_videos: int
    most_characters: int
    confidence: str


@dataclass(frozen=True)
class EvidenceRules:
    """`kinds` in the order in which they are tried; `wanted`: the kinds to have before a ticket, by reason group."""

    kinds: tuple[Kind, ...]
    sources: tuple[Source, ...]
    forms: Mapping[str, Form]
    wanted: Mapping[str, tuple[str, ...]]

    @property
    def kind_names(self) -> tuple[str, ...]:
        """Every kind that a file can be."""
        return (*(each.name for each in self.kinds), *UNNAMED)


def load(file: Path = FILE) -> EvidenceRules:
    """The rules of a file. Raises UserError where it cannot be read, or names a kind that it does not have."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        rules = EvidenceRules(
            kinds=tuple(Kind(**each) for each in content["kinds"]),
            sources=tuple(Source(**each) for each in content["sources"]),
            forms={each["name"]: Form(**(each | {"order": tuple(each["order"])})) for each in content["forms"]},
            wanted={reason: tuple(kinds) for reason, kinds in content["wanted"].items()},
        )
        _check(rules)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, re.error) as error:
        raise UserError(
            f"举证规则文件无法读取：{file}：{error}。请按自带的 evidence.toml 的样子修改。",
            f"The evidence rules cannot be read: {file}: {error}. Mend them after the evidence.toml that comes with the project.",
        ) from error
    return rules


def _check(rules: EvidenceRules) -> None:
    for kind in rules.kinds:
        re.compile(kind.pattern)
    named: list[Any] = [each.kind for each in rules.sources]
    named += [kind for kinds in rules.wanted.values() for kind in kinds]
    named += [kind for form in rules.forms.values() for kind in form.order]
    if unknown := sorted(set(named) - set(rules.kind_names)):
        raise ValueError(f"kind = {', '.join(unknown)}")
    if wrong := sorted({each.since for each in rules.sources} - set(SINCE)):
        raise ValueError(f"since = {', '.join(wrong)}")
