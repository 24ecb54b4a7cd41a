"""Numbers as a reader reads them: percentages half up, a rate never without its counts and interval."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

Words = Mapping[str, str]

SIGNS = {"below": "✓", "near": "△", "above_rate": "▲", "above_count": "▲", "above_both": "▲"}
TONES = {"below": "good", "near": "near", "above_rate": "warn", "above_count": "warn", "above_both": "bad"}
"""How each status looks; those that say that nothing can be judged are quiet."""

FEW_EVENTS = 5
"""Below this many events a rate says little: counts and interval are shown, no comparison arrow."""


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def is_missing(value: object) -> bool:
    return value is None or bool(pd.isna(value))  # type: ignore[call-overload]


def percent(rate: object) -> str:
    """A share as a percentage with two decimals, half up: 0.01845 -> "1.85%". An empty share is a dash."""
    if is_missing(rate):
        return "–"
    return f"{(Decimal(str(rate)) * 100).quantize(Decimal('0.01'), ROUND_HALF_UP)}%"


def ratio(numerator: object, denominator: object) -> str:
    """The percentage of two counts, rounded from the counts themselves and not from a float between them."""
    if is_missing(numerator) or is_missing(denominator) or not int(str(denominator)):
        return "–"
    share = Decimal(int(str(numerator)) * 100) / Decimal(int(str(denominator)))
    return f"{share.quantize(Decimal('0.01'), ROUND_HALF_UP)}%"


def count(number: object) -> str:
    """A whole number with thousands separators; a dash where there is none."""
    return "–" if is_missing(number) else f"{int(str(number)):,}"


def number(value: object, digits: int = 0) -> str:
    """A number rounded half up, with thousands separators and a true minus; a dash where there is none."""
    if is_missing(value):
        return "–"
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{rounded + 0:,}".replace("-", "−")


def signed(value: object, digits: int = 0) -> str:
    """A number with its sign, "±0" for nothing; a dash where there is none."""
    if is_missing(value):
        return "–"
    text = number(abs(Decimal(str(value))), digits)
    return f"±{text}" if not Decimal(text.replace(",", "")) else f"{'+' if float(str(value)) > 0 else '−'}{text}"


def points(change: object) -> str:
    """A change of a share in percentage points, without the unit: 0.0031 -> "+0.31"."""
    return "–" if is_missing(change) else signed(Decimal(str(change)) * 100, 2)


def chance(probability: object) -> str:
    """A probability in whole percent, half up, never quite none and never quite certain; a dash where there is none."""
    if is_missing(probability):
        return "–"
    share = Decimal(str(probability)) * 100
    return "<1%" if share < 1 else ">99%" if share > 99 else f"{number(share)}%"


def interval(low: object, high: object) -> str:
    """A rate's 95 % interval; a dash where there is none."""
    return "–" if is_missing(low) or is_missing(high) else f"{percent(low)}–{percent(high)}"


def day(value: object) -> str:
    """A date as ISO text; a dash where there is none."""
    return "–" if is_missing(value) else pd.Timestamp(str(value)).strftime("%Y-%m-%d")


def weekday(value: object, words: Words) -> str:
    """A near day with its weekday and without its year; a dash where there is none."""
    if is_missing(value):
        return "–"
    on = pd.Timestamp(str(value))
    return words["day.with_weekday"].format(day=f"{on:%m-%d}", weekday=words[f"weekday.{WEEKDAYS[on.weekday()]}"])


def minute(value: object) -> str:
    """A Beijing wall-clock time down to the minute; only the date where the time of day is midnight."""
    if is_missing(value):
        return "–"
    at = pd.Timestamp(str(value))
    return at.strftime("%Y-%m-%d" if at == at.normalize() else "%Y-%m-%d %H:%M")


def spread(low: object, high: object) -> str:
    """A range of counts, "6–9" or "−1 … 6"; one number where both ends are it; a dash where one is missing."""
    if is_missing(low) or is_missing(high):
        return "–"
    ends = [number(each) for each in (low, high)]
    return ends[0] if ends[0] == ends[1] else (" … " if "−" in ends[0] else "–").join(ends)


def word(words: Words, section: str, code: object) -> str:
    """The reader's word for a code; the code itself where the language has none; a dash for nothing."""
    return "–" if is_missing(code) else words.get(f"{section}.{code}", str(code))


def status_text(status: str, words: Words) -> str:
    """A status with the sign that says how bad it is."""
    return f"{SIGNS.get(status, '○')} {word(words, 'status', status)}"


def share_of(share: object) -> str:
    """A round share as whole percent: 0.8 -> "80%"; a dash where there is none."""
    return "–" if is_missing(share) else f"{number(Decimal(str(share)) * 100)}%"
