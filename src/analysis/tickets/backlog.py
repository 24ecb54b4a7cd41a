"""How many tickets wait on each day, for how long already, and how fast are they answered and settled?"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

AGES = {"0": 0, "1": 1, "2": 2, "3-6": 3, "7+": 7}
"""Age classes in whole days since the ticket began, and the first day of each."""
MEASURES = ["arrivals", "settlements", "open", "unanswered"]
KEY = ["shop_id", "ticket_id"]


def backlog(typed: pd.DataFrame, states: pd.DataFrame, as_of: date, days: int = 90) -> pd.DataFrame:
    """How many tickets came, were settled and waited on each of the `days` that end on `as_of`, by type and age?

    `typed` with `shop_id, ticket_id, type`; `states` as `states.states` gives them for `as_of`. One row a shop × day ×
    type × age class in which there was any: `shop_id, on_date, type, age` (days, see AGES), `arrivals` (age 0),
    `settlements` (by their age then), `open` at the end of the day and not settled, `unanswered` of these, not answered
    either. Counts, so sums over any of the keys are right, and a row that is not there is four zeros.

    Only what the exports for `as_of` tell is used: a past day asked again gives the same, whatever was loaded since.
    """
    tickets = states.merge(typed[[*KEY, "type"]], on=KEY, how="left").fillna({"type": "other"})
    since = as_of - timedelta(days=days - 1)
    began = _day(tickets["began_at"], since)
    settled = _day(tickets["settled_on"], since, never=days)
    answered = np.minimum(_day(tickets["answered_on"], since, never=days), settled)
    groups = tickets.groupby(["shop_id", "type"], sort=True)
    group, count = groups.ngroup().to_numpy(), groups.ngroups
    counts = {name: np.zeros((count, len(AGES), days), dtype=np.int64) for name in MEASURES}
    starts = list(AGES.values())
    for place, (low, high) in enumerate(zip(starts, [*starts[1:], np.iinfo(np.int32).max], strict=True)):
        is_settled_now = (settled - began >= low) & (settled - began < high)
        counts["arrivals"][:, place] = _on(group, began, (low == 0) & (began >= 0), count, days)
        counts["settlements"][:, place] = _on(group, settled, is_settled_now, count, days)
        counts["open"][:, place] = _between(group, began + low, np.minimum(began + high, settled), count, days)
        counts["unanswered"][:, place] = _between(group, began + low, np.minimum(began + high, answered), count, days)
    rows, ages, places = np.nonzero(np.sum(list(counts.values()), axis=0))
    keys = groups.size().index.to_frame(index=False)
    dates = np.array([since + timedelta(days=day) for day in range(days)], dtype=object)
    found = keys.iloc[rows].reset_index(drop=True)
    found.insert(1, "on_date", pd.Series(dates[places], dtype="object"))
    found["age"] = pd.Series(np.array(list(AGES))[ages], dtype="str")
    found = found.assign(**{name: pd.array(each[rows, ages, places], "Int64") for name, each in counts.items()})
    return found.sort_values(["shop_id", "on_date", "type", "age"], ignore_index=True)


def handling(tickets: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """How many tickets has each of the staff had, and how many hours did the first answer and the settling take?

    `tickets` with `shop_id, ticket_id, staff` (missing: no export names anyone), `states` as `states.states` gives them.
    One row a shop × `staff` ('' is nobody named): `tickets, answered, settled` (counts), and medians in hours, missing
    where there is none: `response_hours_low` and `response_hours_high` (the answer came between the last export without
    one and the first with one), `handling_hours` from beginning to settling.
    """
    named = states.merge(tickets[[*KEY, "staff"]], on=KEY, how="left")
    is_answered = named["answered_at"].notna()
    named = named.assign(
        staff=named["staff"].astype("object").fillna("").astype("str"),
        is_answered=is_answered,
        is_settled=named["settled_at"].notna(),
        response_hours_low=_hours(named["began_at"], named["unanswered_at"]).fillna(0.0).where(is_answered),
        response_hours_high=_hours(named["began_at"], named["answered_at"]),
        handling_hours=_hours(named["began_at"], named["settled_at"]),
    )
    found = named.groupby(["shop_id", "staff"], as_index=False).agg(
        tickets=("ticket_id", "size"),
        answered=("is_answered", "sum"),
        settled=("is_settled", "sum"),
        response_hours_low=("response_hours_low", "median"),
        response_hours_high=("response_hours_high", "median"),
        handling_hours=("handling_hours", "median"),
    )
    return found.astype({name: "Int64" for name in ("tickets", "answered", "settled")})


def _day(moments: pd.Series, since: date, never: int = 0) -> np.ndarray:
    """Moments as days since a date; where one is missing, `never`."""
    distance = pd.to_datetime(moments).dt.normalize() - pd.Timestamp(since)
    return distance.dt.days.fillna(never).to_numpy(dtype=np.int64)


def _on(group: np.ndarray, day: np.ndarray, counted: np.ndarray, groups: int, days: int) -> np.ndarray:
    """How many of each group fall on each day."""
    inside = counted & (day >= 0) & (day < days)
    flat = group[inside] * days + day[inside]
    return np.bincount(flat, minlength=groups * days).reshape(groups, days)


def _between(group: np.ndarray, start: np.ndarray, end: np.ndarray, groups: int, days: int) -> np.ndarray:
    """How many of each group's intervals [start, end) hold each day: arrivals less departures, added up."""
    start = np.maximum(start, 0)
    is_any = start < end
    arrived = _on(group, start, is_any, groups, days)
    left = _on(group, end, is_any, groups, days)
    return np.asarray((arrived - left).cumsum(axis=1))


def _hours(start: pd.Series, end: pd.Series) -> pd.Series:
    hours: pd.Series = ((end - start).dt.total_seconds() / 3600).clip(lower=0.0).astype("Float64")
    return hours
