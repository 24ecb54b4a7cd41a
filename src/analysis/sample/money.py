"""The ledger and the platform's daily figures, both reckoned from the same orders and requests."""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.sample.formats import Cell, clock, csv_text, write_text, write_xlsx, yuan
from analysis.sample.headers import LEDGER, PLATFORM_FIGURES
from analysis.sample.world import NOT_RECEIVED, World, interventions

WINDOW_DAYS = 30

# 账务类型, 备注, 业务描述 of each kind of booking.
_KINDS = {
    "income": ("交易收入", "", "0010002|交易收入-订单收入"),
    "coupon": ("优惠券结算", "", "0010005|交易收入-优惠券结算"),
    "fee": ("技术服务费", "基础技术服务费", "0030002|技术服务费-基础技术服务费"),
    "refund": ("退款", "", "0020002|交易退款-订单退款"),
    "coupon_back": ("优惠券结算", "", "0020005|交易退款-优惠券结算"),
    "fee_back": ("技术服务费", "基础技术服务费返还", "0030002|技术服务费-基础技术服务费"),
    "compensation": ("其他", "平台判定赔付", "0040002|售后费用-售后补偿消费者"),
    "late": ("其他", "延迟发货赔付", "0040004|售后费用-延迟发货"),
    "won_back": ("其他收入", "申诉通过", "0130002|其他收入-申诉补回"),
    "advertising": ("转账", "", "0070004|转账-广告账户"),
    "withdrawal": ("提现", "", "0080001|提现-提现申请"),
}


def write(world: World, folder: Path) -> None:
    """Ledger files; for the troubled shop two that overlap, and ten days of platform figures."""
    if not world.plan.is_slow_after:
        _write_ledger(world, folder / "pdd-mall-bill-detail(2026-09).csv", "2026-09-01", "2026-09-14")
        return
    _write_ledger(world, folder / "pdd-mall-bill-detail(2026-08).csv", "2026-08-01", "2026-08-31")
    _write_ledger(world, folder / "pdd-mall-bill-detail(20260827-20260914).csv", "2026-08-27", "2026-09-14")
    for day in pd.date_range("2026-09-05", "2026-09-14"):
        taken_on = day + pd.Timedelta(days=1)
        date_format = "mm-dd-yy"
        write_xlsx(
            folder / f"服务概况_{taken_on:%Y%m%d}.xlsx",
            [PLATFORM_FIGURES, _figures(world, day)],
            date_format=date_format,
        )


