"""The made-up truth: orders, after-sales requests with every step they went through, tickets.

The export files are views of these tables at the moment of the export (see the other modules), so whatever
two files say about one order agrees, and the platform's figures are counted from the same tables.
Every shop, product, person and number is invented. Times are Beijing wall-clock, money is integer fen.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.sample.draws import Draws, Numbers

FIRST_DAY = pd.Timestamp("2026-04-18")
LAST_DAY = pd.Timestamp("2026-09-14")
COURIER_CHANGE = pd.Timestamp("2026-07-20")

PLATFORM = "平台"
NOT_RECEIVED = ("快递一直未送到", "未收到商品", "快递无跟踪记录")
OTHER_REASONS = ("不想要了", "质量问题", "商品破损", "少件/漏发", "卖家发错货", "描述不符", "7天无理由")

FAST_DAYS = (1.2, 2.0, 2.6, 3.4, 6.0)
SLOW_DAYS = (3.5, 6.0, 8.5, 12.0, 20.0)
PLACES = (
    "浙江省|杭州市|西湖区",
    "江苏省|苏州市|吴中区",
    "广东省|广州市|白云区",
    "四川省|成都市|武侯区",
    "河南省|郑州市|金水区",
    "山东省|济南市|历下区",
    "云南省|昆明市|盘龙区",
    "湖北省|武汉市|洪山区",
)


@dataclass(frozen=True)
class Product:
    """What a listing shows; `price_fen` is for one piece."""

    id: str
    name: str
    specs: tuple[str, ...]
    code: str
    price_fen: int


@dataclass(frozen=True)
class Plan:
    """What makes one shop differ from another. The courier changes on `COURIER_CHANGE`."""

    shop: str
    seed: int
    orders_a_day: float
    products: tuple[Product, ...]
    courier_before: str
    courier_after: str
    is_slow_after: bool
    staff: tuple[str, ...]
    platform_initiated_chance: float


@dataclass(frozen=True)
class World:
    """One shop's truth; one row an order, an after-sales request, a ticket. NaT: did not happen."""

    plan: Plan
    orders: pd.DataFrame
    after_sales: pd.DataFrame
    tickets: pd.DataFrame


PLANS = (
    Plan(
        shop="晴川家居",
        seed=20260419,
        orders_a_day=11.9,
        products=(
            Product("10160070484511", "棉麻餐桌布", ("米白 120cm", "豆绿 140cm"), "QC-ZB", 3980),
            Product("10160070484512", "藤编收纳篮", ("小号", "大号"), "QC-SN", 2690),
            Product("10160070484513", "竹制砧板", ("圆形", "方形"), "QC-ZP", 4550),
            Product("10160070484514", "浴室防滑垫", ("灰", "蓝"), "QC-FH", 1990),
        ),
        courier_before="圆通速递",
        courier_after="圆通速递",
        is_slow_after=False,
        staff=("晴川客服小禾", "晴川客服小满"),
        platform_initiated_chance=0.0,
    ),
    Plan(
        shop="云岭百货",
        seed=20260720,
        orders_a_day=12.3,
        products=(
            Product("10180091532201", "折叠晾衣架", ("三层", "四层"), "YL-LY", 8900),
            Product("10180091532202", "便携保温杯", ("350ml 白", "500ml 黑"), "YL-BW", 5990),
            Product("10180091532203", "儿童雨靴", ("26码 黄", "30码 红"), "YL-YX", 4590),
            Product("10180091532204", "无痕挂钩10只", ("透明", "白"), "YL-GG", 1280),
        ),
        courier_before="中通快递",
        courier_after="迅捷速运",
        is_slow_after=True,
        staff=("云岭客服阿岚", "云岭客服阿杉"),
        platform_initiated_chance=0.07,
    ),
)


def build(plan: Plan) -> World:
    """The whole truth of one shop, the same at every call."""
    draws = Draws(plan.seed)
    orders = _orders(plan, draws)
    after_sales = _after_sales(plan, draws, orders)
    orders = _without_lost_parcels(orders, after_sales)
    return World(plan, orders, after_sales, _tickets(draws, orders, after_sales))


def interventions(after_sales: pd.DataFrame) -> pd.DataFrame:
    """Every intervention: order_id, began_at, initiated_by buyer/platform, outcome, decided_at, withdrawn_at.

    One order can have several. `outcome` is buyer, merchant or withdrawn: how it ended at last.
    """
    found = after_sales[after_sales["began_at"].notna()]
    return found[["order_id", "began_at", "initiated_by", "outcome", "decided_at", "withdrawn_at"]]


