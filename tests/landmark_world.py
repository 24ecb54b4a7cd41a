"""A made-up pair of shops whose exports show every kind of gap, and a plain walk through them that features must equal.

The walk asks of each order what the exports tell of it by the end of a day: stated times from whichever export has them,
everything else from the exports made by then.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.conftest import TICKETS, Data, order_id

ORDERS = "订单号,订单状态,商品,商品id,快递公司,省,用户实付金额(元),支付时间,承诺发货时间,承诺送达时间,发货时间,确认收货时间,售后状态,订单成交时间,平台介入"
AFTER_SALES = "售后编号,订单编号,售后状态,退款类型,退款金额,超时时间,申请时间,售后原因,同意退款时间,同意退款人,介入时间"
FIRST = datetime(2026, 6, 1)
DAYS = 40
MORNINGS = (18, 20, 22, 24, 29, 31, 34, 39, 45)
LANDMARKS = tuple(date(2026, 6, 1) + timedelta(days=day - 1) for day in (20, 24, 29, 34, 39))
SHOPS = ("甲店", "乙店")
REASONS = {"未收到商品": "not_received", "少件": "missing_or_short", "不想要了": "no_reason"}
OPEN = "买家申请退款，待商家处理"

Row = dict[str, str]


@dataclass
class Export:
    kind: str
    shop: str
    at: datetime
    rows: list[Row]


@dataclass
class World:
    exports: list[Export] = field(default_factory=list)
    by_hand: list[tuple[str, str, datetime, str, datetime | None]] = field(default_factory=list)

    def write(self, data: Data) -> None:
        headers = {"orders": ORDERS, "after_sales": AFTER_SALES, "tickets": TICKETS}
        for export in self.exports:
            names = headers[export.kind].split(",")
            lines = [",".join(row[name] for name in names) for row in export.rows]
            text = "\n".join([headers[export.kind], *lines, ""])
            data.put(f"{export.shop}/{export.kind}_{export.at:%Y%m%d%H%M%S}.csv", text)
        for shop in SHOPS:
            listed = [
                f"{order},{began},{by},{'处理中' if decided is None else '支持买家'},{decided or ''},"
                for owner, order, began, by, decided in self.by_hand
                if owner == shop
            ]
            if listed:
                data.interventions(listed, shop=shop)


def make(seed: int, orders: int = 90) -> World:
    """A shop and a very small one, and what their exports showed on some mornings."""
    draw = random.Random(seed)
    world = World()
    for shop, count in zip(SHOPS, (orders, 10), strict=True):
        truths = [_order(draw, shop, number) for number in range(count)]
        for day in MORNINGS:
            at = FIRST + timedelta(days=day, hours=7, minutes=30)
            shown = [truth for truth in truths if truth["made"] <= at]
            for kind, seen in (("orders", _orders), ("after_sales", _after_sales), ("tickets", _tickets)):
                rows = [row for truth in shown for row in seen(truth, at)]
                if rows:
                    world.exports.append(Export(kind, shop, at, rows))
        world.by_hand += [(shop, truth["id"], *truth["by_hand"]) for truth in truths if truth["by_hand"]]
    return world


def _order(draw: random.Random, shop: str, number: int) -> dict[str, Any]:
    made = FIRST + timedelta(seconds=draw.randrange(DAYS * 86400))
    shipped = made + timedelta(hours=draw.uniform(1, 90)) if draw.random() < 0.8 else None
    signed = shipped + timedelta(days=draw.uniform(1, 20)) if shipped and draw.random() < 0.7 else None
    dropped = made + timedelta(days=draw.uniform(1, 20)) if draw.random() < 0.2 else None
    cancelled = made + timedelta(hours=draw.uniform(30, 300)) if shipped is None and draw.random() < 0.6 else None
    truth: dict[str, Any] = {
        "id": order_id(number * 2 + SHOPS.index(shop), f"{made:%Y-%m-%d}"),
        "made": made,
        "has_time": draw.random() < 0.7,
        "has_payment": draw.random() < 0.5,
        "product": draw.choice(["600111", "600222", "600333", ""]),
        "courier": draw.choice(["圆通", "韵达"]),
        "province": draw.choice(["浙江省", "云南省", "湖北省", ""]),
        "paid": draw.choice(["9.90", "128.00", ""]),
        "ship_by": made + timedelta(hours=24) if draw.random() < 0.3 else None,
        "arrive_by": made + timedelta(days=6) if draw.random() < 0.3 else None,
        "shipped": shipped,
        "signed": signed,
        "dropped": dropped,
        "cancelled": cancelled,
        "flagged": made + timedelta(days=draw.uniform(2, 15)) if draw.random() < 0.05 else None,
        "requests": [],
        "tickets": [],
        "by_hand": None,
    }
    for place in range(draw.choice([0, 0, 1, 1, 2])):
        applied = made + timedelta(days=draw.uniform(0.2, 18))
        step = applied + timedelta(days=draw.uniform(0.5, 6))
        last = step + timedelta(days=draw.uniform(0.5, 6))
        kind = draw.choice(["waits", "refused", "agreed", "withdrawn", "platform", "platform", "speed", "stated"])
        truth["requests"].append(
            {
                "id": f"{1 + SHOPS.index(shop)}{number:05d}{place}",
                "applied": applied,
                "has_time": draw.random() < 0.9,
                "reason": draw.choice(list(REASONS)),
                "kind": kind,
                "step": step,
                "last": last if draw.random() < 0.7 else None,
            }
        )
    if draw.random() < 0.4:
        created = made + timedelta(days=draw.uniform(1, 12))
        truth["tickets"].append(
            {
                "id": f"7{1 + SHOPS.index(shop)}{number:05d}",
                "title": draw.choice(["平台介入处理", "少发漏发", "在途无理由退款"]),
                "created": created,
                "has_time": draw.random() < 0.8,
                "closed": created + timedelta(hours=draw.uniform(1, 300)) if draw.random() < 0.8 else None,
                "liable": draw.choice(["", "是", "否"]),
            }
        )
    if draw.random() < 0.08:
        began = made + timedelta(days=draw.uniform(1, 12))
        decided = began + timedelta(days=2) if draw.random() < 0.5 else None
        truth["by_hand"] = (began.replace(microsecond=0), draw.choice(["买家", "平台", ""]), decided)
    return truth


def _at(moment: datetime | None, until: datetime | None = None) -> str:
    return "" if moment is None or (until and moment > until) else f"{moment:%Y-%m-%d %H:%M:%S}"


def _orders(truth: dict[str, Any], at: datetime) -> list[Row]:
    if _at(truth["dropped"], at):
        return []
    is_sent = bool(_at(truth["shipped"], at))
    status = "待发货"
    status = "已发货，待收货" if is_sent else status
    status = "已收货" if _at(truth["signed"], at) else status
    status = "已取消，退款成功" if _at(truth["cancelled"], at) else status
    values = (
        truth["id"],
        status,
        "杯" if truth["product"] else "",
        truth["product"],
        truth["courier"] if is_sent else "",
        truth["province"],
        truth["paid"],
        _at(truth["made"]) if truth["has_payment"] else "",
        _at(truth["ship_by"]),
        _at(truth["arrive_by"]),
        _at(truth["shipped"], at),
        _at(truth["signed"], at),
        "",
        _at(truth["made"]) if truth["has_time"] else "",
        "是" if _at(truth["flagged"], at) else "",
    )
    return [dict(zip(ORDERS.split(","), values, strict=True))]


def _after_sales(truth: dict[str, Any], at: datetime) -> list[Row]:
    return [_request(truth, each, at) for each in truth["requests"] if each["applied"] <= at]


def _request(truth: dict[str, Any], each: dict[str, Any], at: datetime) -> Row:
    steps = {
        "waits": (OPEN, OPEN),
        "refused": ("驳回退款，待买家处理", "买家逾期未处理，退款失败"),
        "agreed": ("商家同意退款，退款中", "退款成功"),
        "withdrawn": (OPEN, "买家撤销"),
        "platform": ("平台处理中", "平台拒绝退款，退款关闭"),
        "speed": ("极速退款，平台处理中", "退款成功"),
        "stated": (OPEN, "退款成功"),
    }[each["kind"]]
    status = OPEN
    status = steps[0] if each["step"] <= at else status
    status = steps[1] if _at(each["last"], at) else status
    agreed = each["last"] if each["kind"] in ("agreed", "stated") else None
    values = (
        each["id"],
        truth["id"],
        status,
        "仅退款",
        "5.00",
        _at(each["applied"] + timedelta(days=2)) if status == OPEN else "",
        _at(each["applied"]) if each["has_time"] else "",
        each["reason"],
        _at(agreed, at),
        "客服" if _at(agreed, at) else "",
        _at(each["step"], at) if each["kind"] == "stated" else "",
    )
    return dict(zip(AFTER_SALES.split(","), values, strict=True))


def _tickets(truth: dict[str, Any], at: datetime) -> list[Row]:
    rows = []
    for each in truth["tickets"]:
        if each["created"] > at:
            continue
        is_closed = bool(_at(each["closed"], at))
        values = (
            each["id"],
            truth["id"],
            each["title"],
            "已完结" if is_closed else "待处理",
            _at(each["created"]) if each["has_time"] else "",
            _at(each["created"] + timedelta(days=2)),
            "",
            _at(each["closed"], at),
            each["liable"] if is_closed else "",
            "",
        )
        rows.append(dict(zip(TICKETS.split(","), values, strict=True)))
    return rows


def _read(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _min(*moments: datetime | None) -> datetime | None:
    return min((each for each in moments if each), default=None)


class Walk:
    """What the world's exports tell by the end of a day, one order after the other."""

    def __init__(self, world: World, late_days: int, unseen_days: int, prior: int, mature: int) -> None:
        self.late_days, self.unseen_days = late_days, unseen_days
        self.prior, self.mature = prior, mature
        self.orders: dict[tuple[str, str], list[tuple[datetime, Row]]] = {}
        self.requests: dict[tuple[str, str], list[tuple[datetime, Row]]] = {}
        self.tickets: dict[tuple[str, str], list[tuple[datetime, Row]]] = {}
        keys = {
            "orders": (self.orders, "订单号"),
            "after_sales": (self.requests, "售后编号"),
            "tickets": (self.tickets, "工单编号"),
        }
        for export in sorted(world.exports, key=lambda each: each.at):
            versions, key = keys[export.kind]
            for row in export.rows:
                versions.setdefault((export.shop, row[key]), []).append((export.at, row))
        self.by_hand = world.by_hand

    def at(self, day: date) -> dict[tuple[str, str], dict[str, float | None]]:
        ends = datetime.combine(day + timedelta(days=1), datetime.min.time())
        found = {}
        rates = _Rates(self, day, ends)
        for (shop, order), versions in self.orders.items():
            newest = versions[-1][1]
            made, known = _made(order, versions)
            if known is None or made is None or known >= ends or made >= ends or ends - made > timedelta(days=90):
                continue
            requests = [
                self.request(key)
                for key in self.requests
                if key[0] == shop and self.requests[key][0][1]["订单编号"] == order
            ]
            tickets = [
                self.ticket(key)
                for key in self.tickets
                if key[0] == shop and self.tickets[key][0][1]["订单编号"] == order
            ]
            ended = next((at for at, row in versions if "退款成功" in row["订单状态"]), None)
            out = [ended, *(each["refunded"] for each in requests)]
            if any(each is not None and each < ends for each in out):
                continue
            if any(known < ends and (over is None or over >= ends) for known, over in self.signs(shop, order)):
                continue
            opened = [
                each for each in requests if each["opened"] < ends and not (each["ended"] and each["ended"] < ends)
            ]
            opened = sorted(opened, key=lambda each: (each["opened"], each["id"]))[:1]
            shipped = _read(newest["发货时间"])
            shipped = shipped if shipped and shipped < ends else None
            signed = _read(newest["确认收货时间"])
            signed = signed if signed and signed < ends else None
            if signed and ends - signed > timedelta(days=15) and not opened:
                continue
            waits = any(each["opened"] < ends and not (each["closed"] and each["closed"] < ends) for each in tickets)
            is_shown = versions[-1][0] >= ends - timedelta(days=self.unseen_days)
            if not (signed or is_shown or opened or waits):
                continue
            ship_due = _read(newest["承诺发货时间"]) or made + timedelta(hours=48)
            due = _read(newest["承诺送达时间"]) or (shipped + timedelta(days=self.late_days) if shipped else None)
            left: float | None = 0.0
            if opened:
                steps = [row["超时时间"] for at, row in self.requests[shop, opened[0]["id"]] if at < ends]
                deadline = _read(steps[-1]) if steps else None
                left = None if deadline is None else max((deadline - ends).total_seconds() / 3600, 0.0)
            earlier = [each for each in tickets if each["opened"] < ends]
            paid = newest["用户实付金额(元)"]
            found[shop, order] = {
                "age_days": (ends - made).total_seconds() / 86400,
                "is_shipped": float(shipped is not None),
                "ship_late_hours": max(((shipped or ends) - ship_due).total_seconds() / 3600, 0.0),
                "delivery_late_days": max((ends - due).total_seconds() / 86400, 0.0) if due and not signed else 0.0,
                "waiting_days": (
                    ends
                    - max(each for each in (made, shipped, signed, opened[0]["opened"] if opened else None) if each)
                ).total_seconds()
                / 86400,
                "has_open_request": float(bool(opened)),
                "request_open_hours": (ends - opened[0]["opened"]).total_seconds() / 3600 if opened else 0.0,
                "request_hours_left": left,
                "reason_rate": rates.reason(shop, opened[0]["reason"] if opened else None),
                "earlier_tickets": float(len(earlier)),
                "paid_yuan_log": math.log(1 + float(paid)) if paid else None,
                "product_rate": rates.order(shop, "商品id", newest["商品id"]),
                "courier_rate": rates.order(shop, "快递公司", newest["快递公司"] if shipped else ""),
                "province_rate": rates.order(shop, "省", newest["省"]),
            }
        return found

    def request(self, key: tuple[str, str]) -> dict[str, Any]:
        versions = self.requests[key]
        newest = versions[-1][1]
        agreed = _read(newest["同意退款时间"])

        def seen(*words: str) -> datetime | None:
            return next((at for at, row in versions if any(word in row["售后状态"] for word in words)), None)

        return {
            "id": key[1],
            "order": newest["订单编号"],
            "opened": _read(newest["申请时间"]) or versions[0][0],
            "reason": REASONS[newest["售后原因"]],
            "refunded": _min(agreed, seen("退款成功")),
            "ended": _min(agreed, seen("退款成功", "撤销", "关闭", "失败")),
            "sign": _min(seen("平台处理中", "平台拒绝"), _read(newest["介入时间"])),
            "speed": seen("极速退款"),
        }

    def ticket(self, key: tuple[str, str]) -> dict[str, Any]:
        versions = self.tickets[key]
        newest = versions[-1][1]
        closed = _min(
            _read(newest["关闭时间"]), next((at for at, row in versions if row["工单状态"] == "已完结"), None)
        )
        stated, deadline = _read(newest["关闭时间"]), _read(newest["截止时间"])
        too_late = stated if stated and deadline and stated > deadline else None
        opened = _read(newest["创建时间"]) or versions[0][0]
        lapsed = _min(too_late, next((at for at, row in versions if row["是否判责商家"] == "是"), None))
        sign = {"平台介入处理": opened, "少发漏发": max(opened, lapsed) if lapsed else None}.get(newest["工单类型"])
        return {"order": newest["订单编号"], "opened": opened, "closed": closed, "sign": sign}

    def signs(self, shop: str, order: str) -> list[tuple[datetime, datetime | None]]:
        found = [
            (began, over) for own, its, began, by, over in self.by_hand if (own, its) == (shop, order) and by != "平台"
        ]
        for key in self.requests:
            each = self.request(key)
            if (
                key[0] == shop
                and each["order"] == order
                and each["sign"]
                and not (each["speed"] and each["speed"] <= each["sign"])
            ):
                found.append((each["sign"], each["ended"]))
        for key in self.tickets:
            each = self.ticket(key)
            if key[0] == shop and each["order"] == order and each["sign"]:
                found.append((each["sign"], each["closed"]))
        flagged = next((at for at, row in self.orders.get((shop, order), []) if row["平台介入"]), None)
        return found + ([(flagged, None)] if flagged else [])


