"""Money as a reader reads it: exact from fen, never through a binary fraction; axes with ticks that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from analysis.charts.wording import Words, is_missing, number

Row = Mapping[Any, Any]
MOST_TICKS = 4


def yuan(fen: object, digits: int = 2) -> str:
    """An amount of whole fen in yuan with thousands separators and a true minus: 392147 -> "3,921.47"; a dash where none is known."""
    return "–" if is_missing(fen) else number(Decimal(int(str(fen))) / 100, digits)


def money(fen: object, digits: int = 2) -> str:
    """As `yuan`, with the sign of the currency: -1349 -> "−¥13.49"."""
    text = yuan(fen, digits)
    return text if text == "–" else f"−¥{text[1:]}" if text.startswith("−") else f"¥{text}"


def of_yuan(amount: object, digits: int = 2) -> str:
    """As `money`, of an amount that is reckoned in yuan."""
    return "–" if is_missing(amount) else money(int((Decimal(str(amount)) * 100).to_integral_value()), digits)


def between(low: object, high: object, digits: int = 2) -> str:
    """An interval of amounts in fen; a dash where there is none."""
    return "–" if is_missing(low) or is_missing(high) else f"{money(low, digits)} … {money(high, digits)}"


def yuan_axis(low: float, high: float, words: Words) -> dict[str, Any]:
    """An axis of yuan that holds 0 and both ends, with at most MOST_TICKS steps and whole labels: 1.5 万, 15k."""
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    span = high - low or 1.0
    sizes = (size * 10**power for power in range(9) for size in (1, 2, 5))
    step = next(size for size in sizes if span <= MOST_TICKS * size)
    ticks = (at * step for at in range(int(low // step), int(high // step) + 1))
    kept = [each for each in ticks if each >= low]
    return {
        "range": [low - span * 0.03, high + span * 0.03],
        "tickvals": kept,
        "ticktext": [_tick(each, words) for each in kept],
        "zeroline": low < 0,
        "fixedrange": True,
    }


def _tick(amount: int, words: Words) -> str:
    """A round amount; from the language's large unit on in that unit."""
    size = int(words["money.unit_size"])
    if abs(amount) < size:
        return f"¥{amount:,}".replace("¥-", "−¥")
    text = f"{Decimal(amount) / size:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"¥{text}{words['money.unit']}".replace("¥-", "−¥")
