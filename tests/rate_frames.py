"""Made-up frames around the rate: what it can take, what is to come, and what the platform says.

The first shop is over both its lines and fully known; the second has three events, no line, no figures of the platform
and a history too short to forecast from. `standing` makes odder ones.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from tests.report_frames import AS_OF, HOSTILE, SHOPS, Rule, rates

SINCE = AS_OF - timedelta(days=1)


def rules() -> list[Rule]:
    """The rule in force, three candidates of the same metric, and one of another metric."""
    base = Rule()
    variants = {
        "intervention-paid": ("分母为支付订单", "over orders paid"),
        "intervention-less-cancelled": (
            "分母为成交减未发货取消",
            "over orders dealt less those cancelled before shipping",
        ),
        "intervention-with-withdrawn": ("含判定前撤销", "withdrawn ones counted"),
    }
    others = [
        replace(base, name=name, title_zh=f"{base.title_zh}：{zh}", title_en=f"{base.title_en}: {en}", confidence="D")
        for name, (zh, en) in variants.items()
    ]
    quality = replace(
        base,
        name="quality-refund-rate",
        title_zh="近30天品质退款率",
        title_en="Near-30-day quality-refund rate",
        metric="quality_refund_rate",
        event="request",
        dated_by="decided_on",
        outcomes=("buyer",),
        reason_groups=("quality", "wrong_item"),
        denominator_minus=("orders_cancelled_before_shipping",),
        excluded_initiators=(),
        excludes_undecided_withdrawn=False,
        lag_days=1,
        valid_to=date(2026, 12, 31),
    )
    return [base, *others, quality]


def standing(**changed: Any) -> pd.DataFrame:
    """One row of `status` for the first shop, with these fields changed."""
    newest = rates().query("shop_id == @SHOPS[0]").iloc[-1]
    row = {
        "shop_id": SHOPS[0],
        "metric": "intervention_rate",
        "rule": "pdd-2021-03",
        "window_start": AS_OF - timedelta(days=29),
        "window_end": AS_OF,
        "numerator": int(newest["numerator"]),
        "denominator": int(newest["denominator"]),
        "rate": float(newest["rate"]),
        "target_rate": 0.02,
        "target_count": 18,
        "target_source": "settings",
        "condition": "either",
        "early_share": 0.8,
        "min_orders": 100,
        "status": "above_both",
        "days_above": 5,
        "persistent_days": 7,
        "is_persistent": False,
        "headroom": -2,
        "headroom_rate": -2,
        "headroom_count": -2,
        "headroom_expected": -1,
        "headroom_low": -2,
        "unseen": 0,
        "back_under_on": AS_OF + timedelta(days=3),
        "back_under_late_on": AS_OF + timedelta(days=3),
    }
    return pd.DataFrame([row | changed])


def status() -> pd.DataFrame:
    """The first shop over its lines, the second without any."""
    unlined = dict.fromkeys(
        [
            *("target_rate", "target_count", "target_source", "days_above", "persistent_days", "is_persistent"),
            *("headroom", "headroom_rate", "headroom_count", "headroom_expected", "headroom_low"),
            *("back_under_on", "back_under_late_on"),
        ],
        None,
    )
    few = standing(shop_id=SHOPS[1], numerator=3, denominator=389, rate=3 / 389, status="no_line", **unlined)
    whole = [name for name in few.columns if name.startswith("headroom")] + ["target_count", "days_above"]
    return pd.concat([standing().astype(object), few.astype(object)], ignore_index=True).astype(
        dict.fromkeys([*whole, "numerator", "denominator"], "Int64")
    )


def rolloff() -> pd.DataFrame:
    """Twenty leave the first shop's window, three the second's, all within 30 days."""
    days = [AS_OF + timedelta(days=ahead) for ahead in range(1, 31)]
    leaving = [[0, 0, 3, 0, 1, 0, 1, 2, 0, 1, 0, 0, 1, 1, 0, 2, 0, 1, 0, 1, 1, 0, 0, 2, 0, 1, 0, 1, 0, 1], [0] * 30]
    leaving[1][4] = leaving[1][12] = leaving[1][29] = 1
    frames = []
    for shop, out, inside, orders in zip(SHOPS, leaving, (20, 3), (913, 389), strict=True):
        remaining = inside - np.cumsum(out)
        frames.append(
            pd.DataFrame(
                {
                    "shop_id": shop,
                    "rule": "pdd-2021-03",
                    "on_date": days,
                    "leaving": out,
                    "remaining": remaining,
                    "rate_if_none": remaining / orders,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def forecast() -> pd.DataFrame:
    """The first shop has a forecast, and a probability but for 30 days; the second's history is too short."""
    columns = [
        *("shop_id", "rule", "horizon_days", "target_date", "expected", "low50", "high50", "low80", "high80", "low95"),
        *("high95", "breach_probability", "skill", "skill_of", "reason"),
    ]
    given: dict[int, tuple[Any, ...]] = {
        7: (19.4, 18, 21, 16, 23, 15, 26, 0.612, 0.58, "breach", ""),
        14: (18.7, 16, 21, 13, 25, 11, 29, 0.497, 0.31, "breach", ""),
        30: (17.9, 14, 21, 10, 26, 7, 32, pd.NA, pd.NA, "", "band_only"),
    }
    withheld: dict[int, tuple[Any, ...]] = dict.fromkeys(given, (*[pd.NA] * 9, "", "too_short"))
    rows = [
        (shop, "pdd-2021-03", days, AS_OF + timedelta(days=days), *values)
        for shop, found in zip(SHOPS, (given, withheld), strict=True)
        for days, values in found.items()
    ]
    frame = pd.DataFrame(rows, columns=columns)
    counts = ["low50", "high50", "low80", "high80", "low95", "high95"]
    shares = ["expected", "breach_probability", "skill"]
    return frame.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(shares, "Float64"))


