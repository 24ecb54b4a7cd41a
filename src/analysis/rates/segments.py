"""In which products, SKUs, couriers, provinces and for which reasons and tickets a rate arises, and what moved it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from analysis.rates.intervals import share, wilson
from analysis.rates.windows import in_window

SEGMENT_COLUMNS = {
    "product": "product", "sku": "sku", "courier": "courier", "province": "province", "reason": "reason_group",
    "ticket_type": "ticket_type",
}  # fmt: skip
"""The dimensions, each with the column of an event that tells its segment."""
WITHOUT_ORDERS = ("reason", "ticket_type")
"""Only an order with a request has a reason, only one with a ticket a type: no orders to take a share of."""
FRAME_COLUMNS = [
    "shop_id", "dimension", "segment", "label", "numerator", "denominator", "rate", "rate_low", "rate_high",
    "shrunken_rate", "shrunken_low", "shrunken_high", "contribution", "contribution_before", "change", "mix_effect",
    "rate_effect",
]  # fmt: skip
KEYS = ["shop_id", "dimension", "segment"]


def segments(
    interventions: pd.DataFrame,
    segment_orders: pd.DataFrame,
    segment_orders_before: pd.DataFrame,
    rule: Any,
    as_of: date,
    before: date,
) -> pd.DataFrame:
    """In which segments does the rate of the window ending on `as_of` arise, and which moved it since `before`?

    `interventions` are the judged events of both windows; `segment_orders` and `segment_orders_before` the orders of the
    two windows, `shop_id, dimension, segment, label` and the rule's columns of counts, where a dimension's segments add up
    to the shop.

    One row a shop × dimension × segment, FRAME_COLUMNS. Rates, contributions and effects are shares, 0–1; '' is the segment
    that the exports do not tell. A unit (order, request or ticket, as the rule says) with several counted events stands
    once in each dimension: under the first of them that tells its segment.

    - `rate`, `rate_low`, `rate_high`: numerator of denominator with Wilson's 95 % interval. A reason and a ticket type have
      no orders of their own: their denominator is all the window's units, their rate a share of those.
    - `shrunken_rate`, `shrunken_low`, `shrunken_high`: see `shrunken`.
    - `contribution`: the numerator over the *shop's* denominator, so that a dimension's contributions add up to the shop's
      rate; `contribution_before` the same in the window before; `change` the difference, which adds up to the shop's change.
    - `mix_effect` + `rate_effect` = `change`: with a segment's share w of the orders and its rate r,
      (w₁ − w₀)·(r₀ + r₁)/2 because it sells more or less, and (r₁ − r₀)·(w₀ + w₁)/2 because it got worse or better
      (the midpoint decomposition, Kitagawa 1955). A segment without orders in one window has there the other window's rate:
      one that came or went is all mix. What has no orders at all is all rate, and so are reasons and ticket types.

    Missing: contributions where the shop has no orders in that window, and then `change` and the effects; rates without
    orders. Leave a shop out of `segment_orders_before` where that window is not covered. Empty where nothing is known.
    """
    now, shop_now = _window(interventions, segment_orders, rule, as_of)
    then, shop_then = _window(interventions, segment_orders_before, rule, before)
    both = now.join(then.add_suffix("_before"), how="outer", validate="one_to_one").reset_index()
    whole = both["shop_id"].map(shop_now).astype("Float64")
    whole_before = both["shop_id"].map(shop_then).astype("Float64")
    is_share = both["dimension"].isin(WITHOUT_ORDERS)
    k = both["numerator"].fillna(0).astype("Int64")
    n = both["orders"].mask(both["orders"].isna() & whole.notna(), 0.0)
    n = n.mask(is_share, k.groupby([both["shop_id"], both["dimension"]]).transform("sum")).round().astype("Int64")
    low, high = wilson(k, n)
    table = both.assign(
        label=both["label"].fillna(both["label_before"]).fillna(both["segment"]),
        numerator=k,
        denominator=n,
        rate=share(k, n),
        rate_low=low,
        rate_high=high,
        contribution=share(k, whole),
        contribution_before=share(both["numerator_before"].fillna(0), whole_before),
    )
    change = table["contribution"] - table["contribution_before"]
    mix = _mix(k, both["orders"], whole, both["numerator_before"], both["orders_before"], whole_before)
    mix = mix.mask(is_share, 0.0).where(change.notna())
    table = table.assign(change=change, mix_effect=mix + 0.0, rate_effect=change - mix + 0.0, **shrunken(table))
    order = {"shop_id": True, "dimension": True, "numerator": False, "rate": False, "segment": True}
    return table[FRAME_COLUMNS].sort_values(list(order), ascending=list(order.values())).reset_index(drop=True)


def shrunken(groups: pd.DataFrame) -> dict[str, pd.Series]:
    """What is a segment's rate, when the shop's other segments are believed too? 1 of 12 is no 8 %.

    `groups`: `shop_id, dimension, numerator, denominator`. Gives `shrunken_rate` and its 95 % bounds `shrunken_low` and
    `shrunken_high`, aligned with `groups`: mean and equal-tailed interval of the posterior of a beta-binomial, whose prior
    is fitted by moments to each shop × dimension (Kleinman 1973, weights n). Missing where a segment has neither orders nor
    events.

    The fitted correlation, at least 0, is raised by its standard error under no difference: few segments cannot tell how
    much they differ, and a prior that takes their word is too sure. (Simulated with 4 to 60 segments, the interval covers
    .89 to .99 instead of .74 to .98, and the error of the rates stays the same.) A prior weighs as much as the dimension's
    orders together at most, which is what a single segment gets. More events than orders (dealt before the window) count
    as so many orders. Over reasons this is the Dirichlet-multinomial: shrunken shares still add up to 1.
    """
    by = [groups["shop_id"], groups["dimension"]]
    k = groups["numerator"].astype("float64")
    n = groups["denominator"].astype("float64").fillna(0).clip(lower=k)
    n = n.where(n > 0)

    def total(values: pd.Series) -> pd.Series:
        return values.groupby(by).transform("sum")

    trials, events, others = total(n), total(k), total(n.notna().astype("float64")) - 1
    is_certain = (events == 0) | (events == trials)
    p = (events / trials).mask(is_certain, (events + 0.5) / (trials + 1))  # Jeffreys: nothing is never, or always
    scatter = total(n * (k / n - p) ** 2) / (p * (1 - p))
    spread = trials - total(n**2) / trials - others
    spread = spread.where(spread > 0)
    excess = (scatter - others).clip(lower=0) + (2 * others) ** 0.5
    correlation = (excess / spread).fillna(0.0).clip(upper=1.0)
    weight = (1 / correlation.where(correlation > 0) - 1).fillna(np.inf).clip(lower=1.0, upper=trials)
    a, b = k + p * weight, n - k + (1 - p) * weight
    bounds = {name: special.betaincinv(a, b, q) for name, q in (("shrunken_low", 0.025), ("shrunken_high", 0.975))}
    found = {"shrunken_rate": a / (a + b)} | {name: pd.Series(x, index=groups.index) for name, x in bounds.items()}
    return {name: values.astype("Float64") for name, values in found.items()}


def _window(
    events: pd.DataFrame, segment_orders: pd.DataFrame, rule: Any, last: date
) -> tuple[pd.DataFrame, pd.Series]:
    """`label, numerator, orders` by KEYS in the window ending on `last`, and the shop's denominator by shop."""
    inside = in_window(events, rule, last)
    known = segment_orders[~segment_orders["dimension"].isin(WITHOUT_ORDERS)]
    count = known[list(rule.denominator)].sum(axis=1) - known[list(rule.denominator_minus)].sum(axis=1)
    orders = known.assign(orders=count.astype("Float64")).set_index(KEYS)[["label", "orders"]]
    shop_orders = orders["orders"].groupby(level=["shop_id", "dimension"]).sum().groupby(level="shop_id").max()
    return orders.join(_units(inside[inside["counted"]]), how="outer", validate="one_to_one"), shop_orders


