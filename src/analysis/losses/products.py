"""Which products lose most on each order that they sell?"""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.losses.intervals import half_up, sum_interval
from analysis.losses.window import WINDOW_DAYS, by_order, disputed, per, totals

MOST = 20
COLUMNS = [
    "shop_id", "product_id", "product_name", "orders_dealt", "disputed_orders", "orders_with_unknown", "loss_fen",
    "loss_per_1000_fen", "low_per_1000_fen", "high_per_1000_fen",
]  # fmt: skip


def top_products(
    entries: pd.DataFrame,
    orders: pd.DataFrame,
    segment_orders: pd.DataFrame,
    as_of: date,
    window_days: int = WINDOW_DAYS,
    most: int | None = MOST,
) -> pd.DataFrame:
    """Which products lose most per 1,000 orders that they dealt? At most `most` rows a shop (None: all), COLUMNS.

    `segment_orders`: the same window's orders, `shop_id, dimension, segment, orders_dealt`, of which the dimension `product`
    is read. The 95 % bounds are `intervals.sum_interval` of the product's losses by order over its `orders_dealt`. Ordered
    by the lower bound: one dear refund of a product that sold twice does not head the list. Per-1,000 figures are rounded
    half up, missing where no order was dealt. `product_id` is '' where no export tells. All rows add up to `summary`.
    """
    inside, counted = disputed(entries, orders, as_of, window_days)
    keys = ["shop_id", "product_id"]
    lost = by_order(inside, counted)
    lost = lost.assign(squares=lost["loss_fen"].astype("Float64") ** 2)
    groups = lost.groupby(keys)
    names = lost.dropna(subset=["product_name"]).groupby(keys)["product_name"].max()
    largest = lost.groupby("shop_id")["loss_fen"].max()
    own = segment_orders[segment_orders["dimension"] == "product"].rename(columns={"segment": "product_id"})
    dealt = own.groupby(keys)["orders_dealt"].sum()
    found = totals(inside, counted, keys)
    found = found.assign(
        product_name=names.reindex(found.index),
        orders_dealt=dealt.reindex(found.index).astype("Int64").fillna(0),
        squares=groups["squares"].sum(),
    ).reset_index()
    bounds = sum_interval(found["loss_fen"], found["squares"], found["shop_id"].map(largest).fillna(0))
    low, high = (_per_1000(bound, found["orders_dealt"]) for bound in bounds)
    found = found.assign(
        loss_per_1000_fen=per(found["loss_fen"], found["orders_dealt"], 1000),
        low_per_1000_fen=low,
        high_per_1000_fen=high,
    )
    ordered = found.sort_values(
        ["shop_id", "low_per_1000_fen", "loss_fen", "product_id"], ascending=[True, False, False, True]
    )
    shown = ordered if most is None else ordered.groupby("shop_id").head(most)
    return shown[COLUMNS].reset_index(drop=True)


def _per_1000(bound: pd.Series, orders: pd.Series) -> pd.Series:
    share = bound * 1000 / orders.astype("Float64").where(orders > 0)
    return half_up(share)
