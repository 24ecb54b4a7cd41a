"""A simulated platform: orders and interventions, and the figures it prints under one definition that it keeps to itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from analysis import rates, rules
from analysis.settings import Line

AS_OF = date(2026, 6, 30)
START = date(2026, 4, 1)
CANDIDATES = {name: rule for name, rule in rules.load_all().items() if rule.metric == "intervention_rate"}
IN_FORCE = "pdd-2021-03"
LAGS = {name: rule.lag_days for name, rule in CANDIDATES.items()}


def missing(value: Any) -> bool:
    return bool(pd.isna(value))


def printed(count: int, of: int) -> float:
    """A share as the platform prints it: two decimals of a percent, half up, in whole numbers."""
    return (count * 20000 + of) // (2 * of) / 10000


@dataclass(frozen=True, eq=False)
class World:
    """What happened: each order's days, and each intervention."""

    orders: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @cache  # noqa: B019 – a few small worlds, for the length of the tests
    def told(self, rule: Any, day: date, exact: bool = False) -> tuple[int, float]:
        """What the platform says on a day, counted one by one."""
        end = day - timedelta(days=rule.lag_days)
        window = {end - timedelta(days=n) for n in range(rule.window_days)}
        unit = {"orders": "order_id", "requests": "after_sales_id", "tickets": "ticket_id"}[rule.unit]
        counted = {
            event[unit]
            for event in self.events
            if event[rule.dated_by] in window
            and event["began_on"] <= end
            and event["initiated_by"] not in rule.excluded_initiators
            and not (rule.excludes_undecided_withdrawn and event["outcome"] == "withdrawn")
        }
        of = sum(order[column] in window for order in self.orders for column in rule.denominator)
        of -= sum(order[column] in window for order in self.orders for column in rule.denominator_minus)
        return len(counted), len(counted) / of if exact else printed(len(counted), of)


@cache
def world(seed: int, orders_a_day: int = 40) -> World:
    """Three months of a troubled shop, in which every definition counts something else."""
    draw = np.random.default_rng(seed)
    orders: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for day in range((AS_OF - START).days + 1):
        for _ in range(int(draw.poisson(orders_a_day))):
            dealt = START + timedelta(days=day)
            is_cancelled = draw.random() < 0.08
            shipped = None if is_cancelled else dealt + timedelta(days=int(draw.integers(0, 4)))
            signed = (
                None if shipped is None or draw.random() < 0.1 else shipped + timedelta(days=int(draw.integers(2, 7)))
            )
            order = {
                "order_id": f"o{len(orders)}",
                "orders_dealt": dealt,
                "orders_paid": dealt if draw.random() < 0.8 else dealt + timedelta(days=int(draw.integers(1, 4))),
                "orders_shipped": shipped,
                "orders_signed": signed,
                "orders_cancelled_before_shipping": dealt if is_cancelled else None,
                "orders_refunded": None,
            }
            orders.append(order)
            if draw.random() < 0.05:
                for _ in range(2 if draw.random() < 0.3 else 1):
                    events.append(_event(order, len(events), draw))
    return World(orders, events)


def _event(order: dict[str, Any], number: int, draw: Any) -> dict[str, Any]:
    applied = order["orders_dealt"] + timedelta(days=int(draw.integers(2, 12)))
    began = applied + timedelta(days=int(draw.integers(0, 5)))
    withdrawn = draw.random() < 0.15
    same_request = draw.random() < 0.5
    return {
        "shop_id": "店",
        "event": "intervention",
        "event_id": f"e{number}",
        "order_id": order["order_id"],
        "after_sales_id": f"r{number}",
        "ticket_id": f"t{order['order_id']}" if same_request else f"t{number}",
        "began_on": began,
        "applied_on": applied,
        "known_on": began,
        "ordered_on": order["orders_dealt"],
        "decided_on": None if withdrawn else began + timedelta(days=2),
        "decided_at": None if withdrawn else began + timedelta(days=2),
        "initiated_by": "platform" if draw.random() < 0.15 else "buyer",
        "outcome": "withdrawn" if withdrawn else "buyer",
        "reason_group": "quality",
    }


@cache
def ours(made: World, as_of: date = AS_OF, days: int = 25, seen: float = 1.0, seed: int = 0) -> pd.DataFrame:
    """The rates of every candidate from our facts, of which only a share of the interventions may be seen."""
    counts: dict[tuple[str, date], int] = {}
    columns = [name for name in made.orders[0] if name != "order_id"]
    for order in made.orders:
        for column in columns:
            if order[column] is not None:
                counts[column, order[column]] = counts.get((column, order[column]), 0) + 1
    every = [START + timedelta(days=n) for n in range((as_of - START).days + 1)]
    shop_days = pd.DataFrame(
        [{"shop_id": "店", "on_date": day, **{name: counts.get((name, day), 0) for name in columns}} for day in every]
    )
    covered = pd.DataFrame(
        [("店", kind, day, 1) for kind in ("orders", "after_sales", "tickets") for day in every],
        columns=["shop_id", "kind", "on_date", "files"],
    )
    sources = pd.DataFrame([("店", False, True)], columns=["shop_id", "has_own_list", "has_any"])
    events = facts(made, as_of)
    events = events[np.random.default_rng(seed).random(len(events)) < seen]
    return rates.rolling(shop_days, events, covered, sources, list(CANDIDATES.values()), as_of, lambda *_: Line(), days)


def facts(made: World, as_of: date = AS_OF) -> pd.DataFrame:
    events = pd.DataFrame([event for event in made.events if event["began_on"] <= as_of])
    dates = ["began_on", "applied_on", "known_on", "ordered_on", "decided_on", "decided_at"]
    return events.assign(**{name: pd.to_datetime(events[name]) for name in dates})


def figures(rows: Iterable[tuple[date, Any, Any]], metric: str = "intervention_rate") -> pd.DataFrame:
    return pd.DataFrame(
        [("店", metric, pd.Timestamp(day), count, rate, True) for day, count, rate in rows],
        columns=["shop_id", "metric", "stat_on", "platform_count", "platform_rate", "is_newest"],
    ).astype({"platform_count": "Int64", "platform_rate": "Float64", "stat_on": "datetime64[us]", "is_newest": "bool"})


def days_before(last: date, number: int) -> list[date]:
    return [last - timedelta(days=n) for n in reversed(range(number))]


def window_rows(rule: str, rows: Iterable[tuple[date, Any, Any]], shop: str = "店") -> pd.DataFrame:
    made = pd.DataFrame(
        [(shop, "intervention_rate", rule, day, k, n) for day, k, n in rows],
        columns=["shop_id", "metric", "rule", "window_end", "numerator", "denominator"],
    ).astype({"numerator": "Int64", "denominator": "Int64"})
    return made.assign(rate=rates.share(made["numerator"], made["denominator"]))
