"""Where things lie and what the user chose: the only module that the others may import.

Places come from the command line (`--data`, `--reports`), the environment (`ANALYSIS_DATA`, `ANALYSIS_REPORTS`) or the
project's own folder. Choices come from `<data>/settings.toml`; a file that is not there means that nothing was chosen.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
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
    """The shop's own alarm lines; None where none is set.

    `rate` is a share (0.02 = 2 %); where `category_factor` is set, the line is that many times the category mean that the
    platform shows, and `rate` holds on days without one. `count` is orders. `condition`: over the line means above `either` of the two, or above `both`. `early_share` of a line is where
    early warning begins. Above for `persistent_days` days on end is persistent. Below `min_orders` orders in the window
    nothing is judged.
    """

    rate: float | None = None
    count: int | None = None
    category_factor: float | None = None
    condition: str = "either"
    early_share: float = 0.8
    persistent_days: int | None = None
    min_orders: int = 0

    @property
    def wrong(self) -> tuple[str, str] | None:
        """What is impossible about the line, in Chinese and in English."""
        if self.rate is not None and not 1e-6 <= self.rate <= 1:
            return (
                "rate 是比例，2% 写成 0.02（0 到 1 之间）",
                "rate is a share, 2 % is 0.02 (between 0 and 1)",
            )
        if self.count is not None and self.count < 0:
            return "count 是订单数，不能为负", "count is a number of orders, not negative"
        if self.category_factor is not None and not 0 < self.category_factor <= 1000:
            return "category_factor 是类目均值的倍数，要大于 0", "category_factor multiplies the category mean, above 0"
        if self.condition not in ("either", "both"):
            return 'condition 只能是 "either" 或 "both"', 'condition is "either" or "both"'
        if not 0 < self.early_share <= 1:
            return "early_share 是比例，要大于 0，不超过 1", "early_share is a share, above 0 and at most 1"
        if self.min_orders < 0 or (self.persistent_days is not None and self.persistent_days < 1):
            return (
                "min_orders 不能为负，persistent_days 至少是 1",
                "min_orders is not negative, persistent_days is at least 1",
            )
        return None


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
    """What the rendered pages show. `languages`: the first one is `daily.html`, the others get a suffix.

    `rule` is the definition that leads the page, `also` others whose rates are given beside it.
    """

    languages: tuple[str, ...] = LANGUAGES
    rule: str = "pdd-2021-03"
    also: tuple[str, ...] = ("help-rate", "dispute-refund-rate", "quality-refund-rate")


@dataclass(frozen=True)
class Tickets:
    """What the ticket worklist needs to know of the team: when the list is read, and how many answers it can give.

    `win_rate_complete` and `win_rate_missing` stand in until the shop's own settled tickets tell; `restriction_cost_yuan` is
    what a restriction of the shop would cost. A parcel that is not signed for `late_days` after it was sent, where no delivery
    was promised, is late. Of an order that no orders export has shown for `unseen_days` nothing is known any more.
    """

    reading_hour: int = 9
    day_capacity: int | None = None
    evening_capacity: int | None = None
    weekend_capacity: int | None = None
    win_rate_complete: float = 0.5
    win_rate_missing: float = 0.2
    restriction_cost_yuan: float | None = None
    late_days: int = 7
    unseen_days: int = 14

    @property
    def wrong(self) -> tuple[str, str] | None:
        """What is impossible about the numbers, in Chinese and in English."""
        if not 0 <= self.reading_hour <= 23:
            return "reading_hour 是几点钟，0 到 23", "reading_hour is an hour of the day, 0 to 23"
        if not (0 <= self.win_rate_complete <= 1 and 0 <= self.win_rate_missing <= 1):
            return "胜率是比例，写成 0 到 1 之间的数", "win rates are shares, between 0 and 1"
        amounts = (
            self.day_capacity,
            self.evening_capacity,
            self.weekend_capacity,
            self.late_days,
            self.unseen_days,
            self.restriction_cost_yuan,
        )
        if any(each is not None and each < 0 for each in amounts):
            return "人手、天数和金额不能为负", "capacities, days and costs are not negative"
        return None


@dataclass(frozen=True)
class Costs:
    """What a dispute costs where no export tells; None and a name that is not there: not known, never zero.

    `unit_costs_yuan`: what one piece costs the shop, by SKU id, SKU code, product code or product id, the most specific
    first; else `unit_cost_share` of the goods' price. `salvage_share`: what a returned piece is still worth, of its cost.
    `labour_yuan`: the work on one case. `penalties_yuan`: by component of `rules/ledger.toml`. `gross_margin_share`: what
    is left of a sale. A planned restriction of `restriction_days` days that loses `restriction_lost_share` of the sales
    is a scenario, shown apart. `reasons`: why, by the name of the setting; printed beside it.
    """

    unit_costs_yuan: Mapping[str, float] = field(default_factory=dict)
    unit_cost_share: float | None = None
    outbound_freight_yuan: float | None = None
    return_freight_yuan: float | None = None
    salvage_share: float | None = None
    labour_yuan: float | None = None
    technical_fee_rate: float = 0.006
    penalties_yuan: Mapping[str, float] = field(default_factory=dict)
    gross_margin_share: float | None = None
    restriction_days: float = 1.0
    restriction_lost_share: float | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> tuple[str, str] | None:
        """What is impossible about the numbers, in Chinese and in English."""
        shares = (
            self.unit_cost_share,
            self.salvage_share,
            self.technical_fee_rate,
            self.gross_margin_share,
            self.restriction_lost_share,
        )
        if any(each is not None and not 0 <= each <= 1 for each in shares):
            return "名字带 share、rate 的是比例，写成 0 到 1 之间的数", "shares and rates are between 0 and 1"
        amounts = (
            self.outbound_freight_yuan,
            self.return_freight_yuan,
            self.labour_yuan,
            self.restriction_days,
            *self.unit_costs_yuan.values(),
            *self.penalties_yuan.values(),
        )
        if any(each is not None and each < 0 for each in amounts):
            return "金额和天数不能为负", "amounts and days are not negative"
        if extra := sorted(set(self.reasons) - {each.name for each in fields(self)}):
            listed = ", ".join(extra)
            return f"reasons 里没有叫 {listed} 的设置", f"reasons names settings that are not there: {listed}"
        return None


@dataclass(frozen=True)
class Escalation:
    """What the watch list needs: how many orders the team can act on a day, and what acting does and costs.

    Every shop has at least `shop_quota` of the places; `control_share` of the orders that would be acted on are drawn
    and left alone, so that `prevention_rate` (how often acting prevents the case) can be measured; until then it is the
    user's guess, as `action_cost_yuan` is. `loss_yuan`: what a case costs; None takes the shop's own mean. `label_days`: how
    long after a day an intervention is its order's; None reads it from the delays. The model is fitted anew after
    `retrain_days`.
    """

    capacity: int = 20
    shop_quota: int = 2
    control_share: float = 0.03
    prevention_rate: float = 0.3
    action_cost_yuan: float = 5.0
    loss_yuan: float | None = None
    label_days: int | None = None
    retrain_days: int = 7

    @property
    def wrong(self) -> tuple[str, str] | None:
        """What is impossible about the numbers, in Chinese and in English."""
        if not (0 <= self.control_share <= 0.5 and 0 <= self.prevention_rate <= 1):
            return (
                "prevention_rate 是 0 到 1 的比例，control_share 不超过 0.5",
                "prevention_rate is a share, control_share at most 0.5",
            )
        if self.capacity < 1 or self.retrain_days < 1 or (self.label_days is not None and self.label_days < 1):
            return "capacity、retrain_days、label_days 至少是 1", "capacity, retrain_days and label_days are at least 1"
        if self.shop_quota < 0 or self.action_cost_yuan < 0 or (self.loss_yuan is not None and self.loss_yuan < 0):
            return "名额和金额不能为负", "quotas and amounts are not negative"
        return None


@dataclass(frozen=True)
class Settings:
    """One run's places and choices.

    `lines` holds the lines for the leading rule, `metric_lines` those for other metrics: the default under the empty name
    and each shop's own under the shop's folder name.
    """

    data: Path
    reports: Path
    is_sample: bool = False
    report: Report = field(default_factory=Report)
    reading: Reading = field(default_factory=Reading)
    interventions: Interventions = field(default_factory=Interventions)
    tickets: Tickets = field(default_factory=Tickets)
    costs: Costs = field(default_factory=Costs)
    escalation: Escalation = field(default_factory=Escalation)
    lines: dict[str, Line] = field(default_factory=dict)
    metric_lines: dict[str, dict[str, Line]] = field(default_factory=dict)

    @property
    def exports(self) -> Path:
        return self.data / "exports"

    @property
    def archive(self) -> Path:
        return self.data / "archive"

    @property
    def warehouse(self) -> Path:
        return self.data / "warehouse.duckdb"

    @property
    def models(self) -> Path:
        """The fitted escalation models, each with its card."""
        return self.data / "models"

    @property
    def evidence(self) -> Path:
        """The shop's own proof files; never changed."""
        return self.data / "evidence"

    @property
    def rules(self) -> Path:
        """The user's own rules, beside those of the project."""
        return self.data / "rules"

    def line(self, shop_id: str, metric: str = "intervention_rate") -> Line:
        """The line that holds for this shop and metric: its own, else the default, else none."""
        lines = self.lines if metric == "intervention_rate" else self.metric_lines.get(metric, {})
        return lines.get(shop_id, lines.get("", Line()))


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
    sections: dict[str, Any] = {
        "report": Report,
        "reading": Reading,
        "interventions": Interventions,
        "tickets": Tickets,
        "costs": Costs,
        "escalation": Escalation,
    }
    chosen: dict[str, Any] = {
        name: _section(file, name, kind, text.pop(name)) for name, kind in sections.items() if name in text
    }
    if lines := _lines(file, "lines", text.pop("lines", {})):
        chosen["lines"] = lines
    if by_metric := text.pop("metric_lines", {}):
        chosen["metric_lines"] = {
            metric: _lines(file, f"metric_lines.{metric}", each) for metric, each in by_metric.items()
        }
    chosen["is_sample"] = text.pop("is_sample", False) is True
    if text:
        raise _unknown(file, "", sorted(text), [*sections, "lines", "metric_lines"])
    languages = chosen["report"].languages if "report" in chosen else LANGUAGES
    if not languages or set(languages) - set(LANGUAGES):
        raise UserError(
            f"{file}：[report] languages 只能取 zh、en，现在是 {list(languages)}。",
            f"{file}: [report] languages takes zh and en only; it is {list(languages)}.",
        )
    return chosen


def _lines(file: Path, name: str, values: Any) -> dict[str, Line]:
    """The lines of one metric: the default under the empty name, a shop's own under its folder's name."""
    given = dict(values) if isinstance(values, dict) else {"": values}
    default = {key: value for key, value in given.items() if not isinstance(value, dict)}
    shops = {shop: value for shop, value in given.items() if isinstance(value, dict)}
    found = {shop: _section(file, f"{name}.{shop}", Line, value) for shop, value in shops.items()}
    if default:
        found[""] = _section(file, name, Line, default)
    return found


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
    section = kind(**fitting)
    if wrong := getattr(section, "wrong", None):
        zh, en = wrong
        raise UserError(f"{file}：[{name}] {zh}。", f"{file}: [{name}] {en}.")
    return section


def _fits(wanted: str, value: Any) -> bool:
    """Whether a TOML value suits a field; wanted is the annotation's text, as dataclasses keep it."""
    if "Mapping" in wanted:
        kind = float if "float" in wanted else str
        return isinstance(value, dict) and all(_fits(kind.__name__, each) for each in value.values())
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
