"""Open orders that may become a case: whom to call, whom to leave alone, why, and whether calling helped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, chance, count, day, is_missing, minute, number, percent, points, ratio, word

NAMED = {"reason_rate": "reason_group", "courier_rate": "courier", "province_rate": "province"}
"""Whose history a rate is."""
RATES = ("reason_rate", "product_rate", "courier_rate", "province_rate")
REASONS = ("reason_1", "reason_2", "reason_3")
ALARMS = (
    "ship_late_hours", "delivery_late_days", "waiting_days", "has_open_request", "request_open_hours", "earlier_tickets",
)  # fmt: skip
"""What alarms a reader where there is any of it, and calms where there is none. Features move together, and a model may hold it
the other way round; in words that would read as nonsense, so it is not said."""
Row = Mapping[Any, Any]


def watchlist(
    watchlist: pd.DataFrame, choices: Any, shops: Sequence[str], words: Words, *, verdict: str = "", feedback: str = ""
) -> PerShop:
    """Which open orders to act on before they become a case, and why; which to leave alone; which have a ticket already.

    `watchlist`: one row an order by rank, with what `watch_reasons` needs, and `loss_yuan`: what a case costs its shop. `choices` has capacity, prevention_rate and action_cost_yuan. `verdict` and
    `feedback` are sentences of their own, above each shop's table. A shop without any has one sentence.
    """
    found = by_shop(watchlist)
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted(shops):
        rows = found.get(shop, watchlist.iloc[:0])
        if rows.empty:
            parts[shop] = [sentence(" ".join(each for each in (verdict, words["watch.empty"]) if each))]
            continue
        ranked = bool(rows["probability"].notna().any())
        heads = ["order", "why", "do", *(["chance", "gain"] if ranked else []), "until", "rule"]
        cells: list[list[Cell]] = [_cells(row, ranked, words) for row in rows.to_dict("records")]
        notes = [
            each
            for each in (_counted(rows, words), _reckoned(rows, choices, words) if ranked else "", feedback)
            if each
        ]
        parts[shop] = [table(words, "watch", heads, cells, note=verdict, notes=notes)]
    return PerShop(parts)


def watch_reasons(row: Row, words: Words) -> str:
    """Why an order is on the list, in one line: what makes it likely, the heaviest first, and what speaks against it.

    `row`: reason_1 to reason_3 and counter_reason name features, whose values stand in the row beside their names; rates
    also need `reason_group`, `courier` and `province`, and the order's money `paid_fen`.
    """
    said = [_reason(row, str(row[name]), words) for name in REASONS if _speaks(row, row[name], True)]
    told = words["watch.separator"].join(said)
    if not _speaks(row, row["counter_reason"], False):
        return told
    against = words["watch.but"].format(reason=_reason(row, str(row["counter_reason"]), words))
    return words["watch.separator"].join(each for each in (told, against) if each)


def feedback_text(feedback: pd.DataFrame, words: Words, unread: Sequence[str] = ()) -> str:
    """Whether acting on the list prevents cases, in a sentence or two; "not enough yet" until it can be told.

    `unread`: the days whose lists could not be read and are not counted.
    """
    if unread:
        missing = words["feedback.unread"].format(days=words["watch.separator"].join(unread))
        return words["feedback.joined"].format(said=feedback_text(feedback, words), verdict=missing)
    (row,) = feedback.to_dict("records")
    if row["state"] != "known":
        return words[f"feedback.{row['state']}"].format(
            control=count(row["control"]),
            cases=count(row["escalated"] + row["control_escalated"]),
            control_needed=count(row["control_needed"]),
            cases_needed=count(row["cases_needed"]),
        )
    said = words["feedback.known"].format(
        since=day(row["since_on"]),
        listed=count(row["listed"]),
        escalated=count(row["escalated"]),
        listed_rate=percent(row["listed_rate"]),
        control=count(row["control"]),
        control_escalated=count(row["control_escalated"]),
        control_rate=percent(row["control_rate"]),
        difference=points(row["difference"]),
        low=points(row["difference_low"]),
        high=points(row["difference_high"]),
        handled=chance(row["handled"] / row["listed"]),
    )
    key = "helps" if row["difference_low"] > 0 else "harms" if row["difference_high"] < 0 else "unclear"
    prevented = chance(row["prevention_rate"])
    return words["feedback.joined"].format(said=said, verdict=words[f"feedback.{key}"].format(prevented=prevented))


def feedback_table(feedback: pd.DataFrame, words: Words, unread: Sequence[str] = ()) -> Fragment:
    """The sentence of `feedback`, and the counts behind it: the listed orders beside those that were left alone."""
    (row,) = feedback.to_dict("records")
    said = feedback_text(feedback, words, unread)
    if row["state"] == "no_lists":
        return sentence(said)
    cells: list[list[Cell]] = [
        [
            words[f"groups.{group}"],
            (count(row[orders]), "num"),
            (count(row[handled]), "num"),
            (count(row[cases]), "num strong"),
            (ratio(row[cases], row[orders]), "num"),
        ]
        for group, orders, handled, cases in (
            ("listed", "listed", "handled", "escalated"),
            ("control", "control", "control_handled", "control_escalated"),
        )
    ]
    return table(words, "groups", ["group", "orders", "handled", "cases", "share"], cells, note=said)


def _cells(row: Row, ranked: bool, words: Words) -> list[Cell]:
    code = "act" if row["act"] else "control" if row["control"] else "ticket" if row["has_open_ticket"] else "wait"
    numbers: list[Cell] = [(chance(row["probability"]), "num"), (number(row["expected_gain_yuan"], 2), "num strong")]
    return [
        (str(row["order_id"]), "code"),
        (watch_reasons(row, words) or "–", "wrap"),
        (words[f"watch_do.{code}"], "wrap strong" if code == "act" else "wrap quiet"),
        *(numbers if ranked else []),
        (minute(row["deadline_at"]), "when"),
        (word(words, "watch_rule", row["nearest_rule"]), "wrap"),
    ]


def _counted(rows: pd.DataFrame, words: Words) -> str:
    """How many to act on, to leave alone, and on the tickets' list; what there is none of is not said."""
    counts = {"act": rows["act"].sum(), "control": rows["control"].sum(), "tickets": rows["has_open_ticket"].sum()}
    said = [words[f"watch.{name}"].format(orders=count(orders)) for name, orders in counts.items() if orders]
    return words["sentence.join"].join(said) if said else words["watch.none_worth"]


