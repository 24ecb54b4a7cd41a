"""Two languages, the same keys, the same gaps to fill in."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from analysis import texts
from analysis.settings import LANGUAGES, PACKAGE


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    first, *others = (texts.load(language) for language in LANGUAGES)
    for other in others:
        assert set(first) == set(other)
        assert [key for key in first if placeholders(first[key]) != placeholders(other[key])] == []


def test_chinese_is_chinese_and_english_names_the_platforms_term_once() -> None:
    zh, en = texts.load("zh"), texts.load("en")
    chinese, latin = re.compile(r"[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]")
    spoken = {key: re.sub(r"\{\w*\}", "", text) for key, text in zh.items()}
    untranslated = {key for key, text in spoken.items() if latin.search(text) and not chinese.search(text)}
    assert untranslated == {"language.other", "language.rule_title", "language.rule_source"}
    written = {key: re.sub(r"\([^()]*\)|\{\w*\}", "", text) for key, text in en.items()}
    platform_words = {"language.other", "platform.bring", "reconciliation.no_figures", "warning.unknown_word"}
    assert {key for key, text in written.items() if chinese.search(text)} == platform_words
    assert "平台介入率" in en["tiles.rate"] and "平台介入订单数" in en["tiles.count"]


def test_every_key_that_the_code_names_exists() -> None:
    words = texts.load("zh")
    sections = {key.split(".")[0] for key in words}
    folders = ("charts", "evidence", "reports", "pages")
    code = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in folders
        for file in sorted((PACKAGE / folder).iterdir())
        if file.suffix in {".py", ".html"}
    )
    named = {key for key in re.findall(r"[\"']([a-z_]+\.[a-z_]+)[\"']", code) if key.split(".")[0] in sections}
    files = {file.name for folder in folders for file in (PACKAGE / folder).iterdir()}
    assert named - files
    assert named - files <= set(words)


def test_every_text_is_named_by_the_code_or_one_of_a_section_that_it_looks_words_up_in() -> None:
    folders = ("charts", "evidence", "reports", "pages")
    files = [file for folder in folders for file in (PACKAGE / folder).iterdir() if file.suffix in {".py", ".html"}]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    looked_up = set(re.findall(r"(?:word|table)\(\s*words,\s*\"(\w+)\"", code))
    looked_up |= set(re.findall(r"f\"(\w+)\.", code)) | {"language", "masthead", "weekday"}
    unused = [key for key in texts.load("zh") if key not in code and key.split(".")[0] not in looked_up]
    assert unused == []


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(KeyError):
        texts.load("fr")


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text)} - {None}