def _entries(world: World) -> pd.DataFrame:
    """One row a booking: order_id ("" for the shop itself), at, fen (signed), and its kind in `_KINDS`."""
    orders = world.orders[world.orders["dealt_at"].notna()]
    refunds = world.after_sales[world.after_sales["refunded_at"].notna()]
    is_full = refunds["refund_fen"] == refunds["paid_fen"]
    coupons = orders[orders["platform_discount_fen"] > 0]
    coupons_back = refunds[(refunds["platform_discount_fen"] > 0) & is_full]
    late = orders[orders["shipped_at"] - orders["dealt_at"] > pd.Timedelta(hours=48)]
    is_disputed = refunds["initiated_by"] == "buyer"
    lost = refunds[is_disputed & refunds["reason"].isin([*NOT_RECEIVED, "少件/漏发"])]
    won_back = lost.iloc[::9]
    bookings = [
        _booked("income", orders, "dealt_at", 0, orders["paid_fen"]),
        _booked("coupon", coupons, "dealt_at", 0, coupons["platform_discount_fen"]),
        _booked("fee", orders, "dealt_at", 2, -_fee(orders["income_fen"])),
        _booked("refund", refunds, "refunded_at", 0, -refunds["refund_fen"]),
        _booked("coupon_back", coupons_back, "refunded_at", 0, -coupons_back["platform_discount_fen"]),
        _booked("fee_back", refunds, "refunded_at", 2, _fee(refunds["refund_fen"])),
        _booked("compensation", lost, "refunded_at", 3 * 3600, -(lost["paid_fen"] // 10 + 500)),
        _booked("late", late, "shipped_at", 86400, pd.Series(-300, index=late.index)),
        _booked("won_back", won_back, "refunded_at", 6 * 86400, won_back["refund_fen"]),
        _transfers(),
    ]
    return pd.concat(bookings).sort_values(["at", "order_id", "kind"], kind="stable", ignore_index=True)


def _fee(amount_fen: pd.Series) -> pd.Series:
    """0.6 % of an amount, half a fen rounded up."""
    return (amount_fen * 6 + 500) // 1000


def _booked(kind: str, rows: pd.DataFrame, moment: str, delay_seconds: int, fen: pd.Series) -> pd.DataFrame:
    at = rows[moment] + pd.Timedelta(seconds=delay_seconds)
    return pd.DataFrame({"order_id": rows["order_id"], "at": at, "fen": fen, "kind": kind})


def _transfers() -> pd.DataFrame:
    """Money moved, not earned or spent. On 27 August the same top-up is booked twice in one second."""
    topped_up = pd.date_range("2026-07-02 10:00:00", "2026-09-14", freq="7D", unit="us")
    twice = topped_up[topped_up.normalize() == "2026-08-27"]
    drawn = pd.date_range("2026-07-05 16:20:00", "2026-09-14", freq="10D", unit="us")
    advertising = pd.DataFrame({"order_id": "", "at": topped_up.append(twice), "fen": -20000, "kind": "advertising"})
    withdrawal = pd.DataFrame({"order_id": "", "at": drawn, "fen": -300000, "kind": "withdrawal"})
    return pd.concat([advertising, withdrawal])


def _write_ledger(world: World, path: Path, first_day: str, last_day: str) -> None:
    entries = _entries(world)
    entries = entries[entries["at"].dt.normalize().between(pd.Timestamp(first_day), pd.Timestamp(last_day))]
    income, expense = entries["fen"].clip(lower=0), entries["fen"].clip(upper=0)
    words = [entries["kind"].map({kind: texts[place] for kind, texts in _KINDS.items()}) for place in range(3)]
    columns = [entries["order_id"], clock(entries["at"]), yuan(income), yuan(expense), *words]
    table = pd.concat(columns, axis=1).set_axis(LEDGER, axis=1)
    lines = [
        "拼多多店铺账务明细查询",
        "",
        f"起始时间：{first_day} 00:00:00  终止时间：{last_day} 23:59:59",
        "----------交易记录明细列表---------",
        csv_text(table).removesuffix("\r\n"),
        f"#支出合计：{(expense < 0).sum()}笔，{expense.sum() / 100:.2f}元",
        f"#收入合计：{(income > 0).sum()}笔，{income.sum() / 100:.2f}元",
        f"#总计：{len(entries)}笔，{entries['fen'].sum() / 100:.2f}元",
        f"#导出时间：{pd.Timestamp(last_day) + pd.Timedelta(days=1, hours=9):%Y-%m-%d %H:%M:%S}",
    ]
    write_text(path, "\r\n".join(lines) + "\r\n", "gb18030")


def _figures(world: World, day: pd.Timestamp) -> list[Cell]:
    """The one row of a day. Counts and rates look back 30 days; refund count and amount are the day's own."""
    end = day + pd.Timedelta(days=1)
    start = end - pd.Timedelta(days=WINDOW_DAYS)

    def falls(moments: pd.Series) -> "pd.Series[bool]":
        return (moments >= start) & (moments < end)

    dealt = int(falls(world.orders["dealt_at"]).sum())
    found = interventions(world.after_sales)
    counted = found[(found["initiated_by"] == "buyer") & falls(found["began_at"]) & ~(found["withdrawn_at"] < end)]
    refunds = world.after_sales[falls(world.after_sales["refunded_at"])]
    disputes = refunds[refunds["initiated_by"] == "buyer"]
    quality = refunds[refunds["reason"].isin(["质量问题", "商品破损", "描述不符"])]
    today = refunds[refunds["refunded_at"] >= day]
    by_shop = refunds[refunds["began_at"].isna()]
    is_return = by_shop["kind"] == "退货退款"
    mean = _mean_hours(refunds) if day != pd.Timestamp("2026-09-08") else "--"
    return [
        _printed(day),
        disputes["order_id"].nunique(),
        _percent(disputes["order_id"].nunique(), dealt),
        counted["order_id"].nunique(),
        _percent(counted["order_id"].nunique(), dealt),
        _percent(quality["order_id"].nunique(), dealt),
        mean,
        today["order_id"].nunique(),
        f"{today['refund_fen'].sum() / 100:,.2f} 元",
        _percent(refunds["order_id"].nunique(), dealt),
        _mean_hours(by_shop[is_return]),
        _mean_hours(by_shop[~is_return]),
    ]


def _printed(day: pd.Timestamp) -> Cell:
    """The same column in the forms it has been seen in; one of them a real date shown as MM-DD-YY."""
    forms: dict[int, Cell] = {
        7: day.to_pydatetime(),
        9: f"{day:%Y%m%d}",
        11: f"{day.year}年{day.month:02d}月{day.day:02d}日",
        12: f"{day:%m-%d-%y}",
    }
    return forms.get(day.day, f"{day:%Y-%m-%d}")


def _percent(count: int, of: int) -> str:
    """Two decimals, half up."""
    return f"{(count * 20000 + of) // (2 * of) / 100:.2f} %"


def _mean_hours(refunds: pd.DataFrame) -> str:
    hours = (refunds["refunded_at"] - refunds["applied_at"]).dt.total_seconds() / 3600
    return f"{np.round(hours.mean(), 2):.2f} 小时" if len(refunds) else "--"
