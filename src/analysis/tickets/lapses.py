"""Why were the lost tickets lost, when do such tickets come, and what did they cost?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.tickets.states import words

CAUSES = ("clock", "missing_proof", "wrong_proof", "facts", "unknown")
COLUMNS = [
    "shop_id", "ticket_id", "order_id", "type", "cause", "cause_by", "created_at", "weekday", "hour", "lost_at", "penalty_fen",
    "refund_fen", "cost_fen",
]  # fmt: skip
KEY = ["shop_id", "ticket_id"]


def lapses(
    typed: pd.DataFrame, deadlines: pd.DataFrame, states: pd.DataFrame, readiness: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Why was each lost ticket lost, and what did it cost?

    `typed`, `deadlines` and `states` are frames of one `as_of`; `readiness` (`shop_id, order_id, missing`) may be absent or empty. One
    row a ticket whose state is `closed_lost`:

    `cause`, the first that applies, and `cause_by`, what says so: the words of the outcome, the progress and the status (`words`,
    rules/ticket_words.toml); `clock` by the `times`: still without an answer after the deadline; `missing_proof` by the
    `evidence`: none was sent although the type asks for some, or what it asks for is not among the files (as they are now);
    else `unknown` by `none`. `weekday` (0 is Monday) and `hour` of the creation, missing without one. `lost_at`: when it was
    settled. `refund_fen` is the order's refund, booked on the order's first lost ticket and 0 on its later ones; missing
    where none is known. `cost_fen`: the larger of penalty and refund, because what is deducted may be the refund itself; missing where neither is
    known.
    """
    lost = states.loc[states["state"] == "closed_lost", [*KEY, "settled_at", "unanswered_at"]]
    found = lost.merge(typed, on=KEY, how="inner").merge(deadlines[[*KEY, "deadline_at"]], on=KEY, how="left")
    found = found.sort_values(["settled_at", "ticket_id"], ignore_index=True)
    said = _by_words(found)
    reasons = [said.notna(), found["unanswered_at"] > found["deadline_at"], _lacks_proof(found, readiness)]
    found = found.assign(
        cause=np.select(reasons, [said, "clock", "missing_proof"], "unknown"),
        cause_by=np.select(reasons, ["words", "times", "evidence"], "none"),
        weekday=found["created_at"].dt.day_of_week.astype("Int64"),
        hour=found["created_at"].dt.hour.astype("Int64"),
        lost_at=found["settled_at"],
        penalty_fen=found["penalty_fen"].astype("Int64"),
        refund_fen=found["refund_fen"].astype("Int64"),
    )
    is_booked = found.duplicated(["shop_id", "order_id"]) & found["order_id"].notna() & found["refund_fen"].notna()
    found["refund_fen"] = found["refund_fen"].mask(is_booked, 0)
    found["cost_fen"] = found[["penalty_fen", "refund_fen"]].max(axis=1).astype("Int64")
    return found[COLUMNS].astype({"cause": "str", "cause_by": "str"}).sort_values(KEY, ignore_index=True)


def lapse_totals(lapses: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """How many cases were lost for each cause, and at what cost, by `type`, `weekday` or `hour` (None: in all)?

    One row a shop (× value of `by`) × cause that has a case: `shop_id, <by>, cause, cases, cost_fen` (missing where no
    case's cost is known). A case without a creation has no weekday and no hour: its row has a missing value there.
    """
    keys = ["shop_id", *([by] if by else []), "cause"]
    groups = lapses.groupby(keys, dropna=False)
    totals = pd.DataFrame({"cases": groups.size(), "cost_fen": groups["cost_fen"].sum(min_count=1)})
    return totals.astype("Int64").reset_index()


def _by_words(tickets: pd.DataFrame) -> pd.Series:
    """The cause that the platform's own words name: those of the outcome before those of the state."""
    found = words(tickets["outcome"], "causes")
    for name in ("progress", "ticket_status"):
        found = found.fillna(words(tickets[name], "causes"))
    return found


def _lacks_proof(tickets: pd.DataFrame, readiness: pd.DataFrame | None) -> pd.Series:
    asks = tickets["required"].map(len).fillna(0) > 0
    sent_none = asks & tickets["shows_answers"].astype(bool) & tickets["evidence"].isna()
    if readiness is None or readiness.empty:
        return sent_none
    lacking = readiness.loc[readiness["missing"].map(len) > 0, ["shop_id", "order_id"]].drop_duplicates()
    by_order = tickets[["shop_id", "order_id"]].merge(lacking.assign(lacks=True), how="left")["lacks"]
    return sent_none | (asks & by_order.notna().to_numpy())
