"""Which lost orders can still be appealed, how, until when, and what would come back?"""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd

from analysis.tickets.states import end_of

APPEALS = {"dispute_rate": "纠纷退款率", "goods": "货款", "freight": "运费"}
"""The three appeals of 维权申诉 (domain notes 3.6) and the word that names each in 申诉子类型."""
APPEAL_DAYS = 30
"""How long after the refund an appeal can be made where the row does not say it. "About 30 days" rests on one source, so
confidence is low; the row's own remaining time always wins."""
COLUMNS = [
    "shop_id", "order_id", "after_sales_id", "appeal", "amount_fen", "until_at", "days_left", "blocked_by", "already", "until_by",
]  # fmt: skip
KEY = ["shop_id", "order_id"]
REFUSED = "无法申诉|不可申诉|不能申诉|不支持申诉"


def appealable(lost: pd.DataFrame, appeals: pd.DataFrame, as_of: date, now: datetime | None = None) -> pd.DataFrame:
    """Which lost orders can still be appealed at the end of `as_of` (or at `now`), and by which of the three appeals?

    `lost` is the answer to `lost_orders`, `appeals` that to `appeals` (may be empty). One row an order × appeal whose time is
    not over; an order that only the appeals export knows is there too. The soonest to end first.

    `appeal`: `dispute_rate` (纠纷退款率申诉: not counted any more, no money), `goods` (货款申诉) or `freight` (运费申诉; only where
    an export names it). `amount_fen`: what would come back: stated, else for goods the refund; missing where unknown, 0 for
    `dispute_rate`. `until_at` by `until_by`: `stated` (the row's remaining time), `refund` (APPEAL_DAYS after it) or
    `unknown` (no time of a refund, or one to come). `days_left`: whole days, missing where unknown. `blocked_by`: ''; `merchant_agreed`
    (who agrees to a refund forfeits the appeal; the page's own offer of money speaks against it), `stated` (the page refuses for another
    reason), or `no_amount` (nothing to get back is stated). `already`: '' not made; `pending`, `passed`, `partly`, `rejected`.
    """
    at = pd.Timestamp(now or end_of(as_of))
    rows = appeals.sort_values("exported_at")
    orders = lost.merge(_offers(rows), on=KEY, how="outer", suffixes=("", "_offered"))
    same = {"after_sales_id": "object", "refund_fen": "Int64", "refunded_at": "datetime64[us]"}
    orders = orders.astype(same | {f"{name}_offered": kind for name, kind in same.items()})
    for name in same:
        orders[name] = orders[name].fillna(orders[f"{name}_offered"])
    found = orders.merge(pd.DataFrame({"appeal": list(APPEALS)}), how="cross").merge(
        _made(rows), on=[*KEY, "appeal"], how="left"
    )
    found = found.assign(amount_fen=_amount(found), already=found["already"].fillna("").astype("str"))
    is_told = found["amount_fen"].notna() | (found["already"] != "") | (found["appeal"] != "freight")
    found = _until(found[is_told], at)
    found = found[~(found["until_at"] < at)]
    days = ((found["until_at"] - at) // pd.Timedelta(days=1)).astype("Int64")
    found = found.assign(days_left=days, blocked_by=pd.array(_blocked_by(found), dtype="str"))
    return found.sort_values(["shop_id", "until_at", "order_id", "appeal"], ignore_index=True)[COLUMNS]


def _offers(rows: pd.DataFrame) -> pd.DataFrame:
    """What the newest rows of each order say, whichever appeal they are of."""
    told = rows[["appeal_status", "reason", "outcome"]].astype("object").fillna("").astype("str")
    texts = told["appeal_status"] + " " + told["reason"] + " " + told["outcome"]
    is_refused = texts.str.contains(REFUSED, regex=True)
    refusal = np.select(
        [is_refused & texts.str.contains("商家.{0,4}同意", regex=True), is_refused], ["merchant_agreed", "stated"], ""
    )
    known = rows.assign(
        after_sales_id=rows["after_sales_id"].replace("", None),
        most_fen=rows["most_fen"].where(~rows["appeal_subtype"].str.contains("运费|纠纷退款率", regex=True)),
        refusal=pd.array(refusal, dtype="str"),
        stated_until=rows["until_at"],
    )
    names = [
        "after_sales_id",
        "refund_fen",
        "refunded_at",
        "goods_fen",
        "freight_fen",
        "most_fen",
        "stated_until",
        "refusal",
    ]
    return known.groupby(KEY, as_index=False)[names].last()


def _made(rows: pd.DataFrame) -> pd.DataFrame:
    """The appeals that were made and how they ended; one row an order × appeal."""
    kind = pd.Series(None, index=rows.index, dtype="object")
    for name, word in APPEALS.items():
        kind = kind.mask(rows["appeal_subtype"].str.contains(word, regex=False), name)
    result = rows["outcome"].fillna(rows["appeal_status"]).astype("object").fillna("").astype("str")
    is_made = rows["appealed_at"].notna() | rows["outcome"].notna() | result.str.contains("已提交|已申诉|审核中|处理中")
    already = np.select(
        [
            ~is_made,
            result.str.contains("部分"),
            result.str.contains("驳回|失败|不通过|未通过"),
            result.str.contains("通过|成功"),
        ],
        ["", "partly", "rejected", "passed"],
        "pending",
    )
    made = rows.assign(appeal=kind, already=pd.array(already, dtype="str"), own_fen=rows["most_fen"])
    return made[made["appeal"].notna()].groupby([*KEY, "appeal"], as_index=False)[["already", "own_fen"]].last()


def _amount(found: pd.DataFrame) -> pd.Series:
    fen = found[["goods_fen", "freight_fen", "own_fen", "most_fen", "refund_fen"]].astype("Int64")
    goods = fen["goods_fen"].fillna(fen["own_fen"]).fillna(fen["most_fen"]).fillna(fen["refund_fen"])
    freight = fen["freight_fen"].fillna(fen["own_fen"])
    amount = goods.where(found["appeal"] == "goods", freight)
    return amount.mask(found["appeal"] == "dispute_rate", 0)


def _until(found: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    by_refund = found["refunded_at"].mask(found["refunded_at"] > at) + pd.Timedelta(days=APPEAL_DAYS)
    until = found["stated_until"].fillna(by_refund)
    until_by = np.select([found["stated_until"].notna(), by_refund.notna()], ["stated", "refund"], "unknown")
    return found.assign(until_at=until, until_by=pd.array(until_by, dtype="str"))


def _blocked_by(found: pd.DataFrame) -> np.ndarray:
    refusal = found["refusal"].fillna("")
    is_offered = ((found["goods_fen"].fillna(0) > 0) | (found["freight_fen"].fillna(0) > 0)).astype(bool)
    forfeits = (found["agreed_by"] == "merchant") & ~is_offered
    is_nothing = ((found["appeal"] != "dispute_rate") & (found["amount_fen"] == 0)).fillna(False).astype(bool)
    return np.asarray(np.select([refusal != "", forfeits, is_nothing], [refusal, "merchant_agreed", "no_amount"], ""))
