"""In which products, couriers, provinces and for which reasons a rate arises."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from analysis.rates.intervals import share, wilson
from analysis.rates.windows import in_window, judged

SEGMENT_COLUMNS = {"product": "product", "courier": "courier", "province": "province", "reason": "reason_group"}


def segments(interventions: pd.DataFrame, segment_orders: pd.DataFrame, rule: Any, as_of: date) -> pd.DataFrame:
    """In which products, couriers, provinces and for which reasons does the window's rate arise?

    One row a shop × dimension × segment: `shop_id, dimension, segment, label, numerator, denominator, rate, rate_low,
    rate_high`. Numerators are distinct orders with a counted intervention. A reason has no orders of its own, so its
    denominator is the window's intervened orders: its rate is a share of those. `label` is a product's name; a segment that
    the exports do not tell is ''.
    """
    inside = in_window(judged(interventions, rule), rule, as_of).query("counted")
    orders = inside.drop_duplicates(["shop_id", "order_id"])
    counts = pd.concat(
        [
            orders.assign(segment=orders[column].fillna("").astype("str"))
            .groupby(["shop_id", "segment"], as_index=False)
            .agg(numerator=("order_id", "size"))
            .assign(dimension=dimension)
            for dimension, column in SEGMENT_COLUMNS.items()
        ]
    )
    known = segment_orders.query("dimension != 'reason'").rename(columns={"orders_dealt": "denominator"})
    joined = counts.merge(known, on=["shop_id", "dimension", "segment"], how="outer", validate="one_to_one")
    is_reason = joined["dimension"] == "reason"
    of_shop = joined["shop_id"].map(orders.groupby("shop_id").size())
    k = joined["numerator"].fillna(0).astype("Int64")
    n = joined["denominator"].where(~is_reason, of_shop).astype("Float64").round().astype("Int64")
    fitting = n.where(n >= k)  # an intervened order may have been dealt before the window: then there is no share
    low, high = wilson(k, fitting)
    return (
        joined.assign(
            label=joined["label"].fillna(joined["segment"]),
            numerator=k,
            denominator=n,
            rate=share(k, n),
            rate_low=low,
            rate_high=high,
        )[
            [
                "shop_id",
                "dimension",
                "segment",
                "label",
                "numerator",
                "denominator",
                "rate",
                "rate_low",
                "rate_high",
            ]
        ]
        .sort_values(
            ["shop_id", "dimension", "numerator", "rate", "segment"],
            ascending=[True, True, False, False, True],
        )
        .reset_index(drop=True)
    )
