"""Which times to answer does a ticket's text name, and when do they end?

A limit is a stretch that runs from the ticket's creation (within 24 hours) or a point of time (before 18:00 on 26 March).
Much in such texts only looks like one: 超过48小时未更新 tells the past, 7天无理由 is a promise of the shop, 3天前 lies back,
发货后48小时内 runs from something else. What the words around a stretch say decides; where they say nothing, it is no limit.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
POWERS = {"十": 10, "百": 100, "千": 1000}
SPELLED = str.maketrans({"廿": "二十", "卅": "三十"})
"""Old numerals, written out."""
NUMBER = "(?:[0-9]+(?:[.][0-9]+)?|[零〇一二两三四五六七八九十百千]+)"
SECONDS = {"s": 1, "秒": 1, "m": 60, "分": 60, "h": 3600, "时": 3600, "小": 3600, "钟": 3600, "d": 86400, "天": 86400,
           "日": 86400, "自": 86400, "周": 604800, "星": 604800}  # fmt: skip
"""Seconds in a unit, by the unit's first sign."""
UNIT = "工作日|自然日|小时|钟头|星期|分钟|秒钟|[天日时周分秒]|(?:days?|hours?|hrs?|minutes?|mins?|[hd])(?![a-z])"
PART = rf"(?P<number>{NUMBER}|半)(?P<more>个半|个)?\s?(?P<unit>{UNIT})(?P<half>半(?!天|日|小时))?"
FIRST = "(?=[0-9半零〇一二两三四五六七八九十百千])"
"""Looked for before the rest is tried: most signs of a text begin nothing."""
STRETCH = re.compile(
    rf"{FIRST}(?<![0-9.第零〇一二两三四五六七八九十百千])(?:{re.sub('[?]P<[a-z]+>', '?:', PART)})+", re.I
)
PARTS = re.compile(PART, re.I)

DAY = "|".join(
    (
        r"(?<!\d)(?P<year>\d{4})\s?[年/.-](?P<month>\d{1,2})[月/.-](?P<day>\d{1,2})[日号]?",
        rf"(?<![\d年])(?P<month_1>{NUMBER})月(?P<day_1>{NUMBER})[日号]?",
        r"(?<![\d/.:-])(?P<month_2>\d{1,2})[/.-](?P<day_2>\d{1,2})(?![\d/.天日号小个hHdD%-])",
        "(?P<shift>今[日天晚夜]|当[日天晚]|次日|翌日|明[日天晚早]|第二天|大后[日天]|(?<![售最])后[日天])",
        rf"(?P<which>[本当这下次]个?月)(?:(?P<day_3>{NUMBER})[日号]|(?P<end>底|末))",
        r"(?<![\d零〇一二两三四五六七八九十每上几个])(?P<bare>月[底末])",
        r"(?<![\d一二两三四五六七八九十个])(?P<week>[本这下]?个?)(?:周|星期)(?P<weekday>[一二三四五六日天])(?!内)",
    )
)
TIME = (
    r"(?P<part>凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚间|夜里|晚)?"
    rf"(?P<hour>{NUMBER})(?::(?P<minute>\d\d)(?::\d\d)?|[点时](?!间)(?:整|钟|(?P<half>半)|(?P<minute_1>{NUMBER})分?)?)"
)
DATED = re.compile(
    rf"(?=[0-9零〇一二两三四五六七八九十今当次翌明第大后本这下周星月])(?:{DAY})\s?(?:{TIME}|(?P<noon>中午))?"
)
DAY_OR_TIME = re.compile(
    rf"(?=[0-9零〇一二两三四五六七八九十百千凌早上中下傍晚夜])(?<![\d.月/-])(?:(?P<day>{NUMBER})[日号]\s?(?:{TIME})?|{TIME.replace('?P<', '?P<only_')})"
)
"""A day of the month or a time of day alone: a point of time only where the words before ask for something by then."""

