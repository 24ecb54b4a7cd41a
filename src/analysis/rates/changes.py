"""What changed since the last report, order by order: new, rolled off, restated, redefined."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

CHANGES_COLUMNS = ["shop_id", "rule", "since", "kind", "change", "order_id"]
KINDS = {
    "restated": ("before", "restated"),
    "redefined": ("restated", "redefined"),
    "rolled_off": ("redefined", "now"),
    "new": ("redefined", "now"),
}
"""Kind → the two counts whose difference it is; the two steps of the window's move are one difference."""
TOTALS_COLUMNS = ["shop_id", "rule", "count_before", "new", "rolled_off", "restated", "redefined", "count_now"]

_UNIT = ["shop_id", "rule", "unit_id"]


def changes(
    before: pd.DataFrame | None, restated: pd.DataFrame, redefined: pd.DataFrame, now: pd.DataFrame, since: date
) -> pd.DataFrame:
    """Which orders entered or left the count since the report of `since`, and why?

    Four lists of counted units (`shop_id, rule, unit_id, order_id`; `unit_id` is what the rule counts once):
    `before` as the previous report stored it; `restated` the same window and definition with what is known today;
    `redefined` the same window under today's definition; `now` today's window. A rule that the previous report did not
    have is to be left out of all four, or it counts as redefined.

    One row a unit and kind, with CHANGES_COLUMNS; `change` is +1 where it entered, −1 where it left. `restated`: late or
    corrected rows. `redefined`: the rule itself was changed. `new` and `rolled_off`: the window moved. For each shop and
    rule the changes add up to the count now less the count before. Empty where nothing changed; also where `before` is
    None, because there was no report.
    """
    if before is None:
        return _shaped(pd.DataFrame(columns=["shop_id", "rule", "kind", "change", "order_id"]), since)
    lists = {"before": before, "restated": restated, "redefined": redefined, "now": now}
    every = pd.concat([each[[*_UNIT, "order_id"]] for each in lists.values()], ignore_index=True)
    number = every.groupby(_UNIT, sort=False).ngroup()
    units = every[~number.duplicated()].reset_index(drop=True)
    ends = np.cumsum([len(each) for each in lists.values()])
    held = {
        name: np.bincount(number[end - len(each) : end], minlength=len(units)).clip(max=1)
        for (name, each), end in zip(lists.items(), ends, strict=True)
    }
    found = []
    for kind, (earlier, later) in KINDS.items():
        change = held[later] - held[earlier]
        wanted = {"rolled_off": change < 0, "new": change > 0}.get(kind, change != 0)
        found.append(units[wanted].assign(kind=kind, change=change[wanted]))
    return _shaped(pd.concat(found), since)


def change_totals(changes: pd.DataFrame, before: pd.DataFrame | None, now: pd.DataFrame) -> pd.DataFrame:
    """How do the kinds add up from the count before to the count now?

    One row a shop × rule with anything counted then or now, or changed, with TOTALS_COLUMNS:
    count_before + new + rolled_off + restated + redefined = count_now, where `rolled_off` is never positive. Empty where
    `before` is None.
    """
    if before is None:
        return pd.DataFrame(columns=TOTALS_COLUMNS)
    key = ["shop_id", "rule"]
    kinds = changes.groupby([*key, "kind"])["change"].sum().unstack("kind").reindex(columns=list(KINDS))
    counts = {
        name: each.drop_duplicates(_UNIT).groupby(key).size()
        for name, each in (("count_before", before), ("count_now", now))
    }
    totals = kinds.join(pd.DataFrame(counts), how="outer").fillna(0).astype("int64")
    return totals.rename_axis(index=key).reset_index()[TOTALS_COLUMNS]


def _shaped(found: pd.DataFrame, since: date) -> pd.DataFrame:
    shaped = found.assign(since=since, change=found["change"].astype("int64"))[CHANGES_COLUMNS]
    return shaped.sort_values(["shop_id", "rule", "kind", "order_id", "change"]).reset_index(drop=True)
