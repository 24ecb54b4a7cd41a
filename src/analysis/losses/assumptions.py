"""Which assumptions do the losses rest on, which are missing, and what do missing ones leave unknown?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from analysis.losses.window import WINDOW_DAYS, within

COLUMNS = ["setting", "item", "state", "value", "reason", "entries", "unknown_entries"]
SETTINGS = (
    "unit_costs_yuan", "unit_cost_share", "outbound_freight_yuan", "return_freight_yuan", "salvage_share", "labour_yuan",
    "technical_fee_rate", "penalties_yuan", "gross_margin_share", "restriction_days", "restriction_lost_share",
)  # fmt: skip
"""The settings in the order in which they are printed."""
MISSING = "missing: "


def assumptions(
    entries: pd.DataFrame, orders: pd.DataFrame, costs: Any, as_of: date, window_days: int = WINDOW_DAYS
) -> pd.DataFrame:
    """What is assumed about costs, why, and how many loss entries of the window's disputes rest on it? COLUMNS.

    `costs`: the settings. One row a setting; one a named piece or penalty (`item`) where there are several. `state`: `set`;
    `preset` (nobody chose it); `missing`; then one row for each fact that the exports lack, with state `no_export`. `entries`
    rest on it; `unknown_entries` have no amount because it is missing. Entries are counted also where they lie inside the
    refund. Those of named pieces stand on the first piece, and are missing on the others: an entry does not tell which.
    """
    _, joined = within(entries, orders, as_of - timedelta(days=window_days - 1), as_of)
    used = joined.groupby(joined["rule"].astype("str")).size()
    rows = [row for name in SETTINGS for row in _setting(name, costs, used)]
    lacking = [rule.removeprefix(MISSING) for rule in used.index if rule.startswith(MISSING)]
    others = sorted(name for name in lacking if name.partition(".")[0] not in SETTINGS)
    rows += [(name, "", "no_export", None, "", 0, used[MISSING + name]) for name in others]
    kinds = dict.fromkeys(["entries", "unknown_entries"], "Int64") | {"value": "Float64"}
    return pd.DataFrame(rows, columns=COLUMNS).astype(kinds)


def _setting(name: str, costs: Any, used: pd.Series) -> list[tuple[Any, ...]]:
    value, reason = getattr(costs, name), costs.reasons.get(name, "")
    if isinstance(value, Mapping):
        return _named(name, value, reason, used)
    if value is None:
        return [(name, "", "missing", None, "", 0, used.get(MISSING + name, 0))]
    state = "set" if reason or value != getattr(type(costs)(), name) else "preset"
    return [(name, "", state, value, reason, used.get(name, 0), 0)]


def _named(name: str, values: Mapping[str, float], reason: str, used: pd.Series) -> list[tuple[Any, ...]]:
    """One row an item. Penalties are told apart by the component, pieces are not; components without an amount are missing."""
    own = {item: used.get(f"{name}.{item}", 0) for item in values}
    if name == "unit_costs_yuan":
        own = dict.fromkeys(own) | dict.fromkeys(sorted(own)[:1], used.get(name, 0))
    start = f"{MISSING}{name}."
    lacking = sorted(rule.removeprefix(start) for rule in used.index if rule.startswith(start))
    return [
        *((name, item, "set", value, reason, own[item], 0) for item, value in sorted(values.items())),
        *((name, item, "missing", None, "", 0, used[start + item]) for item in lacking),
    ]
