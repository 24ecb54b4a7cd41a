"""What a merchant fills in by hand (tickets, interventions, restrictions, outcomes, costs), and a saved ticket page."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.sample.formats import clock, csv_text, rows_of, write_text, write_xlsx, yuan
from analysis.sample.headers import APPEALS, COSTS, INTERVENTIONS, OUTCOMES, RESTRICTIONS, TICKETS
from analysis.sample.world import World, interventions

NOTED_AT = pd.Timestamp("2026-09-15 09:10:00")

_CONTENTS = {
    "未收到货": "订单显示签收，用户反馈未收到货并要求退款，请商家于48小时内提供证明",
    "少发漏发/错发": "用户反馈商品少发漏发，要求补发，请商家于24小时内处理",
    "消费者担忧货物无法送达": "用户担心包裹送不到，请核实物流后答复",
    "在途无理由退款处理": "用户在途申请退款，请同意或联系快递拦截",
    "物流异常主动服务": "包裹物流异常，请说明能否追踪",
    "异常网点预警": "收货地网点异常，请按建议处理或说明理由",
}
_PAGE_STATUS = {"待处理": 0, "处理中": 1, "已关闭": 2, "已完结": 3, "即将逾期": 4}


def write(world: World, folder: Path) -> None:
    """Tickets of each shop; of the troubled one also a saved page, interventions, restrictions, appeals, outcomes, costs."""
    tickets = _tickets(world)
    if not world.plan.is_slow_after:
        write_xlsx(folder / "工单登记.xlsx", rows_of(tickets), sheet="工单")
        return
    write_text(folder / "工单登记.csv", csv_text(tickets), "utf-8-sig")
    write_text(folder / "工单管理页.json", _saved_page(world))
    write_text(folder / "平台介入登记.csv", csv_text(_interventions(world)), "utf-8-sig")
    write_text(folder / "店铺限制登记.csv", csv_text(_restrictions()), "utf-8-sig")
    write_text(folder / "售后申诉_20260915.csv", csv_text(_appeals(world)), "utf-8-sig")
    write_text(folder / "处理登记.csv", csv_text(_outcomes(world)), "utf-8-sig")
    write_text(folder / "费用登记.csv", csv_text(_costs(world)), "utf-8-sig")


def _known(world: World) -> pd.DataFrame:
    """Tickets opened by `NOTED_AT`, with their state then."""
    known = world.tickets[world.tickets["created_at"] <= NOTED_AT].reset_index(drop=True)
    is_closed = known["closed_at"] <= NOTED_AT
    is_answered = known["answered_at"] <= NOTED_AT
    is_urgent = known["deadline_at"] - NOTED_AT < pd.Timedelta(hours=6)
    state = np.select(
        [is_closed & (known["title"] == "异常网点预警"), is_closed, is_answered, is_urgent],
        ["已关闭", "已完结", "处理中", "即将逾期"],
        "待处理",
    )
    return known.assign(state=state, is_closed=is_closed, is_answered=is_answered)


def _tickets(world: World) -> pd.DataFrame:
    known = _known(world)
    left = (known["deadline_at"] - NOTED_AT).where(known["state"].isin(["待处理", "即将逾期"]))
    is_lost = known["is_closed"] & (known["outcome"] == "buyer")
    is_won = known["is_closed"] & (known["outcome"] == "merchant")
    is_dispute = ~known["service"].astype(bool)
    blank = pd.Series("", index=known.index, dtype="str")
    return pd.DataFrame(
        {
            "工单编号": known["ticket_id"],
            "订单编号": known["order_id"],
            "工单类型": known["title"],
            "工单状态": known["state"],
            "创建时间": clock(known["created_at"]),
            "截止时间": clock(known["deadline_at"]),
            "剩余处理时间": _countdown(left),
            "工单内容": known["title"].map(_CONTENTS),
            "商家回复": blank.mask(known["is_answered"], "已联系快递核实"),
            "举证材料": blank.mask(known["is_answered"] & is_dispute, "发货底单").mask(
                is_won, "发货底单、签收红章证明"
            ),
            "处理结果": blank.mask(known["is_closed"], "已处理").mask(is_lost, "全额退款").mask(is_won, "支持商家"),
            "关闭时间": clock(known["closed_at"].where(known["is_closed"])),
            "是否判责商家": blank.mask(known["is_closed"], "否").mask(is_lost, "是"),
            "扣款金额": yuan(known["paid_fen"]).where(is_lost, ""),
        },
        columns=TICKETS,
    )


def _countdown(left: pd.Series) -> pd.Series:
    """Time left as the page prints it, empty where no countdown runs."""
    minutes = (left.dt.total_seconds().fillna(0) // 60).clip(lower=0).astype("int64")
    days, hours = (minutes // 1440).astype("str"), (minutes // 60 % 24).astype("str")
    text: pd.Series[str] = days + "天" + hours + "时" + (minutes % 60).astype("str") + "分"
    return text.where(left.notna(), "")


def _saved_page(world: World) -> str:
    """The ticket list page's own answer, saved from the browser: its first 30 tickets, newest first."""
    known = _known(world).sort_values("created_at", ascending=False).head(30)
    epoch = pd.Timestamp("1970-01-01 08:00:00")
    rows = pd.DataFrame(
        {
            "instanceId": known["ticket_id"].astype("int64"),
            "orderSn": known["order_id"],
            "problemTitle": "订单问题：" + known["title"].str.removesuffix("处理") + "处理",
            "goodsName": known["product"],
            "createdAt": (known["created_at"] - epoch) // pd.Timedelta(milliseconds=1),
            "deadline": (known["deadline_at"] - epoch) // pd.Timedelta(milliseconds=1),
            "hideCountdownTime": known["is_closed"],
            "status": known["state"].map(_PAGE_STATUS),
            "externalDisplayName": known["state"],
            "punished": known["is_closed"] & (known["outcome"] == "buyer"),
            "serviceDomain": 1,
        }
    )
    page = {"success": True, "result": {"total": len(rows), "dataList": rows.to_dict("records")}}
    return json.dumps(page, ensure_ascii=False, indent=1) + "\n"


