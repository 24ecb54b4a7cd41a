"""Where things lie and what the user chose: the only module that the others may import.

Places come from the command line (`--data`, `--reports`), the environment (`ANALYSIS_DATA`, `ANALYSIS_REPORTS`) or the
project's own folder. Choices come from `<data>/settings.toml`; a file that is not there means that nothing was chosen.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
PROJECT = PACKAGE.parent.parent
LANGUAGES = ("zh", "en")
BEIJING = timezone(timedelta(hours=8))  # no summer time since 1991; the backend writes it without saying so


class UserError(Exception):
    """Something the user can mend: says what, where and what to do, in Chinese and in English."""

    def __init__(self, zh: str, en: str, exit_code: int = 2) -> None:
        super().__init__(f"{zh}\n{en}")
        self.zh, self.en, self.exit_code = zh, en, exit_code


@dataclass(frozen=True)
class Line:
    """The shop's own alarm lines; None where none is set. `rate` is a share (0.02 = 2 %), `count` is orders."""

    rate: float | None = None
    count: int | None = None

    @property
    def is_possible(self) -> bool:
        return (self.rate is None or 1e-6 <= self.rate <= 1) and (self.count is None or self.count >= 0)


@dataclass(frozen=True)
class Reading:
    """How strictly exports are read, and what counts as covered."""

    order_id_pattern: str = r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-\d{15}"
    quarantine_limit_rate: float = 0.02
    orders_quiet_days: int = 2
    after_sales_quiet_days: int = 7


@dataclass(frozen=True)
class Interventions:
    """What in the files tells that the platform stepped in, where that is not certain."""

    platform_accounts: tuple[str, ...] = ("平台", "平台客服", "拼多多平台", "系统平台")
    platform_status_words: tuple[str, ...] = ("平台处理中", "平台同意退款", "平台拒绝退款", "平台介入")
    same_case_days: int = 15


@dataclass(frozen=True)
class Report:
    """What the rendered page looks like. `languages`: the first one is `daily.html`, the others get a suffix."""

    languages: tuple[str, ...] = LANGUAGES
    rule: str = "pdd-2021-03"


@dataclass(frozen=True)
class Settings:
    """One run's places and choices.

    `lines` holds the default under the empty name and each shop's own under the shop's folder name.
    """

    data: Path
    reports: Path
    is_sample: bool = False
    report: Report = field(default_factory=Report)
    reading: Reading = field(default_factory=Reading)
    interventions: Interventions = field(default_factory=Interventions)
    lines: dict[str, Line] = field(default_factory=dict)

    @property
    def exports(self) -> Path:
        return self.data / "exports"

    @property
    def archive(self) -> Path:
        return self.data / "archive"

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse.duckdb"

    def line(self, shop_id: str) -> Line:
        """The line that holds for this shop: its own, else the default, else none."""
        return self.lines.get(shop_id, self.lines.get("", Line()))


def load(data: Path | None = None, reports: Path | None = None, *, sample: bool = False) -> Settings:
    """The settings of one run.

    With `sample`, the sample's own data folder and report folder, so that made-up and real figures never mix.
    Raises UserError where settings.toml cannot be read or holds a name that nothing would read.
    """
    data = (data or _place("ANALYSIS_DATA", PROJECT / "data")).absolute()
    reports = (reports or _place("ANALYSIS_REPORTS", PROJECT / "reports")).absolute()
    if sample:
        data, reports = data / "sample", reports / "sample"
    chosen = _read(data / "settings.toml")
    chosen["is_sample"] = sample or chosen.get("is_sample", False)
    return Settings(data=data, reports=reports, **chosen)


def _place(variable: str, default: Path) -> Path:
    return Path(os.environ[variable]) if os.environ.get(variable) else default


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        text = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"设置文件无法读取：{file}：{error}。请按 TOML 格式修改后再运行。",
            f"The settings file cannot be read: {file}: {error}. Mend it (TOML format) and run again.",
        ) from error
    sections: dict[str, Any] = {"report": Report, "reading": Reading, "interventions": Interventions}
    chosen: dict[str, Any] = {
        name: _section(file, name, kind, text.pop(name)) for name, kind in sections.items() if name in text
    }
    lines = dict(text.pop("lines", {}))
    own = {
        shop: _section(file, f"lines.{shop}", Line, value) for shop, value in lines.items() if isinstance(value, dict)
    }
    default = {name: value for name, value in lines.items() if not isinstance(value, dict)}
    if default:
        own[""] = _section(file, "lines", Line, default)
    for shop, line in own.items():
        if not line.is_possible:
            where = f"[lines.{shop}]" if shop else "[lines]"
            raise UserError(
                f"{file}：{where} rate 是比例，2% 写成 0.02（0 到 1 之间）；count 是订单数，不能为负。",
                f"{file}: {where} rate is a share, 2 % is 0.02 (between 0 and 1); count is a number of orders, not negative.",
            )
    if own:
        chosen["lines"] = own
    chosen["is_sample"] = text.pop("is_sample", False) is True
    if text:
        raise _unknown(file, "", sorted(text), [*sections, "lines"])
    languages = chosen["report"].languages if "report" in chosen else LANGUAGES
    if not languages or set(languages) - set(LANGUAGES):
        raise UserError(
            f"{file}：[report] languages 只能取 zh、en，现在是 {list(languages)}。",
            f"{file}: [report] languages takes zh and en only; it is {list(languages)}.",
        )
    return chosen


def _section(file: Path, name: str, kind: Any, values: dict[str, Any]) -> Any:
    known = {each.name: each for each in fields(kind)}
    if extra := sorted(set(values) - set(known)):
        raise _unknown(file, name, extra, list(known))
    fitting = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    for key, value in fitting.items():
        if not _fits(str(known[key].type), value):
            raise UserError(
                f"{file}：[{name}] {key} 的值 {value!r} 类型不对，应为 {known[key].type}。",
                f"{file}: [{name}] {key} = {value!r} has the wrong type; it should be {known[key].type}.",
            )
    return kind(**fitting)


def _fits(wanted: str, value: Any) -> bool:
    """Whether a TOML value suits a field; wanted is the annotation's text, as dataclasses keep it."""
    if "tuple" in wanted:
        return isinstance(value, tuple) and all(isinstance(each, str) for each in value)
    if isinstance(value, bool):
        return False
    if "float" in wanted:
        return isinstance(value, int | float)
    return isinstance(value, int) if "int" in wanted else isinstance(value, str)


def _unknown(file: Path, section: str, names: list[str], known: list[str]) -> UserError:
    where = f"[{section}] " if section else ""
    return UserError(
        f"{file}：{where}不认识的设置 {', '.join(names)}；可用的有：{', '.join(known)}。请检查拼写。",
        f"{file}: {where}unknown setting {', '.join(names)}; known are: {', '.join(known)}. Check the spelling.",
    )
