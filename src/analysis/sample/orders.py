"""The orders exports: the order list at the moment of each export, under every header it has had."""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.sample.draws import Draws
from analysis.sample.formats import clock, csv_text, rows_of, write_text, write_xlsx, yuan
from analysis.sample.headers import ORDERS_2020, ORDERS_2026, ORDERS_ALL_FIELDS, ORDERS_TIME_FIRST
from analysis.sample.world import World

_TIMES = ["发货时间", "确认收货时间", "订单成交时间"]
_AMOUNTS = [name for name in ORDERS_2026 if name.endswith("(元)")]
_OLD_WORDS = {"已发货，待收货": "已发货，待签收", "已收货": "已签收", "已收货，退款成功": "已签收，退款成功"}


def write(world: World, folder: Path, draws: Draws) -> None:
    """Every orders export of one shop, overlapping, older ones with older states of the same orders."""
    if world.plan.is_slow_after:
        _write_troubled(world, folder, draws)
    else:
        _write_healthy(world, folder, draws)


def _write_healthy(world: World, folder: Path, draws: Draws) -> None:
    old = _export(world, ORDERS_2020, "2026-06-15 09:02:11", ("2026-04-18", "2026-06-14"))
    old["订单状态"] = old["订单状态"].replace(_OLD_WORDS)
    old.columns = old.columns.str.replace("(", "（").str.replace(")", "）")
    write_text(_path(folder, draws, "2026-06-15"), csv_text(old), "gb18030")

    tabbed = _export(world, ORDERS_2026, "2026-08-01 08:51:40", ("2026-06-09", "2026-07-31"))
    write_text(_path(folder, draws, "2026-08-01"), csv_text(_tabbed(tabbed)), "gb18030")

    picked = _export(world, ORDERS_ALL_FIELDS, "2026-08-20 10:20:00", ("2026-08-12", "2026-08-19"))
    write_text(_path(folder, draws, "2026-08-20"), csv_text(picked), "utf-8")

    newest = _export(world, ORDERS_2026, "2026-09-15 08:31:05", ("2026-07-26", "2026-09-14"))
    write_text(_path(folder, draws, "2026-09-15"), csv_text(newest, "\n"), "utf-8")


def _write_troubled(world: World, folder: Path, draws: Draws) -> None:
    workbook = _export(world, ORDERS_2026, "2026-06-15 09:12:37", ("2026-04-18", "2026-06-14"))
    _write_titled_workbook(workbook, _path(folder, draws, "2026-06-15").with_suffix(".xlsx"), world.plan.shop)

    resaved = _resaved_by_excel(_export(world, ORDERS_2026, "2026-06-12 09:00:00", ("2026-05-22", "2026-06-11")))
    write_text(folder / "云岭订单(整理后).csv", csv_text(resaved), "gb18030")

    rearranged = _export(world, ORDERS_TIME_FIRST, "2026-08-01 08:40:19", ("2026-06-08", "2026-07-31"))
    is_blank = rearranged["订单成交时间"].between("2026-06-20", "2026-06-24")
    rearranged["订单成交时间"] = rearranged["订单成交时间"].mask(is_blank, "")
    write_text(_path(folder, draws, "2026-08-01"), csv_text(rearranged), "gb18030")

    small = _export(world, ORDERS_2026, "2026-09-10 18:03:00", ("2026-09-08", "2026-09-09"))
    small.loc[small.index[3], "商家备注"] = "买家要求改规格\n已电话确认"
    write_text(_path(folder, draws, "2026-09-10"), csv_text(small), "utf-8")

    newest = _export(world, ORDERS_2026, "2026-09-15 08:25:54", ("2026-07-22", "2026-09-14"))
    is_sent = newest["发货时间"] != ""
    newest.loc[newest.index[is_sent][[40, 210]], "发货时间"] = "－"
    newest.loc[newest.index[[77, 301, 480]], "店铺优惠折扣(元)"] = "待确认"
    write_text(_path(folder, draws, "2026-09-15"), csv_text(_tabbed(newest)), "utf-8-sig")


