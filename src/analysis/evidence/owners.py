"""Whose is a file? The order numbers and tracking numbers on the way to it, held against the orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.evidence.files import to_text
from analysis.evidence.names import order_ids, tracking_numbers


@dataclass(frozen=True)
class Owner:
    """Whose a file is, as far as its names tell; `inner` are the names below the shop's folder, the file's own last."""

    shop_id: str | None
    order_id: str | None
    tracking_no: str | None
    problem: str
    inner: Sequence[str]


class Owners:
    """The orders that some of `paths` (names from the folder down) name; the others are never looked at one by one."""

    def __init__(self, paths: Sequence[Sequence[str]], orders: pd.DataFrame, pattern: str) -> None:
        self.by_order: dict[str, set[tuple[str | None, str]]] = {}
        self.by_parcel: dict[str, set[tuple[str | None, str]]] = {}
        self.spelled: dict[str, str] = {}
        every = {part for parts in paths for part in parts}
        self.numbers = {part: (order_ids(part, pattern), tracking_numbers(part, pattern)) for part in every}
        ids = {name for found, _ in self.numbers.values() for name in found}
        numbers = {name for _, found in self.numbers.values() for name in found}
        capitals = orders["tracking_no"].astype("str").str.upper()
        near = orders.assign(capitals=capitals)[capitals.isin(numbers) | orders["order_id"].isin(ids)]
        for shop_id, order_id, tracking_no, capital in zip(
            near["shop_id"], near["order_id"], near["tracking_no"], near["capitals"], strict=True
        ):
            self.by_order.setdefault(order_id, set()).add((shop_id, order_id))
            if capital in numbers:
                self.by_parcel.setdefault(capital, set()).add((shop_id, order_id))
                self.spelled[capital] = tracking_no

    def owner(self, parts: Sequence[str]) -> Owner:
        """The one order that every number in the path can mean; problems: no_id, several_orders, other_shop, no_shop."""
        has_shop = len(parts) > 1 and not self._meanings(parts[0])
        shop, inner = (to_text(parts[0]), parts[1:]) if has_shop else (None, parts)
        meanings = [each for part in inner for each in self._meanings(part)]
        if not meanings:
            return Owner(shop, None, None, "no_id", inner)
        common = set.intersection(*(each for _, each in meanings))
        if not common:
            return Owner(shop, None, None, "several_orders", inner)
        if shop is not None:
            common = {each for each in common if each[0] in (None, shop)}
            if not common:
                return Owner(shop, None, None, "other_shop", inner)
        shops, orders = {each for each, _ in common}, {each for _, each in common}
        number = next((self.spelled[name] for name, _ in meanings if name in self.spelled), None)
        shop = shop or (shops.pop() if len(shops) == 1 else None)
        order = orders.pop() if len(orders) == 1 else None
        return Owner(shop, order, number, "" if shop else "no_shop", inner)

    def _meanings(self, part: str) -> list[tuple[str, set[tuple[str | None, str]]]]:
        """Each number that a name holds, and the shops and orders that it can mean."""
        ids, numbers = self.numbers[part]
        orders = [(name, self.by_order.get(name, {(None, name)})) for name in ids]
        return orders + [(name, self.by_parcel[name]) for name in numbers if name in self.by_parcel]
