"""From the refund, which everybody sees, to the whole cost; and what the refund swallowed."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from analysis.losses.window import KEY, WINDOW_DAYS, within

STEPS = (
    "refund", "coupon_back", "compensation", "small_payment", "late_shipping", "false_shipping", "fraudulent_shipping",
    "out_of_stock", "freight_compensation", "return_freight", "other_after_sales", "reshipped_goods", "labour", "fee_returned",
    "returned_goods", "goods_not_sent", "carrier_claim", "appeal_recovery",
)  # fmt: skip
"""The counted components in the order in which they are shown; any other comes after them."""
CAME_BACK = {"returned_goods": "goods_back", "goods_not_sent": "goods_back", "fee_returned": "fee_back"}
"""What of the refund's content came back, by the counted component that says so (negative there)."""
SWALLOWED = ("goods_back", "goods_not_returned", "outbound_freight", "fee_back", "fee_not_returned")
REFUNDED = ("refund", "coupon_back")
LAST = ("rest", "whole_cost", "whole_refund")
COLUMNS = ["shop_id", "part", "step", "amount_fen", "start_fen", "end_fen", "entries", "unknown_entries"]


def waterfall(entries: pd.DataFrame, orders: pd.DataFrame, as_of: date, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """How does the refund grow into the whole cost, and what was in the refund? One row a shop × part × step, COLUMNS.

    Part `cost`: each counted component from `start_fen` to `end_fen`, then `whole_cost` from 0, which is `summary`'s loss.
    Part `refund`: what refund and coupons taken back had been made of: goods that came back or were never sent, goods kept by
    the buyer, outbound freight, fee; then `rest`, which is margin (with what a returned piece lost in value, and partial
    refunds, which are a discount out of the margin), and `whole_refund` from 0. What the orders refunded in full say of
    goods, freight and fee is used; it is inside the refund, so this part explains the first and is never added to it.
    `unknown_entries` have no amount and add nothing; in `rest` they say how much of it may not be margin. `amount_fen` is
    missing where none is known. A shop without a disputed order has no rows.
    """
    inside, joined = within(entries, orders, as_of - timedelta(days=window_days - 1), as_of)
    counted = joined[joined["is_counted"]]
    revenue = counted[counted["component"].isin(REFUNDED)].assign(part="refund")
    content = _content(joined, inside).assign(part="refund")
    table = _sums(
        [
            counted.assign(part="cost", step=counted["component"]),
            counted.assign(part="cost", step="whole_cost"),
            content,
            revenue.assign(step="rest"),
            content.assign(step="rest", amount_fen=-content["amount_fen"]),
            revenue.assign(step="whole_refund"),
        ]
    )
    places = {name: at for at, name in enumerate((*STEPS, *SWALLOWED, *LAST))}
    table = table.assign(place=table["step"].map(places).fillna(places["rest"] - 0.5))
    table = table.sort_values(["shop_id", "part", "place", "step"], ignore_index=True)
    is_whole = table["step"].isin(LAST[1:])
    moves = table["amount_fen"].fillna(0)
    ends = moves.mask(is_whole, 0).groupby([table["shop_id"], table["part"]]).cumsum()
    table = table.assign(start_fen=(ends - moves).mask(is_whole, 0), end_fen=ends.mask(is_whole, moves))
    return table[COLUMNS]


def _sums(rows: list[pd.DataFrame]) -> pd.DataFrame:
    """`amount_fen, entries, unknown_entries` by shop, part and step."""
    names = ["shop_id", "part", "step", "amount_fen"]
    together = pd.concat([each[names] for each in rows], ignore_index=True).astype(dict.fromkeys(names[:3], "str"))
    groups = together.assign(lacks=together["amount_fen"].isna()).groupby(names[:3])
    found = groups.agg(entries=("lacks", "size"), unknown_entries=("lacks", "sum"))
    return found.assign(amount_fen=groups["amount_fen"].sum(min_count=1)).astype("Int64").reset_index()


def _content(joined: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """What the entries say of goods, freight and fee in refunds in full: positive amounts, under the steps of SWALLOWED."""
    in_full = orders.loc[~orders["is_partial"].astype("boolean").fillna(False).astype("bool"), KEY]
    refunded = joined.loc[joined["is_counted"] & (joined["component"] == "refund"), KEY].drop_duplicates()
    told = joined.merge(in_full.merge(refunded, on=KEY), on=KEY)
    came_back = told["is_counted"] & told["component"].isin(list(CAME_BACK))
    is_inside = ~told["is_counted"] & told["component"].isin(SWALLOWED)
    amount = told["amount_fen"].mask(came_back, -told["amount_fen"])
    return told.assign(step=told["component"].replace(CAME_BACK), amount_fen=amount)[came_back | is_inside]