def _reckoned(rows: pd.DataFrame, choices: Any, words: Words) -> str:
    """How the expected gain is reckoned, with the numbers that went into it."""
    return words["watch.reckoned"].format(
        loss=number(rows["loss_yuan"].iloc[0], 0),
        prevention=percent(choices.prevention_rate).replace(".00", ""),
        cost=number(choices.action_cost_yuan, 2),
        capacity=count(choices.capacity),
    )


def _speaks(row: Row, name: object, for_it: bool) -> bool:
    """Whether there is such a reason, and a reader would take it for one."""
    if is_missing(name):
        return False
    if name == "reason_rate" and is_missing(row["reason_group"]):
        return False  # without a request it says nothing of the order
    value = row[str(name)]
    return name not in ALARMS or (not is_missing(value) and float(value) > 0) == for_it


def _reason(row: Row, name: str, words: Words) -> str:
    value = row[name]
    if is_missing(value) or not float(value):
        return words.get(f"watch_reason.{name}_none", word(words, "feature", name))
    if name == "paid_yuan_log":
        said = number(float(row["paid_fen"]) / 100, 2) if not is_missing(row["paid_fen"]) else "–"
    elif name in RATES:
        said = f"{number(float(value) * 100, 1)}%"
    else:
        said = number(value, 0 if float(value) >= 10 or float(value).is_integer() else 1)
    if name in NAMED and is_missing(row[NAMED[name]]):  # the rate is then that of the shop
        return words[f"watch_reason.{name}_own"].format(value=said)
    return words[f"watch_reason.{name}"].format(value=said, name=_whose(row, name, words))


def _whose(row: Row, name: str, words: Words) -> str:
    of = row[NAMED[name]] if name in NAMED else ""
    return word(words, "reason_group", of) if name == "reason_rate" else str(of)