WITHIN = re.compile(r"(?:\(含\))?(?:之内|以内|内)")
BY = re.compile("之前|以前|前")
BY_POINT = re.compile("之前|以前|前|之内|以内|内|为止|截止|止")
ASKED = re.compile("(?:请|须|需|务必|应)(?:各?商家|您|贵店|卖家|店铺)?(?:务必|尽快|及时)?(?:于|在|务必)$")
LEADS = re.compile(
    "(?:(?<!发货)(?<!揽收)(?:时限|时效|限时|限期|期限)(?:[为是:]|要求)*|(?<![无权时期有])限|最迟|最晚|不(?:得|可|能|要)?超过|不(?:晚|迟)于"
    r"|最[多长]|\bwithin\s?)$",
    re.I,
)
LEADS_POINT = re.compile(
    "(?:(?:截止|截至|到期)(?:时间|日期)(?:[为是到至于:]*)|(?:最晚|最迟|不晚于|不迟于|期限)(?:[为是到至于:]*))$"
)
UNTIL = re.compile("(?:截止|截至)[到至于:]?$")
TASK = re.compile("处理|回复|举证|响应|反馈|限时|时限|倒计时")
REFUSED_BEFORE = re.compile(
    "(?:已经?|仍|(?<!不)(?<!不得)(?<!不可)(?<!不能)(?<!不要)超过?了?|逾期?|超时|满|近|过去|(?<!之)前|连续|累计|长达|达到?|[每仅]|约定|承诺"
    "|预计|预估|大约|将[在于]?|会[在于]?|平均|(?:买家|用户|消费者|客户|顾客).{0,4}(?:要求|希望)"
    "|(?<![为给向与替]|系|助)(?<!督促)(?<!催促)(?:买家|用户|消费者|客户|顾客|快递员?|网点|平台|系统)[也均应需须可将会仍]?[在于]?)$"
)
AFTER_SOMETHING = re.compile("(?:(?<!售)后|起)[的算]?,?$")
AFTER_THE_TICKET = re.compile("工单|通知|消息|提醒|本单|创建|下发|生成|派发|即日|现在|此刻")
REFUSED_AFTER = re.compile(
    ",?(?:无理由|[均仍]?无(?:轨迹|物流|更新|揽收|记录|任何|扫描|人)|没有|未(?:揽收|更新|发货|签收|送达|收到|出库|支付|付款|到货|查)"
    "|多次|累计|曾|共[有发0-9]|已|发生|出现|可(?:申请|退|享)|包[退换]|保价|的?(?:订单|物流|包裹|快递|轨迹)|到账|原路|有效(?:$|[,。;!)期])|[退销][货量]率)"
)
REFUSED_BEFORE_POINT = re.compile(
    "(?:已经?|曾|早|(?:买家|用户|消费者|客户|顾客)(?:要求|希望|期望|申请)?|预计|将|(?:签收|发货|揽收|下单|付款|收货|收到货|申请|退货)(?:的|后的?)?)[在于]?$"
)
REFUSED_AFTER_POINT = re.compile(",?(?:已|曾|仍|尚|的|就|未|物流|包裹|买家|用户|消费者|客户|下单|购买|签收|付款)")


@dataclass(frozen=True)
class Point:
    """A point of time as a text names it, before the ticket's own day tells which one it is.

    `kind` says what `number` is: 'date' (with year and month), 'month_day' (with month), 'days' (days on), 'month' (months on,
    with day), 'month_end', 'weekday' (0-6; `month` = weeks on, -1: the next such day), 'day' (of a month), 'time' (none).
    """

    kind: str
    number: int
    minutes: int
    month: int = 0
    year: int = 0


@dataclass(frozen=True)
class Limit:
    """A limit in a text: its words and a stretch (`seconds`, or `workdays`) or a point of time."""

    words: str
    seconds: int = 0
    workdays: float = 0
    point: Point | None = None
    is_day_only: bool = False

    @property
    def is_time_only(self) -> bool:
        """Whether it is a time of day without a day: when that is over, tomorrow's is meant."""
        return self.point is not None and self.point.kind == "time"


def plain(text: str) -> str:
    """The text with one form for each sign (NFKC: ４８ becomes 48) and without blanks next to Chinese signs."""
    text = unicodedata.normalize("NFKC", text).replace("\r", "\n").translate(SPELLED)
    if " " not in text and "\t" not in text:
        return text.strip()
    text = re.sub(r"[^\S\n]+", " ", text)
    return re.sub(r"(?<=[一-鿿:,]) | (?=[一-鿿:])", "", text).strip()


