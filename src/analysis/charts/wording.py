"""Numbers as a reader reads them: percentages half up, a rate never without its counts and interval."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

Words = Mapping[str, str]

FEW_EVENTS = 5
"""Below this many events a rate says little: counts and interval are shown, no comparison arrow."""


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


def interval(low: object, high: object) -> str:
    """A rate's 95 % interval; a dash where there is none."""
    return "–" if is_missing(low) or is_missing(high) else f"{percent(low)}–{percent(high)}"


def day(value: object) -> str:
    """A date as ISO text; a dash where there is none."""
    return "–" if is_missing(value) else pd.Timestamp(str(value)).strftime("%Y-%m-%d")


def minute(value: object) -> str:
    """A Beijing wall-clock time down to the minute; only the date where the time of day is midnight."""
    if is_missing(value):
        return "–"
    at = pd.Timestamp(str(value))
    return at.strftime("%Y-%m-%d" if at == at.normalize() else "%Y-%m-%d %H:%M")


def word(words: Words, section: str, code: object) -> str:
    """The reader's word for a code; the code itself where the language has none; a dash for nothing."""
    return "–" if is_missing(code) else words.get(f"{section}.{code}", str(code))