def _path(folder: Path, draws: Draws, exported_on: str) -> Path:
    return folder / f"{draws.hex32()}orders_export{exported_on}.csv"


def _export(world: World, header: list[str], exported_at: str, days: tuple[str, str]) -> pd.DataFrame:
    """One row per order created on the days (both included), as shown at `exported_at`, under the header."""
    created_on = world.orders["created_at"].dt.normalize()
    known = world.orders[created_on.between(pd.Timestamp(days[0]), pd.Timestamp(days[1]))]
    fields = _fields(known.reset_index(drop=True), world.after_sales, pd.Timestamp(exported_at))
    return fields.reindex(columns=[name.strip() for name in header], fill_value="").set_axis(header, axis=1)


def _fields(known: pd.DataFrame, after_sales: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Every field that any header shows, as text, with what was known at that moment."""
    shown = {name: known[name].where(known[name] <= at) for name in _moments(known)}
    latest = after_sales[after_sales["applied_at"] <= at].drop_duplicates("order_id", keep="last")
    latest = known[["order_id"]].merge(latest, on="order_id", how="left", validate="one_to_one")
    phase = _after_sale_phase(latest, at)
    street = pd.Series("", index=known.index, dtype="str").mask(known["phone"].str[-1] == "7", "某某街道")
    return pd.DataFrame(
        {
            "商品": known["product"],
            "订单号": known["order_id"],
            "订单状态": _status(known, shown, phase == "退款成功"),
            "商品总价(元)": yuan(known["goods_fen"]),
            "邮费(元)": "0.00",
            "店铺优惠折扣(元)": yuan(known["shop_discount_fen"]),
            "平台优惠折扣(元)": yuan(known["platform_discount_fen"]),
            "多多支付立减金额(元)": "0",
            "用户实付金额(元)": yuan(known["paid_fen"]),
            "商家实收金额(元)": yuan(known["income_fen"]),
            "商品数量(件)": known["quantity"].astype("str"),
            "支付时间": clock(shown["paid_at"]),
            "拼单成功时间": clock(shown["dealt_at"]),
            "订单确认时间": clock(shown["dealt_at"]),
            "订单成交时间": clock(shown["dealt_at"]),
            "承诺发货时间": clock(shown["dealt_at"] + pd.Timedelta(hours=48)),
            "发货时间": clock(shown["shipped_at"]),
            "确认收货时间": clock(shown["received_at"]),
            "商品id": known["product_id"],
            "商品规格": known["spec"],
            "样式ID": known["product_id"].str[-6:] + known["variant"].add(10).astype("str"),
            "商家编码-规格维度": known["code"] + "-" + known["variant"].add(1).astype("str"),
            "商家编码-SKU维度": known["code"] + "-" + known["variant"].add(1).astype("str"),
            "商家编码-商品维度": known["code"],
            "商家备注": _shop_remarks(known, latest),
            "买家留言": _buyer_remarks(known),
            "售后状态": phase,
            "快递单号": known["tracking"].where(shown["shipped_at"].notna(), ""),
            "快递公司": known["courier"].where(shown["shipped_at"].notna(), ""),
            "省": known["province"],
            "市": known["city"],
            "区": known["district"],
            "街道": street,
            "街道/镇": street,
            "收货人": _recipients(known),
            "手机": known["phone"].str[:3] + "****" + known["phone"].str[-4:],
            "用户购买手机号": known["phone"].where(known["phone"].str[-1] < "2", ""),
            "是否审核中": "否",
            "是否抽奖或0元试用": "否",
            "是否顺丰加价": "否",
            "是否分期": "否",
        }
    )


def _moments(known: pd.DataFrame) -> list[str]:
    return [str(name) for name in known.columns if str(name).endswith("_at")]


def _after_sale_phase(latest: pd.DataFrame, at: pd.Timestamp) -> pd.Series:
    agreed = latest["agreed_at"].fillna(latest["platform_agreed_at"])
    closed = latest[["withdrawn_at", "lapsed_at", "platform_refused_at"]].min(axis=1)
    phase = pd.Series("无售后或售后取消", index=latest.index, dtype="str")
    phase = phase.mask((latest["applied_at"] <= at) & ~(closed <= at), "售后处理中")
    return phase.mask(agreed <= at, "退款中").mask(latest["refunded_at"] <= at, "退款成功")


def _status(known: pd.DataFrame, shown: dict[str, pd.Series], is_refunded: pd.Series) -> pd.Series:
    is_cancelled = shown["cancelled_at"].notna()
    is_sent, is_received = shown["shipped_at"].notna(), shown["received_at"].notna()
    texts = np.select(
        [
            (known["fate"] == "unpaid") & is_cancelled,
            (known["fate"] == "group_failed") & is_cancelled,
            shown["dealt_at"].isna(),
            is_refunded & ~is_sent,
            is_refunded & ~is_received,
            is_refunded,
            is_received,
            is_sent,
        ],
        [
            "已取消",
            "未成交，退款成功",
            "待支付",
            "未发货，退款成功",
            "已发货，退款成功",
            "已收货，退款成功",
            "已收货",
            "已发货，待收货",
        ],
        "待发货",
    )
    return pd.Series(texts, index=known.index, dtype="str")


def _shop_remarks(known: pd.DataFrame, latest: pd.DataFrame) -> pd.Series:
    is_lost = latest["reason"].isin(["未收到商品"]) & (known["tracking"].str[-1] < "5")
    remarks = pd.Series("", index=known.index, dtype="str").mask(is_lost, "已联系快递,等待回复")
    return remarks.mask(known["tracking"].str[-2:] == "08", "送小礼品")


def _buyer_remarks(known: pd.DataFrame) -> pd.Series:
    is_asking = known["tracking"].str[-2:].isin(["07", "31"])
    return ("到了请打" + known["phone"]).where(is_asking, "")


def _recipients(known: pd.DataFrame) -> pd.Series:
    family = known["phone"].str[-1].map(dict(zip("0123456789", "张李王赵陈周吴郑孙钱", strict=True)))
    return family + "*"


def _tabbed(table: pd.DataFrame) -> pd.DataFrame:
    """Tabs behind ids, amounts and counts, and behind some header names, as the backend writes them."""
    names = ["订单号", "商品数量(件)", "商品id", "样式ID", "快递单号", "用户实付金额(元)", "商家实收金额(元)"]
    tabbed = table.assign(**{name: table[name] + "\t" for name in names})
    return tabbed.rename(columns={name: name + "\t" for name in ["订单号", "快递单号", "订单成交时间"]})


def _resaved_by_excel(table: pd.DataFrame) -> pd.DataFrame:
    """Short dates without seconds, long ids as floating point numbers, two order numbers lost for good."""
    table = table.copy()
    for name in _TIMES:
        short = pd.to_datetime(table[name].replace("", None)).dt.strftime("%Y/%m/%d %H:%M").fillna("")
        table[name] = short.str.replace(r"([/ ])0", r"\1", regex=True)
    table["商品id"] = table["商品id"].astype("int64").map("{:.13E}".format)
    table["样式ID"] = table["样式ID"] + ".0"
    table.loc[table.index[[31, 148]], "订单号"] = ["2.60525E+20", "2.60606E+20"]
    return table


def _write_titled_workbook(table: pd.DataFrame, path: Path, shop: str) -> None:
    """Saved by hand as a workbook: a title above the header, amounts and ids as numbers, real dates."""
    typed = table.assign(
        **{name: pd.to_datetime(table[name].replace("", None)) for name in _TIMES},
        **{name: table[name].astype("float64") for name in [*_AMOUNTS, "商品id", "商品数量(件)"]},
    )
    write_xlsx(path, [[f"{shop} 订单明细"], *rows_of(typed)], sheet="订单")
