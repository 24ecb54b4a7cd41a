"""Named, dated definitions: what counts, over which window, on which date, over which orders.

Each `<name>.toml` in this folder is one rule, and so is each one in the user's own `data/rules/`. Applying a rule is
`rates`' work; a rule only says what it wants. `tickets.toml`, `reasons.toml` and `ledger.toml` say what texts of exports mean;
the user's own `ledger.toml` is tried before ours.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from analysis.rules.causes import Cause as Cause
from analysis.rules.causes import causes as causes
from analysis.rules.ledger import LedgerRule as LedgerRule
from analysis.rules.ledger import ledger_rules as ledger_rules
from analysis.rules.tickets import TicketType as TicketType
from analysis.rules.tickets import ticket_types as ticket_types
from analysis.rules.tickets import types_of_reasons as types_of_reasons
from analysis.settings import PACKAGE, UserError

FOLDER = PACKAGE / "rules"
NO_DEFINITIONS = ("tickets", "reasons", "ticket_words", "evidence", "ledger", "causes")
"""Files of this folder that say what texts mean, not what counts."""
CHOICES = {
    "event": ("intervention", "request", "ticket"),
    "unit": ("orders", "requests", "tickets"),
    "dated_by": ("began_on", "applied_on", "decided_on", "ordered_on"),
    "excluded_initiators": ("platform", "buyer", "unknown"),
    "outcomes": ("buyer", "merchant", "withdrawn", "pending"),
    "denominator": ("orders_dealt", "orders_paid", "orders_shipped", "orders_signed"),
    "denominator_minus": ("orders_cancelled_before_shipping", "orders_refunded"),
}
"""What the words of a rule may be; `denominator` and `denominator_minus` are columns of `marts.shop_days`."""


@dataclass(frozen=True)
class Rule:
    """One definition of a rate.

    Counted are the events of a kind (`event`) whose outcome and reason group are among those named (none named: any) and
    that nobody excluded started. `dated_by` is the date that books an event into the window, `unit` what counts once
    however many of its events lie there. `lag_days`: how many days before its statistic day the platform's window ends.
    The denominator is the sum of some daily counts of orders less some others.
    """

    name: str
    title_zh: str
    title_en: str
    metric: str
    source_zh: str
    source_en: str
    confidence: str
    valid_from: date
    window_days: int
    event: str
    unit: str
    dated_by: str
    denominator: tuple[str, ...]
    denominator_minus: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    reason_groups: tuple[str, ...] = ()
    excluded_initiators: tuple[str, ...] = ()
    excludes_undecided_withdrawn: bool = False
    lag_days: int = 0
    valid_to: date | None = None

    @property
    def follows_the_calendar(self) -> bool:
        """Whether events are booked on a day of their own, not on their order's: only such a series can be forecast."""
        return self.dated_by != "ordered_on"


@dataclass(frozen=True)
class ReasonGroup:
    """A group of reasons for after-sales requests, and the pattern that their texts match."""

    name: str
    pattern: str


def load(name: str, own: Path | None = None) -> Rule:
    """The rule of that name, ours or one in the folder `own`. Raises UserError for a name without a file."""
    return chosen([name], own)[0]


def load_all(own: Path | None = None) -> dict[str, Rule]:
    """Every rule by name, ours and those in the folder `own`. Raises UserError for a file that is no rule."""
    files = {file.stem: file for file in sorted(FOLDER.glob("*.toml")) if file.stem not in NO_DEFINITIONS}
    for file in sorted(own.glob("*.toml")) if own else []:
        if file.stem == "ledger":
            continue
        if file.stem in files:
            raise UserError(
                f"{file}：已有名为 {file.stem} 的规则。请给文件换一个名字。",
                f"{file}: there is a rule {file.stem} already. Give the file another name.",
            )
        files[file.stem] = file
    contents = {name: _read(file) for name, file in files.items()}
    return {name: _rule(name, files[name], contents) for name in sorted(files)}


def names() -> list[str]:
    """The names of the rules that come with the project."""
    return list(load_all())