def _orders(plan: Plan, draws: Draws) -> pd.DataFrame:
    created = _creation_times(plan, draws)
    count = len(created)
    fate = draws.pick(count, ("paid", "unpaid", "group_failed", "cancelled"), (93.2, 3.9, 0.4, 2.5))
    paid = created + draws.hours(count, (0.002, 0.004, 0.01, 0.03, 0.2))
    dealt = paid + draws.hours(count, (0.0, 0.005, 0.01))
    shipped = dealt + draws.hours(count, (3, 9, 15, 21, 26, 33, 47, 50))
    is_slow = (shipped >= COURIER_CHANGE) & plan.is_slow_after
    delivery_days = np.where(is_slow, draws.along(count, SLOW_DAYS), draws.along(count, FAST_DAYS))
    received = shipped + pd.to_timedelta(np.round(delivery_days * 86400).astype(np.int64), unit="s")
    is_shipped = (fate == "paid").to_numpy()
    is_dealt = fate.isin(["paid", "cancelled"]).to_numpy()

    listing = draws.whole(count, 0, len(plan.products) - 1)
    variant = draws.whole(count, 0, 1)
    quantity = np.where(draws.uniform(count) < 0.12, 2, 1)
    price = np.array([product.price_fen for product in plan.products])[listing]
    specs = np.array([product.specs for product in plan.products], dtype=object)
    shop_discount = np.where(draws.uniform(count) < 0.3, 200, 0)
    platform_discount = np.where(draws.uniform(count) < 0.15, 300, 0)
    place = draws.pick(count, PLACES, (14, 13, 16, 10, 11, 12, 8, 9)).str.split("|")
    courier = np.where(shipped < COURIER_CHANGE, plan.courier_before, plan.courier_after)
    lead = np.select([courier == "中通快递", courier == "圆通速递"], ["75", "YT"], "XJ")
    return pd.DataFrame(
        {
            "order_id": created.strftime("%y%m%d") + "-" + draws.digits(count, 15),
            "created_at": created,
            "paid_at": pd.Series(paid).where(fate != "unpaid"),
            "dealt_at": pd.Series(dealt).where(is_dealt),
            "shipped_at": pd.Series(shipped).where(is_shipped),
            "received_at": pd.Series(received).where(is_shipped),
            "cancelled_at": pd.Series(created + draws.hours(count, (8, 24, 24))).where(~is_shipped),
            "fate": fate,
            "delivery_days": delivery_days,
            "product_id": np.array([product.id for product in plan.products])[listing],
            "product": np.array([product.name for product in plan.products])[listing],
            "code": np.array([product.code for product in plan.products])[listing],
            "spec": specs[listing, variant],
            "variant": variant,
            "quantity": quantity,
            "goods_fen": price * quantity,
            "shop_discount_fen": shop_discount,
            "platform_discount_fen": platform_discount,
            "paid_fen": price * quantity - shop_discount - platform_discount,
            "income_fen": price * quantity - shop_discount,
            "courier": courier,
            "tracking": lead + draws.digits(count, 12),
            "province": place.str[0],
            "city": place.str[1],
            "district": place.str[2],
            "phone": "1990000" + draws.digits(count, 4),
        }
    )


def _creation_times(plan: Plan, draws: Draws) -> pd.DatetimeIndex:
    days = pd.date_range(FIRST_DAY, LAST_DAY, unit="us")
    by_weekday = np.array([1.0, 0.97, 0.96, 1.0, 1.04, 1.12, 1.08])[days.day_of_week]
    a_day = np.round(plan.orders_a_day * by_weekday * draws.along(len(days), (0.7, 0.93, 1.07, 1.3))).astype(int)
    orders_on = days.repeat(a_day)
    hour = draws.along(len(orders_on), (0, 8, 10.5, 13, 16, 19, 20.5, 22, 23.999))
    return (orders_on + pd.to_timedelta(np.round(hour * 3600).astype(np.int64), unit="s")).sort_values()


