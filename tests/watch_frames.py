"""Made-up frames around the escalation model: a watch list of two shops, what was tested, what drifted, what acting did."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd

from analysis.escalation import FEATURES
from tests.report_frames import AS_OF, HOSTILE, SHOPS

CHOICES = SimpleNamespace(capacity=20, prevention_rate=0.3, action_cost_yuan=5.0)
ORDERS = [f"2611{10 + at:02d}-{200000000000000 + 7919 * at}" for at in range(12)]


def order(number: int, **given: Any) -> dict[str, Any]:
    """One row of the watch list with its order's features; the usual one is 26 hours late in shipping."""
    usual = dict.fromkeys(FEATURES, 0.0) | {
        "order_id": ORDERS[number], "shop_id": SHOPS[0], "scored_on": pd.Timestamp(AS_OF), "probability": 0.2, "rank": number + 1,
        "expected_loss_yuan": 16.0, "expected_gain_yuan": 1.8, "act": True, "control": False, "has_open_ticket": False,
        "deadline_at": datetime(2026, 11, 24, 12, 30), "reason_1": "ship_late_hours", "reason_2": None, "reason_3": None,
        "counter_reason": None, "nearest_rule": "promise_missed", "model_version": "20261122-0a1b2c3d",
        "ship_late_hours": 26.0, "courier": None, "province": None, "reason_group": None, "paid_fen": 8990,
        "loss_yuan": 80.0,
    }  # fmt: skip
    return usual | given


def watched(*orders: dict[str, Any]) -> pd.DataFrame:
    """The given rows; without any, one of every sort, a hostile name among them, and one order of a second shop."""
    rows = orders or (
        order(0, probability=0.634, expected_loss_yuan=50.72, expected_gain_yuan=10.22, reason_2="courier_rate")
        | {"courier_rate": 0.0634, "courier": HOSTILE, "counter_reason": "earlier_tickets"},
        order(1, act=False, control=True, reason_1="request_open_hours", request_open_hours=30.6, nearest_rule="both"),
        order(2, act=False, has_open_ticket=True, deadline_at=pd.NaT, nearest_rule="request_over_a_day"),
        order(3, act=False, probability=0.004, expected_gain_yuan=-4.9, nearest_rule="none"),
        order(4, order_id=HOSTILE, reason_1=HOSTILE, nearest_rule=HOSTILE) | {HOSTILE: 0.0},
        order(5, shop_id=SHOPS[1], reason_1="paid_yuan_log", paid_yuan_log=4.5),
    )
    numbers = dict.fromkeys(("probability", "expected_loss_yuan", "expected_gain_yuan"), "Float64")
    return pd.DataFrame(list(rows)).astype(numbers | {"deadline_at": "datetime64[us]", "paid_fen": "Int64"})


def unranked() -> pd.DataFrame:
    """A watch list that the rule made: no chance, no gain."""
    nothing = {"probability": None, "expected_loss_yuan": None, "expected_gain_yuan": None}
    return watched(order(0, **nothing), order(1, **nothing, reason_1="delivery_late_days", delivery_late_days=1.3))


def feedback(state: str = "known", **given: Any) -> pd.DataFrame:
    row: dict[str, Any] = {
        "state": state, "since_on": pd.Timestamp(2026, 9, 1), "listed": 900, "handled": 630, "escalated": 108, "control": 60,
        "control_handled": 1, "control_escalated": 15, "control_needed": 30, "cases_needed": 5, "listed_rate": 0.12,
        "control_rate": 0.25, "difference": 0.13, "difference_low": 0.034, "difference_high": 0.2539, "prevention_rate": 0.743,
    }  # fmt: skip
    return pd.DataFrame([row | given])


def verdict(code: str = "better_than_rule", **numbers: float) -> SimpleNamespace:
    usual = {
        "cases": 231.0,
        "needed": 10.0,
        "capacity": 20.0,
        "precision": 0.2041,
        "rule_precision": 0.1,
        "brier_skill": 0.084,
    }
    usual |= {"earlier_brier_skill": 0.1, "last_brier_skill": -0.2, "last_predicted_over_actual": 1.8}
    return SimpleNamespace(code=code, numbers=usual | numbers)