def _interventions(world: World) -> pd.DataFrame:
    """What the merchant noted: all that the platform started, one order twice, one withdrawn, the newest."""
    known = interventions(world.after_sales)
    known = known[known["began_at"] <= NOTED_AT].sort_values("began_at")
    is_recent = known["began_at"] >= "2026-07-20"
    by_buyer = known[(known["initiated_by"] == "buyer") & is_recent]
    repeated = by_buyer[by_buyer["order_id"].duplicated(keep=False)]
    twice = repeated[repeated["order_id"] == repeated["order_id"].iloc[0]]
    withdrawn = by_buyer[(by_buyer["outcome"] == "withdrawn") & (by_buyer["withdrawn_at"] <= NOTED_AT)].tail(1)
    by_platform = known[known["initiated_by"] == "platform"]
    noted = pd.concat([twice, withdrawn, by_platform, by_buyer.tail(3)]).drop_duplicates(["order_id", "began_at"])
    noted = noted.sort_values("began_at", ignore_index=True)
    is_decided = noted["decided_at"] <= NOTED_AT
    is_withdrawn = noted["withdrawn_at"] <= NOTED_AT
    outcome = noted["outcome"].map({"buyer": "支持买家", "merchant": "支持商家"}).where(is_decided, "处理中")
    is_by_platform = noted["initiated_by"] == "platform"
    return pd.DataFrame(
        {
            "订单编号": noted["order_id"],
            "介入时间": clock(noted["began_at"]),
            "发起方": is_by_platform.map({True: "平台", False: "买家"}),
            "结果": outcome.mask(is_withdrawn, "买家撤销"),
            "判定时间": clock(noted["decided_at"].where(is_decided)),
            "备注": is_by_platform.map({True: "平台主动退款,未经买家申请介入", False: ""}),
        },
        columns=INTERVENTIONS,
    )


