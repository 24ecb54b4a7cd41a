"""What did acting on warnings, tickets and appeals bring back?

Appeals and tickets are facts and counted. What acting on warnings prevented is seen by nobody: it is the difference to
orders that were drawn and left alone.
"""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from analysis.losses.intervals import half_up, sum_interval
from analysis.losses.window import KEY, WINDOW_DAYS

ENOUGH_ESCALATED = 10
"""With fewer escalated orders in the control group its rate is not known to within a factor of two, and nothing is measured."""
COLUMNS = [
    "shop_id", "deed", "status", "cases", "cases_low", "cases_high", "unknown_cases", "amount_fen", "low_fen", "high_fen",
    "watched", "acted", "watched_escalated", "control", "control_escalated",
]  # fmt: skip
COUNTS = ["cases", "cases_low", "cases_high", "unknown_cases", "amount_fen", "low_fen", "high_fen", *COLUMNS[10:]]


def savings(
    entries: pd.DataFrame,
    tickets: pd.DataFrame,
    watched: pd.DataFrame | None,
    as_of: date,
    window_days: int = WINDOW_DAYS,
) -> pd.DataFrame:
    """What came back in the window, by deed? One row a shop × `appeals` or `tickets` with a case, one for `warnings`; COLUMNS.

    - `appeals` (status `counted`): what the ledger booked as won back in the window, by the day of the *booking*: the dispute
      may be months old, so this is not the `appeal_recovery` of `by_component`.
    - `tickets` (`counted`): orders with a ticket won (`shop_id, ticket_id, order_id, state` = `closed_won`, `settled_on`,
      `at_stake_fen`) in the window, and what had been asked for where no refund is among the `entries`: kept, whether or
      not the answer did it. A refund all the same keeps 0. An order counts once.
    - `warnings`: `watched` with `order_id, acted, is_control, escalated, loss_fen` (0 where nothing was lost; matured orders
      only), all shops together (`shop_id` is ''), because a control group of a few in a hundred is small enough. What all
      watched orders, acted on or not, would have lost at the control group's mean, less what they lost. Those that nobody
      got to stay in: whom one gets to is not chance. `cases` are escalations prevented, the same way. Status `no_control`;
      `not_enough` (fewer than ENOUGH_ESCALATED escalated in the control group); `cannot_tell` (the interval of the cases
      holds 0: figures stand, nothing is claimed); `measured`.

    95 % bounds of a difference from those of its sides (Zou and Donner 2008), each by `intervals.sum_interval`.
    `unknown_cases` have no amount: they add nothing to `appeals` and `tickets`, and leave `warnings` without money.
    Rounded half up; missing: not known or not said.
    """
    start = pd.Timestamp(as_of - timedelta(days=window_days - 1))
    end = pd.Timestamp(as_of + timedelta(days=1))
    parts = [_appeals(entries, start, end), _tickets(entries, tickets, start, end), _warnings(watched)]
    table = pd.concat([each.reindex(columns=COLUMNS).astype("object") for each in parts], ignore_index=True)
    text = dict.fromkeys(["shop_id", "deed", "status"], "str")
    return table.astype(text | dict.fromkeys(COUNTS, "Int64"))


def watched(drawn: pd.DataFrame, entries: pd.DataFrame) -> pd.DataFrame:
    """What did each watched order lose? `drawn` (`shop_id, order_id`, one row an order) with `loss_fen`.

    The sum of its counted `entries`: 0 where it has none, missing where no amount is known.
    """
    counted = entries[entries["is_counted"].astype("bool")]
    lost = counted.astype({"amount_fen": "Int64"}).groupby(KEY)["amount_fen"].sum(min_count=1).rename("loss_fen")
    found = drawn.merge(lost.reset_index().assign(has_entries=True), on=KEY, how="left", validate="one_to_one")
    return found.assign(loss_fen=found["loss_fen"].mask(found["has_entries"].isna(), 0)).drop(columns="has_entries")


