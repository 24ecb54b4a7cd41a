"""What the names on the way to a file say: its shop, its order, its parcel, its kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Protocol

ORDER_ID = r"\d{6}-\d{15}"
SHORTEST_TRACKING_NO = 8
DASHES = re.compile("[‐‑‒–—−]")


class Kind(Protocol):
    """A kind of proof and the pattern of its files' names."""

    @property
    def name(self) -> str: ...

    @property
    def pattern(self) -> str: ...


def folded(name: str) -> str:
    """A name with full-width signs and every dash made plain."""
    return DASHES.sub("-", unicodedata.normalize("NFKC", name))


def order_ids(name: str, pattern: str = ORDER_ID) -> list[str]:
    """The order numbers in a name, each once, in order of appearance; never a part of a longer number."""
    found = re.finditer(rf"(?<!\d)(?:{pattern})(?!\d)", folded(name), re.ASCII)
    return list(dict.fromkeys(each[0] for each in found))


def tracking_numbers(name: str, pattern: str = ORDER_ID) -> list[str]:
    """What could be a tracking number in a name, in capitals, longest first: only the caller knows which are.

    Runs of letters, digits and dashes, whole and each stretch between dashes (`20260601-JDVA123456-1-1`), without what
    belongs to an order number.
    """
    rest = re.sub(rf"(?<!\d)(?:{pattern})(?!\d)", " ", folded(name), flags=re.ASCII).upper()
    found: set[str] = set()
    for run in re.findall(r"[0-9A-Z][0-9A-Z-]*", rest):
        parts = run.split("-")
        found |= {"-".join(parts[first:end]) for first, end in combinations(range(len(parts) + 1), 2)}
    return sorted((each for each in found if len(each) >= SHORTEST_TRACKING_NO), key=lambda each: (-len(each), each))


def kind(parts: Sequence[str], kinds: Iterable[Kind]) -> str | None:
    """The kind that the file's own name (the last part) tells, else the nearest folder's; None where none does."""
    patterns = [(each.name, each.pattern) for each in kinds]
    for part in reversed(parts):
        plain = folded(part)
        for name, pattern in patterns:
            if re.search(pattern, plain, re.IGNORECASE):
                return name
    return None
