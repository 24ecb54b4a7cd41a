"""The two languages' words, by one key each: `texts/zh.toml` and `texts/en.toml` hold the same keys."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

from analysis.settings import LANGUAGES, PACKAGE


def load(language: str) -> Mapping[str, str]:
    """Every word of one language, by key (`section.name`). Raises KeyError for a language that does not exist."""
    if language not in LANGUAGES:
        raise KeyError(language)
    sections = tomllib.loads((PACKAGE / "texts" / f"{language}.toml").read_text(encoding="utf-8"))
    return {f"{section}.{name}": text for section, words in sections.items() for name, text in words.items()}
