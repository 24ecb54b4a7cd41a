"""Is the proof of an order complete, and what of the rest can still be had, from whom, until when?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Protocol

import pandas as pd

ORDER = ["shop_id", "order_id"]
OBTAINABLE = ["shop_id", "order_id", "courier", "tracking_no", "missing", "ask", "until_on", "why"]


class Source(Protocol):
    """Whom to ask for a kind, from which time on it exists, and how many days it is kept (None: no end known)."""

    @property
    def kind(self) -> str: ...

    @property
    def ask(self) -> str: ...

    @property
    def since(self) -> str: ...

    @property
    def days(self) -> int | None: ...


def belonging(orders: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Which files belong to which order?

    The rows of the evidence frame, once for each order of `orders` (`shop_id, order_id, tracking_no`) that they belong to,
    with that order's `order_id`: by the order's number, or by the parcel's where several orders share it. Files with a
    problem are among them. Empty: no file belongs to any.
    """
    keyed = orders[[*ORDER, "tracking_no"]].drop_duplicates()
    named = evidence.dropna(subset=ORDER)
    shared = evidence[evidence["order_id"].isna()].dropna(subset=["shop_id", "tracking_no"])
    by_order = named.merge(keyed[ORDER].drop_duplicates(), on=ORDER)
    by_parcel = shared.drop(columns="order_id").merge(keyed.dropna(), on=["shop_id", "tracking_no"])
    return pd.concat([by_order, by_parcel[evidence.columns]], ignore_index=True)


def readiness(orders: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Which of the kinds that each order needs are there, and which are missing?

    `orders`: `shop_id, order_id, tracking_no, required` (tuple of kinds; missing: none). One row a row of `orders`, with its
    index: `shop_id, order_id, required, present` (every kind there, by name), `missing` (in the order of `required`). A
    file with a problem does not count; a video counts as `video` besides what its name says.
    """
    files = belonging(orders, evidence[evidence["problem"] == ""])
    is_video = files["content_type"].str.startswith("video/").astype("bool")
    kinds = pd.concat([files[[*ORDER, "kind"]], files.loc[is_video, ORDER].assign(kind="video")]).drop_duplicates()
    names = sorted(set(kinds["kind"]))
    kinds["mask"] = kinds["kind"].map({name: 1 << place for place, name in enumerate(names)}).astype("int64")
    masks = kinds.groupby(ORDER)["mask"].sum()
    mask = orders[ORDER].merge(masks.reset_index(), on=ORDER, how="left")["mask"].fillna(0).astype("int64")

    @cache  # few distinct pairs: a ticket type's kinds and what is usually kept
    def split(required: tuple[str, ...], held: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        present = tuple(name for place, name in enumerate(names) if held >> place & 1)
        return present, tuple(kind for kind in required if kind not in present)

    required = orders["required"].map(lambda each: each if isinstance(each, tuple) else ())
    both = [split(*each) for each in zip(required, mask, strict=True)]
    return orders[ORDER].assign(
        required=required,
        present=pd.Series([present for present, _ in both], index=orders.index, dtype="object"),
        missing=pd.Series([missing for _, missing in both], index=orders.index, dtype="object"),
    )


def obtainable(at_risk: pd.DataFrame, evidence: pd.DataFrame, sources: Iterable[Source], as_of: date) -> pd.DataFrame:
    """Before the ticket: which missing proof of shipped orders can still be had on that day, from whom, and until when?

    `at_risk`, one row an order: `shop_id, order_id, courier, tracking_no, shipped_at, signed_at, required` (tuple), `why`
    (the risk, in the caller's words). One row an order and whom to ask, the most pressing first: `shop_id, order_id,
    courier, tracking_no, missing` (tuple), `ask`, `until_on` (the first day on which one of them is no longer kept is the
    day after; missing: no end known), `why`. Not listed: what does not exist yet (a seal before signing) and what is no
    longer kept. Empty: nothing to ask for.
    """
    columns = ["kind", "ask", "since", "days"]
    asked = pd.DataFrame([{name: getattr(each, name) for name in columns} for each in sources], columns=columns)
    lacking = at_risk.assign(missing=readiness(at_risk, evidence)["missing"], place=range(len(at_risk)))
    rows = lacking.explode("missing").merge(asked, left_on="missing", right_on="kind")
    exists_at = rows["shipped_at"].where(rows["since"] == "shipped_at", rows["signed_at"])
    until = exists_at.dt.normalize() + pd.to_timedelta(pd.to_numeric(rows["days"]), unit="D")
    day = pd.Timestamp(as_of)
    exists = rows["shipped_at"].notna() & (exists_at < day + pd.Timedelta(days=1))
    rows = rows.assign(until=until)[exists & (until.isna() | (until >= day))]
    grouped = rows.groupby(["place", "ask"], sort=False)
    result = grouped[["shop_id", "order_id", "courier", "tracking_no", "until", "why"]].first().reset_index()
    result["missing"] = grouped["missing"].agg(tuple).to_numpy()
    result["until"] = grouped["until"].min().to_numpy()
    result = result.sort_values(["until", "place", "ask"], ignore_index=True)
    until_on = result["until"].dt.date.where(result["until"].notna(), None)
    shown: pd.DataFrame = result.assign(until_on=until_on)[OBTAINABLE]
    return shown
