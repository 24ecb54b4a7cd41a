"""How sure a share is: k of n, and how far chance alone could move it."""

from __future__ import annotations

import pandas as pd

Z_95 = 1.959963984540054


def share(k: pd.Series, n: pd.Series) -> pd.Series:
    """k of n as a share 0–1; missing where n is missing or zero."""
    return (k.astype("Float64") / n.astype("Float64").where(n > 0)).astype("Float64")


def wilson(k: pd.Series, n: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Wilson's 95 % interval of k of n (Wilson 1927; Brown, Cai and DasGupta 2001); missing unless 0 < n and k <= n.

    More interventions than orders can happen where few were dealt: the intervened ones were dealt before the window.
    """
    possible = ((n > 0) & (k <= n)).fillna(False)
    trials = n.where(possible).astype("Float64")
    p = k.where(possible).astype("Float64") / trials
    middle = p + Z_95**2 / (2 * trials)
    half = Z_95 * (p * (1 - p) / trials + Z_95**2 / (4 * trials**2)) ** 0.5
    scale = 1 + Z_95**2 / trials
    low = ((middle - half) / scale).mask(k == 0, 0.0).where(possible)
    high = ((middle + half) / scale).mask(k == n, 1.0).where(possible)
    return low.astype("Float64"), high.astype("Float64")
