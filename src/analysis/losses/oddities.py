"""Which of the window's disputes have something odd about their money, so that their loss may not be right?"""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.losses.window import KEY, WINDOW_DAYS, disputed

COLUMNS = ["shop_id", "flag", "orders", "disputed_orders", "loss_fen"]


def oddities(entries: pd.DataFrame, orders: pd.DataFrame, as_of: date, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """How many disputed orders of the window have each flag, of how many, and what is their loss? One row a shop × flag, COLUMNS.

    `orders` with `flags`, joined by commas. An order with several flags stands in each. Empty where nothing is odd.
    """
    inside, counted = disputed(entries, orders, as_of, window_days)
    told = inside.assign(flag=inside["flags"].str.split(","))[[*KEY, "flag"]].explode("flag")
    flagged = told[told["flag"].notna() & (told["flag"] != "")].astype("str")
    lost = flagged.merge(counted[[*KEY, "amount_fen"]], on=KEY)
    keys = ["shop_id", "flag"]
    found = flagged.groupby(keys).size().rename("orders").reset_index()
    found = found.join(lost.groupby(keys)["amount_fen"].sum(min_count=1).rename("loss_fen"), on=keys)
    found = found.assign(disputed_orders=found["shop_id"].map(inside.groupby("shop_id").size()))
    kinds = dict.fromkeys(["orders", "disputed_orders", "loss_fen"], "Int64")
    return found.astype(kinds).sort_values(
        ["shop_id", "orders", "flag"], ascending=[True, False, True], ignore_index=True
    )[COLUMNS]
