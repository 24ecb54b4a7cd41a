"""What to answer first: the open tickets by the money that an answer in time is likely to save."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd

COLUMNS = [
    "ticket_id", "order_id", "shop_id", "type", "state", "created_at", "deadline_at", "deadline_source", "hours_left",
    "required", "present", "missing", "entrance", "at_stake_yuan", "win_probability", "rate_effect_yuan", "priority",
]  # fmt: skip
DUE_COLUMNS = ["slot", "from_at", "to_at", "due", "capacity", "short"]
PRIOR_CASES = 20
"""How many cases the wider experience weighs against a shop's own, and a setting against any."""
CALM_HOURS = 24
"""With this much time left or less a ticket has its full weight; with twice as much, half."""
EVENING_HOUR, MORNING_HOUR = 18, 9
SATURDAY = 5


def win_probability(cases: pd.DataFrame, closed: pd.DataFrame, choices: Any) -> pd.Series:
    """How likely is a case to be won, from how settled ones ended? One number a row of `cases`.

    Both frames: `shop_id, type, is_complete` (whether the proof asked for was there); `closed` also `is_won`. The shop's rate
    for the type is shrunken towards that of all shops, that one towards all types, and that towards the setting for
    complete or missing proof (`choices.win_rate_complete`, `choices.win_rate_missing`), each worth PRIOR_CASES cases:
    (wins + prior · PRIOR_CASES) / (cases + PRIOR_CASES).
    """
    prior = {True: choices.win_rate_complete, False: choices.win_rate_missing}
    chance = cases["is_complete"].map(prior).astype("float64")
    for key in (["is_complete"], ["type", "is_complete"], ["shop_id", "type", "is_complete"]):
        counts = closed.groupby(key)["is_won"].agg(wins="sum", settled="size").reset_index()
        found = cases[key].merge(counts, on=key, how="left").fillna({"wins": 0, "settled": 0}).set_axis(cases.index)
        chance = (found["wins"] + PRIOR_CASES * chance) / (found["settled"] + PRIOR_CASES)
    return chance


def worklist(
    tickets: pd.DataFrame, closed: pd.DataFrame, rate_effect_yuan: pd.Series, read_at: datetime, choices: Any
) -> pd.DataFrame:
    """Which tickets wait for an answer, and which first?

    `tickets`: one row a ticket with `state` open or expired: `shop_id, ticket_id, order_id, type, state, created_at,
    deadline_at, deadline_source, required, present, missing` (tuples of evidence kinds), `entrance, paid_fen, refund_fen,
    penalty_fen, may_count` (whether losing it makes an intervention). `closed`: as `win_probability` takes it. `rate_effect_yuan`: shop_id → what one more counted intervention costs
    through the rate, missing where that is not known; 0 for a ticket that cannot make one.

    One row a ticket, COLUMNS, those still in time first, each group by falling `priority`:
    win_probability × (at_stake_yuan + rate_effect_yuan) × min(1, CALM_HOURS / hours left), in yuan. `hours_left` from `read_at`
    (negative: overdue; missing: no deadline could be read, weighed as if CALM_HOURS were left). `at_stake_yuan`: the refund
    asked for, else what was paid; missing where the exports tell neither, then only the rate counts.
    """
    hours_left = (tickets["deadline_at"] - pd.Timestamp(read_at)) / pd.Timedelta(hours=1)
    is_complete = tickets["missing"].map(len) == 0
    at_stake = tickets["refund_fen"].fillna(tickets["paid_fen"]).astype("Float64") / 100
    effect = tickets["shop_id"].map(rate_effect_yuan).astype("Float64")
    effect = effect.mask(effect.notna() & ~tickets["may_count"], 0.0)
    chance = win_probability(tickets.assign(is_complete=is_complete), closed, choices).astype("Float64")
    urgency = (CALM_HOURS / hours_left.clip(lower=1).fillna(CALM_HOURS)).clip(upper=1)
    ranked = tickets.assign(
        hours_left=hours_left.round(1),
        at_stake_yuan=at_stake,
        win_probability=chance.round(3),
        rate_effect_yuan=effect.round(2),
        priority=(chance * (at_stake.fillna(0) + effect.fillna(0)) * urgency).astype("Float64").round(2),
        is_overdue=(hours_left < 0).fillna(False),
    )
    order = ["is_overdue", "priority", "deadline_at", "shop_id", "ticket_id"]
    return ranked.sort_values(order, ascending=[True, False, True, True, True], ignore_index=True)[COLUMNS]


def due(worklist: pd.DataFrame, read_at: datetime, choices: Any) -> pd.DataFrame:
    """How many answers fall due today, tonight, tomorrow and on the weekend, against how many the team can give?

    One row a slot, DUE_COLUMNS: `today` up to EVENING_HOUR, `tonight` from then to MORNING_HOUR, `tomorrow` from then to
    the next evening, `weekend` from Saturday's first hour (or from now, on a weekend) to Monday MORNING_HOUR. `capacity` is
    the setting for the slot (missing: not set), `short` how many answers are missing to it. Slots may overlap.
    """
    day = pd.Timestamp(read_at).normalize()
    evening, morning = day + timedelta(hours=EVENING_HOUR), day + timedelta(days=1, hours=MORNING_HOUR)
    saturday = day + timedelta(days=(SATURDAY - day.weekday()) % 7)
    if day.weekday() > SATURDAY:
        saturday = day - timedelta(days=1)
    slots = [
        ("today", pd.Timestamp(read_at), evening, choices.day_capacity),
        ("tonight", max(evening, pd.Timestamp(read_at)), morning, choices.evening_capacity),
        ("tomorrow", morning, evening + timedelta(days=1), choices.day_capacity),
        (
            "weekend",
            max(saturday, pd.Timestamp(read_at)),
            saturday + timedelta(days=2, hours=MORNING_HOUR),
            choices.weekend_capacity,
        ),
    ]
    at = worklist["deadline_at"]
    rows = [
        (slot, begins, ends, int(((at >= begins) & (at < ends)).sum()), capacity)
        for slot, begins, ends, capacity in slots
    ]
    table = pd.DataFrame(rows, columns=DUE_COLUMNS[:-1]).astype({"capacity": "Int64"})
    return table.assign(short=(table["due"] - table["capacity"]).clip(lower=0).astype("Int64"))