def chosen(wanted: Iterable[str], own: Path | None = None) -> list[Rule]:
    """The rules of those names, each once, in that order. Raises UserError for a name without a file."""
    found = load_all(own)
    for name in (wanted := list(dict.fromkeys(wanted))):
        if name not in found:
            listed = ", ".join(found)
            raise UserError(
                f"没有名为 {name} 的规则；现有：{listed}。", f"There is no rule {name}; there are: {listed}."
            )
    return [found[name] for name in wanted]


def candidates(metric: str, own: Path | None = None) -> list[Rule]:
    """Every rule that could be the platform's own definition of a metric."""
    return [rule for rule in load_all(own).values() if rule.metric == metric]


def described(rule: Rule) -> dict[str, Any]:
    """What counts under the rule, in words that a file can keep: its fields without its titles and sources."""
    kept = asdict(rule)
    return {key: value for key, value in kept.items() if not key.startswith(("title_", "source_"))}


def restored(record: Mapping[str, Any]) -> Rule:
    """The rule that `described` wrote down, after a way through JSON; without titles and sources."""
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
    days = {key: date.fromisoformat(str(plain[key])) for key in ("valid_from", "valid_to") if plain.get(key)}
    silent: dict[str, Any] = {"title_zh": "", "title_en": "", "source_zh": "", "source_en": ""}
    return Rule(**(silent | plain | days))


def window_start(rule: Rule, as_of: date) -> date:
    """The first day of the rule's window that ends on `as_of`."""
    return as_of - timedelta(days=rule.window_days - 1)


def reason_groups() -> list[ReasonGroup]:
    """The reason groups in the order in which they are tried."""
    content = tomllib.loads((FOLDER / "reasons.toml").read_text(encoding="utf-8"))
    return [ReasonGroup(**each) for each in content["groups"]]


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"规则文件无法读取：{file}：{error}。请按 TOML 格式修改。",
            f"The rule cannot be read: {file}: {error}. Mend it (TOML format).",
        ) from error


def _rule(name: str, file: Path, contents: Mapping[str, dict[str, Any]]) -> Rule:
    content = dict(contents[name])
    if (base := content.pop("variant_of", None)) is not None:
        if base not in contents or "variant_of" in contents[base]:
            raise _wrong(file, "variant_of", base, [each for each in contents if "variant_of" not in contents[each]])
        content = contents[base] | content
    known = {each.name: each for each in fields(Rule) if each.name != "name"}
    if extra := sorted(set(content) - set(known)):
        raise UserError(
            f"{file}：不认识的字段 {', '.join(extra)}；可用的有：{', '.join(known)}。",
            f"{file}: unknown field {', '.join(extra)}; known are: {', '.join(known)}.",
        )
    needed = [key for key, each in known.items() if each.default is MISSING]
    if lacking := [key for key in needed if key not in content]:
        raise UserError(
            f'{file}：缺少字段 {", ".join(lacking)}；也可以写 variant_of = "pdd-2021-03"，只写不同的地方。',
            f'{file}: lacks {", ".join(lacking)}; or write variant_of = "pdd-2021-03" and only what differs.',
        )
    fitting: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in content.items()
    }
    groups = (*(each.name for each in reason_groups()), "other", "unknown")
    for key, allowed in (CHOICES | {"reason_groups": groups}).items():
        value = fitting.get(key, ())
        for word in value if isinstance(value, tuple) else (value,):
            if word not in allowed:
                raise _wrong(file, key, word, allowed)
    for key, value in fitting.items():
        if not _fits(str(known[key].type), value) or (key == "window_days" and value < 1):
            raise UserError(
                f"{file}：{key} 的值 {value!r} 不对，应为 {known[key].type}。",
                f"{file}: {key} = {value!r} is wrong; it should be {known[key].type}.",
            )
    return Rule(name=name, **fitting)


def _fits(wanted: str, value: Any) -> bool:
    if "tuple" in wanted:
        return isinstance(value, tuple)
    if "date" in wanted:
        return type(value) is date
    if wanted == "bool" or isinstance(value, bool):
        return wanted == "bool" and isinstance(value, bool)
    return isinstance(value, int) if wanted == "int" else isinstance(value, str)


def _wrong(file: Path, key: str, word: object, allowed: Iterable[str]) -> UserError:
    listed = ", ".join(allowed)
    return UserError(
        f"{file}：{key} 不能是 {word}；可用的有：{listed}。", f"{file}: {key} cannot be {word}; it can be: {listed}."
    )
