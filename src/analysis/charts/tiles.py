"""The tiles at the head of a shop: where it stands, what it can take, what falls away, what may come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.charts.cells import by_shop, counts_at, latest
from analysis.charts.shown import Chart, Fragment, PerShop, template
from analysis.charts.wording import (
    FEW_EVENTS,
    TONES,
    Words,
    chance,
    count,
    day,
    interval,
    is_missing,
    number,
    percent,
    ratio,
    share_of,
    signed,
    spread,
    status_text,
    weekday,
    word,
)

NEXT_DAYS = 7
"""How far ahead the tiles look."""
UNKNOWN = ("incomplete", "no_intervention_source", "no_orders", "not_in_force")
"""States in which no count holds, so that nothing follows from one."""
Row = Mapping[Any, Any]


def tiles(
    rates: pd.DataFrame,
    status: pd.DataFrame,
    rolloff: pd.DataFrame,
    forecast: pd.DataFrame,
    agreement: pd.DataFrame,
    covered_days: pd.DataFrame,
    words: Words,
) -> PerShop:
    """How each shop stands in its newest window, how much it can take, what falls away, and what may come in 7 days.

    `rates`: one rule's rows, one per shop and window_end; the other frames may hold more rules and shops. `agreement`:
    one row per shop and rule with `days` on which both figures are known, `days_equal` on which they agree, and of the
    platform's newest figure `stat_on, platform_count, platform_rate, missing_count` (how many more it counts than our
    exports show). Where it counts more, its figure leads and ours is marked as incomplete. A shop without a row in a
    frame has nothing there, which its tile says in words.
    """
    newest = latest(rates)
    rule = newest["rule"].iloc[0] if len(newest) else ""
    standing, agreeing = (_rows(frame, rule) for frame in (status, agreement))
    coming = _rows(forecast[forecast["horizon_days"] == NEXT_DAYS], rule)
    leaving = by_shop(rolloff[rolloff["rule"] == rule])
    covered = by_shop(covered_days)
    month, week = counts_at(rates, 30), counts_at(rates, 7)
    parts: dict[str, list[Chart | Fragment]] = {}
    for row in newest.to_dict("records"):
        shop = str(row["shop_id"])
        few = not is_missing(row["numerator"]) and int(row["numerator"]) < FEW_EVENTS
        own = standing.get(shop, {})
        html = template(
            "tiles.html",
            words=words,
            **_titles(row, words),
            known=not is_missing(row["rate"]),
            few=few,
            numerator=count(row["numerator"]),
            denominator=count(row["denominator"]),
            rate=ratio(row["numerator"], row["denominator"]),
            interval=interval(row["rate_low"], row["rate_high"]),
            platform=_platform(agreeing.get(shop, {}), words),
            lines=_lines(row, own, words),
            room=_room(row, own, words),
            leaving=_leaving(row, own, leaving.get(shop), words),
            coming=_coming(coming.get(shop, {}), words),
            past=[
                _past(words["tiles.days_ago"].format(days=days), counts.get(shop), row["numerator"], few)
                for days, counts in ((7, week), (30, month))
            ],
            complete=[
                (word(words, "kind", kind), *_complete(covered.get(shop), kind, row))
                for kind in ("orders", "after_sales")
            ],
            agreement=_agreement(agreeing.get(shop, {}), words),
        )
        parts[shop] = [Fragment(html)]
    return PerShop(parts)


def _titles(row: Row, words: Words) -> dict[str, str]:
    """What the two figures are called: the metric and the length of its window."""
    days = (pd.Timestamp(str(row["window_end"])) - pd.Timestamp(str(row["window_start"]))).days + 1
    own = "" if row["metric"] == "intervention_rate" else "other_"
    metric = word(words, "metric", row["metric"])
    return {f"{name}_title": words[f"tiles.{own}{name}"].format(days=days, metric=metric) for name in ("rate", "count")}


def _rows(frame: pd.DataFrame, rule: str) -> dict[str, Row]:
    return {str(row["shop_id"]): row for row in frame[frame["rule"] == rule].to_dict("records")}


def _platform(row: Row, words: Words) -> dict[str, str] | None:
    """The platform's figure where it counts more than our exports show."""
    if is_missing(row.get("missing_count")) or int(row["missing_count"]) <= 0:
        return None
    counts = count(row["platform_count"])
    return {
        "rate": percent(row["platform_rate"]),
        "count": counts,
        "said": words["platform.said"].format(day=day(row["stat_on"]), count=counts),
        "missing": words["platform.missing"].format(count=count(row["missing_count"])),
    }


