"""What was lost, by what, for which cause, in which product and with which courier, and who is accountable?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from analysis.losses.window import SIDES, TOTALS, WINDOW_DAYS, disputed, per, totals

DIMENSIONS = {
    "reason_group": "reason_group", "ticket_type": "ticket_type", "product": "product_id", "courier": "courier",
    "province": "province", "cause": "cause", "accountable": "accountable",
}  # fmt: skip
"""The dimensions, each with the column of an order that tells its segment."""
SIDE_COLUMNS = [f"{side}_fen" if side != "unknown" else "unknown_side_fen" for side in SIDES]
COMPONENT_COLUMNS = ["shop_id", "component", "entries", "unknown_entries", *TOTALS]
CAUSE_COLUMNS = ["shop_id", "dimension", "segment", "label", *TOTALS, "loss_per_order_fen", *SIDE_COLUMNS]


def by_component(
    entries: pd.DataFrame, orders: pd.DataFrame, as_of: date, window_days: int = WINDOW_DAYS
) -> pd.DataFrame:
    """What did the window's disputes cost by component? One row a shop × component, COMPONENT_COLUMNS, the dearest first.

    `disputed_orders` are those that have the component, `entries` its rows, `unknown_entries` those without an amount. The
    rows add up to `summary`. Empty where there is nothing.
    """
    _, counted = disputed(entries, orders, as_of, window_days)
    keys = ["shop_id", "component"]
    found = totals(counted.drop_duplicates([*keys, "order_id"]), counted, keys).assign(
        entries=counted.groupby(keys).size().astype("Int64"),
        unknown_entries=counted["amount_fen"].isna().groupby([counted[name] for name in keys]).sum().astype("Int64"),
    )
    return found.reset_index().sort_values(
        ["shop_id", "loss_fen", "component"], ascending=[True, False, True], ignore_index=True
    )[COMPONENT_COLUMNS]


def by_cause(
    entries: pd.DataFrame,
    orders: pd.DataFrame,
    as_of: date,
    dimensions: Sequence[str] = tuple(DIMENSIONS),
    window_days: int = WINDOW_DAYS,
) -> pd.DataFrame:
    """For which causes was it lost? One row a shop × dimension × segment, CAUSE_COLUMNS, the dearest first.

    `segment` is '' where no export tells; `label` the product's name, else the segment. An order stands once in each
    dimension, so each dimension adds up to `summary`. `loss_per_order_fen`: per disputed order, rounded half up. `merchant_fen`
    … `unknown_side_fen`: the same loss by who is accountable, 0 where there is none; they add up to `loss_fen`.
    Raises KeyError for a dimension that is not one of DIMENSIONS.
    """
    inside, counted = disputed(entries, orders, as_of, window_days)
    columns = {name: DIMENSIONS[name] for name in dimensions}
    keys = ["shop_id", "dimension", "segment"]
    all_orders, all_entries = (_stacked(frame, columns) for frame in (inside, counted))
    found = totals(all_orders, all_entries, keys)
    by_side = all_entries.groupby([*keys, "accountable"])["amount_fen"].sum().unstack("accountable")
    sides = (
        by_side.reindex(index=found.index, columns=list(SIDES)).astype("Int64").fillna(0).set_axis(SIDE_COLUMNS, axis=1)
    )
    named = all_orders[all_orders["dimension"] == "product"].dropna(subset=["product_name"])
    table = found.join(sides).join(named.groupby(keys)["product_name"].max().rename("label")).reset_index()
    table = table.assign(
        loss_per_order_fen=per(table["loss_fen"], table["disputed_orders"]),
        label=table["label"].fillna(table["segment"]).astype("str"),
        place=table["dimension"].map({name: at for at, name in enumerate(columns)}),
    )
    ordered = table.sort_values(
        ["shop_id", "place", "loss_fen", "segment"], ascending=[True, True, False, True], ignore_index=True
    )
    return ordered[CAUSE_COLUMNS]


def _stacked(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """The frame once for each dimension, with its name and the segment of each row."""
    return pd.concat([frame.assign(dimension=name, segment=frame[column]) for name, column in columns.items()])
