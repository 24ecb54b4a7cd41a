"""What a ledger export says about itself, above its header and behind its last row: the period asked for, and its totals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

MOMENT = r"[：:\s\[]*(20\d{2})[-/年.](\d{1,2})[-/月.](\d{1,2})日?(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?"
AMOUNT = re.compile(r"([-－]?)[¥￥]?(\d[\d,]*(?:\.\d{1,2})?)(?![\d.,]*\s*[笔条])")
LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True)
class Stated:
    """The period from its first to its last second, and the totals in fen, the expense negative; None: not stated."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None
    income_fen: int | None = None
    expense_fen: int | None = None
    total_fen: int | None = None


NOTHING = Stated()


def stated(above: Iterable[str], below: Iterable[str]) -> Stated:
    """Reads the lines above the header (起始时间, 终止时间) and the last lines, of which only those that begin with `#` count."""
    head = "\n".join(above)
    feet = [line for line in below if line.lstrip('" \t').startswith("#")]
    expense = _total("支出合计", feet)
    return Stated(
        begins_at=_moment("起始时间", head, time()),
        ends_at=_moment("终止时间", head, LAST_SECOND),
        income_fen=_total("收入合计", feet),
        expense_fen=None if expense is None else -abs(expense),
        total_fen=_total("总计", feet),
    )


def _moment(word: str, line: str, else_at: time) -> datetime | None:
    found = re.search(word + MOMENT, line)
    if not found:
        return None
    year, month, day, hour, minute, second = found.groups()
    try:
        at = time(int(hour), int(minute), int(second or 0)) if hour else else_at
        return datetime.combine(datetime(int(year), int(month), int(day)), at)
    except ValueError:
        return None


def _total(word: str, lines: Iterable[str]) -> int | None:
    """The last amount of the line of that total; the number of bookings (笔) is none."""
    for line in lines:
        _, found, rest = line.partition(word)
        if found and (amounts := AMOUNT.findall(rest)):
            sign, digits = amounts[-1]
            fen = int(Decimal(digits.replace(",", "")) * 100)
            return -fen if sign else fen
    return None