def _made(order: str, versions: list[tuple[datetime, Row]]) -> tuple[datetime | None, datetime | None]:
    """When an order was dealt, and since when that is known."""
    newest = versions[-1][1]
    if stated := _read(newest["订单成交时间"]):
        return stated, stated
    seen = next((at for at, row in versions if row["订单状态"][:2] in ("待发", "已发", "已收")), None)
    return _read(newest["支付时间"]) or datetime.strptime(order[:6], "%y%m%d"), seen


class _Rates:
    """Histories by the end of one day, counted one order at a time."""

    def __init__(self, walk: Walk, day: date, ends: datetime) -> None:
        self.prior = walk.prior
        self.orders: list[tuple[str, Row, bool, bool]] = []
        self.requests: list[tuple[str, str, bool]] = []
        for (shop, order), versions in walk.orders.items():
            made, known = _made(order, versions)
            if made and known and known < ends and made.date() + timedelta(days=walk.mature) <= day:
                shipped = _read(versions[-1][1]["发货时间"])
                escalated = any(at < ends for at, _ in walk.signs(shop, order))
                self.orders.append((shop, versions[-1][1], shipped is not None and shipped < ends, escalated))
        for key in walk.requests:
            each = walk.request(key)
            if each["opened"].date() + timedelta(days=walk.mature) <= day:
                escalated = any(at < ends for at, _ in walk.signs(key[0], each["order"]))
                self.requests.append((key[0], each["reason"], escalated))

    def _drawn(self, hits: list[bool], towards: float | None) -> float | None:
        return None if towards is None else (sum(hits) + self.prior * towards) / (len(hits) + self.prior)

    def _own(self, shop: str, all_hits: list[tuple[str, bool]]) -> float | None:
        overall = sum(hit for _, hit in all_hits) / len(all_hits) if all_hits else None
        return self._drawn([hit for own, hit in all_hits if own == shop], overall)

    def order(self, shop: str, column: str, value: str) -> float | None:
        own = self._own(shop, [(its, hit) for its, _, _, hit in self.orders])
        alike = [
            hit
            for its, row, is_sent, hit in self.orders
            if its == shop and value and row[column] == value and (is_sent or column != "快递公司")
        ]
        return self._drawn(alike, own)

    def reason(self, shop: str, value: str | None) -> float | None:
        own = self._own(shop, [(its, hit) for its, _, hit in self.requests])
        return self._drawn([hit for its, reason, hit in self.requests if its == shop and reason == value], own)