def _units(counted: pd.DataFrame) -> pd.Series:
    """How many units stand in each segment: `numerator` by KEYS; a unit under the first of its events that tells."""
    ordered = counted.sort_values(["booked_on", "event_id"])
    told = ordered[list(SEGMENT_COLUMNS.values())].replace("", None)
    first = told.groupby([ordered["shop_id"], ordered["unit_id"]]).first().fillna("")
    long = first.rename(columns={column: dimension for dimension, column in SEGMENT_COLUMNS.items()}).melt(
        var_name="dimension", value_name="segment", ignore_index=False
    )
    return long.reset_index().groupby(KEYS).size().astype("Int64").rename("numerator")


def _mix(
    k: pd.Series,
    n: pd.Series,
    whole: pd.Series,
    k_before: pd.Series,
    n_before: pd.Series,
    whole_before: pd.Series,
) -> pd.Series:
    """The part of a contribution's change that comes from the segment's share of the orders; 0 where it never had any."""
    rate, rate_before = share(k, n), share(k_before.fillna(0), n_before)
    moved = n.fillna(0) / whole - n_before.fillna(0) / whole_before
    return (moved * (rate.fillna(rate_before) + rate_before.fillna(rate)) / 2).mask(
        rate.isna() & rate_before.isna(), 0.0
    )
