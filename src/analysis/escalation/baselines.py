"""What the model must beat: a rule of two lines, and orders that need no model at all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.escalation.measures import Array
from analysis.escalation.watchlist import RULE_HOURS

BASELINES = ("base_rate", "newest_first", "largest_first", "rule")


def baselines(features: pd.DataFrame, base_rate: Array) -> dict[str, Array]:
    """The scores of BASELINES, one entry a row of `features` (`dealt_on, paid_fen, promise_missed, open_request_hours`).

    `base_rate`: each row's shop's own. `rule` is 1 or 0; rows that it does not tell apart are equals, and a list that is too
    short for all of them draws among them (`measures.taken`).
    """
    age = pd.to_datetime(features["dealt_on"]).astype("datetime64[s]").astype("int64").to_numpy()
    return {
        "base_rate": base_rate,
        "newest_first": age.astype(float),
        "largest_first": features["paid_fen"].to_numpy(dtype=float, na_value=-1.0),
        "rule": follows_rule(features).to_numpy(float),
    }


def follows_rule(features: pd.DataFrame) -> pd.Series:
    """Whether the promise was missed, or a request is open for longer than RULE_HOURS."""
    missed = features["promise_missed"].astype("boolean").fillna(False).astype(bool)
    hours = pd.Series(features["open_request_hours"].to_numpy(dtype=float, na_value=np.nan), features.index)
    return missed | (hours > RULE_HOURS)