def _lines(row: Row, status: Row, words: Words) -> dict[str, Any]:
    """The lines that are set, how the shop stands against them, and for how long it has been over."""
    notes = []
    both = not is_missing(row["line_rate"]) and not is_missing(row["line_count"])
    if both and not is_missing(status.get("condition")):
        notes.append(word(words, "condition", status["condition"]))
    if str(status.get("target_source")) == "category_mean":
        notes.append(words["lines.category_mean"])
    if row["status"] == "near":
        notes.append(words["lines.near"].format(share=share_of(status.get("early_share"))))
    if row["status"] == "too_few_orders" and not is_missing(status.get("min_orders")):
        notes.append(words["lines.min_orders"].format(orders=count(status["min_orders"])))
    days, limit = status.get("days_above"), status.get("persistent_days")
    lasting = ""
    if not is_missing(days) and int(str(days)) > 0:
        persistent = status.get("is_persistent")
        key = "lasting" if is_missing(persistent) or not persistent else "persistent"
        lasting = words[f"lines.{key}"].format(days=count(days), limit=count(limit))
    return {
        "tone": TONES.get(row["status"], "quiet"),
        "status": status_text(row["status"], words),
        "rate": None if is_missing(row["line_rate"]) else percent(row["line_rate"]),
        "count": None if is_missing(row["line_count"]) else count(row["line_count"]),
        "lasting": lasting,
        "notes": notes,
    }


def _room(row: Row, status: Row, words: Words) -> dict[str, Any]:
    """How many more fit before the line is exceeded: a range where the platform counts more than our exports show."""
    high, low = status.get("headroom", row.get("headroom")), status.get("headroom_low")
    if is_missing(high):
        reason = row["status"] if row["status"] in UNKNOWN else "no_line"
        return {"figure": None, "reason": word(words, "status", reason), "notes": [], "tone": ""}
    low = high if is_missing(low) else min(int(str(low)), int(str(high)))
    top = int(str(high))
    if top < 0:
        figure, tone = _around(words["headroom.over"], spread(-top, -int(str(low)))), "over"
    else:
        figure, tone = _around(words["headroom.more"], spread(low, top)), ""
    notes = []
    if int(str(low)) < top:
        notes.append(words["headroom.range"])
    by_line = [
        words[f"headroom.{name}"].format(count=number(status[f"headroom_{name}"]))
        for name in ("rate", "count")
        if not is_missing(status.get(f"headroom_{name}"))
    ]
    if len(by_line) == 2:
        notes.append(words["headroom.joined"].format(rate=by_line[0], count=by_line[1]))
    if not is_missing(status.get("headroom_expected")):
        text = number(status["headroom_expected"])
        notes.append(words["headroom.expected"].format(count=text))
    return {"figure": figure, "tone": tone, "notes": notes}


