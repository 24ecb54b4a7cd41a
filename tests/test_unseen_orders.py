"""A parcel that no export has shown for long may have been signed for: it is not called late, and the reader is told."""

from __future__ import annotations

from datetime import date
from typing import Any

from analysis import warehouse
from analysis.findings import Findings
from tests.conftest import ORDERS, Data, order_id


def test_a_parcel_that_no_newer_export_shows_is_neither_late_nor_on_the_watch_list(data: Data) -> None:
    names = ORDERS.split(",")

    def row(number: int, day: str) -> str:
        known = {
            "订单号": order_id(number, day),
            "订单状态": "已发货，待收货",
            "商品": "杯",
            "订单成交时间": f"{day} 12:00:00",
        }
        known["发货时间"] = f"{day} 20:00:00"
        return ",".join(known.get(name, "") for name in names)

    data.orders([row(1, "2026-06-10"), row(2, "2026-06-11")], name="orders_export2026-06-25.csv")
    data.orders([row(2, "2026-06-11"), row(3, "2026-07-10")], name="orders_export2026-07-21.csv")
    data.build()
    found = Findings(data.settings, date(2026, 7, 20))
    asked: dict[str, Any] = {"as_of": found.as_of, "late_days": 7, "unseen_days": 14, "high_scores": []}
    late = warehouse.ask(data.settings, "orders_at_risk", **asked)["order_id"].tolist()
    assert late == [order_id(2, "2026-06-11"), order_id(3, "2026-07-10")]
    assert set(found.open_orders["order_id"]) == set(found.watchlist["order_id"]) == set(late)
    alive = warehouse.features(data.settings, [date(2026, 7, 8), date(2026, 7, 9)], late_days=7, unseen_days=14)
    assert dict(alive.groupby("order_id")["landmark_on"].nunique()) == {late[0]: 2, order_id(1, "2026-06-10"): 1}
    patient = warehouse.features(data.settings, [found.as_of], late_days=7, unseen_days=26)
    assert len(patient) == 3, "the number of days is the user's"
    warned = dict(
        warehouse.ask(data.settings, "warnings", unseen_days=14)[["key", "count"]].itertuples(index=False, name=None)
    )
    assert warned["parcel_unseen"] == 1
    then = warehouse.ask(data.settings, "orders_at_risk", **asked | {"as_of": date(2026, 6, 30)})["order_id"].tolist()
    assert order_id(1, "2026-06-10") in then, "at the end of June its export was new"
