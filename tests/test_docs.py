"""The documents say what the code does: settings, verbs and decisions both ways, every link to something."""

from __future__ import annotations

import csv
import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from analysis import settings
from analysis.cli import main
from tests.conftest import Data, order_id
from tests.documents import DOCS, READMES, ROOT, bare, rows_below

WITHOUT_SET_UP = {"test", "bench"}
"""Verbs of `start.py` itself; every other one is handed on."""

MARKDOWN = sorted(
    file
    for file in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "data").glob("*.md"))
    if ".venv" not in file.parts
)


def options(verb: click.Command) -> set[str]:
    """The options of a verb and of the verbs below it."""
    below = verb.commands.values() if isinstance(verb, click.Group) else ()
    return {name for each in verb.params for name in each.opts}.union(*(options(each) for each in below))


def commands(file: Path) -> list[str]:
    blocks = re.findall(r"```(?:bash)?\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if re.search(r"(?<![\w/])python3 start\.py ", line)]


def test_the_two_readmes_name_the_same_commands_verbs_and_links() -> None:
    english, chinese = READMES
    assert commands(english) == commands(chinese) != []
    assert commands(english)[:2] == ["python3 start.py report --sample", "python3 start.py test"]

    def links(file: Path) -> set[str]:
        return {target for target in targets(file) if not target.startswith("README")}

    assert links(english) == links(chinese)
    assert "README.zh-CN.md" in targets(english) and "README.md" in targets(chinese)


@pytest.mark.parametrize("file", READMES, ids=lambda file: file.name)
def test_every_verb_is_documented_and_every_documented_one_exists(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert {bare(row["`python3 start.py …`"]) for row in rows_below(text, "python3 start.py report\n")} == (
        set(main.commands) | WITHOUT_SET_UP
    )


@pytest.mark.parametrize("file", READMES, ids=lambda file: file.name)
def test_every_command_and_option_in_the_readme_exists(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert set(re.findall(r"(?<=`)--[a-z-]+", text)) <= options(main)
    for command in commands(file):
        verb, *rest = shlex.split(command.split("start.py ")[1])
        if verb not in WITHOUT_SET_UP:
            assert {each for each in rest if each.startswith("-")} <= options(main.commands[verb]), command


def test_the_exit_codes_in_the_readmes_are_those_of_the_code() -> None:
    from analysis import lock
    from analysis.cli.verbs import REFUSED

    for file in READMES:
        line = next(
            line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith(("Exit codes", "退出码"))
        )
        assert [int(each) for each in re.findall(r"(?<!\d)\d+(?= )", line)] == [
            0,
            settings.UserError("", "").exit_code,
            REFUSED,
            lock.BUSY,
        ]


@pytest.mark.parametrize("file", READMES, ids=lambda file: file.name)
def test_the_readme_s_question_is_answered(file: Path, data: Data) -> None:
    data.orders(
        [
            f"{order_id(n)},已收货,杯,,{courier},,,,,,2026-06-01 10:00:00"
            for n, courier in ((1, "慢"), (2, "快"), (3, "慢"))
        ]
    )
    data.interventions([f"{order_id(n)},2026-06-0{n + 1} 10:00:00,买家,处理中,," for n in (1, 2, 3)])
    data.build()
    (question,) = (shlex.split(each) for each in commands(file) if " sql " in each)
    result = CliRunner().invoke(main, ["sql", "--data", str(data.settings.data), "--format", "csv", question[-1]])
    assert result.exit_code == 0, result.output
    assert list(csv.reader(result.output.splitlines())) == [["courier", "interventions"], ["慢", "2"], ["快", "1"]]


def targets(file: Path) -> set[str]:
    """Where a Markdown file's relative links and pictures point; code is left out."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return {target for target in found if not re.match(r"[a-z]+:", target)}


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", MARKDOWN, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_relative_link_points_to_something(file: Path) -> None:
    for target in sorted(targets(file)):
        path, _, anchor = target.partition("#")
        pointed = (file.parent / path) if path else file
        assert pointed.exists(), target
        if anchor:
            assert anchor in anchors(pointed), target


def test_every_decision_is_listed_and_says_what_it_does_to_the_number() -> None:
    folder = DOCS / "decisions"
    records = sorted(each.name for each in folder.glob("0*.md"))
    assert records and sorted(targets(folder / "README.md")) == records
    for name in records:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {name[:4]} ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Alternatives",
            "Effect on the number",
        ]


def test_decisions_that_the_code_refers_to_exist() -> None:
    numbers = {
        number
        for file in settings.PACKAGE.rglob("*")
        if file.suffix in (".py", ".sql", ".toml")
        for number in re.findall(r"docs/decisions/(\d{4})", file.read_text(encoding="utf-8"))
    }
    assert numbers and all(list((DOCS / "decisions").glob(f"{number}-*.md")) for number in numbers)


def test_the_verbs_of_evidence_are_documented_and_every_documented_one_exists() -> None:
    evidence = main.commands["evidence"]
    assert isinstance(evidence, click.Group)
    for file in READMES:
        assert set(re.findall(r"`evidence (\w+)", file.read_text(encoding="utf-8"))) == set(evidence.commands)


SECTIONS: dict[str, Any] = {
    "lines": settings.Line,
    "report": settings.Report,
    "reading": settings.Reading,
    "interventions": settings.Interventions,
    "tickets": settings.Tickets,
    "costs": settings.Costs,
    "escalation": settings.Escalation,
}


def defaults() -> dict[str, Any]:
    return {
        f"{section}.{each.name}": getattr(kind(), each.name)
        for section, kind in SECTIONS.items()
        for each in fields(kind)
    }


def test_every_setting_is_documented_with_its_default_and_every_documented_one_exists() -> None:
    rows = rows_below((DOCS / "settings.md").read_text(encoding="utf-8"), "([metrics.md](metrics.md)).")
    documented = {}
    for row in rows:
        value = None if row["default"] == "none" else tomllib.loads(f"x = {bare(row['default'])}")["x"]
        documented[bare(row["setting"])] = tuple(value) if isinstance(value, list) else value
    assert documented == defaults()


def test_the_example_settings_are_the_defaults_and_name_every_setting(tmp_path: Path) -> None:
    example = (ROOT / "data" / "settings.example.toml").read_text(encoding="utf-8")
    file = tmp_path / "settings.toml"
    file.write_text(example, encoding="utf-8")
    assert settings.load(tmp_path, tmp_path) == settings.Settings(tmp_path, tmp_path)
    whole = re.sub(r"^# (?=\w+ = )", "", example, flags=re.MULTILINE)
    file.write_text(whole, encoding="utf-8")
    line = settings.load(tmp_path, tmp_path).line("any shop")
    assert (line.rate, line.count) == (0.03, 15)
    assert settings.load(tmp_path, tmp_path).tickets.day_capacity == 30
    named = {f"{section}.{name}" for section, values in tomllib.loads(whole).items() for name in values}
    assert named == set(defaults())