def _leaving(row: Row, status: Row, rolloff: pd.DataFrame | None, words: Words) -> dict[str, Any]:
    """The next day on which counted units leave the window, how many do so soon, and the first day back under the line."""
    if rolloff is None or rolloff["leaving"].isna().all():
        reason = word(words, "status", row["status"]) if row["status"] in UNKNOWN else words["rolloff.unknown"]
        return {"figure": None, "reason": reason, "notes": []}
    days = rolloff.sort_values("on_date")
    soon = days.head(NEXT_DAYS)
    nexts = days[days["leaving"] > 0]
    unseen: Any = status.get("unseen")
    unknown = [] if is_missing(unseen) or not int(unseen) else [words["tiles.unseen"].format(unseen=count(unseen))]
    if nexts.empty:
        return {"figure": None, "reason": words["rolloff.nothing"] if not unknown else unknown[0], "notes": []}
    first = nexts.iloc[0]
    figure = _around(words["tiles.leaving"], count(first["leaving"]), day=weekday(first["on_date"], words))
    notes = [
        words["rolloff.soon"].format(
            days=NEXT_DAYS, leaving=count(soon["leaving"].sum()), remaining=count(soon["remaining"].iloc[-1])
        )
    ]
    if not is_missing(status.get("headroom")) and int(str(status["headroom"])) < 0:
        back = status.get("back_under_on")
        notes.append(
            words["rolloff.never_back"] if is_missing(back) else words["rolloff.back"].format(day=weekday(back, words))
        )
    return {"figure": figure, "notes": notes + unknown}


def _coming(row: Row, words: Words) -> dict[str, Any]:
    """The chance of being over the line in 7 days with how good such forecasts were, or why none is given."""
    if is_missing(row.get("expected")):
        reason = word(words, "withheld", row.get("reason") or "unknown")
        return {"figure": None, "reason": reason, "notes": []}
    expected = words["forecast.expected_text"].format(
        day=weekday(row["target_date"], words),
        expected=number(row["expected"]),
        band=spread(row["low80"], row["high80"]),
    )
    if is_missing(row["breach_probability"]):
        return {"figure": None, "reason": word(words, "withheld", row.get("reason") or "unknown"), "notes": [expected]}
    notes = [expected]
    if not is_missing(row.get("skill")):
        key = "skill_of_count" if row.get("skill_of") == "count" else "skill_of_breach"
        notes.append(words[f"forecast.{key}"].format(skill=signed(row["skill"], 2)))
    figure = _around(words["tiles.breach"], chance(row["breach_probability"]))
    return {"figure": figure, "notes": notes}


def _agreement(row: Row, words: Words) -> dict[str, Any]:
    """On how many days our count and the platform's agree; a shop without its figures is told which export has them."""
    if is_missing(row.get("days")) or not int(row["days"]):
        return {"figure": None, "reason": words["reconciliation.no_figures"], "notes": []}
    days, equal = int(row["days"]), int(row["days_equal"])
    notes = [words["tiles.all_equal"] if days == equal else words["tiles.some_differ"].format(days=count(days - equal))]
    return {"figure": _around(words["tiles.equal"], count(equal), days=count(days)), "notes": notes}


def _around(text: str, figure: str, **values: str) -> tuple[str, str, str]:
    """A sentence with one large number in it, as what stands before the number, the number, and what follows."""
    before, _, after = text.partition("{n}")
    return before.format(**values), figure, after.format(**values)


def _past(label: str, before: Any, now: Any, few: bool) -> dict[str, str]:
    """One line of comparison in counts; an arrow only where enough events give it a meaning."""
    if is_missing(before) or is_missing(now):
        return {"label": label, "count": count(before), "change": "", "arrow": ""}
    change = int(now) - int(before)
    arrow = "" if few or int(before) < FEW_EVENTS else "▲" if change > 0 else "▼" if change < 0 else ""
    return {"label": label, "count": count(before), "change": f"{change:+,}" if change else "±0", "arrow": arrow}


def _complete(covered: pd.DataFrame | None, kind: str, row: Row) -> tuple[str, int]:
    """The last day of the window with data of this kind, and how many days of the window have none."""
    window = pd.date_range(str(row["window_start"]), str(row["window_end"]))
    if covered is None:
        return day(None), len(window)
    have = pd.DatetimeIndex(pd.to_datetime(covered.loc[covered["kind"] == kind, "on_date"]))
    inside = window[window.isin(have)]
    return day(inside.max() if len(inside) else None), len(window) - len(inside)