def backtest() -> pd.DataFrame:
    columns = [
        *("shop_id", "rule", "horizon_days", "origins", "coverage50", "coverage80", "coverage95", "pit_mean", "brier"),
        *("brier_climatology", "brier_no_change", "skill", "skill_no_change", "pending_weight"),
    ]
    rows = [
        (SHOPS[0], "pdd-2021-03", 7, 83, 0.54, 0.842, 0.96, 0.5, 0.05, 0.12, 0.08, 0.58, 0.21, 0.5),
        (SHOPS[0], "pdd-2021-03", 14, 76, 0.51, 0.816, 0.95, 0.5, 0.08, 0.12, 0.09, 0.31, 0.12, 0.25),
        (SHOPS[0], "pdd-2021-03", 30, 60, 0.47, 0.783, 0.93, 0.5, 0.12, 0.12, 0.11, 0.02, -0.04, 0.0),
    ]
    return pd.DataFrame(rows, columns=columns)


def agreement(missing: int = 0) -> pd.DataFrame:
    """The platform's newest figure for the first shop; `missing`: how many more it counts than our exports show."""
    rule = "pdd-2021-03"
    row = (SHOPS[0], rule, 30, 28, AS_OF, 20 + missing, round((20 + missing) / 913, 4), missing)
    columns = ["shop_id", "rule", "days", "days_equal", "stat_on", "platform_count", "platform_rate", "missing_count"]
    return pd.DataFrame([row], columns=columns)


def rates_of_rules() -> pd.DataFrame:
    """The same windows under each rule of `rules`."""
    base = rates()
    frames = [
        base.assign(
            rule=rule.name,
            metric=rule.metric,
            numerator=base["numerator"] + at // 2,
            denominator=base["denominator"] - 25 * at,
        )
        for at, rule in enumerate(rules())
    ]
    table = pd.concat(frames, ignore_index=True)
    return table.assign(rate=table["numerator"] / table["denominator"])


def reconciliation() -> pd.DataFrame:
    """Twelve days of figures for the first shop: two that differ, one on which ours is missing, one without theirs."""
    frames = []
    for at, rule in enumerate(rules()[:4]):
        ours = [20, 20, 19, 20, 21, 20, 22, 20, 20, 19, 18, 20]
        theirs = [20, 20, 19, 20, 22, 20, 23, 20, 20, 19, 18, None]
        frame = pd.DataFrame(
            {
                "shop_id": SHOPS[0],
                "date": [AS_OF - timedelta(days=11 - day) for day in range(12)],
                "rule": rule.name,
                "ours_count": pd.array([None if day == 2 else count for day, count in enumerate(ours)], dtype="Int64"),
                "platform_count": pd.array(theirs, dtype="Int64"),
                "denominator": pd.array([910 + day - 20 * at for day in range(12)], dtype="Int64"),
            }
        )
        frame["ours_rate"] = frame["ours_count"] / frame["denominator"]
        frame["platform_rate"] = (frame["platform_count"] / pd.Series(range(910, 922), dtype="Int64")).round(4)
        frame["difference"] = frame["ours_count"] - frame["platform_count"]
        frame["within_rounding"] = ((frame["ours_rate"] - frame["platform_rate"]).abs() < 5e-5).astype("boolean")
        low, high = frame["platform_rate"] + 5e-5, frame["platform_rate"] - 5e-5
        frame["denominator_low"] = (frame["platform_count"] / low).apply(np.ceil).astype("Int64")
        frame["denominator_high"] = (frame["platform_count"] / high).apply(np.floor).astype("Int64")
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def fits(verdict: str = "fits") -> pd.DataFrame:
    """Four candidates, the rule in force best; with verdict `tied` the second does as well."""
    names = [rule.name for rule in rules()[:4]]
    tied = verdict == "tied"
    frame = pd.DataFrame({"shop_id": SHOPS[0], "rule": names, "days": 10})
    frame = frame.assign(
        days_count=[8, 8, 8, 2],
        days_rate=[8, 8 if tied else 3, 0, 1],
        days_both=[8, 8 if tied else 3, 0, 1],
        days_denominator=[10, 10 if tied else 5, 0, 10],
        place=[1, 1 if tied else 2, 3, 4],
        is_tied=[tied, tied, False, False],
        stopped_on=pd.Series([None, AS_OF - timedelta(days=5), None, None], dtype="object"),
        verdict=verdict,
    )
    return frame


