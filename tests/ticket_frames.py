"""Made-up frames around tickets: what to answer first, what proof is missing, what was lost, what can be appealed.

The first shop has tickets of every sort, with a hostile name among them; the second has none, but a file of no use.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from tests.report_frames import AS_OF, HOSTILE, SHOPS

READ_AT = datetime(2026, 11, 23, 9)
"""The Monday morning after AS_OF."""
ORDERS = [f"2611{10 + at:02d}-{100000000000000 + 7919 * at}" for at in range(12)]


def ticket(number: int, hours_left: float | None = 30.0, **given: Any) -> dict[str, Any]:
    """One row of the worklist, with these fields changed."""
    deadline = pd.NaT if hours_left is None else READ_AT + timedelta(hours=hours_left)
    return {
        "ticket_id": f"5000{number}",
        "order_id": ORDERS[number],
        "shop_id": SHOPS[0],
        "type": "not_received",
        "state": "open",
        "created_at": READ_AT - timedelta(hours=18),
        "deadline_at": deadline,
        "deadline_source": "unknown" if hours_left is None else "text",
        "hours_left": hours_left,
        "required": ("waybill_stub", "signed_seal"),
        "present": ("waybill_stub",),
        "missing": ("signed_seal",),
        "entrance": "ticket",
        "at_stake_yuan": 128.5,
        "win_probability": 0.236,
        "rate_effect_yuan": 41.25,
        "priority": 40.07,
        "why": "",
    } | given


def worklist(*tickets: dict[str, Any]) -> pd.DataFrame:
    """The given tickets in their order; without any, seven of the first shop, the last two past their deadline."""
    rows = tickets or (
        ticket(0, 5.5, deadline_source="time_left", at_stake_yuan=2680.0, win_probability=0.52, priority=1415.1)
        | {"present": ("signed_seal", "waybill_stub"), "missing": ()},
        ticket(1, 11.0, type="missing_or_wrong", required=("weight_sent", "weight_signed", "weight_out", "chat"))
        | {"missing": ("weight_signed", "weight_out", "chat"), "deadline_source": "type", "priority": 35.2},
        ticket(2, None, type="platform_intervention", entrance="after_sales", missing=("photo",), priority=32.9),
        ticket(3, 71.9, ticket_id=HOSTILE, order_id=HOSTILE, type=HOSTILE, deadline_source=HOSTILE, priority=11.4),
        ticket(4, 6.1, type="other", required=(), present=(), missing=(), at_stake_yuan=pd.NA, priority=9.6),
        ticket(5, -2.5, state="expired", priority=90.0),
        ticket(6, -30.0, state="expired", at_stake_yuan=19.9, rate_effect_yuan=pd.NA, priority=4.7),
    )
    numbers = dict.fromkeys(("at_stake_yuan", "win_probability", "rate_effect_yuan", "priority"), "Float64")
    return pd.DataFrame(rows).astype(numbers | {"deadline_at": "datetime64[us]", "hours_left": "float64"})


def tickets(flags: dict[str, str] | None = None) -> pd.DataFrame:
    """What is odd about the tickets of the worklist: nothing but these flags, and one of a settled ticket."""
    found = worklist()[["shop_id", "ticket_id"]]
    given = {"50001": "unknown_order", "50002": "created_in_future unknown_order"} if flags is None else flags
    settled = pd.DataFrame([(SHOPS[0], "59999", "empty_text")], columns=["shop_id", "ticket_id", "flags"])
    return pd.concat(
        [found.assign(flags=[given.get(ticket_id, "") for ticket_id in found["ticket_id"]]), settled], ignore_index=True
    )


def due(*rows: tuple[str, int, int | None]) -> pd.DataFrame:
    """Enough by day, short in the evening, nothing set for the weekend; or the given slots, answers due and capacities."""
    given = rows or (("today", 2, 30), ("tonight", 5, 3), ("tomorrow", 0, 30), ("weekend", 1, None))
    midnight = datetime(2026, 11, 23)
    spans = {"today": (9, 18), "tonight": (18, 33), "tomorrow": (33, 42), "weekend": (120, 177)}
    frame = pd.DataFrame(
        [
            (slot, *(midnight + timedelta(hours=each) for each in spans[slot]), count, capacity)
            for slot, count, capacity in given
        ],
        columns=["slot", "from_at", "to_at", "due", "capacity"],
    ).astype({"capacity": "Int64"})
    return frame.assign(short=(frame["due"] - frame["capacity"]).clip(lower=0).astype("Int64"))


def obtainable() -> pd.DataFrame:
    """Three parcels of the first shop, two ends known; a courier with a hostile name."""
    columns = ["shop_id", "order_id", "courier", "tracking_no", "missing", "ask", "until_on", "why"]
    seal, stub = "signed_seal", "waybill_stub"
    rows = [
        (SHOPS[0], ORDERS[7], "极兔速递", "JT5200000000001", (stub, seal), "courier", AS_OF, "open_request,late"),
        (SHOPS[0], ORDERS[8], HOSTILE, None, ("weight_sent",), "warehouse", AS_OF + timedelta(days=9), "late"),
        (SHOPS[0], ORDERS[9], None, None, ("inspection", "invoice"), "own_papers", None, "open_request"),
    ]
    return pd.DataFrame(rows, columns=columns).astype({"until_on": "object"})


def lapses() -> pd.DataFrame:
    """Six lost tickets of the first shop; the cost of the last is not known."""
    rows = [
        ("clock", "missing_or_wrong", 12800),
        ("clock", "missing_or_wrong", 5990),
        ("missing_proof", "not_received", 26800),
        ("clock", "missing_or_wrong", 0),
        ("facts", "quality", 900),
        ("unknown", HOSTILE, None),
    ]
    frame = pd.DataFrame(rows, columns=["cause", "type", "cost_fen"]).astype({"cost_fen": "Int64"})
    lost = [f"4900{at}" for at in range(len(rows))]
    came = {"weekday": [4, 4, 6, 0, 4, None], "hour": [0, 5, 6, 23, 18, None]}
    told = {name: pd.array(values, dtype="Int64") for name, values in came.items()}
    return frame.assign(shop_id=SHOPS[0], ticket_id=lost, order_id=ORDERS[: len(rows)], cause_by="words", **told)


def appealable() -> pd.DataFrame:
    """Two orders of the first shop: one with two appeals, of which one is under way, and one that is blocked."""
    columns = ["shop_id", "order_id", "appeal", "amount_fen", "until_at", "days_left", "blocked_by", "already"]
    at = pd.Timestamp(AS_OF) + timedelta(days=3, hours=15)
    rows = [
        (SHOPS[0], ORDERS[3], "goods", 12800, at, 2, "", ""),
        (SHOPS[0], ORDERS[3], "dispute_rate", 0, at, 2, "", "pending"),
        (SHOPS[0], ORDERS[4], "goods", None, pd.NaT, None, "merchant_agreed", ""),
        (SHOPS[0], HOSTILE, "freight", 800, at + timedelta(days=20), 22, HOSTILE, ""),
    ]
    return pd.DataFrame(rows, columns=columns).astype({"amount_fen": "Int64", "days_left": "Int64"})


def backlog() -> pd.DataFrame:
    """Forty days of the first shop that end three days before AS_OF, in four ages and two types."""
    rows = [
        (SHOPS[0], AS_OF - timedelta(days=3 + ago), kind, age, (ago * 7 + place * 3) % (5 - place))
        for ago in range(40)
        for kind in ("not_received", "quality")
        for place, age in enumerate(("0", "1", "3-6", "7+"))
    ]
    frame = pd.DataFrame(rows, columns=["shop_id", "on_date", "type", "age", "open"])
    return frame[frame["open"] > 0].reset_index(drop=True)


def handling() -> pd.DataFrame:
    """One named, one with a hostile name and nothing answered yet, and the tickets that name nobody."""
    columns = [
        *("shop_id", "staff", "tickets", "answered", "settled"),
        *("response_hours_low", "response_hours_high", "handling_hours"),
    ]
    rows = [
        (SHOPS[0], "", 31, 20, 18, 2.6, 14.4, 51.25),
        (SHOPS[0], "小林", 12, 12, 9, 3.0, 3.2, 20.0),
        (SHOPS[0], HOSTILE, 1, 0, 0, pd.NA, pd.NA, pd.NA),
    ]
    kinds = dict.fromkeys(columns[2:5], "Int64") | dict.fromkeys(columns[5:], "Float64")
    return pd.DataFrame(rows, columns=columns).astype(kinds)


def evidence(*problems: tuple[str, str]) -> pd.DataFrame:
    """One good file and those with a problem; without any given, one that is no picture and one with a hostile name."""
    given = problems or ((f"{SHOPS[0]}/{ORDERS[0]}/红章.jpg", "not_a_picture"), (f"{HOSTILE}.jpg", "no_id"))
    rows = [(f"{SHOPS[0]}/{ORDERS[0]}/底单.jpg", ""), *given]
    return pd.DataFrame(rows, columns=["path", "problem"]).assign(
        shop_id=SHOPS[0], order_id=ORDERS[0], tracking_no=None, kind="waybill_stub", modified_on=date(2026, 11, 20)
    )
