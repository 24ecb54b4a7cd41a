"""Made-up frames around money: disputes of two shops with hostile names and unknown amounts, and what `losses` makes of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from analysis import losses
from analysis.losses import contest, contest_backtest, restriction
from analysis.settings import Costs
from tests import loss_worlds
from tests.report_frames import AS_OF, HOSTILE, SHOPS

COSTS = Costs(
    unit_costs_yuan={HOSTILE: 31.5},
    unit_cost_share=0.55,
    labour_yuan=8.0,
    gross_margin_share=0.25,
    restriction_lost_share=0.4,
    reasons={"labour_yuan": HOSTILE, "unit_cost_share": "毛利表"},
)
BUSY, QUIET = SHOPS


def order(number: int, **given: Any) -> dict[str, Any]:
    """A disputed order of the busy shop, ten days ago."""
    usual = {"shop_id": BUSY, "disputed_on": AS_OF - timedelta(days=10), "product_name": HOSTILE, "flags": ""}
    return loss_worlds.order(number, **usual | given)


def entry(number: int, component: str, amount_fen: int | None, **given: Any) -> dict[str, Any]:
    usual = {"shop_id": BUSY, "booked_at": datetime.combine(AS_OF, datetime.min.time()) - timedelta(days=8)}
    return loss_worlds.entry(number, component, amount_fen, **usual | given)


def world() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Entries and orders: one refunded in full, one lost through the courier, one undecided, one won back, one of the other shop."""
    orders = [
        order(1, cause="not_received", accountable="carrier", reason_group="not_received", flags="partial_month"),
        order(2, cause=HOSTILE, accountable="buyer", product_id="p2", flags="order_without_ledger,negative_income"),
        order(3, outcome="pending", disputed_on=AS_OF - timedelta(days=45), product_id=""),
        order(4, ticket_type="quality", courier=HOSTILE, province=None),
        order(5, shop_id=QUIET, cause="", accountable="unknown", product_id=""),
    ]
    entries = [
        entry(1, "refund", 268_050),
        entry(1, "compensation", 1_590),
        entry(1, "fee_returned", -1_608),
        entry(1, "carrier_claim", -9_000, source="manual", rule="noted"),
        entry(1, "goods_not_returned", 90_000, source="estimate", rule="unit_cost_share"),
        entry(2, "refund", 5_990, source="estimate", rule="refund_stated"),
        entry(2, "returned_goods", None, source="estimate", rule="missing: salvage_share"),
        entry(2, "return_freight", None, source="estimate", rule="missing: return_freight_yuan"),
        entry(2, "labour", 800, source="estimate", rule="labour_yuan"),
        entry(3, "refund", 4_000),
        entry(4, "refund", 2_000),
        entry(4, "appeal_recovery", -2_000, rule="text:appeal_recovery"),
        entry(4, "late_shipping", 300, rule="0040004"),
        entry(5, "refund", None, shop_id=QUIET, source="estimate", rule="missing: refund_fen"),
    ]
    listed, told = loss_worlds.frames(orders, entries)
    return listed, told.assign(flags=[each["flags"] for each in orders])


def shop_days(shops: tuple[str, ...] = SHOPS) -> pd.DataFrame:
    rows = [(shop, AS_OF - timedelta(days=ago), 12) for shop in shops for ago in range(120)]
    return pd.DataFrame(rows, columns=["shop_id", "on_date", "orders_dealt"])


def products() -> pd.DataFrame:
    dealt = pd.DataFrame(
        [(BUSY, "product", "p1", 200), (BUSY, "product", "p2", 0)],
        columns=["shop_id", "dimension", "segment", "orders_dealt"],
    )
    return losses.top_products(*world(), dealt, AS_OF)


def claims() -> pd.DataFrame:
    parcels = pd.DataFrame({"shop_id": [BUSY], "order_id": [order(1)["order_id"]], "tracking_no": [HOSTILE]})
    return losses.claims(*world(), AS_OF, parcels)


