"""Which events does a rule count, and how many units lie in each window?

An event is inside the windows that end from the day it enters (it is booked and known) until the day it leaves (its
booked day + the window). A unit with several events counts once, so rolling counts are running sums of units that enter
less units that leave, and those that leave after `as_of` are the roll-off calendar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from analysis.rates.intervals import share, wilson
from analysis.rates.lines import headroom, statuses, with_lines

DAYS_SHOWN = 90
COLUMNS = [
    "shop_id", "metric", "rule", "window_start", "window_end", "numerator", "denominator", "rate", "rate_low", "rate_high",
    "line_rate", "line_count", "status", "headroom",
]  # fmt: skip
EVENT_KINDS = {"intervention": ("after_sales",), "request": ("after_sales",), "ticket": ("tickets",)}
"""The exports that must cover a day before a rule's events of that day can be known."""
UNIT_IDS = {"orders": "order_id", "requests": "after_sales_id", "tickets": "ticket_id"}


def judged(events: pd.DataFrame, rule: Any) -> pd.DataFrame:
    """Which events does the rule count, and why not the others?

    The rows of the rule's kind of event with five more columns: `counted`; `reason` (empty, `started_by_platform`,
    `withdrawn_undecided`, `outcome_not_counted`, `reason_not_counted`, `not_dated`); `booked_on`, the date that books it;
    `enters_on`, the first window end it belongs to; `unit_id`, what counts once.
    """
    own: pd.DataFrame = events[events["event"] == rule.event]
    undecided = (own["outcome"] == "withdrawn") & own["decided_at"].isna() & rule.excludes_undecided_withdrawn
    booked = pd.to_datetime(own[rule.dated_by]).astype("datetime64[us]")
    reason = np.select(
        [
            own["initiated_by"].isin(rule.excluded_initiators),
            undecided,
            ~own["outcome"].isin(rule.outcomes) & bool(rule.outcomes),
            ~own["reason_group"].isin(rule.reason_groups) & bool(rule.reason_groups),
            booked.isna(),
        ],
        ["started_by_platform", "withdrawn_undecided", "outcome_not_counted", "reason_not_counted", "not_dated"],
        default="",
    )
    result: pd.DataFrame = own.assign(
        counted=reason == "",
        reason=reason,
        booked_on=booked,
        enters_on=np.maximum(booked, pd.to_datetime(own["known_on"]).astype("datetime64[us]")),
        unit_id=own[UNIT_IDS[rule.unit]].fillna(own["order_id"]),
    )
    return result


