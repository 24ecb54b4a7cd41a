"""Which disputed orders lie in a window, with which entries, and what do they add up to?

The window is one of disputes: an order and all its entries belong to the day on which its dispute began
(docs/decisions/0027). Every view adds up the same rows, so every view has the same sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

WINDOW_DAYS = 30
KEY = ["shop_id", "order_id"]
SIDES = ("merchant", "carrier", "buyer", "platform", "unknown")
"""Who can be held to account for a dispute."""
TOLD = ["reason_group", "ticket_type", "product_id", "courier", "province", "cause"]
"""What an order is told apart by; '' where no export tells."""
TOTALS = ["disputed_orders", "orders_with_unknown", "loss_fen", "known_fen", "estimated_fen"]


def within(entries: pd.DataFrame, orders: pd.DataFrame, first: date, last: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The orders disputed from `first` to `last`, and all their entries with what is told of the order.

    `entries` with `shop_id, order_id, component, source, amount_fen, is_counted`, `orders` one row an order with
    `disputed_on`, TOLD and `accountable`. What is not told is '', an accountable side that is not one of SIDES is `unknown`.
    Raises ValueError for an entry without its order and for an order without the day of its dispute: their money
    would be in no window.
    """
    began = pd.to_datetime(orders["disputed_on"])
    if began.isna().any():
        raise ValueError(f"{int(began.isna().sum())} disputed orders have no disputed_on")
    known = orders.assign(
        disputed_on=began,
        **{name: orders[name].astype("object").where(orders[name].notna(), "").astype("str") for name in TOLD},
        accountable=orders["accountable"].where(orders["accountable"].isin(SIDES), "unknown").astype("str"),
    )
    joined = entries.drop(columns=[name for name in known if name in entries and name not in KEY]).merge(
        known, on=KEY, how="left", validate="many_to_one"
    )
    if joined["disputed_on"].isna().any():
        raise ValueError(f"{int(joined['disputed_on'].isna().sum())} loss entries have no disputed order")
    joined = joined.astype({"amount_fen": "Int64", "is_counted": "bool", "component": "str", "source": "str"})
    inside = known["disputed_on"].between(pd.Timestamp(first), pd.Timestamp(last))
    counted = joined["disputed_on"].between(pd.Timestamp(first), pd.Timestamp(last))
    return known[inside].reset_index(drop=True), joined[counted].reset_index(drop=True)


def disputed(
    entries: pd.DataFrame, orders: pd.DataFrame, as_of: date, window_days: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The orders disputed in the `window_days` that end on `as_of`, and those of their entries that are counted."""
    inside, joined = within(entries, orders, as_of - timedelta(days=window_days - 1), as_of)
    return inside, joined[joined["is_counted"]].reset_index(drop=True)


def totals(orders: pd.DataFrame, entries: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """What do the counted entries of each group come to? TOTALS, indexed by `keys`, columns of both frames.

    An amount that is not known adds nothing and makes its order one of `orders_with_unknown`. A sum is missing where there
    are entries and none has an amount, 0 where there is none. `known_fen` comes from the ledger or by hand.
    """
    by = list(keys)
    is_estimate = entries["source"] == "estimate"
    lacking = entries[entries["amount_fen"].isna()].drop_duplicates([*KEY, *by])
    found = pd.DataFrame(
        {
            "disputed_orders": orders.groupby(by).size(),
            "orders_with_unknown": lacking.groupby(by).size(),
            "loss_fen": _sum(entries, by),
            "known_fen": _sum(entries[~is_estimate], by),
            "estimated_fen": _sum(entries[is_estimate], by),
        }
    )
    has_any = pd.DataFrame(
        {
            "loss_fen": entries.groupby(by).size(),
            "known_fen": entries[~is_estimate].groupby(by).size(),
            "estimated_fen": entries[is_estimate].groupby(by).size(),
        }
    ).reindex(found.index)
    found = found.astype("Int64").fillna({"disputed_orders": 0, "orders_with_unknown": 0})
    return found.mask(has_any.isna().reindex(columns=found.columns, fill_value=False) & found.isna(), 0)


def by_order(orders: pd.DataFrame, entries: pd.DataFrame) -> pd.DataFrame:
    """`orders` with `loss_fen`, what each lost by its counted `entries`; missing where no amount is known, 0 without any."""
    lost = totals(orders, entries, KEY)["loss_fen"].reset_index()
    return orders.merge(lost, on=KEY, how="left", validate="one_to_one")


def per(amount_fen: pd.Series, orders: pd.Series, times: int = 1) -> pd.Series:
    """`amount_fen` × `times` ÷ `orders`, rounded half up in whole numbers; missing without orders."""
    n = orders.astype("Int64").where(orders > 0)
    return ((2 * times * amount_fen.astype("Int64") + n) // (2 * n)).astype("Int64")


def _sum(entries: pd.DataFrame, by: list[str]) -> pd.Series:
    return entries.groupby(by)["amount_fen"].sum(min_count=1)
