"""Made-up frames in the report's shape: two shops, holes, hostile names, a refused file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

AS_OF = date(2026, 11, 22)
SHOPS = ("暖食坊旗舰店", '<img src=x onerror=alert(1)></script><b>"店"&amp;')
HOSTILE = "<img src=x onerror=alert(1)></script><b>x &amp; \"q\" 'q' {{ 7*7 }} %{x} $a$"


@dataclass(frozen=True)
class Rule:
    name: str = "pdd-2021-03"
    title_zh: str = "近30天平台介入率（2021 版）"
    title_en: str = "Near-30-day intervention rate (2021)"
    window_days: int = 30
    source_zh: str = "商家文章，2021-03-26"
    source_en: str = "seller article, 2021-03-26"
    confidence: str = "B"
    valid_from: date = date(2021, 3, 26)
    valid_to: date | None = None
    metric: str = "intervention_rate"
    lag_days: int = 0
    event: str = "intervention"
    unit: str = "orders"
    dated_by: str = "began_on"
    outcomes: tuple[str, ...] = ()
    reason_groups: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ("orders_dealt",)
    denominator_minus: tuple[str, ...] = ()
    excluded_initiators: tuple[str, ...] = ("platform",)
    excludes_undecided_withdrawn: bool = True


def wilson(numerator: pd.Series, denominator: pd.Series) -> tuple[pd.Series, pd.Series]:
    n, p, z = denominator.astype("Float64"), numerator / denominator, 1.959964
    middle, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def rates(*, with_lines: bool = True) -> pd.DataFrame:
    """90 window ends for two shops: the first has twelve incomplete ones, the second only a few events."""
    ends = pd.date_range(end=AS_OF, periods=90)
    step = np.arange(90)
    frames = []
    for at, shop in enumerate(SHOPS):
        rising = 8 + step // 7 + (step % 11 == 0) if at == 0 else 1 + step // 40
        frame = pd.DataFrame(
            {
                "shop_id": shop,
                "metric": "intervention_rate",
                "rule": "pdd-2021-03",
                "window_start": ends - timedelta(days=29),
                "window_end": ends,
                "numerator": pd.array(rising, dtype="Int64"),
                "denominator": pd.array((1180 - 3 * step) if at == 0 else 300 + step, dtype="Int64"),
            }
        )
        if at == 0:
            frame.loc[20:31, ["numerator", "denominator"]] = pd.NA
        frame["rate"] = frame["numerator"] / frame["denominator"]
        frame["rate_low"], frame["rate_high"] = wilson(frame["numerator"], frame["denominator"])
        lined = with_lines and at == 0
        frame["line_rate"] = pd.array([0.02 if lined else pd.NA] * 90, dtype="Float64")
        frame["line_count"] = pd.array([18 if lined else pd.NA] * 90, dtype="Int64")
        over = (frame["rate"] >= 0.02).fillna(False) & lined
        frame["status"] = np.where(over, "above_both", "below" if lined else "no_line")
        frame.loc[frame["numerator"].isna(), "status"] = "incomplete"
        allowed = (frame["line_rate"] * frame["denominator"]).astype("Float64") // 1
        most = pd.concat([allowed, frame["line_count"].astype("Float64")], axis=1).min(axis=1)
        frame["headroom"] = (most - frame["numerator"]).astype("Int64")
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def segments() -> pd.DataFrame:
    names = {
        "product": [
            HOSTILE,
            "2026",
            "东北珍珠米 10斤 现磨现发 真空包装 家庭装",
            *[f"商品 {i} 号" for i in range(9)],
        ],
        "sku": ["红色 大号", "蓝色 小号", ""],
        "courier": ["极兔速递", "中通快递", "韵达快递", "邮政"],
        "province": ["广东", "浙江", "江苏", "河南", "四川", "山东", "湖南", "湖北", "辽宁", "新疆"],
        "reason": ["not_received", "missing_or_short", "quality", "other"],
        "ticket_type": ["not_received", ""],
    }
    without_orders = ("reason", "ticket_type")
    rows = [
        (shop, dimension, name, max(1, 8 - at) if dimension not in without_orders else 9 - 2 * at, 120 + 37 * at)
        for shop in SHOPS
        for dimension, found in names.items()
        for at, name in enumerate(found)
    ]
    frame = pd.DataFrame(rows, columns=["shop_id", "dimension", "segment", "numerator", "denominator"])
    frame["label"] = frame["segment"]
    is_share = frame["dimension"].isin(without_orders)
    frame.loc[is_share, "denominator"] = 24
    frame = frame.astype({"numerator": "Int64", "denominator": "Int64"})
    frame["rate"] = frame["numerator"] / frame["denominator"]
    frame["rate_low"], frame["rate_high"] = wilson(frame["numerator"], frame["denominator"])
    frame["shrunken_rate"] = 0.5 * frame["rate"] + 0.5 * 0.03
    frame["shrunken_low"], frame["shrunken_high"] = frame["shrunken_rate"] * 0.6, frame["shrunken_rate"] * 1.5
    place = frame.groupby(["shop_id", "dimension"]).cumcount()
    frame["contribution"] = frame["numerator"] / 913
    frame["change"] = (0.0031 - 0.0012 * place).astype("Float64").where(frame["shop_id"] == SHOPS[0])
    frame["contribution_before"] = frame["contribution"] - frame["change"]
    frame["mix_effect"] = frame["change"] * 0.25
    frame["rate_effect"] = frame["change"] - frame["mix_effect"]
    return frame


def covered_days() -> pd.DataFrame:
    days = pd.date_range(end=AS_OF, periods=120)
    parts = []
    for shop in SHOPS:
        for kind, lost in (
            ("orders", range(60, 63)),
            ("after_sales", range(95, 97)),
            ("tickets", range(0, 40)),
        ):
            kept = np.delete(np.arange(120), list(lost))
            parts.append(pd.DataFrame({"shop_id": shop, "kind": kind, "on_date": days[kept], "files": 1 + kept % 2}))
    return pd.concat(parts, ignore_index=True)


def interventions() -> pd.DataFrame:
    count = 23
    at = np.arange(count)
    frame = pd.DataFrame(
        {
            "shop_id": SHOPS[0],
            "order_id": [f"2611{22 - i % 22:02d}-{100000000000000 + 7919 * i}" for i in at],
            "began_at": pd.Timestamp(AS_OF) + timedelta(hours=15, minutes=20) - pd.to_timedelta(at * 29, unit="h"),
            "initiated_by": np.where(at % 9 == 4, "platform", "buyer"),
            "outcome": np.array(["buyer", "merchant", "withdrawn", "pending"])[at % 4],
            "source": np.array(["ticket", "status", "reported"])[at % 3],
            "dated_by": np.array(["ticket", "seen", "reported"])[at % 3],
            "counted": at % 9 != 4,
        }
    )
    frame["reason"] = frame["counted"].map({True: None, False: "started_by_platform"})
    return frame


def sources() -> pd.DataFrame:
    rows = [
        (SHOPS[0], "reported", "reported", 7),
        (SHOPS[0], "status", "seen", 8),
        (SHOPS[0], "ticket", "ticket", 8),
    ]
    return pd.DataFrame(rows, columns=["shop_id", "source", "dated_by", "interventions"])


def files() -> pd.DataFrame:
    columns = [
        "shop_id",
        "kind",
        "path",
        "exported_at",
        "read",
        "kept",
        "superseded",
        "quarantined",
        "notes",
        "bad_cells",
        "is_refused",
        "message",
    ]
    rows = [
        (
            SHOPS[0],
            "orders",
            "暖食坊旗舰店/orders_export2026-11-23.csv",
            pd.Timestamp("2026-11-23 06:00"),
            5120,
            4870,
            248,
            2,
            0,
            3,
            False,
            "",
        ),
        (
            SHOPS[0],
            "after_sales",
            "暖食坊旗舰店/after_20261123060500.xlsx",
            pd.Timestamp("2026-11-23 06:05"),
            611,
            600,
            10,
            0,
            1,
            0,
            False,
            "",
        ),
        (
            SHOPS[0],
            "unknown",
            "暖食坊旗舰店/未完成下载.csv.crdownload",
            pd.NaT,
            None,
            None,
            None,
            None,
            None,
            None,
            True,
            "文件没有下载完整，请重新下载。 <b>Not downloaded completely; download it again.</b>",
        ),
        (
            SHOPS[1],
            "ledger",
            "b/pdd-mall-bill-detail(1).csv",
            pd.Timestamp("2026-11-20 09:12"),
            90,
            80,
            0,
            0,
            4,
            0,
            False,
            "",
        ),
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(columns[4:10], "Int64"))


def warnings() -> pd.DataFrame:
    return pd.DataFrame([(SHOPS[0], "deal_time_from_order_id", 127)], columns=["shop_id", "key", "count"])
