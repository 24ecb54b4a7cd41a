"""From which couriers can the shop claim what it lost through them, for which parcels?"""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.losses.window import KEY, WINDOW_DAYS, disputed

CLAIM_COLUMNS = [
    "shop_id", "courier", "order_id", "tracking_no", "cause", "lost_fen", "claimed_fen", "open_fen", "has_unknown", "until_on",
]  # fmt: skip
CARRIER_COLUMNS = [
    "shop_id", "courier", "orders", "parcels", "lost_fen", "claimed_fen", "open_fen", "orders_with_unknown", "until_on"
]  # fmt: skip


def claims(
    entries: pd.DataFrame,
    orders: pd.DataFrame,
    as_of: date,
    parcels: pd.DataFrame | None = None,
    window_days: int = WINDOW_DAYS,
) -> pd.DataFrame:
    """Which of the window's orders were lost through the carrier? One row an order, CLAIM_COLUMNS, the dearest first.

    Orders whose `accountable` is `carrier` and that lost something or may have. `parcels` with `shop_id, order_id, tracking_no`
    and, where it is known, `until_on`, the last day for a claim: without it nothing is said of the end; what is over is
    not listed. `lost_fen`: the loss before claims; missing where no amount is known. `claimed_fen`: what the carrier
    paid; `open_fen`: what is left of the loss. `has_unknown`: a part has no amount.
    """
    inside, counted = disputed(entries, orders, as_of, window_days)
    own = inside[inside["accountable"] == "carrier"]
    is_claim = counted["component"] == "carrier_claim"
    lost = counted[~is_claim].groupby(KEY)["amount_fen"].sum(min_count=1).rename("lost_fen")
    paid = (-counted[is_claim].groupby(KEY)["amount_fen"].sum()).rename("claimed_fen")
    lacks = counted["amount_fen"].isna().groupby([counted[name] for name in KEY]).any().rename("has_unknown")
    found = own.merge(pd.concat([lost, paid, lacks], axis=1).reset_index(), on=KEY, how="inner")
    found = found.assign(
        lost_fen=found["lost_fen"].astype("Int64"),
        claimed_fen=found["claimed_fen"].astype("Int64").fillna(0),
        has_unknown=found["has_unknown"].astype("bool"),
    )
    found["open_fen"] = found["lost_fen"] - found["claimed_fen"]
    found = found.merge(_ends(parcels), on=KEY, how="left", validate="one_to_one")
    is_over = (found["until_on"] < pd.Timestamp(as_of)).astype("bool")
    is_worth_it = (found["open_fen"] > 0).fillna(True).astype("bool")
    ordered = found[is_worth_it & ~is_over].sort_values(
        ["shop_id", "open_fen", "order_id"], ascending=[True, False, True], ignore_index=True
    )
    return ordered[CLAIM_COLUMNS]


def carriers_to_claim(claims: pd.DataFrame) -> pd.DataFrame:
    """From whom is how much to be claimed? One row a shop × courier, CARRIER_COLUMNS, the most money first.

    `claims` as `claims` gives them. `parcels`: those whose number is known; `until_on`: the first that ends, missing where
    no end is known; a courier that no export names is ''.
    """
    groups = claims.groupby(["shop_id", "courier"])
    found = groups.agg(
        orders=("order_id", "size"),
        parcels=("tracking_no", "nunique"),
        claimed_fen=("claimed_fen", "sum"),
        orders_with_unknown=("has_unknown", "sum"),
        until_on=("until_on", "min"),
    )
    money = groups[["lost_fen", "open_fen"]].sum(min_count=1)
    table = found.join(money).astype(
        dict.fromkeys(["orders", "parcels", "orders_with_unknown", "lost_fen", "claimed_fen", "open_fen"], "Int64")
    )
    return table.reset_index().sort_values(
        ["shop_id", "open_fen", "courier"], ascending=[True, False, True], ignore_index=True
    )[CARRIER_COLUMNS]


def _ends(parcels: pd.DataFrame | None) -> pd.DataFrame:
    """`tracking_no` and `until_on` by order, one row an order."""
    given = pd.DataFrame(columns=[*KEY, "tracking_no"]) if parcels is None else parcels
    until = given["until_on"] if "until_on" in given else pd.Series(pd.NaT, index=given.index)
    told = given.assign(until_on=pd.to_datetime(until).astype("datetime64[us]"))
    return told.drop_duplicates(KEY)[[*KEY, "tracking_no", "until_on"]].astype(dict.fromkeys(KEY, "str"))
