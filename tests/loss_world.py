"""Small made-up worlds of disputes as exports, and what they cost, reckoned order by order in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from tests.conftest import Data, order_id

ORDERS = (
    "订单号,订单状态,商品id,商品总价(元),邮费(元),平台优惠折扣(元),用户实付金额(元),商品数量(件),发货时间,订单成交时间"
)
REQUESTS = "售后编号,订单编号,售后状态,退款类型,退款金额,订单状态,申请时间,售后原因,退货物流状态,快递拦截状态,同意退款时间,同意退款人"
LEDGER = "商户订单号,发生时间,收入金额（+元）,支出金额（-元）,账务类型,备注,业务描述"
TICKETS = "工单编号,订单编号,工单类型,工单状态,创建时间,关闭时间,是否判责商家,扣款金额"
COSTS = "订单编号,费用项目,金额,日期,备注"
INTERVENTIONS = "订单编号,介入时间,发起方,结果,判定时间,备注"

BOOKINGS = {
    "refund": "0020002|交易退款-订单退款",
    "coupon_back": "0020005|交易退款-优惠券结算",
    "fee_returned": "0030002|技术服务费-基础技术服务费",
    "compensation": "0040002|售后费用-售后补偿消费者",
    "late_shipping": "0040004|售后费用-延迟发货",
    "small_payment": "0040009|售后费用-小额打款",
    "freight_compensation": "0040011|售后费用-运费补偿",
    "appeal_recovery": "0130002|其他收入-申诉补回",
    "other_after_sales": "0040077|售后费用-别的",
    "sale": "0010002|交易收入-订单收入",
    "marketing": "0060001|营销费用-多多进宝",
    "transfer": "0080001|提现-提现申请",
    "unclassified": "0990001|没见过的-没见过的",
}
NOTED = {
    "return_freight": "退货运费",
    "carrier_claim": "快递理赔",
    "returned_goods": "退货残值",
    "reshipped_goods": "补发",
    "labour": "人工",
    "other_after_sales": "其他",
}
UNCOUNTED = ("goods_not_returned", "outbound_freight", "fee_not_returned")


@dataclass(frozen=True)
class Request:
    status: str = "退款成功"
    kind: str = "仅退款"
    refund_fen: int = 3000
    stage: str = "已收货"
    return_status: str = ""
    interception: str = ""

    @property
    def refunds(self) -> bool:
        return self.status in ("退款成功", "平台同意退款，退款中")


@dataclass(frozen=True)
class Ticket:
    title: str = "未收到货"
    is_lost: bool | None = None
    penalty_fen: int = 0


@dataclass(frozen=True)
class Order:
    """One order; `bookings` and `noted` are (component, fen), costs positive in the one, as written in the other."""

    goods_fen: int = 3000
    discount_fen: int = 0
    postage_fen: int = 0
    quantity: int = 1
    is_shipped: bool = True
    is_exported: bool = True
    has_unit_cost: bool = False
    requests: tuple[Request, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    is_intervened: bool = False
    bookings: tuple[tuple[str, int], ...] = ()
    noted: tuple[tuple[str, int], ...] = ()

    @property
    def paid_fen(self) -> int:
        return self.goods_fen + self.postage_fen - self.discount_fen


@dataclass(frozen=True)
class Assumed:
    unit_cost_fen: int = 1800
    unit_cost_share: str | None = "0.55"
    outbound_freight_fen: int | None = 320
    return_freight_fen: int | None = 700
    salvage_share: str | None = "0.6"
    labour_fen: int | None = 800
    fee_rate: str = "0.006"
    penalties: dict[str, int] = field(default_factory=dict)

    def toml(self) -> str:
        lines = [f"technical_fee_rate = {self.fee_rate}"]
        for name, value in (
            ("unit_cost_share", self.unit_cost_share),
            ("salvage_share", self.salvage_share),
            ("outbound_freight_yuan", yuan(self.outbound_freight_fen)),
            ("return_freight_yuan", yuan(self.return_freight_fen)),
            ("labour_yuan", yuan(self.labour_fen)),
        ):
            lines += [f"{name} = {value}"] if value is not None else []
        penalties = [f"{name} = {yuan(fen)}" for name, fen in self.penalties.items()]
        return "\n".join(
            ["[costs]", *lines, "[costs.unit_costs_yuan]", f'"77001" = {yuan(self.unit_cost_fen)}', "[costs.penalties_yuan]", *penalties]
        )  # fmt: skip


def yuan(fen: int | None) -> str | None:
    return None if fen is None else f"{Decimal(fen) / 100:.2f}"


def put(data: Data, orders: list[Order], assumed: Assumed) -> None:
    """The world as exports of the shop 店; order n has the number `order_id(n)`."""
    numbered = [(order_id(n), each) for n, each in enumerate(orders, start=1)]
    (data.settings.data / "settings.toml").write_text(assumed.toml(), encoding="utf-8")
    at = "2026-06-01 10:00:00"
    data.orders(
        [
            f"{key},{'已发货，待收货' if each.is_shipped else '待发货'},{'77001' if each.has_unit_cost else '77002'},"
            f"{yuan(each.goods_fen)},{yuan(each.postage_fen)},{yuan(each.discount_fen)},{yuan(each.paid_fen)},{each.quantity},"
            f"{'2026-06-02 10:00:00' if each.is_shipped else ''},{at}"
            for key, each in numbered
            if each.is_exported
        ],
        header=ORDERS,
    )
    data.after_sales(
        [
            f"{22029849800000 + 10 * place + number},{key},{each.status},{each.kind},{yuan(each.refund_fen)},{each.stage},"
            f"2026-06-0{4 + number} 10:00:00,质量问题,{each.return_status},{each.interception},"
            f"{f'2026-06-0{5 + number} 10:00:00' if each.refunds else ''},客服甲"
            for place, (key, order) in enumerate(numbered)
            for number, each in enumerate(order.requests)
        ],
        "售后_20260701093000.csv",
        header=REQUESTS,
    )
    words = {True: "是", False: "否", None: ""}
    data.put(
        "店/工单_20260701093000.csv",
        table(
            TICKETS,
            [
                f"{500012345000000 + 10 * place + number},{key},{each.title},已完结,2026-06-05 11:00:00,2026-06-06 11:00:00,"
                f"{words[each.is_lost]},{yuan(each.penalty_fen) if each.penalty_fen else ''}"
                for place, (key, order) in enumerate(numbered)
                for number, each in enumerate(order.tickets)
            ],
        ),
    )
    data.interventions([f"{key},2026-06-05 12:00:00,买家,处理中,," for key, each in numbered if each.is_intervened])
    data.put(
        "店/pdd-mall-bill-detail(2026-06).csv",
        table(
            LEDGER,
            [
                f"{key},2026-06-07 10:{place:02d}:00,{yuan(max(-fen, 0))},{yuan(min(-fen, 0))},,,{BOOKINGS[name]}"
                for key, order in numbered
                for place, (name, fen) in enumerate(order.bookings)
            ]
            + [",2026-06-08 10:00:00,0,-900.00,提现,,0080001|提现-提现申请"],
        ),
        "gb18030",
    )
    data.put(
        "店/费用登记.csv",
        table(
            COSTS,
            [f"{key},{NOTED[name]},{yuan(fen)},2026-06-09," for key, each in numbered for name, fen in each.noted],
        ),
    )


def table(header: str, rows: list[str]) -> str:
    return "\n".join([header, *rows, ""])


def half_up(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def reckoned(order: Order, assumed: Assumed) -> dict[tuple[str, str], int | None]:
    """(component, source) → fen, None where unknown: the words of docs/metrics.md, one after the other."""
    found: dict[tuple[str, str], int | None] = {}
    counted = {"refund", "coupon_back", "fee_returned", "compensation", "late_shipping", "small_payment"}
    counted |= {"freight_compensation", "appeal_recovery", "other_after_sales"}
    for name, fen in order.bookings:
        if name in counted:
            found[name, "ledger"] = (found.get((name, "ledger")) or 0) + fen
    for name, fen in order.noted:
        signed = -fen if name in ("carrier_claim", "returned_goods") else fen
        found[name, "manual"] = (found.get((name, "manual")) or 0) + signed
    actual = {name for name, _ in found}

    def estimate(name: str, fen: int | None) -> None:
        if name not in actual:
            found[name, "estimate"] = fen

    shown = replace(order, goods_fen=0) if not order.is_exported else order
    refunding = [each for each in order.requests if each.refunds]
    ledger_refund = found.get(("refund", "ledger")) or 0
    stated = sum(each.refund_fen for each in refunding)
    if order.is_exported:
        stated = min(stated, order.paid_fen)
    in_ledger = "refund" in {name for name, _ in order.bookings}
    refund = ledger_refund if in_ledger else stated
    is_refunded = ledger_refund > 0 if in_ledger else bool(refunding)
    is_partial = is_refunded and order.is_exported and refund < order.paid_fen - order.postage_fen
    newest = next(reversed(refunding or list(order.requests)), None)
    if order.is_exported and order.is_shipped:
        is_unsent = False
    elif newest and newest.stage == "未发货":
        is_unsent = True
    else:
        is_unsent = False

    # the goods
    cost: int | None = None
    if order.is_exported and order.has_unit_cost:
        cost = assumed.unit_cost_fen * order.quantity
    elif order.is_exported and assumed.unit_cost_share:
        cost = half_up(Decimal(assumed.unit_cost_share) * shown.goods_fen)
    back: bool | None = False
    if any(
        each.interception or (each.kind == "退货退款" and each.return_status == "已签收") for each in refunding
    ) or any(each.status == "换货补寄成功" and each.kind == "换货" for each in order.requests):
        back = True
    elif any(each.kind == "退货退款" and not each.return_status for each in refunding) or not order.requests:
        back = None
    if is_unsent:
        back = False
    freight = assumed.outbound_freight_fen

    if is_refunded and not in_ledger:
        estimate("refund", refund)
        estimate("fee_returned", -half_up(Decimal(assumed.fee_rate) * refund))
        if not is_partial and order.is_exported and order.discount_fen:
            estimate("coupon_back", order.discount_fen)
    disputes = [each for each in order.tickets if each.title in ("未收到货", "虚假发货")]
    lost = [each for each in order.tickets if each.is_lost]
    penalty = sum(each.penalty_fen for each in lost)
    if any(each.title == "虚假发货" for each in lost):
        estimate("false_shipping", penalty or assumed.penalties.get("false_shipping"))
    elif not in_ledger and penalty > refund:
        estimate("compensation", penalty - refund)
    is_intervened = order.is_intervened or any("平台" in each.status for each in order.requests)
    cases = max(len(disputes), int(is_intervened))
    if cases:
        estimate("labour", None if assumed.labour_fen is None else cases * assumed.labour_fen)
    for each in order.requests:
        if each.status == "换货补寄成功":
            is_known = cost is not None and freight is not None
            estimate("reshipped_goods", cost + freight if is_known else None)  # type: ignore[operator]
    if is_refunded and not is_partial and is_unsent:
        estimate("goods_not_sent", None if cost is None or freight is None else -(cost + freight))
    if back or (is_refunded and back is None and not (is_partial and not order.requests)):
        worth: int | None = None
        if back and cost is not None and assumed.salvage_share:
            came = cost
            if is_partial:
                pieces = max(1, half_up(Decimal(order.quantity * refund) / order.paid_fen))
                came = half_up(Decimal(cost * pieces) / order.quantity)
            worth = -half_up(Decimal(assumed.salvage_share) * came)
        estimate("returned_goods", worth)
    if back and "freight_compensation" not in actual:
        estimate("return_freight", assumed.return_freight_fen)

    # inside the refund
    if is_refunded and not is_partial and not is_unsent:
        estimate("outbound_freight", freight)
        if back is False:
            estimate("goods_not_returned", cost)
    if is_refunded and in_ledger:
        taken = ledger_refund + (found.get(("coupon_back", "ledger")) or 0)
        kept = half_up(Decimal(assumed.fee_rate) * taken) + (found.get(("fee_returned", "ledger")) or 0)
        if kept > 0:
            estimate("fee_not_returned", kept)
    return found