def _appeals(entries: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    booked = pd.to_datetime(entries["booked_at"])
    is_won = (entries["component"] == "appeal_recovery") & (entries["source"] != "estimate")
    won = entries[is_won & (booked >= start) & (booked < end)]
    return _counted(won.assign(amount_fen=-won["amount_fen"].astype("Int64")), "appeals")


def _tickets(entries: pd.DataFrame, tickets: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    settled = pd.to_datetime(tickets["settled_on"])
    won = tickets[(tickets["state"] == "closed_won") & (settled >= start) & (settled < end)]
    won = won.sort_values([*KEY, "at_stake_fen"]).drop_duplicates(KEY)
    refunded = entries.loc[entries["component"] == "refund", KEY].drop_duplicates().assign(is_refunded=True)
    is_refunded = won[KEY].merge(refunded, on=KEY, how="left")["is_refunded"].notna().to_numpy()
    return _counted(won.assign(amount_fen=won["at_stake_fen"].astype("Int64").mask(is_refunded, 0)), "tickets")


def _counted(cases: pd.DataFrame, deed: str) -> pd.DataFrame:
    groups = cases.assign(lacks=cases["amount_fen"].isna()).groupby("shop_id")
    found = groups.agg(cases=("lacks", "size"), unknown_cases=("lacks", "sum"))
    found = found.assign(amount_fen=groups["amount_fen"].sum(min_count=1), deed=deed, status="counted")
    return found.reset_index()


def _warnings(watched: pd.DataFrame | None) -> pd.DataFrame:
    if watched is None or watched.empty:
        return pd.DataFrame([{"shop_id": "", "deed": "warnings", "status": "no_control"}])
    is_control = watched["is_control"].astype("bool")
    control, others = watched[is_control], watched[~is_control]
    row: dict[str, object] = {
        "shop_id": "",
        "deed": "warnings",
        "watched": len(others),
        "acted": int(others["acted"].sum()),
        "watched_escalated": int(others["escalated"].sum()),
        "control": len(control),
        "control_escalated": int(control["escalated"].sum()),
        "unknown_cases": int(watched["loss_fen"].isna().sum()),
    }
    if control.empty or others.empty:
        return pd.DataFrame([row | {"status": "no_control"}])
    if int(control["escalated"].sum()) < ENOUGH_ESCALATED:
        return pd.DataFrame([row | {"status": "not_enough"}])
    cases, cases_low, cases_high = _difference(control["escalated"], others["escalated"])
    row |= {"cases": cases, "cases_low": cases_low, "cases_high": cases_high}
    if not row["unknown_cases"] and control["loss_fen"].sum() >= 0 and others["loss_fen"].sum() >= 0:
        saved, low, high = _difference(control["loss_fen"], others["loss_fen"])
        row |= {"amount_fen": saved, "low_fen": low, "high_fen": high}
    return pd.DataFrame([row | {"status": "measured" if cases_low > 0 or cases_high < 0 else "cannot_tell"}])


def _difference(control: pd.Series, others: pd.Series) -> tuple[int, int, int]:
    """What the others would have come to at the control group's mean, less what they came to, with its 95 % bounds."""
    sides = pd.DataFrame({"control": _sums(control), "others": _sums(others)}).T
    low, high = sum_interval(sides["total"], sides["squares"], pd.Series(sides["largest"].max(), index=sides.index))
    scale = pd.Series({"control": len(others) / len(control), "others": 1.0})
    at, low, high = sides["total"] * scale, low * scale, high * scale
    below = ((at["control"] - low["control"]) ** 2 + (high["others"] - at["others"]) ** 2) ** 0.5
    above = ((high["control"] - at["control"]) ** 2 + (at["others"] - low["others"]) ** 2) ** 0.5
    n, m = len(control), len(others)
    difference = int(control.sum()) * m - int(others.sum()) * n
    middle = difference / n
    low_fen, high_fen = half_up(pd.Series([middle - below, middle + above]))
    return (2 * difference + n) // (2 * n), int(low_fen), int(high_fen)


def _sums(values: pd.Series) -> dict[str, float]:
    amounts = values.astype("float64")
    return {"total": amounts.sum(), "squares": (amounts**2).sum(), "largest": amounts.max()}