def number(text: str) -> float | None:
    """The number that Arabic or Chinese numerals name: 48, 四十八, 二四, 1.5, 半; None for what is none."""
    if text == "半":
        return 0.5
    if text[:1].isascii():
        return float(text)
    if not set(text) & set(POWERS):
        return float("".join(str(DIGITS[sign]) for sign in text))
    total, last = 0, 0
    for sign in text:
        if sign in POWERS:
            total += (last or 1) * POWERS[sign]
            last = 0
        else:
            last = DIGITS[sign]
    return float(total + last)


def stretch(text: str) -> tuple[int, float] | None:
    """Seconds and workdays in words such as 6天2时3分30秒, 一天半, 3个工作日, 23:59:59; None for what is no stretch of time."""
    if clock := re.fullmatch(r"(?:(\d+)天)?(\d+):(\d\d)(?::(\d\d))?", text):
        days, hours, minutes, seconds = (int(each or 0) for each in clock.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds, 0
    if not (STRETCH.fullmatch(text)):
        return None
    total, workdays = 0.0, 0.0
    for part in PARTS.finditer(text):
        amount, unit = number(part["number"]) or 0.0, part["unit"].lower()
        amount += 0.5 * bool(part["half"] or part["more"] == "个半")
        if unit == "分" and not part["number"][0].isdigit():
            return None  # 十分 is the word "very"
        if unit == "工作日":
            workdays += amount
        else:
            total += amount * SECONDS[unit[0]]
    return round(total), workdays


def found(text: str) -> list[Limit]:
    """Every limit that the text names, in the order in which they stand there; text as `plain` gives it."""
    limits: dict[int, Limit] = {}
    rest = text
    for pattern, is_bare in ((DATED, False), (DAY_OR_TIME, True)):
        for match in pattern.finditer(rest):
            if (limit := _dated(match[0], *_around(text, match), is_bare)) is not None:
                limits[match.start()] = limit
            if limit is not None or not is_bare:
                rest = rest[: match.start()] + "\0" * (match.end() - match.start()) + rest[match.end() :]
    for match in STRETCH.finditer(rest):
        if (limit := _running(match[0], *_around(text, match))) is not None:
            limits[match.start()] = limit
    return [limits[place] for place in sorted(limits)]


def _around(text: str, match: re.Match[str]) -> tuple[str, str]:
    """The signs before and after a match that can say what it is."""
    return text[max(0, match.start() - 16) : match.start()], text[match.end() : match.end() + 10]


@lru_cache(2**14)
def _running(words: str, before: str, after: str) -> Limit | None:
    """The limit of a stretch between its words before and after; None where they make it something else."""
    if not (length := stretch(words)) or not any(length) or before.endswith(("月", "年")):
        return None
    seconds, workdays = length
    lead, within, by = LEADS.search(before), WITHIN.match(after), BY.match(after)
    is_refused = bool(REFUSED_BEFORE.search(before)) or _runs_from_elsewhere(before)
    if lead and not by:
        accepted = True
    elif within:
        accepted = not is_refused and not REFUSED_AFTER.match(after[within.end() :])
    elif by:
        accepted = bool(ASKED.search(before))
    else:
        is_bracketed = before[-1:] in ("(", "[", "【") and after[:1] in (")", "]", "】")
        accepted = not is_refused and (is_bracketed or (seconds % 3600 == 0 and bool(TASK.match(after))))
    return Limit(_words(lead, words, within or by), seconds, workdays) if accepted else None


def _words(lead: re.Match[str] | None, words: str, suffix: re.Match[str] | None) -> str:
    return (lead[0] if lead else "") + words.strip() + (suffix[0] if suffix else "")


def _runs_from_elsewhere(before: str) -> bool:
    clause = re.split("[,。;!?\n]", before.rstrip(","))[-1]
    return bool(AFTER_SOMETHING.search(before[-4:])) and not AFTER_THE_TICKET.search(clause)


@lru_cache(2**14)
def _dated(words: str, before: str, after: str, is_bare: bool) -> Limit | None:
    """The limit of a point of time between its words before and after; None where they make it something else."""
    match = (DAY_OR_TIME if is_bare else DATED).fullmatch(words)
    parts = {key: value for key, value in match.groupdict().items() if value is not None} if match else {}
    suffix = BY_POINT.match(after)
    strong_lead = LEADS_POINT.search(before)
    lead = strong_lead or LEADS.search(before)
    if is_bare:
        is_asked = ASKED.search(before) and suffix and suffix[0].endswith("前")
        accepted = bool(is_asked or (lead and "only_hour" in parts))
    else:
        accepted = bool(suffix or lead or UNTIL.search(before))
    rest = after[suffix.end() :] if suffix else after
    is_refused = REFUSED_BEFORE_POINT.search(before) or (REFUSED_AFTER_POINT.match(rest) and not strong_lead)
    if not accepted or is_refused:
        return None
    minutes = _minutes(parts)
    point = _point(parts, 1440 if minutes is None else minutes)
    return Limit(_words(lead, words, suffix), point=point, is_day_only=minutes is None) if point else None


def _minutes(parts: dict[str, str]) -> int | None:
    """Minutes from the day's midnight; None where no time is named."""
    parts = {key.removeprefix("only_"): value for key, value in parts.items()}
    if "noon" in parts:
        return 720
    if "hour" not in parts:
        return None
    hour = number(parts["hour"]) or 0.0
    minute = 30.0 if "half" in parts else number(parts.get("minute") or parts.get("minute_1") or "0") or 0.0
    part = parts.get("part", "晚" if parts.get("shift", "")[1:] in ("晚", "夜") else "")
    if part.startswith(("下午", "傍晚", "晚", "夜", "中午")) and hour < 12 and not (part == "中午" and hour > 9):
        hour += 12
    elif part.startswith(("晚", "夜")) and hour == 12:
        hour = 24
    elif part == "凌晨" and hour == 12:
        hour = 0
    return round(hour * 60 + minute)


def _point(parts: dict[str, str], minutes: int) -> Point | None:
    """The point of time in the parts of a match; None where no clock shows it and no calendar has it."""
    if minutes > 1440:
        return None

    def whole(key: str) -> int:
        return int(number(parts[key]) or 0)

    if "year" in parts:
        return Point("date", whole("day"), minutes, whole("month"), whole("year"))
    for month, day in (("month_1", "day_1"), ("month_2", "day_2")):
        if month in parts:
            is_a_day = 1 <= whole(month) <= 12 and 1 <= whole(day) <= 31
            return Point("month_day", whole(day), minutes, whole(month)) if is_a_day else None
    if "shift" in parts:
        days = {"今": 0, "当": 0, "次": 1, "翌": 1, "明": 1, "第": 1, "后": 2, "大": 3}
        return Point("days", days[parts["shift"][0]], minutes)
    if "bare" in parts:
        return Point("month_end", 0, minutes)
    if "which" in parts:
        months = int(parts["which"][0] in "下次")
        return (
            Point("month_end", 0, minutes, months)
            if "end" in parts
            else Point("month", whole("day_3"), minutes, months)
        )
    if "weekday" in parts:
        weeks = {"下": 1, "本": 0, "这": 0}.get(parts["week"][:1], -1)
        return Point("weekday", "一二三四五六日".index(parts["weekday"].replace("天", "日")), minutes, weeks)
    return Point("day", whole("day"), minutes) if "day" in parts else Point("time", 0, minutes)


@lru_cache(2**14)
def on(point: Point, created_on: date) -> datetime | None:
    """The point of time that is meant in a ticket created on that day; None for a day that no calendar has.

    A day without a year is the nearest one: 1月2日 read on 30 December lies in the next year.
    """
    day = _day(point, created_on)
    return None if day is None else datetime.combine(day, time()) + timedelta(minutes=point.minutes)


def _day(point: Point, created_on: date) -> date | None:
    if point.kind == "date":
        return _date(point.year, point.month, point.number)
    if point.kind == "month_day":
        days = [_date(created_on.year + years, point.month, point.number) for years in (-1, 0, 1)]
        near = [day for day in days if day and abs(day - created_on) <= timedelta(days=183)]
        return min(near, key=lambda day: abs(day - created_on), default=None)
    if point.kind == "weekday":
        ahead = point.number - created_on.weekday()
        return created_on + timedelta(days=ahead % 7 if point.month < 0 else ahead + 7 * point.month)
    if point.kind in ("month", "month_end", "day"):
        months = created_on.year * 12 + created_on.month - 1 + point.month
        months += point.kind == "day" and point.number < created_on.day
        year, month = months // 12, months % 12 + 1
        return _date(year, month, monthrange(year, month)[1] if point.kind == "month_end" else point.number)
    return created_on + timedelta(days=point.number)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
