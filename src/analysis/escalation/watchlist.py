"""Which open orders to act on this morning, which are left alone to learn from, and which are on the ticket worklist already.

An order is worth acting on where what acting is likely to save, p·L·e, is not less than what it costs, c (Elkan 2001, The
foundations of cost-sensitive learning): p its probability to escalate, L the loss if it does, e the chance that acting
prevents it. Where the model gives no probability, the rule beside it decides: promise missed, or a request open for longer
than a day.
"""

from __future__ import annotations

import hashlib
from datetime import date

import pandas as pd

from analysis.settings import Escalation

WATCH_COLUMNS = [
    "order_id", "shop_id", "scored_on", "probability", "rank", "expected_loss_yuan", "expected_gain_yuan", "act", "control",
    "has_open_ticket", "deadline_at", "reason_1", "reason_2", "reason_3", "counter_reason", "nearest_rule", "model_version",
]  # fmt: skip
RULES = ("promise_missed", "request_over_a_day", "both", "none")
RULE_HOURS = 24
SALT = "watch list control 1"
"""What makes the draw ours. A change draws every order anew, and earlier control groups are lost."""


def watchlist(scored: pd.DataFrame, loss_yuan: pd.Series, choices: Escalation, as_of: date) -> pd.DataFrame:
    """Which open orders does the team act on, in what order, and which does it leave alone to measure what acting does?

    `scored`: one row an open order: `shop_id, order_id, probability` (missing: the model ranks nothing), `reason_1` to
    `reason_3`, `counter_reason`, `model_version`, `promise_missed`, `open_request_hours`, `has_open_ticket`, `deadline_at`,
    `paid_fen`, `is_shipped`. `loss_yuan`: what a case costs, by shop; `choices.loss_yuan` comes before it.

    At most `choices.capacity` orders, by expected gain; the first `choices.shop_quota` worth acting on of every shop come before
    all others. Of those worth acting on, a share is drawn by a hash of the order: `control`, to be left alone. An order is in
    the same group every day, whatever stands beside it. Orders with an open ticket take no place: those worth acting on are
    listed, marked, at most as many again. WATCH_COLUMNS by `rank`; `nearest_rule` is one of RULES; empty: nothing is open.
    """
    frame = scored.reset_index(drop=True).assign(loss=scored["shop_id"].map(loss_yuan).to_numpy())
    if choices.loss_yuan is not None:
        frame["loss"] = choices.loss_yuan
    frame["expected_loss_yuan"] = frame["probability"].astype("Float64") * frame["loss"].astype("Float64")
    gain = frame["expected_loss_yuan"] * choices.prevention_rate - choices.action_cost_yuan
    frame["expected_gain_yuan"] = gain
    frame["nearest_rule"] = _rule(frame)
    frame["reason_1"] = frame["reason_1"].fillna(_seen_by_rule(frame))
    frame["is_worth"] = (gain >= 0).fillna(frame["nearest_rule"] != "none").astype(bool)
    frame["has_open_ticket"] = frame["has_open_ticket"].fillna(False).astype(bool)
    ordered = frame.sort_values(
        ["is_worth", "expected_gain_yuan", "deadline_at", "paid_fen", "shop_id", "order_id"],
        ascending=[False, False, True, False, True, True],
        na_position="last",
    )
    callable_ = ordered[~ordered["has_open_ticket"]]
    listed = pd.concat(
        [
            callable_.loc[_chosen(callable_, choices)],
            ordered[ordered["has_open_ticket"] & ordered["is_worth"]].head(choices.capacity),
        ]
    )
    listed = ordered.loc[ordered.index.isin(listed.index)]
    can_be_acted_on = listed["is_worth"] & ~listed["has_open_ticket"]
    control = can_be_acted_on & is_control(listed, choices.control_share)
    made = listed.assign(
        scored_on=pd.Timestamp(as_of),
        rank=range(1, len(listed) + 1),
        act=can_be_acted_on & ~control,
        control=control,
        expected_loss_yuan=listed["expected_loss_yuan"].round(2),
        expected_gain_yuan=listed["expected_gain_yuan"].round(2),
    )
    return made[WATCH_COLUMNS].reset_index(drop=True).astype({"rank": "int64"})


def is_control(orders: pd.DataFrame, share: float) -> pd.Series:
    """Whether each order belongs to the share that is left alone; an order's own name decides, and nothing else."""
    names = orders["shop_id"].astype(str) + "\n" + orders["order_id"].astype(str)
    return names.map(_draw).astype(float) < share


def _draw(name: str) -> float:
    """A number from 0 to 1, the same for a name on every machine and every day."""
    return int.from_bytes(hashlib.sha256(f"{SALT}\n{name}".encode()).digest()[:8]) / 2**64


def _rule(frame: pd.DataFrame) -> pd.Series:
    is_missed = frame["promise_missed"].fillna(False).astype(bool)
    is_old = (frame["open_request_hours"].astype("Float64") > RULE_HOURS).fillna(False).astype(bool)
    named = pd.Series("none", index=frame.index, dtype="str")
    return named.mask(is_old, "request_over_a_day").mask(is_missed, "promise_missed").mask(is_missed & is_old, "both")


def _seen_by_rule(frame: pd.DataFrame) -> pd.Series:
    """What the rule saw, as a feature's name; missing where it saw nothing."""
    seen = pd.Series(None, index=frame.index, dtype="str").mask(
        frame["nearest_rule"] == "request_over_a_day", "request_open_hours"
    )
    is_late = frame["nearest_rule"].isin(["promise_missed", "both"])
    return seen.mask(is_late, "delivery_late_days").mask(is_late & (frame["is_shipped"] == 0), "ship_late_hours")


def _chosen(ordered: pd.DataFrame, choices: Escalation) -> pd.Index:
    """The rows that get a place: every shop's first few that are worth it, then whoever comes first."""
    is_reserved = ordered["is_worth"] & (ordered.groupby("shop_id").cumcount() < choices.shop_quota)
    return pd.concat([ordered[is_reserved], ordered[~is_reserved]]).head(choices.capacity).index
