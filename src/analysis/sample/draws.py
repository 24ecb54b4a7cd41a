"""Repeatable random draws: the same seed gives the same numbers on every machine and library version.

Only the plain uniform stream of a fixed bit generator is used; everything else is arithmetic on it,
because the streams of ready-made distributions may change between library versions and the sample is
compared byte by byte.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Wholes = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Draws:
    """A source of made-up values; every call moves on in one fixed stream."""

    def __init__(self, seed: int) -> None:
        self._stream = np.random.Generator(np.random.MT19937(seed))

    def uniform(self, count: int) -> Numbers:
        """`count` numbers in [0, 1)."""
        return np.asarray(self._stream.random(count), dtype=np.float64)

    def whole(self, count: int, low: int, high: int) -> Wholes:
        """`count` integers, `low` and `high` included."""
        return low + np.floor(self.uniform(count) * (high - low + 1)).astype(np.int64)

    def along(self, count: int, quantiles: Sequence[float]) -> Numbers:
        """`count` numbers of a distribution given by its evenly spaced quantiles, smallest to largest."""
        steps = np.linspace(0, 1, len(quantiles))
        return np.asarray(np.interp(self.uniform(count), steps, np.asarray(quantiles)), dtype=np.float64)

    def hours(self, count: int, quantiles: Sequence[float]) -> pd.TimedeltaIndex:
        """`count` durations in whole seconds; the quantiles are in hours."""
        return pd.to_timedelta(np.round(self.along(count, quantiles) * 3600).astype(np.int64), unit="s")

    def pick(self, count: int, values: Sequence[str], weights: Sequence[float]) -> pd.Series:
        """`count` of the values, each as often as its weight says."""
        edges = np.cumsum(weights) / np.sum(weights)
        places = np.searchsorted(edges[:-1], self.uniform(count), side="right")
        return pd.Series(np.asarray(values, dtype=object)[places], dtype="str")

    def marked(self, chances: Numbers) -> Flags:
        """Which rows are hit, one chance a row; evenly spread, so that shares stay near the chances."""
        filled = np.floor(np.cumsum(chances) + self.uniform(1))
        return np.diff(filled, prepend=0.0) > 0

    def digits(self, count: int, length: int) -> pd.Series:
        """`count` strings of `length` digits that do not begin with 0."""
        low = 10 ** (length - 1)
        return pd.Series(self.whole(count, low, 10 * low - 1)).astype("str")

    def hex32(self) -> str:
        """32 hexadecimal digits, as the backend puts them into file names."""
        return "".join(f"{part:08x}" for part in self.whole(4, 0, 2**32 - 1))
