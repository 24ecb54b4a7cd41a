"""What changed since the last report: four kinds of change that add up, each with its orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd

from analysis.charts.cells import sentence
from analysis.charts.shown import Chart, Fragment, PerShop, template
from analysis.charts.wording import Words, count, day, signed

KINDS = ("new", "rolled_off", "restated", "redefined")
MOST_ORDERS = 200
"""More orders than this are counted, not listed."""


def changes(
    changes: pd.DataFrame, totals: pd.DataFrame, since: date | None, shops: Sequence[str], words: Words
) -> PerShop:
    """From the count of the last report to today's: what is new, what rolled off, what was restated or redefined?

    `totals`: one row per shop and rule with `count_before`, the four kinds as signed sums, and `count_now`; `changes`:
    one row per order and kind with `change` +1 or -1. `since`: the day of the last report, None for the first one,
    for which each of the `shops` has one sentence instead; so has one of which nothing was counted then or is now.
    """
    if since is None:
        return PerShop({shop: [sentence(words["changes.first"])] for shop in shops})
    several = totals["rule"].nunique() > 1
    listed = {key: rows for key, rows in changes.groupby(["shop_id", "rule", "kind"])}
    parts: dict[str, list[Chart | Fragment]] = {}
    for row in totals.sort_values(["shop_id", "rule"]).to_dict("records"):
        found = {kind: listed.get((row["shop_id"], row["rule"], kind)) for kind in KINDS}
        html = template(
            "changes.html",
            words=words,
            rule=row["rule"] if several else "",
            before_label=words["changes.before"].format(day=day(since)),
            before=count(row["count_before"]),
            now=count(row["count_now"]),
            steps=[{"kind": kind, "label": words[f"changes.{kind}"], "change": signed(row[kind])} for kind in KINDS],
            lists=[_orders(kind, rows, words) for kind, rows in found.items() if rows is not None],
            rest=_rest(row, words),
            unchanged=all(rows is None for rows in found.values()),
        )
        parts.setdefault(str(row["shop_id"]), []).append(Fragment(html))
    for shop in set(shops) - set(parts):
        parts[shop] = [sentence(words["changes.nothing"].format(day=day(since)))]
    return PerShop(parts)


def _orders(kind: str, rows: pd.DataFrame, words: Words) -> dict[str, Any]:
    """One kind's orders, entering and leaving apart."""
    ordered = rows.sort_values(["change", "order_id"], ascending=[False, True])
    signs = ["+" if change > 0 else "−" for change in ordered["change"]]
    orders = [f"{sign} {order}" for sign, order in zip(signs, ordered["order_id"], strict=True)]
    more = len(orders) - MOST_ORDERS
    return {
        "title": words["changes.orders"].format(kind=words[f"changes.{kind}"], orders=len(orders)),
        "why": words[f"changes.why_{kind}"],
        "orders": orders[:MOST_ORDERS],
        "more": words["changes.more"].format(orders=more) if more > 0 else "",
    }


def _rest(row: dict[Any, Any], words: Words) -> str:
    """What the kinds leave unexplained; '' when they add up, as they must."""
    rest = int(row["count_now"]) - int(row["count_before"]) - sum(int(row[kind]) for kind in KINDS)
    return words["changes.rest"].format(count=signed(rest)) if rest else ""