def _appeals(world: World) -> pd.DataFrame:
    """Five orders lost in the last 30 days: three that can be appealed, one appeal under way, one granted."""
    lost = world.after_sales[world.after_sales["outcome"] == "buyer"]
    ends = lost["refunded_at"] + pd.Timedelta(days=30)
    recent = lost[(lost["refunded_at"] <= NOTED_AT - pd.Timedelta(days=4)) & (ends > NOTED_AT)]
    rows = recent.drop_duplicates("order_id").sort_values("refunded_at").tail(5).reset_index(drop=True)
    is_made = pd.Series([False, False, False, True, True])
    blank = pd.Series("", index=rows.index, dtype="str")
    refund = yuan(rows["refund_fen"])
    return pd.DataFrame(
        {
            "订单编号": rows["order_id"],
            "售后编号": rows["after_sale_id"],
            "申诉类型": blank.mask(is_made, "维权申诉"),
            "申诉子类型": blank.mask(is_made, "货款申诉"),
            "申诉状态": pd.Series(["待申诉", "待申诉", "待申诉", "申诉中", "已完结"]),
            "申诉原因": blank.mask(is_made, "消费者反馈未收到商品，但实际已签收"),
            "退款金额": refund,
            "最多可申诉金额": refund,
            "退款时间": clock(rows["refunded_at"]),
            "剩余时间": _countdown(rows["refunded_at"] + pd.Timedelta(days=30) - NOTED_AT).mask(is_made, ""),
            "申诉结果": pd.Series(["", "", "", "", "全部通过"]),
            "申诉时间": clock((rows["refunded_at"] + pd.Timedelta(days=2)).where(is_made)),
        },
        columns=APPEALS,
    )


def _outcomes(world: World) -> pd.DataFrame:
    """What the team did about the eight newest requests for parcels that had not come, the morning after each."""
    waiting = world.after_sales[world.after_sales["is_not_received"]].drop_duplicates("order_id")
    handled = waiting["applied_at"].dt.normalize() + pd.Timedelta(days=1, hours=10)
    rows = waiting.assign(handled_at=handled)[handled <= NOTED_AT].sort_values("applied_at").tail(8)
    return pd.DataFrame(
        {
            "订单编号": rows["order_id"],
            "处理时间": clock(rows["handled_at"]),
            "处理方式": ["已联系", "已联系", "已补发", "未处理", "已退款", "已联系", "已补发", "已联系"],
            "备注": ["", "", "", "没人手", "", "买家同意再等两天", "", ""],
        },
        columns=OUTCOMES,
    )


def _costs(world: World) -> pd.DataFrame:
    """What the shop noted of its newest refunds: freight of four returns, what couriers paid for three lost parcels, small things."""
    is_over = world.after_sales["refunded_at"] <= NOTED_AT - pd.Timedelta(days=3)
    refunds = world.after_sales[is_over].sort_values("refunded_at")
    returned = refunds[refunds["kind"] == "退货退款"].tail(4)
    lost = refunds[refunds["is_not_received"] & (refunds["kind"] != "退货退款")].tail(3)
    noted = [
        *(("退货运费", fen, "") for fen in (650, 700, 650, 1200)),
        *(("快递理赔", fen, "圆通网点赔付") for fen in (1500, 3000, 1990)),
    ]
    rows = pd.concat([returned, lost])
    rows = pd.concat([rows, rows.tail(1)]).reset_index(drop=True)
    noted.append(("其他", 200, "打印面单和封口"))
    return pd.DataFrame(
        {
            "订单编号": rows["order_id"],
            "费用项目": [item for item, _, _ in noted],
            "金额": yuan(pd.Series([fen for _, fen, _ in noted])),
            "日期": (rows["refunded_at"] + pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d"),
            "备注": [remark for _, _, remark in noted],
        },
        columns=COSTS,
    )


def _restrictions() -> pd.DataFrame:
    row = ["资源位限制", "2026-09-09 00:00:00", "2026-09-09 23:59:59", "全店商品下资源位,停推广,禁止上新"]
    return pd.DataFrame([row], columns=RESTRICTIONS)