def ledger_files() -> pd.DataFrame:
    usual: dict[str, Any] = {
        "shop_id": BUSY, "path": f"exports/{BUSY}/{HOSTILE}.csv", "exported_at": pd.Timestamp("2026-11-01 09:00"),
        "stated_from": pd.Timestamp("2026-10-01"), "stated_to": pd.Timestamp("2026-10-31 23:59:59"), "ledger_rows": 1200,
        "overlapping_rows": 0, "stated_total_fen": 500_000, "total_fen": 500_000, "classified_fen": 1_498_766,
        "unclassified_fen": 1_234, "excluded_fen": -1_000_000, "difference_fen": 0, "unclassified_rows": 1, "shop_rows": 2,
        "flags": "unclassified",
    }  # fmt: skip
    wrong = usual | {"total_fen": 500_001, "difference_fen": 1, "flags": "totals_disagree,partial_month"}
    open_end = usual | {"stated_total_fen": None, "difference_fen": None, "stated_from": pd.NaT, "flags": None}
    kinds = dict.fromkeys(["stated_total_fen", "difference_fen"], "Int64")
    return pd.DataFrame([usual, wrong, open_end]).astype(kinds)


def unclassified() -> pd.DataFrame:
    rows = [(BUSY, HOSTILE, 1, 1_234, pd.Timestamp("2026-10-09 10:00"))]
    return pd.DataFrame(rows, columns=["shop_id", "wording", "ledger_rows", "amount_fen", "last_booked_at"])


def case(number: int, **given: Any) -> dict[str, Any]:
    """An open case as `contest.recommend` tells of it."""
    usual = dict.fromkeys(contest.COLUMNS) | {
        "ticket_id": f"5000{number}", "order_id": order(number)["order_id"], "shop_id": BUSY, "type": "not_received",
        "win_probability": 0.245, "rests_on_cases": 47, "own_cases": 34, "at_stake_yuan": 86.0, "extra_loss_yuan": 6.67,
        "fight_cost_yuan": 8.0, "rate_effect_yuan": 0.0, "fight_value_yuan": -78.0, "concede_value_yuan": -86.0,
        "margin_yuan": 8.0, "margin_low_yuan": 1.3, "margin_high_yuan": 15.1, "turning_point": 0.158,
        "recommendation": "fight", "reason": "", "would_change": "",
    }  # fmt: skip
    return usual | given


def cases(*rows: dict[str, Any]) -> pd.DataFrame:
    given = rows or (
        case(1),
        case(2, recommendation="refund", margin_yuan=-12.34, would_change="more_proof,price_of_restriction")
        | {"rate_effect_yuan": 3.2, "turning_rate_effect_yuan": 41.25},
        case(3, recommendation="close_call", rate_effect_yuan=None, would_change="more_cases", order_id=None),
        case(4, recommendation="cannot_tell", reason="no_amount", type=HOSTILE, margin_yuan=None),
        case(5, recommendation="cannot_tell", reason="no_settled_cases", rests_on_cases=0, fight_cost_yuan=None)
        | {"extra_loss_yuan": None, "would_change": "labour,more_cases"},
    )
    numbers = [name for name in contest.COLUMNS if name.endswith("_yuan")] + ["turning_point", "win_probability"]
    return pd.DataFrame(given, columns=contest.COLUMNS).astype(dict.fromkeys(numbers, "Float64"))


def backtest() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = [
        ("always_fight", 41, -244_133, -248_714, 0, 0, 4_581, -5_831, 13_817, "cannot_tell", "spans_zero"),
        ("always_refund", 41, -244_133, -353_670, -100, 0, 109_437, 32_460, 161_425, "better", ""),
        ("done", 12, -9_000, -8_000, 0, 0, -1_000, -3_000, 900, "cannot_tell", "too_few_cases"),
    ]
    basis = (54, 9, 0, 3, 41, 0, 1, 0, 0, 0, 1, 7, 33)
    return (
        pd.DataFrame(rows, columns=contest_backtest.COLUMNS),
        pd.DataFrame([basis], columns=contest_backtest.BASIS_COLUMNS),
    )


