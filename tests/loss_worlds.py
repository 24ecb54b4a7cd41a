"""Disputed orders and their loss entries as frames: given by hand, or any that hypothesis can think of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

AS_OF = date(2026, 6, 30)
COMPONENTS = (
    "refund",
    "coupon_back",
    "compensation",
    "labour",
    "fee_returned",
    "returned_goods",
    "carrier_claim",
    "new_one",
)
NOT_COUNTED = ("goods_not_returned", "outbound_freight", "fee_not_returned")
TEXTS = (None, "甲", "乙", "")


def order(number: int, **given: Any) -> dict[str, Any]:
    """One row of the question `loss_orders`, with these fields changed."""
    usual = {
        "shop_id": "店", "order_id": f"260601-{number:015d}", "disputed_on": date(2026, 6, 15), "dealt_on": date(2026, 6, 1),
        "product_id": "p1", "product_name": "杯", "courier": "慢", "province": "浙江", "reason_group": "quality",
        "ticket_type": None, "outcome": "buyer", "is_partial": False, "cause": "quality", "accountable": "merchant",
    }  # fmt: skip
    return usual | given


def entry(number: int, component: str, amount_fen: int | None, **given: Any) -> dict[str, Any]:
    """One row of the question `loss_entries` for the order of that number, with these fields changed."""
    usual = {
        "shop_id": "店", "order_id": f"260601-{number:015d}", "component": component, "source": "ledger",
        "amount_fen": amount_fen, "is_counted": component not in NOT_COUNTED, "booked_at": datetime(2026, 6, 16, 10),
        "rule": "0020002",
    }  # fmt: skip
    return usual | given


def frames(orders: Sequence[dict[str, Any]], entries: Sequence[dict[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Entries and orders, in the order in which the functions take them."""
    told = pd.DataFrame(orders, columns=list(order(0))).astype({"disputed_on": "datetime64[us]"})
    listed = pd.DataFrame(entries, columns=list(entry(0, "refund", 0)))
    return listed.astype({"amount_fen": "Int64", "booked_at": "datetime64[us]", "is_counted": "bool"}), told


def days(**dealt: int) -> pd.DataFrame:
    """`shop_days` of ninety days up to AS_OF: so many orders dealt every day, by shop."""
    rows = [(shop, AS_OF - timedelta(days=ago), count) for shop, count in dealt.items() for ago in range(90)]
    return pd.DataFrame(rows, columns=["shop_id", "on_date", "orders_dealt"])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two shops, orders before, in and after the window, known and unknown amounts of either sign."""
    orders: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for number in range(draw(st.integers(0, 7))):
        text = st.sampled_from(TEXTS)
        disputed_on = AS_OF - timedelta(days=draw(st.integers(-2, 45)))
        given = {
            name: draw(text) for name in ("product_id", "courier", "province", "reason_group", "ticket_type", "cause")
        }
        more: dict[str, Any] = {
            "shop_id": draw(st.sampled_from(["店", "别店"])),
            "disputed_on": disputed_on,
            "accountable": draw(st.sampled_from(["merchant", "carrier", "buyer", "platform", "unknown", None])),
            "outcome": draw(st.sampled_from(["buyer", "pending", None])),
            "is_partial": draw(st.booleans()),
        }
        orders.append(order(number, **given, **more))
        for component in draw(st.sets(st.sampled_from(COMPONENTS + NOT_COUNTED), max_size=5)):
            amount = draw(st.one_of(st.none(), st.integers(-(10**7), 10**7)))
            source = draw(st.sampled_from(["ledger", "estimate", "manual"])) if amount is not None else "estimate"
            booked = datetime.combine(disputed_on, time(10)) + timedelta(days=draw(st.integers(0, 40)))
            entries.append(entry(number, component, amount, shop_id=more["shop_id"], source=source, booked_at=booked))
    return frames(orders, entries)
