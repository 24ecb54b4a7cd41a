"""Made-up shops whose truth is known: orders that are dealt, late or not, asked about or not, and escalate by a known hazard.

Every day an open order escalates with the probability `hazard` gives it from what is known at the day's end. `World.features` has
the columns of `warehouse.features` at the chosen landmarks, `World.escalations` those of the question of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analysis.escalation import FEATURES

FIRST = date(2026, 1, 1)
SHOP = "云岭百货"
Array = np.ndarray
Hazard = Callable[[Mapping[str, Array]], Array]
"""`late` (days over the promise), `asked` (hours that a request is open), `age` (days), `day` (0, 1, …), `shop` (its place) → log-odds a day."""


def delay_drives(known: Mapping[str, Array]) -> Array:
    return np.asarray(-8 + 0.7 * np.minimum(known["late"], 8) + 0.02 * np.minimum(known["asked"], 96))


def nothing_drives(known: Mapping[str, Array]) -> Array:
    return np.full(known["late"].shape, -5.5)


@dataclass(frozen=True)
class World:
    features: pd.DataFrame
    escalations: pd.DataFrame
    as_of: date


def world(
    hazard: Hazard = delay_drives,
    orders: Mapping[str, int] | int = 3000,
    days: int = 120,
    every: int = 3,
    open_days: int = 25,
    seed: int = 0,
) -> World:
    """So many orders a shop, dealt evenly over the days; landmarks are every few days, the last one on `as_of`."""
    rng = np.random.default_rng(seed)
    shops = {SHOP: orders} if isinstance(orders, int) else dict(orders)
    shop = np.repeat(np.arange(len(shops)), list(shops.values()))
    count = len(shop)
    dealt = rng.integers(0, days, count)
    promised = rng.integers(2, 5, count)
    arrives = np.where(rng.random(count) < 0.3, promised + rng.integers(1, 12, count), promised - 1)
    asks = np.where(rng.random(count) < 0.25, rng.integers(1, 15, count), 10**6)
    closes = np.minimum(np.maximum(arrives, np.where(asks < 100, asks + 5, 0)) + 6, open_days)

    age = np.arange(open_days + 1)
    known = {
        "age": np.broadcast_to(age, (count, len(age))),
        "late": np.clip(np.minimum(age, arrives[:, None]) - promised[:, None], 0, None) * (age <= arrives[:, None]),
        "asked": np.clip(age - asks[:, None] + 0.5, 0, None) * 24 * (age <= asks[:, None] + 5),
        "day": dealt[:, None] + age,
        "shop": np.broadcast_to(shop[:, None], (count, len(age))),
    }
    is_open = age <= closes[:, None]
    happens = (rng.random((count, len(age))) < 1 / (1 + np.exp(-hazard(known)))) & is_open
    first = np.where(happens.any(axis=1), happens.argmax(axis=1) + 1, 10**6)  # the day after the day's end that made it
    shown = is_open & (age < first[:, None]) & ((days - 1 - known["day"]) % every == 0) & (known["day"] < days)
    order, at = np.nonzero(shown)

    def of(name: str) -> Array:
        return np.asarray(known[name][order, at], dtype=float)

    names = np.array(list(shops), dtype=object)
    ids = np.array([f"order-{each:06d}" for each in range(count)], dtype=object)
    start = np.datetime64(FIRST)
    noise = rng.normal(size=(8, count))[:, order]
    paid = 40 + 30 * np.abs(noise[0])
    features = pd.DataFrame(
        {
            "shop_id": names[shop[order]],
            "order_id": ids[order],
            "landmark_on": start + of("day").astype(int),
            "age_days": of("age"),
            "is_shipped": (of("age") >= 1).astype(float),
            "ship_late_hours": np.clip(noise[1], 0, None) * 5,
            "delivery_late_days": of("late"),
            "waiting_days": np.clip(of("age") - 1, 0, None),
            "has_open_request": (of("asked") > 0).astype(float),
            "request_open_hours": of("asked"),
            "request_hours_left": np.where(of("asked") > 0, 120 - of("asked"), np.nan),
            "reason_rate": 0.02 + 0.005 * noise[2],
            "earlier_tickets": (noise[3] > 1.5).astype(float),
            "paid_yuan_log": np.log(paid),
            "product_rate": 0.02 + 0.005 * noise[4],
            "courier_rate": 0.02 + 0.005 * noise[5],
            "province_rate": 0.02 + 0.005 * noise[6],
            "dealt_on": start + dealt[order],
            "promise_missed": of("late") > 0,
            "open_request_hours": of("asked"),
            "has_open_ticket": False,
            "deadline_at": pd.NaT,
            "paid_fen": (paid * 100).astype(int),
        }
    )
    assert set(FEATURES) <= set(features)
    began = dealt + first
    seen = began < days
    escalations = pd.DataFrame(
        {
            "shop_id": names[shop[seen]],
            "order_id": ids[seen],
            "began_on": start + began[seen],
            "initiated_by": "buyer",
            "dealt_on": start + dealt[seen],
        }
    )
    return World(features, escalations, FIRST + timedelta(days=days - 1))