def evaluation() -> dict[str, pd.DataFrame]:
    overall = pd.DataFrame(
        [
            ("average_precision", 0.31, 0.25, 0.38, None),
            ("precision", 0.2041, 0.16, 0.25, 0.9),
            ("recall", 0.6, 0.5, 0.7, 1.0),
            ("brier_skill", 0.084, 0.05, 0.11, None),
            ("calibration_error", 0.009, 0.004, 0.02, None),
            ("predicted_over_actual", 0.97, 0.9, 1.06, None),
            ("auc", 0.82, None, None, None),
        ],
        columns=["measure", "value", "low", "high", "ceiling"],
    ).astype({"low": "float64", "ceiling": "float64"})
    names = ("model", "base_rate", "newest_first", "largest_first", "rule")
    baselines = pd.DataFrame(
        [
            {
                "name": name,
                "precision": 0.2 / at,
                "precision_low": 0.1 / at,
                "precision_high": 0.3 / at,
                "recall": 0.6 / at,
            }
            | {"average_precision": 0.31 / at}
            for at, name in enumerate(names, 1)
        ]
    )
    fold = {"fold": 1, "known_until_on": date(2026, 8, 1), "begins_on": date(2026, 9, 1), "ends_on": date(2026, 10, 2)}
    fold |= {
        "training_rows": 9000,
        "training_cases": 120,
        "rows": 1200,
        "cases": 31,
        "precision": 0.2,
        "rule_precision": 0.1,
    }
    fold |= {"brier_skill": 0.08, "predicted_over_actual": 0.9}
    reliability = pd.DataFrame(
        [(1, 500, 0.01, 0.008, 0.002, 0.015), (2, 500, 0.11, 0.125, 0.09, 0.16)],
        columns=["bin", "rows", "predicted", "actual", "actual_low", "actual_high"],
    )
    gain = pd.DataFrame(
        [
            (name, daily, 0.1, min(1.0, daily / 500 * (3 if name == "model" else 1)))
            for name in names
            for daily in (1, 20, 499, 500)
        ],
        columns=["name", "daily", "listed_share", "recall"],
    )
    by_month = pd.DataFrame(
        [(date(2026, month, 1), 900, 20 + month, 0.2, 0.11, 0.9) for month in (9, 10)],
        columns=["month", "rows", "cases", "precision", "rule_precision", "predicted_over_actual"],
    )
    tables = {"overall": overall, "baselines": baselines, "folds": pd.DataFrame([fold]), "reliability": reliability}
    return tables | {"gain": gain, "by_month": by_month}


def trained(code: str = "better_than_rule") -> SimpleNamespace:
    return SimpleNamespace(
        verdict=verdict(code), evaluation=evaluation(), capacity=20, as_of=AS_OF - timedelta(days=3), replaced="",
        alarms={}, dropped=(),
    )  # fmt: skip


def kept(notice: str = "", problem: str = "", refused: str = "") -> SimpleNamespace:
    model = None if notice == "nothing_kept" else trained()
    return SimpleNamespace(trained=model, is_new=False, notice=notice, problem=problem, refused=refused)


def card() -> dict[str, Any]:
    return {
        "version": "20261119-0a1b2c3d", "kind": "logistic", "challenger": {"state": "too_few", "cases": 231, "needed": 400}, "trained_on": date(2026, 11, 19), "label_days": 18,
        "first_landmark": "2026-07-05", "last_landmark": "2026-11-01", "last_matured": "2026-11-01", "landmarks": 17156,
        "matured": 17000, "immature": 156, "positive": 690, "orders": 3030, "positive_orders": 231, "escalations": 240,
        "by_platform": 4, "never_at_a_landmark": 9,
    }  # fmt: skip


def features() -> pd.DataFrame:
    rows = [
        ("ship_late_hours", "up", 0.02, 1.92),
        ("paid_yuan_log", "up", -0.3, 0.8),
        ("age_days", "either", 0.01, 1.1),
    ]
    return pd.DataFrame(rows, columns=["feature", "expected", "weight", "odds_ratio"])


def drift() -> pd.DataFrame:
    rows = [
        ("feature", "age_days", 0.012, None, None, 0.05, False),
        ("feature", "is_shipped", 0.0, None, None, float("inf"), False),
        ("feature", "courier_rate", 0.31, None, None, 0.05, True),
        ("score", "probability", 0.02, None, None, 0.05, False),
        ("outcome", "predicted_over_actual", 0.95, 0.7, 1.3, None, False),
    ]
    columns = ["kind", "name", "value", "low", "high", "threshold", "is_alarm"]
    return pd.DataFrame(rows, columns=columns).assign(reference_orders=1729, orders=487)
