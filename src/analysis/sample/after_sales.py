"""The after-sales exports: the state of every recent request at the moment of each export."""

from pathlib import Path

import pandas as pd

from analysis.sample.draws import Draws
from analysis.sample.formats import clock, csv_text, rows_of, write_text, write_xlsx, yuan
from analysis.sample.headers import AFTER_SALES
from analysis.sample.world import PLATFORM, World

NOTE = "说明：申请时间在3个月前的售后单不在本表内，仅支持在页面查看"
SHEET = "售后信息"
RANGE_DAYS = 30

_STEPS = (
    ("rejected_at", "驳回退款，待买家处理"),
    ("began_at", "平台处理中"),
    ("platform_agreed_at", "平台同意退款，退款中"),
    ("platform_refused_at", "平台拒绝退款，退款关闭"),
    ("agreed_at", "商家同意退款，退款中"),
    ("withdrawn_at", "买家撤销"),
    ("lapsed_at", "买家逾期未处理，退款失败"),
    ("refunded_at", "退款成功"),
)
_ERP_NAMES = {
    "售后编号": "售后单号",
    "订单编号": "平台订单号",
    "退款类型": "售后类型",
    "售后状态": "平台售后状态",
    "退款金额": "申请退款金额",
    "订单状态": "平台发货状态",
    "发货运单号": "发货快递单号",
    "退货运单号": "退货快递单号",
    "快递拦截状态": "拦截状态",
    "申请时间": "申请时间",
    "售后原因": "退款原因",
    "备注": "卖家备注",
}


def write(world: World, folder: Path, draws: Draws) -> None:
    """Regular exports; one more through the platform filter, or by an ERP system and with a wrong ending."""
    if world.plan.is_slow_after:
        weekly = pd.date_range("2026-04-27 09:05:10", "2026-08-18", freq="7D")
        twice_a_week = pd.date_range("2026-08-20 21:06:31", "2026-09-14", freq="84h")
        for at in [*weekly, *twice_a_week, pd.Timestamp("2026-09-15 08:40:02")]:
            _write_export(_view(world, at), _path(folder, draws, at))
        at = pd.Timestamp("2026-09-15 08:44:50")
        filtered = _view(world, at, is_filtered=True)
        _write_export(filtered, _path(folder / "平台介入", draws, at))
        return
    every_ten_days = pd.date_range("2026-04-28 17:30:45", "2026-09-07", freq="10D")
    for at in every_ten_days.delete(6):
        _write_export(_view(world, at), _path(folder, draws, at))
    at = every_ten_days[6]
    text = NOTE + "\r\n" + csv_text(_view(world, at))
    write_text(_path(folder, draws, at), text, "gb18030")
    at = pd.Timestamp("2026-09-15 08:47:13")
    write_text(folder / "ERP售后单_20260915.csv", csv_text(_for_erp(_view(world, at), world)), "utf-8-sig")
    _write_export(_view(world, at), _path(folder, draws, at))


def _path(folder: Path, draws: Draws, at: pd.Timestamp) -> Path:
    return folder / f"{draws.hex32()}_{at:%Y%m%d%H%M%S}.xlsx"


def _write_export(table: pd.DataFrame, path: Path) -> None:
    write_xlsx(path, [[NOTE], *rows_of(table)], sheet=SHEET, has_broken_dimension=True)


def _view(world: World, at: pd.Timestamp, is_filtered: bool = False) -> pd.DataFrame:
    """One row a request of the last `RANGE_DAYS`, newest first; filtered: those the platform stepped into."""
    known = world.after_sales
    known = known[known["applied_at"].between(at - pd.Timedelta(days=RANGE_DAYS), at)]
    if is_filtered:
        known = known[(known["initiated_by"] == "buyer") & (known["began_at"] <= at)]
    known = known.sort_values("applied_at", ascending=False, ignore_index=True)
    is_return = known["kind"] == "退货退款"
    status = pd.Series("买家申请退款，待商家处理", index=known.index, dtype="str").mask(
        is_return, "退货退款，待商家处理"
    )
    for step, text in _STEPS:
        status = status.mask(known[step] <= at, text)
    is_sending_back = is_return & (status == "商家同意退款，退款中")
    status = status.mask(is_sending_back, "已同意退货退款，待用户发货")
    agreed = known["agreed_at"].fillna(known["platform_agreed_at"])
    agreed = agreed.where((agreed <= at) & ~is_sending_back)
    return_agreed = known["agreed_at"].where(is_return & (known["agreed_at"] <= at))
    is_back = is_return & (known["refunded_at"] <= at)
    is_sent, is_received = known["shipped_at"] <= at, known["received_at"] <= at
    return pd.DataFrame(
        {
            "售后编号": known["after_sale_id"],
            "订单编号": known["order_id"],
            "交易金额": yuan(known["paid_fen"]),
            "售后状态": status,
            "退款类型": known["kind"],
            "退款金额": yuan(known["refund_fen"]),
            "订单状态": pd.Series("未发货", index=known.index, dtype="str")
            .mask(is_sent, "已发货")
            .mask(is_received, "已收货"),
            "发货运单号": known["tracking"].where(is_sent, ""),
            "商品id": known["product_id"],
            "收货人": "",
            "超时时间": clock((known["applied_at"] + pd.Timedelta(hours=48)).where(status.str.contains("待商家处理"))),
            "申请时间": clock(known["applied_at"]),
            "售后原因": known["reason"],
            "退货运单号": ("TH" + known["after_sale_id"].str[-10:]).where(is_back, ""),
            "退货物流状态": pd.Series("", index=known.index, dtype="str").mask(is_back, "已签收"),
            "退货物流状态对应时间": clock(known["refunded_at"].where(is_back) - pd.Timedelta(hours=5)),
            "同意退款时间": clock(agreed),
            "同意退款人": known["decider"].where(agreed.notna(), ""),
            "同意退货时间": clock(return_agreed),
            "同意退货人": known["decider"].where(return_agreed.notna() & (known["decider"] != PLATFORM), ""),
            "快递拦截状态": "",
            "sku信息": known["spec"],
            "订单标记": "",
            "备注": known["note"].fillna(""),
        },
        columns=AFTER_SALES,
    )


def _for_erp(table: pd.DataFrame, world: World) -> pd.DataFrame:
    """The same requests under the names an ERP system gives them."""
    renamed = table[list(_ERP_NAMES)].rename(columns=_ERP_NAMES)
    is_done = renamed["平台售后状态"] == "退款成功"
    renamed.insert(3, "售后单状态", is_done.map({True: "已完成", False: "处理中"}))
    renamed.insert(6, "实退金额", renamed["申请退款金额"].where(is_done, "0.00"))
    return renamed.assign(创建人=world.plan.staff[0], 申请退货数量="1", 货物状态="买家已收到货")