def _after_sales(plan: Plan, draws: Draws, orders: pd.DataFrame) -> pd.DataFrame:
    delay = np.clip((orders["delivery_days"].to_numpy() - 4) / 8, 0, 1)
    chance: Numbers = np.where(orders["shipped_at"].isna(), 0.0, 0.055 + 0.22 * delay)
    first = orders[draws.marked(chance)].reset_index(drop=True)
    count = len(first)
    is_late = draws.uniform(count) < np.clip((first["delivery_days"] - 4) / 3, 0.05, 0.95)
    first["reason"] = draws.pick(count, NOT_RECEIVED, (5, 3, 2)).where(
        is_late, draws.pick(count, OTHER_REASONS, (20, 16, 12, 14, 10, 10, 18))
    )
    waited_days = first["delivery_days"].to_numpy() * draws.along(count, (0.5, 0.75, 0.95))
    waiting = first["shipped_at"] + pd.to_timedelta(np.round(waited_days * 86400).astype(np.int64), unit="s")
    signed = first["received_at"] + draws.hours(count, (2, 12, 30, 70, 140))
    first["applied_at"] = waiting.where(is_late, signed)
    first["is_not_received"] = is_late
    first["kind"] = pd.Series(np.where(is_late | (draws.uniform(count) < 0.5), "仅退款", "退货退款"), dtype="str")
    first = first.sort_values("applied_at", ignore_index=True)

    is_disputed = draws.marked(np.where(first["is_not_received"], 0.36, 0.19))
    is_by_platform = draws.marked(
        np.where(is_disputed | ~first["is_not_received"], 0.0, plan.platform_initiated_chance)
    )
    disputed = _disputed(draws, first[is_disputed], ("buyer", "merchant", "withdrawn"), (56, 26, 18))
    again = disputed[disputed["outcome"] != "buyer"]
    again = again[draws.marked(np.full(len(again), 0.55))]
    ended = again["decided_at"].fillna(again["withdrawn_at"])
    second = again[first.columns].assign(applied_at=ended + draws.hours(len(again), (14, 40, 90)))
    rounds = [
        _settled(plan, draws, first[~is_disputed & ~is_by_platform]),
        disputed,
        _disputed(draws, second, ("buyer", "merchant"), (80, 20)),
        _by_platform(draws, first[is_by_platform]),
    ]
    table = pd.concat([_before_shipping(plan, draws, orders), *rounds], ignore_index=True)
    table = table.sort_values(["applied_at", "order_id"], ignore_index=True)
    partial = (table["kind"] == "退货退款") & (draws.uniform(len(table)) < 0.2)
    table["refund_fen"] = table["paid_fen"].where(~partial, table["paid_fen"] // 2)
    table["after_sale_id"] = (22_000_000_000_000 + plan.seed * 1000 + draws.whole(len(table), 3, 997).cumsum()).astype(
        str
    )
    return table


def _settled(plan: Plan, draws: Draws, requests: pd.DataFrame) -> pd.DataFrame:
    """Requests that shop and buyer settle themselves: agreed, taken back, or refused and left to lapse."""
    count = len(requests)
    requests = requests.reset_index(drop=True)
    ending = draws.pick(count, ("agreed", "withdrawn", "lapsed"), (80, 13, 7))
    answered = requests["applied_at"] + draws.hours(count, (0.5, 4, 11, 20, 40))
    back = draws.hours(count, (80, 110, 150)).where(requests["kind"] == "退货退款", draws.hours(count, (0.2, 2, 20)))
    return requests.assign(
        rejected_at=answered.where(ending == "lapsed"),
        agreed_at=answered.where(ending == "agreed"),
        decider=draws.pick(count, plan.staff, (3, 2)).where(ending == "agreed"),
        withdrawn_at=(answered + draws.hours(count, (1, 10, 40))).where(ending == "withdrawn"),
        lapsed_at=(answered + pd.Timedelta(days=7)).where(ending == "lapsed"),
        refunded_at=(answered + back).where(ending == "agreed"),
    )


def _disputed(
    draws: Draws, requests: pd.DataFrame, outcomes: tuple[str, ...], weights: tuple[float, ...]
) -> pd.DataFrame:
    """Requests that the shop refuses and the buyer takes to the platform."""
    count = len(requests)
    requests = requests.reset_index(drop=True)
    outcome = draws.pick(count, outcomes, weights)
    rejected = requests["applied_at"] + draws.hours(count, (3, 12, 25, 44))
    began = rejected + draws.hours(count, (1, 6, 14, 40))
    decided = began + draws.hours(count, (49, 60, 84, 130))
    return requests.assign(
        rejected_at=rejected,
        began_at=began,
        initiated_by="buyer",
        outcome=outcome,
        decided_at=decided.where(outcome != "withdrawn"),
        platform_agreed_at=decided.where(outcome == "buyer"),
        platform_refused_at=decided.where(outcome == "merchant"),
        withdrawn_at=(began + draws.hours(count, (5, 20, 45))).where(outcome == "withdrawn"),
        refunded_at=(decided + draws.hours(count, (1, 6, 22))).where(outcome == "buyer"),
        decider=pd.Series(PLATFORM, index=outcome.index, dtype="str").where(outcome == "buyer"),
    )


def _by_platform(draws: Draws, requests: pd.DataFrame) -> pd.DataFrame:
    """Refunds that the platform starts itself, before shop and buyer have talked: not counted in the rate."""
    count = len(requests)
    requests = requests.reset_index(drop=True)
    decided = requests["applied_at"] + draws.hours(count, (0.2, 1, 5))
    return requests.assign(
        began_at=decided,
        initiated_by="platform",
        outcome="buyer",
        decided_at=decided,
        platform_agreed_at=decided,
        refunded_at=decided + draws.hours(count, (0.5, 2, 9)),
        decider=PLATFORM,
        note="平台主动发起退款",
    )


def _before_shipping(plan: Plan, draws: Draws, orders: pd.DataFrame) -> pd.DataFrame:
    """Orders that were paid and called off before anything was sent."""
    requests = orders[orders["fate"] == "cancelled"].reset_index(drop=True)
    applied = requests["dealt_at"] + draws.hours(len(requests), (0.3, 1, 2.5))
    agreed = applied + draws.hours(len(requests), (0.1, 1, 6))
    return requests.assign(
        reason="不想要了",
        is_not_received=False,
        kind="仅退款",
        applied_at=applied,
        agreed_at=agreed,
        decider=plan.staff[0],
        refunded_at=agreed + draws.hours(len(requests), (0.1, 0.5, 2)),
    )


def _without_lost_parcels(orders: pd.DataFrame, after_sales: pd.DataFrame) -> pd.DataFrame:
    """A parcel refunded under way is never signed for."""
    refunded = orders["order_id"].map(after_sales.groupby("order_id")["refunded_at"].min())
    return orders.assign(received_at=orders["received_at"].where(~(refunded < orders["received_at"])))


def _tickets(draws: Draws, orders: pd.DataFrame, after_sales: pd.DataFrame) -> pd.DataFrame:
    """One row a ticket. A dispute over a missing parcel or part opens one; others are service tickets."""
    disputes = after_sales[after_sales["initiated_by"] == "buyer"]
    lost = disputes[disputes["is_not_received"]].assign(title="未收到货", limit_hours=48)
    short = disputes[disputes["reason"].isin(["少件/漏发", "卖家发错货"])].assign(title="少发漏发/错发", limit_hours=24)
    opened = pd.concat([lost, short]).assign(service=False)
    opened["created_at"] = opened["began_at"]

    parcels = orders[orders["shipped_at"].notna()]
    worried = parcels[draws.marked(np.where(parcels["delivery_days"] > 6, 0.16, 0.012))].assign(service=True)
    worried["title"] = draws.pick(
        len(worried),
        ("消费者担忧货物无法送达", "在途无理由退款处理", "物流异常主动服务", "异常网点预警"),
        (5, 3, 2, 2),
    ).to_numpy()
    worried["limit_hours"] = 36
    waited = pd.to_timedelta(np.round(worried["delivery_days"] * 0.45 * 86400).astype(np.int64), unit="s")
    worried["created_at"] = worried["shipped_at"] + waited

    columns = [
        "order_id",
        "product",
        "title",
        "service",
        "created_at",
        "limit_hours",
        "outcome",
        "decided_at",
        "paid_fen",
    ]
    table = pd.concat([opened, worried]).reindex(columns=columns)
    table = table.sort_values(["created_at", "order_id"], ignore_index=True)
    count = len(table)
    table["ticket_id"] = (500_010_000_000_000 + draws.whole(count, 1000, 90000).cumsum()).astype(str)
    table["deadline_at"] = table["created_at"] + pd.to_timedelta(table["limit_hours"], unit="h")
    answered = table["created_at"] + draws.hours(count, (1, 8, 20, 46))
    table["answered_at"] = answered.where(answered <= table["deadline_at"])
    closed = table["answered_at"].fillna(table["deadline_at"]) + draws.hours(count, (1, 5, 20))
    table["closed_at"] = table["decided_at"].where(~table["service"] & table["decided_at"].notna(), closed)
    return table
