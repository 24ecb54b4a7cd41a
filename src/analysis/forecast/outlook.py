"""The forecast as the report shows it, and what it does not show because it has not earned it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from analysis.forecast import counts
from analysis.forecast.arrivals import HORIZONS_DAYS
from analysis.forecast.replay import Replay

LEAST_HISTORY_DAYS = 90
LEAST_EVENTS_A_MONTH = 5
MONTH_DAYS = 30
BAND_ONLY_DAYS = 30
COLUMNS = [
    "shop_id", "horizon_days", "target_date", "expected", "low50", "high50", "low80", "high80", "low95", "high95",
    "breach_probability", "skill", "skill_of", "reason",
]  # fmt: skip
FILE_COLUMNS = [
    "shop_id", "rule", "horizon_days", "target_date", "expected", "low80", "high80", "breach_probability", "skill", "reason",
]  # fmt: skip
"""What `forecast.csv` holds; the page shows the other bands too."""


def outlook(past: Replay, tested: pd.DataFrame) -> pd.DataFrame:
    """How many will be inside the window in 7, 14 and 30 days, and how likely is that above the line?

    `tested` is `backtest(past)`. One row a shop × horizon with COLUMNS; counts of units, probabilities 0–1. `skill` and
    `skill_of` are the back-test's. `reason` says why something is withheld; the first that holds:

    - `too_short`: fewer than LEAST_HISTORY_DAYS days of history. No forecast.
    - `too_few_events`: nothing happened that a skill could be measured on. No forecast.
    - `no_skill`: skill <= 0, or at 14 days no better than the shop's own past. No forecast. Not asked at 30 days.
    - `band_only`: 30 days ahead there is no probability, whatever the skill.
    - `no_line`: the shop has no line. No probability.
    - `too_few_events`: at 14 days a probability needs more than LEAST_EVENTS_A_MONTH events a month at the present pace.
    """
    table = pd.concat([_horizon(past, h) for h in HORIZONS_DAYS], ignore_index=True)
    table = table.merge(
        tested[["shop_id", "horizon_days", "skill", "skill_of"]],
        on=["shop_id", "horizon_days"],
        how="left",
        validate="one_to_one",
    )
    is_band_only = table["horizon_days"] >= BAND_ONLY_DAYS
    unproven = table["skill"].isna() & ~is_band_only
    no_skill = ((table["skill"] <= 0).fillna(False) & ~is_band_only).astype(bool)
    too_short = table["history_days"] < LEAST_HISTORY_DAYS
    few = (table["horizon_days"] > HORIZONS_DAYS[0]) & (table["events_a_month"] <= LEAST_EVENTS_A_MONTH)
    reason = np.select(
        [too_short, unproven, no_skill, is_band_only, table["breach_probability"].isna(), few],
        ["too_short", "too_few_events", "no_skill", "band_only", "no_line", "too_few_events"],
        default="",
    )
    withheld = too_short | unproven | no_skill
    shown = ["expected", *(f"{side}{level}" for level in counts.BANDS for side in ("low", "high"))]
    table[shown] = table[shown].mask(withheld)
    table["breach_probability"] = table["breach_probability"].where(reason == "")
    return table.assign(reason=reason).sort_values(["shop_id", "horizon_days"], ignore_index=True)[COLUMNS]


def withheld(shops: Sequence[str], as_of: date, reason: str) -> pd.DataFrame:
    """The outlook of shops about which nothing can be said, for one reason: one row a shop × horizon with COLUMNS."""
    rows = [(shop, h, as_of + timedelta(days=h), reason) for shop in shops for h in HORIZONS_DAYS]
    return pd.DataFrame(rows, columns=["shop_id", "horizon_days", "target_date", "reason"]).reindex(columns=COLUMNS)


def one_more(past: Replay) -> pd.Series:
    """How much does one more counted unit raise the chance of being above the line in 7 days? By shop, 0–1.

    P(one more + inside + arrivals > allowed) − P(inside + arrivals > allowed). Missing where the shop has no line.
    """
    ahead = past.ahead[HORIZONS_DAYS[0]]
    inside, mean, spread, allowed = (each[-1] for each in (ahead.inside, ahead.mean, ahead.spread, ahead.allowed))
    more = counts.above(allowed - inside - 1, mean, spread) - counts.above(allowed - inside, mean, spread)
    return pd.Series(more, index=pd.Index(past.known.shops, name="shop_id")).astype("Float64")


def _horizon(past: Replay, h: int) -> pd.DataFrame:
    known, ahead = past.known, past.ahead[h]
    inside, mean, spread = ahead.inside[-1], ahead.mean[-1], ahead.spread[-1]
    limits: dict[str, Any] = {
        f"{side}{level}": inside + counts.quantile(at, mean, spread)
        for level, ends in counts.BANDS.items()
        for side, at in zip(("low", "high"), ends, strict=True)
    }
    dtypes: Any = {"shop_id": "str", "expected": "Float64", "breach_probability": "Float64"}
    dtypes |= dict.fromkeys(limits, "Int64")
    return pd.DataFrame(
        {
            "shop_id": known.shops,
            "horizon_days": h,
            "target_date": (known.days[-1] + pd.Timedelta(days=h)).date(),
            "expected": inside + mean,
            **limits,
            "breach_probability": ahead.breach[-1],
            "history_days": known.history_days[-1],
            "events_a_month": past.daily[-1] * MONTH_DAYS,
        }
    ).astype(dtypes)