def rolling(
    shop_days: pd.DataFrame,
    events: pd.DataFrame,
    covered_days: pd.DataFrame,
    evidence_sources: pd.DataFrame,
    rules: Sequence[Any],
    as_of: date,
    line: Callable[..., Any],
    days: int = DAYS_SHOWN,
    category_rates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What was the rate under each rule in each of the last `days` windows, the newest ending on `as_of`?

    One row a rule × shop × window end, with COLUMNS and those of `lines.with_lines`. The numerator is distinct units with a
    counted event inside the window, the denominator the rule's daily counts of `shop_days`, the interval Wilson's at 95 %.
    A window with a day that no orders export covers, or (unless the shop keeps its own list) none that shows the rule's
    events, is empty: status `incomplete`. `no_intervention_source`: nothing the shop exported could show an event.
    `not_in_force`: the window ends outside the rule's dates. The other states are those of `lines.statuses`.
    `line(shop_id, metric)` gives the shop's line, `category_rates` (`shop_id, metric, stat_on, category_rate`) the platform's
    category means for lines that hang on them; `headroom` is how many more units fit before the line is exceeded, and
    `is_above` whether it is.
    """
    shops = sorted(set(shop_days["shop_id"]) | set(evidence_sources["shop_id"]))
    ends = pd.date_range(as_of - timedelta(days=days - 1), as_of)
    sources = evidence_sources.set_index("shop_id").reindex(shops, fill_value=False).astype(bool)
    known_orders: dict[Any, pd.DataFrame] = {}
    known_cover: dict[Any, pd.DataFrame] = {}
    found = []
    for rule in rules:  # many rules differ only in what they count: what they share is computed once
        calendar = pd.date_range(ends[0] - timedelta(days=rule.window_days - 1), as_of)
        over = (rule.denominator, rule.denominator_minus, rule.window_days)
        if over not in known_orders:
            daily = daily_orders(shop_days, rule, calendar, shops)
            known_orders[over] = daily.rolling(rule.window_days).sum().loc[ends]
        needs = (rule.event, rule.window_days)
        if needs not in known_cover:
            known_cover[needs] = _is_covered(covered_days, sources, rule, calendar).loc[ends]
        inside = _inside(units_inside(judged(events, rule), rule), ends, shops)
        found.append(
            pd.DataFrame(
                {
                    "shop_id": np.repeat(shops, len(ends)),
                    "metric": rule.metric,
                    "rule": rule.name,
                    "window_start": np.tile(ends - pd.Timedelta(days=rule.window_days - 1), len(shops)),
                    "window_end": np.tile(ends, len(shops)),
                    "numerator": inside.to_numpy().T.ravel(),
                    "denominator": known_orders[over].to_numpy().T.ravel(),
                    "is_covered": known_cover[needs].to_numpy().T.ravel(),
                    "has_source": np.repeat(sources["has_any"].to_numpy(), len(ends)),
                    "in_force": np.tile(_in_force(rule, ends), len(shops)),
                }
            )
        )
    known = pd.concat(found, ignore_index=True)
    shown = known["is_covered"] & known["has_source"]
    k = known["numerator"].where(shown).astype("Int64")
    n = known["denominator"].where(shown).astype("Int64")
    low, high = wilson(k, n)
    result = known.assign(numerator=k, denominator=n, rate=share(k, n), rate_low=low, rate_high=high)
    result = with_lines(result, line, category_rates)
    room = headroom(result)
    return result.assign(
        window_start=result["window_start"].dt.date,
        window_end=result["window_end"].dt.date,
        status=np.where(result["in_force"], statuses(result), "not_in_force"),
        headroom=room,
        is_above=(room < 0).fillna(False).astype(bool),
    )[[*COLUMNS, "is_above", "condition", "early_share", "persistent_days", "min_orders", "target_source"]]


def units_inside(events: pd.DataFrame, rule: Any) -> pd.DataFrame:
    """From which window end to before which is each unit inside? One row a stay: `shop_id, unit_id, enters_on, leaves_on`.

    `events`: judged; only the counted ones matter. The stays of one unit do not overlap, and where one follows another at
    once the later one takes over: the unit leaves with its last event.
    """
    counted = events.loc[events["counted"], ["shop_id", "unit_id", "booked_on", "enters_on"]]
    counted = counted.assign(leaves_on=counted["booked_on"] + pd.Timedelta(days=rule.window_days))
    counted = counted[counted["enters_on"] < counted["leaves_on"]].sort_values(
        ["shop_id", "unit_id", "enters_on", "leaves_on"]
    )
    counted = counted.drop_duplicates(["shop_id", "unit_id", "enters_on"], keep="last")
    unit = counted.groupby(["shop_id", "unit_id"], sort=False)
    leaves = unit["leaves_on"].cummax()
    following = unit["enters_on"].shift(-1)
    stays = counted.assign(leaves_on=leaves.where(following.isna() | (leaves <= following), following))
    return stays[["shop_id", "unit_id", "enters_on", "leaves_on"]].reset_index(drop=True)


def in_window(events: pd.DataFrame, rule: Any, as_of: date) -> pd.DataFrame:
    """The judged events, counted or not, that the rule books inside its window ending on `as_of`.

    An event that nothing books stands with the days on which it was known.
    """
    booked = events["booked_on"].fillna(pd.to_datetime(events["known_on"]))
    start = pd.Timestamp(as_of - timedelta(days=rule.window_days - 1))
    entered = events["enters_on"].fillna(booked) <= pd.Timestamp(as_of)
    inside: pd.DataFrame = events.loc[(booked >= start) & (booked <= pd.Timestamp(as_of)) & entered]
    return inside


def sources(events: pd.DataFrame, rule: Any, as_of: date) -> pd.DataFrame:
    """How are the window's events known and dated? One row a shop × source × dated_by, with `interventions`."""
    inside = in_window(events, rule, as_of)
    return inside.groupby(["shop_id", "source", "dated_by"], as_index=False).agg(interventions=("order_id", "size"))


def covered_since(covered_days: pd.DataFrame, evidence_sources: pd.DataFrame, rule: Any, as_of: date) -> pd.Series:
    """Since when is every day up to `as_of` covered by the exports that the rule needs? shop_id → that first day.

    A shop whose `as_of` itself is not covered is left out.
    """
    own_list = set(evidence_sources.loc[evidence_sources["has_own_list"], "shop_id"])
    inside = covered_days[pd.to_datetime(covered_days["on_date"]) <= pd.Timestamp(as_of)]
    orders, events = (
        inside[inside["kind"].isin(kinds)][["shop_id", "on_date"]].drop_duplicates()
        for kinds in (("orders",), EVENT_KINDS[rule.event])
    )
    waived = orders["shop_id"].isin(own_list) & (rule.event == "intervention")
    both = pd.concat([orders.merge(events, on=["shop_id", "on_date"]), orders[waived]]).drop_duplicates()
    both = both.assign(on_date=pd.to_datetime(both["on_date"])).sort_values(
        ["shop_id", "on_date"], ascending=[True, False]
    )
    days_back = (pd.Timestamp(as_of) - both["on_date"]).dt.days
    unbroken = both[days_back == both.groupby("shop_id").cumcount()]
    first: pd.Series = unbroken.groupby("shop_id")["on_date"].min()
    return first


def daily_orders(shop_days: pd.DataFrame, rule: Any, calendar: pd.DatetimeIndex, shops: list[str]) -> pd.DataFrame:
    """The rule's denominator by day: one row a day of the calendar, one column a shop; no row in `shop_days` is zero."""
    added = shop_days[list(rule.denominator)].sum(axis=1)
    less = shop_days[list(rule.denominator_minus)].sum(axis=1)
    return _by_day(shop_days.assign(orders=added - less), "orders", calendar, shops)


def _by_day(frame: pd.DataFrame, column: str, calendar: pd.DatetimeIndex, shops: list[str]) -> pd.DataFrame:
    days = frame.assign(on_date=pd.to_datetime(frame["on_date"]))
    return (
        days.pivot(index="on_date", columns="shop_id", values=column)
        .reindex(index=calendar, columns=shops)
        .fillna(0)
        .astype("float64")
    )


def _is_covered(
    covered_days: pd.DataFrame, sources: pd.DataFrame, rule: Any, calendar: pd.DatetimeIndex
) -> pd.DataFrame:
    """Whether the exports cover every day of the window ending on each day, by shop."""
    shops = list(sources.index)

    def whole(kinds: tuple[str, ...]) -> pd.DataFrame:
        chosen = covered_days[covered_days["kind"].isin(kinds)].drop_duplicates(["shop_id", "on_date"])
        days = _by_day(chosen.assign(one=1), "one", calendar, shops)
        full: pd.DataFrame = days.rolling(rule.window_days).sum() == rule.window_days
        return full

    own_list = sources["has_own_list"] & (rule.event == "intervention")
    covered: pd.DataFrame = whole(("orders",)) & (whole(EVENT_KINDS[rule.event]) | own_list)
    return covered


def _in_force(rule: Any, ends: pd.DatetimeIndex) -> np.ndarray:
    last = pd.Timestamp.max if rule.valid_to is None else pd.Timestamp(rule.valid_to)
    return np.asarray((ends >= pd.Timestamp(rule.valid_from)) & (ends <= last))


def _inside(stays: pd.DataFrame, ends: pd.DatetimeIndex, shops: list[str]) -> pd.DataFrame:
    """Units inside the window ending on each day: those that have entered less those that have left."""
    entering = stays.groupby(["enters_on", "shop_id"]).size().unstack(fill_value=0)
    leaving = stays.groupby(["leaves_on", "shop_id"]).size().unstack(fill_value=0)
    days = ends.union(pd.DatetimeIndex(entering.index)).union(pd.DatetimeIndex(leaving.index))
    change = entering.reindex(index=days, columns=shops, fill_value=0) - leaving.reindex(
        index=days, columns=shops, fill_value=0
    )
    return change.cumsum().loc[ends]