def gaps() -> pd.DataFrame:
    rows = [
        (
            SHOPS[0],
            AS_OF - timedelta(days=5),
            "261117-100000000000007",
            AS_OF - timedelta(days=5),
            "",
            "intervention-paid",
        ),
        (
            *(SHOPS[0], AS_OF - timedelta(days=5), HOSTILE, AS_OF - timedelta(days=9), "withdrawn_undecided"),
            "intervention-with-withdrawn, intervention-paid",
        ),
    ]
    return pd.DataFrame(rows, columns=["shop_id", "date", "order_id", "booked_on", "reason", "rules"])


def figures() -> pd.DataFrame:
    """The platform's figures as read; one of them was replaced by a newer export."""
    told = reconciliation().query("rule == 'pdd-2021-03'").rename(columns={"date": "stat_on"})
    newest = told[["shop_id", "stat_on", "platform_count", "platform_rate"]].assign(is_newest=True)
    older = newest.iloc[[3]].assign(platform_count=19, platform_rate=0.0208, is_newest=False)
    both = pd.concat([newest, older], ignore_index=True)
    return both.assign(metric="intervention_rate", category_rate=None, exported_at=pd.Timestamp(AS_OF))


def changes() -> pd.DataFrame:
    """From 19 to 20 in the first shop; nothing changed in the second."""
    kinds = {"new": (1, 3), "rolled_off": (-1, 2), "restated": (1, 1), "redefined": (-1, 1)}
    rows = [
        (SHOPS[0], "pdd-2021-03", SINCE, kind, sign, f"261120-{100000000000000 + 97 * each + len(kind):015d}")
        for kind, (sign, orders) in kinds.items()
        for each in range(orders)
    ]
    return pd.DataFrame(rows, columns=["shop_id", "rule", "since", "kind", "change", "order_id"])


def change_totals() -> pd.DataFrame:
    columns = ["shop_id", "rule", "count_before", "new", "rolled_off", "restated", "redefined", "count_now"]
    rows = [(SHOPS[0], "pdd-2021-03", 19, 3, -2, 1, -1, 20), (SHOPS[1], "pdd-2021-03", 3, 0, 0, 0, 0, 3)]
    return pd.DataFrame(rows, columns=columns)


def cohorts() -> pd.DataFrame:
    """Sixty order days: completion falls towards the newest, and the last twelve are immature."""
    age = np.arange(60)[::-1]
    completion = 1 - np.exp(-(age + 1) / 12)
    frames = []
    for shop, volume in zip(SHOPS, (32, 2), strict=True):
        orders = pd.Series(volume + (age * 7) % 5, dtype="Int64").mask(pd.Series(age % 29 == 13), 0)
        expected = orders.astype("Float64") * 0.03
        reported = (expected * completion).round().astype("Int64")
        frames.append(
            pd.DataFrame(
                {
                    "shop_id": shop,
                    "ordered_on": [AS_OF - timedelta(days=int(each)) for each in age],
                    "orders": orders,
                    "reported": reported,
                    "completion": completion,
                    "expected": expected,
                    "low80": reported,
                    "high80": (reported + 1 + pd.Series(2 * (1 - completion)).round()).astype("Int64"),
                    "rate_reported": reported / orders.where(orders > 0),
                    "rate_expected": expected / orders.where(orders > 0),
                    "is_mature": completion >= 0.5,
                    "note": "" if shop == SHOPS[0] else "few_errors",
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def signal() -> pd.DataFrame:
    """Thirty days of the first shop: quiet, a day without data, then three days above the limit."""
    arrivals = [0, 1, 0, 2, 0, 1, 1, 0, None, 0, 1, 0, 0, 2, 1, 0, 1, 0, 0, 1, 2, 1, 3, 2, 3, 2, 4, 1, 2, 1]
    excess = np.zeros(30)
    for day, came in enumerate(arrivals):
        excess[day] = max(0.0, (excess[day - 1] if day else 0.0) + ((came - 1.1) if came is not None else 0.0))
    frame = pd.DataFrame(
        {
            "shop_id": SHOPS[0],
            "on_date": [AS_OF - timedelta(days=29 - day) for day in range(30)],
            "arrivals": pd.array(arrivals, dtype="Int64"),
            "expected": 0.7,
            "cusum": excess,
            "limit": 8.5,
        }
    )
    return frame.assign(is_signal=(frame["cusum"] > frame["limit"]).where(frame["arrivals"].notna()).astype("boolean"))


def signal_basis() -> pd.DataFrame:
    columns = ["shop_id", "reference_days", "reference_arrivals", "expected", "false_alarm_days", "reason"]
    rows = [(SHOPS[0], 60, 42, 0.7, 365, ""), (SHOPS[1], 60, 3, pd.NA, pd.NA, "too_few_events")]
    return pd.DataFrame(rows, columns=columns)
