"""The rules about money: what a booking of the platform's ledger is, decided by its code, else by its words."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from analysis.settings import PACKAGE, UserError

FILE = PACKAGE / "rules" / "ledger.toml"
CLASSES = ("loss", "recovery", "sale", "fee", "marketing", "service", "transfer", "other")
DIRECTIONS = ("income", "expense")
UNCLASSIFIED = "unclassified"
"""Class and component of a booking that no rule knows; no rule may claim it."""
LOOK_AROUND = re.compile(r"\(\?<?[=!]")


@dataclass(frozen=True)
class LedgerRule:
    """Bookings whose code begins with `code`, whose words match `pattern` and which go in `direction` are `component`.

    An empty `code`, `pattern` or `direction` asks for nothing. `ledger_class` (`class` in the file) is one of CLASSES and
    the same for all rules of a component.
    """

    name: str
    component: str
    ledger_class: str
    source_zh: str
    source_en: str
    confidence: str
    code: str = ""
    pattern: str = ""
    direction: str = ""


def ledger_rules(own: Path | None = None) -> list[LedgerRule]:
    """The ledger rules in the order in which they are tried: those of `ledger.toml` in the folder `own` first, then ours.

    Raises UserError for a file of the user's that is not TOML, lacks a field, has an unknown one or an impossible value,
    repeats a name, or gives a component a second class.
    """
    rules = _read(FILE)
    if own and (file := own / "ledger.toml").exists():
        rules = [*_read(file), *rules]
        _require_one_class(file, rules)
    return rules


def _read(file: Path) -> list[LedgerRule]:
    try:
        entries = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("rules", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(file, f"不是 TOML：{error}", f"not TOML: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise _wrong(file, "每条规则以 [[rules]] 开头", "each rule begins with [[rules]]")
    return [_rule(file, each) for each in entries]


def _rule(file: Path, entry: dict[str, Any]) -> LedgerRule:
    given = {"ledger_class" if key == "class" else key: value for key, value in entry.items()}
    known = {each.name: each for each in fields(LedgerRule)}
    label = str(given.get("name", "?"))
    lacking = [key for key, each in known.items() if each.default is MISSING and key not in given]
    if lacking or set(given) - set(known):
        named = ", ".join([*lacking, *sorted(set(given) - set(known))]).replace("ledger_class", "class")
        allowed = ", ".join(known).replace("ledger_class", "class")
        raise _wrong(
            file,
            f"规则 {label} 的字段缺少或不认识：{named}；可用的有：{allowed}",
            f"rule {label} lacks a field or has an unknown one: {named}; fields are: {allowed}",
        )
    if not all(isinstance(value, str) for value in given.values()):
        raise _wrong(file, f"规则 {label} 的值都要加引号", f"every value of rule {label} needs quotation marks")
    rule = LedgerRule(**given)
    choices = {"class": (rule.ledger_class, CLASSES), "direction": (rule.direction or DIRECTIONS[0], DIRECTIONS)}
    for word, (chosen, possible) in choices.items():
        if chosen not in possible:
            listed = ", ".join(possible)
            raise _wrong(
                file,
                f"规则 {label} 的 {word} 不能是 {chosen}；可用的有：{listed}",
                f"rule {label}: {word} cannot be {chosen}; it can be: {listed}",
            )
    if rule.component in ("", UNCLASSIFIED) or not (rule.code or rule.pattern):
        raise _wrong(
            file,
            f"规则 {label} 要有自己的 component，并写明 code 或 pattern",
            f"rule {label} needs a component of its own and a code or a pattern",
        )
    if not re.fullmatch("[0-9]*", rule.code) or not _is_pattern(rule.pattern):
        raise _wrong(
            file,
            f"规则 {label} 的 code 只能是数字，pattern 须是不带环视的正则表达式",
            f"rule {label}: code takes digits only, and pattern a regular expression without look-around",
        )
    return rule


def _is_pattern(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return not LOOK_AROUND.search(pattern)


def _require_one_class(file: Path, rules: Iterable[LedgerRule]) -> None:
    classes: dict[str, str] = {}
    names: set[str] = set()
    for rule in reversed(list(rules)):
        if rule.name in names:
            raise _wrong(file, f"规则名 {rule.name} 已被使用", f"there is a rule {rule.name} already")
        names.add(rule.name)
        if classes.setdefault(rule.component, rule.ledger_class) != rule.ledger_class:
            raise _wrong(
                file,
                f"规则 {rule.name}：{rule.component} 的 class 已是 {classes[rule.component]}",
                f"rule {rule.name}: the class of {rule.component} is {classes[rule.component]} already",
            )


def _wrong(file: Path, zh: str, en: str) -> UserError:
    return UserError(f"{file}：{zh}。", f"{file}: {en}.")