def prices(yuan: float | None = None, by: str = "unknown") -> pd.DataFrame:
    found = pd.DataFrame({"shop_id": SHOPS, "price_yuan": [yuan] * 2, "price_by": by})
    return found.astype({"price_yuan": "Float64"})


def restrictions() -> pd.DataFrame:
    rows = [
        (BUSY, HOSTILE, pd.Timestamp("2026-11-04"), pd.Timestamp("2026-11-04 23:59:59")),
        (BUSY, "资源位限制", pd.Timestamp("2026-11-12"), pd.NaT),
    ]
    return pd.DataFrame(rows, columns=["shop_id", "restriction_type", "started_at", "ended_at"])


def restriction_prices(restricted_orders: int = 2) -> pd.DataFrame:
    """The busy shop sold less on 4 November."""
    days = shop_days()
    hit = (days["shop_id"] == BUSY) & (days["on_date"] == date(2026, 11, 4))
    days = days.assign(orders_dealt=days["orders_dealt"].mask(hit, restricted_orders))
    covered = days.assign(kind="orders")[["shop_id", "kind", "on_date"]]
    receipts = days.assign(orders_with_amount=days["orders_dealt"], received_fen=days["orders_dealt"] * 6_000)
    return restriction.price(restrictions(), days, covered, receipts, COSTS, AS_OF)


def scenario(costs: Costs = COSTS) -> pd.DataFrame:
    days = shop_days()
    covered = days.assign(kind="orders")[["shop_id", "kind", "on_date"]]
    receipts = days.assign(orders_with_amount=days["orders_dealt"], received_fen=days["orders_dealt"] * 6_000)
    return restriction.scenario(costs, days, covered, receipts, AS_OF)


def learned() -> tuple[pd.DataFrame, pd.DataFrame]:
    ends = [AS_OF - timedelta(days=ago) for ago in range(60)]
    rates = pd.DataFrame({"shop_id": BUSY, "window_end": ends, "numerator": 9, "rate": 0.0274})
    return restriction.learned_line(restrictions(), rates, AS_OF)


def savings(watched: pd.DataFrame | None = None) -> pd.DataFrame:
    tickets = pd.DataFrame(
        {
            "shop_id": [BUSY], "ticket_id": ["50001"], "order_id": ["260601-000000000000099"], "state": ["closed_won"],
            "settled_on": [AS_OF], "at_stake_fen": pd.array([12_800], dtype="Int64"),
        }
    )  # fmt: skip
    return losses.savings(world()[0], tickets, watched, AS_OF)


def findings() -> dict[str, Any]:
    """What the notebook takes from `analysis.findings.Findings`."""
    entries, orders = world()
    priced = restriction_prices()
    return {
        "losses": losses.listed(entries, orders, AS_OF),
        "loss_summary": losses.summary(entries, orders, shop_days(), AS_OF),
        "loss_waterfall": losses.waterfall(entries, orders, AS_OF),
        "loss_components": losses.by_component(entries, orders, AS_OF),
        "loss_causes": losses.by_cause(entries, orders, AS_OF),
        "loss_products": products(),
        "loss_trend": losses.trend(entries, orders, shop_days(), AS_OF),
        "loss_oddities": losses.oddities(entries, orders, AS_OF),
        "carrier_claims": claims(),
        "couriers_to_claim": losses.carriers_to_claim(claims()),
        "ledger_files": ledger_files(),
        "unclassified": unclassified(),
        "contest": cases(),
        "contest_backtest": backtest(),
        "restriction_price": prices(),
        "restriction_prices": priced,
        "restriction_measured": restriction.measured(priced),
        "restriction_scenario": scenario(),
        "learned_line": learned(),
        "savings": savings(),
        "assumptions": losses.assumptions(entries, orders, COSTS, AS_OF),
    }
