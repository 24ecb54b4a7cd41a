"""What did the disputes of the last 30 days cost each shop, and how much of that is booked, estimated, not known?"""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from analysis.losses.window import WINDOW_DAYS, disputed, per, totals

LOSS_COLUMNS = ["order_id", "shop_id", "component", "amount_fen", "source", "booked_at", "cause", "rule"]
"""The columns of numbers/losses.csv."""
SUMMARY_COLUMNS = [
    "shop_id", "window_start", "window_end", "disputed_orders", "pending_orders", "orders_with_unknown", "orders_dealt",
    "loss_fen", "known_fen", "estimated_fen", "loss_per_1000_fen", "entries", "known_share", "estimated_share", "unknown_share",
]  # fmt: skip
"""The columns of numbers/loss_summary.csv."""


def listed(entries: pd.DataFrame, orders: pd.DataFrame, as_of: date, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """Which entries are counted in the window? One row an order × component × source, LOSS_COLUMNS.

    They add up to `summary`, shop by shop. `amount_fen`: + cost, − came back; missing: not known.
    """
    _, counted = disputed(entries, orders, as_of, window_days)
    return counted[LOSS_COLUMNS].sort_values(["shop_id", "order_id", "component", "source"], ignore_index=True)


def summary(
    entries: pd.DataFrame, orders: pd.DataFrame, shop_days: pd.DataFrame, as_of: date, window_days: int = WINDOW_DAYS
) -> pd.DataFrame:
    """What did the orders disputed in the window cost? One row a shop, SUMMARY_COLUMNS.

    `shop_days` with `shop_id, on_date, orders_dealt`; every shop of it or of `orders` has a row. `loss_fen` is `known_fen`
    (ledger or by hand) + `estimated_fen`, see `window.totals` for what missing means; `pending_orders` are not decided yet.
    `loss_per_1000_fen`: per 1,000 of `orders_dealt` in the window, rounded half up; both are missing where the exports of
    orders begin after the window does. The shares are of the `entries` and add up to 1, missing without any.
    """
    inside, counted = disputed(entries, orders, as_of, window_days)
    start = as_of - timedelta(days=window_days - 1)
    shops = pd.Index(sorted(set(shop_days["shop_id"]) | set(orders["shop_id"])), name="shop_id", dtype="str")
    found = totals(inside, counted, ["shop_id"]).reindex(shops, fill_value=0)
    dealt = _dealt(shop_days, start, as_of).reindex(shops)
    pending = inside[inside["outcome"] == "pending"].groupby("shop_id").size()
    lacks = counted["amount_fen"].isna()
    kinds = {
        "known_share": ~lacks & (counted["source"] != "estimate"),
        "estimated_share": ~lacks & (counted["source"] == "estimate"),
        "unknown_share": lacks,
    }
    shares = {
        name: is_it.groupby(counted["shop_id"]).mean().reindex(shops).astype("Float64") for name, is_it in kinds.items()
    }
    found = found.assign(
        window_start=start,
        window_end=as_of,
        pending_orders=pending.reindex(shops, fill_value=0).astype("Int64"),
        orders_dealt=dealt,
        loss_per_1000_fen=per(found["loss_fen"], dealt, 1000),
        entries=counted.groupby("shop_id").size().reindex(shops, fill_value=0).astype("Int64"),
        **shares,
    )
    return found.reset_index()[SUMMARY_COLUMNS]


def _dealt(shop_days: pd.DataFrame, start: date, as_of: date) -> pd.Series:
    """Orders dealt in the window by shop; none for a shop whose first known day comes after `start`."""
    days = pd.to_datetime(shop_days["on_date"])
    inside = days.between(pd.Timestamp(start), pd.Timestamp(as_of))
    dealt = shop_days["orders_dealt"].where(inside, 0).groupby(shop_days["shop_id"]).sum().astype("Int64")
    return dealt.where(days.groupby(shop_days["shop_id"]).min() <= pd.Timestamp(start))
