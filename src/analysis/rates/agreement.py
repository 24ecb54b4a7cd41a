"""Whether the shop's own figures and the platform's agree, in one line a shop."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.rates.reconciliation import shown_by_platform

DAYS_COMPARED = 30
AGREEMENT_COLUMNS = [
    "shop_id", "rule", "days", "days_equal", "stat_on", "platform_count", "platform_rate", "missing_count",
]  # fmt: skip


def agreement(reconciliation: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """On how many of the last DAYS_COMPARED days do our figures equal the platform's, and what does it show beyond ours?

    `reconciliation`: as `reconcile` gives it. One row a shop × rule with a figure of the platform's, AGREEMENT_COLUMNS:
    `days` with both figures; `days_equal` on which everything that the platform gave, count and rate, is met; and of its
    newest figure what `shown_by_platform` says (empty where that is too old).
    """
    age = (pd.Timestamp(as_of) - pd.to_datetime(reconciliation["date"])).dt.days
    recent = reconciliation[(age >= 0) & (age < DAYS_COMPARED)]
    comparable = recent["ours_count"].notna() & (recent["platform_count"].notna() | recent["platform_rate"].notna())
    count_met = (recent["difference"] == 0).fillna(recent["platform_count"].isna()).astype(bool)
    rate_met = recent["within_rounding"].fillna(recent["platform_rate"].isna()).astype(bool)
    equal = comparable & count_met & rate_met
    days = recent.assign(days=comparable.astype("int64"), days_equal=equal.astype("int64"))
    counted = days.groupby(["shop_id", "rule"], as_index=False)[["days", "days_equal"]].sum()
    return counted.merge(shown_by_platform(reconciliation, as_of), on=["shop_id", "rule"], how="left")[
        AGREEMENT_COLUMNS
    ]
