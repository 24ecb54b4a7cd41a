"""Does acting on the watch list prevent cases? The listed orders against those that were drawn and left alone.

Orders are compared as they were drawn, whether or not the team got to them: which of them it reached is no accident, the draw
is. The interval of the difference of the two shares is Newcombe's hybrid of two Wilson intervals (Newcombe 1998, Interval
estimation for the difference between independent proportions, method 10).
"""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from math import sqrt
from pathlib import Path

import pandas as pd

FEWEST_CONTROL = 30
FEWEST_CASES = 5
"""With fewer orders in the control group, or fewer cases in both groups together, nothing is said but that."""
Z = 1.959963984540054
DEEDS = ("called", "refunded", "reshipped")
STATES = ("no_lists", "no_outcomes", "not_enough", "known")
FEEDBACK_COLUMNS = [
    "state", "since_on", "listed", "handled", "escalated", "control", "control_handled", "control_escalated", "listed_rate",
    "control_rate", "difference", "difference_low", "difference_high", "prevention_rate", "control_needed", "cases_needed",
]  # fmt: skip
RATES = FEEDBACK_COLUMNS[8:14]


LISTED_COLUMNS = ["shop_id", "order_id", "scored_on", "act", "control"]


def read_list(file: Path) -> pd.DataFrame | None:
    """The LISTED_COLUMNS of a published watch list; None where it cannot be read, as after an editor that spoilt it.

    An editor's GB 18030 and its way of writing dates are read as well.
    """
    content = file.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            names = {"shop_id": "str", "order_id": "str"}
            frame = pd.read_csv(BytesIO(content), dtype=names, encoding=encoding)[LISTED_COLUMNS]
            frame["scored_on"] = pd.to_datetime(frame["scored_on"])
        except (ValueError, KeyError):  # both of pandas' own errors are ValueErrors, as is that of a wrong encoding
            continue
        drawn = frame[["act", "control"]]
        is_whole = not len(frame) or (frame.notna().to_numpy().all() and (drawn.dtypes == "bool").all())
        return frame.astype({"act": "bool", "control": "bool"}) if is_whole else None
    return None


def effect(
    listed: pd.DataFrame, outcomes: pd.DataFrame, escalations: pd.DataFrame, as_of: date, label_days: int
) -> pd.DataFrame:
    """How much rarer are cases among the orders that were listed to be acted on than in the control group?

    `listed`: the rows of earlier watch lists (`shop_id, order_id, scored_on, act, control`); an order counts once, from its
    first day on a list, and only once `label_days` have passed since. `outcomes` (`shop_id, order_id, handled_at, action`)
    tell which were handled; `escalations` (`shop_id, order_id, began_on`) which became a case in those days.

    One row of FEEDBACK_COLUMNS. `state`: no_lists (no order was listed long enough ago), no_outcomes (nobody noted what was
    done), not_enough (fewer than FEWEST_CONTROL or FEWEST_CASES), known. `difference` = `control_rate` − `listed_rate`, above 0
    where the list helps, with its 95 % interval. `prevention_rate`: the share of the cases that did not come about, of those
    that the handled orders would have had: the difference over `control_rate`, over the share handled (Bloom 1984), between 0
    and 1. Rates and what follows are missing unless `state` is known.
    """
    first = watched(listed, outcomes, escalations, as_of, label_days)
    handled, escalated = first["acted"], first["escalated"]
    is_control = first["is_control"]
    control, others = int(is_control.sum()), int((~is_control).sum())
    cases, control_cases = int((escalated & ~is_control).sum()), int((escalated & is_control).sum())
    done = int((handled & ~is_control).sum())
    row: dict[str, object] = {
        "state": _state(first, done, control, cases + control_cases),
        "since_on": first["scored_on"].min() if len(first) else pd.NaT,
        "listed": others,
        "handled": done,
        "escalated": cases,
        "control": control,
        "control_handled": int((handled & is_control).sum()),
        "control_escalated": control_cases,
        "control_needed": FEWEST_CONTROL,
        "cases_needed": FEWEST_CASES,
    }
    if row["state"] == "known":
        rate, base = cases / others, control_cases / control
        low, high = newcombe(control_cases, control, cases, others)
        prevented = (base - rate) / base / (done / others) if base else None
        row |= {"listed_rate": rate, "control_rate": base, "difference": base - rate}
        row |= {"difference_low": low, "difference_high": high}
        row |= {"prevention_rate": None if prevented is None else min(1.0, max(0.0, prevented))}
    made = pd.DataFrame([row], columns=FEEDBACK_COLUMNS)
    return made.astype(dict.fromkeys(RATES, "Float64") | {"since_on": "datetime64[us]"})


def watched(
    listed: pd.DataFrame, outcomes: pd.DataFrame, escalations: pd.DataFrame, as_of: date, label_days: int
) -> pd.DataFrame:
    """Which listed orders have had their time, what was done about each, and did it become a case?

    Arguments as `effect` takes them. One row an order: `shop_id, order_id, scored_on, is_control, acted, escalated`.
    """
    key = ["shop_id", "order_id"]
    drawn = listed[listed["act"] | listed["control"]].assign(scored_on=pd.to_datetime(listed["scored_on"]))
    first = drawn.sort_values(["scored_on", *key]).drop_duplicates(key)
    first = first[first["scored_on"] <= pd.Timestamp(as_of) - timedelta(days=label_days)].reset_index(drop=True)
    found = first.assign(
        is_control=first["control"].astype(bool),
        acted=_within(first, outcomes[outcomes["action"].isin(DEEDS)].rename(columns={"handled_at": "at"}), label_days),
        escalated=_within(first, escalations.rename(columns={"began_on": "at"}), label_days),
    )
    return found[[*key, "scored_on", "is_control", "acted", "escalated"]]


def newcombe(cases: int, orders: int, other_cases: int, other_orders: int) -> tuple[float, float]:
    """The 95 % interval of `cases / orders − other_cases / other_orders`."""
    share, low, high = _wilson(cases, orders)
    other, other_low, other_high = _wilson(other_cases, other_orders)
    difference = share - other
    return (
        difference - sqrt((share - low) ** 2 + (other_high - other) ** 2),
        difference + sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )


def _wilson(cases: int, orders: int) -> tuple[float, float, float]:
    share = cases / orders
    middle = share + Z * Z / (2 * orders)
    half = Z * sqrt(share * (1 - share) / orders + Z * Z / (4 * orders * orders))
    return share, (middle - half) / (1 + Z * Z / orders), (middle + half) / (1 + Z * Z / orders)


def _within(first: pd.DataFrame, events: pd.DataFrame, label_days: int) -> pd.Series:
    """Which orders had an event in the `label_days` after the day on which they were first listed."""
    key = ["shop_id", "order_id"]
    joined = first[[*key, "scored_on"]].reset_index().merge(events[[*key, "at"]], on=key)
    days = (pd.to_datetime(joined["at"]).dt.normalize() - joined["scored_on"]).dt.days
    return pd.Series(first.index.isin(joined.loc[days.between(1, label_days), "index"]), index=first.index)


def _state(first: pd.DataFrame, handled: int, control: int, cases: int) -> str:
    if first.empty:
        return "no_lists"
    if not handled:
        return "no_outcomes"
    is_enough = control >= FEWEST_CONTROL and cases >= FEWEST_CASES and control < len(first)
    return "known" if is_enough else "not_enough"
