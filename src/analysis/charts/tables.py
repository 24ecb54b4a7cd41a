"""Tables and tiles, filled into the templates of `pages/`. A cell is text, or text with its CSS classes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from analysis.charts.shown import Chart, Fragment, PerShop, template
from analysis.charts.wording import (
    FEW_EVENTS,
    Words,
    count,
    day,
    interval,
    is_missing,
    minute,
    percent,
    ratio,
    word,
)

SIGNS = {"below": "✓", "above_rate": "▲", "above_count": "▲", "above_both": "▲"}
TONES = {"below": "good", "above_rate": "warn", "above_count": "warn", "above_both": "bad"}
TALLIES = ("read", "kept", "superseded", "quarantined", "notes", "bad_cells")
Cell = str | tuple[str, str]


def masthead(rates: pd.DataFrame, rule: Any, as_of: date, words: Words) -> Fragment:
    """What day and window this page speaks of, and which rule counts.

    `rule` has name, title_zh, title_en, window_days, source_zh, source_en, confidence, valid_from.
    """
    begins = as_of - timedelta(days=int(rule.window_days) - 1)
    facts = {
        "as_of": day(as_of),
        "window": words["masthead.window_text"].format(begins=day(begins), ends=day(as_of), days=rule.window_days),
        "shops": count(rates["shop_id"].nunique()),
        "rule": f"{getattr(rule, words['language.rule_title'])} ({rule.name})",
        "source": f"{getattr(rule, words['language.rule_source'])} · {words['masthead.confidence']} {rule.confidence}",
        "valid_from": day(rule.valid_from),
    }
    return Fragment(template("masthead.html", facts=facts, words=words))


def overview(rates: pd.DataFrame, words: Words) -> Fragment | None:
    """Which shop needs a look: the latest window of each, those over a line first. None for a single shop."""
    latest = _latest(rates)
    if len(latest) < 2:
        return None
    rank = latest["status"].map({"above_both": 0, "above_rate": 1, "above_count": 1}).fillna(2)
    latest = latest.assign(rank=rank).sort_values(["rank", "rate", "shop_id"], ascending=[True, False, True])
    anchors = {shop: f"#shop-{at}" for at, shop in enumerate(sorted(latest["shop_id"]), 1)}
    before = _counts_at(rates, 7)
    rows: list[list[Cell]] = [
        [
            str(row["shop_id"]),
            (ratio(row["numerator"], row["denominator"]), "num strong"),
            (f"{count(row['numerator'])} / {count(row['denominator'])}", "num"),
            (interval(row["rate_low"], row["rate_high"]), "num"),
            (count(before.get(row["shop_id"])), "num"),
            (_status(row["status"], words), f"status {TONES.get(row['status'], 'quiet')}"),
        ]
        for row in latest.to_dict("records")
    ]
    heads = ["shop", "rate", "counts", "interval", "seven_days_ago", "status"]
    links = [anchors[row["shop_id"]] for row in latest.to_dict("records")]
    return _table(words, "overview", heads, rows, links=links)


def tiles(rates: pd.DataFrame, covered_days: pd.DataFrame, words: Words) -> PerShop:
    """How each shop stands in its latest window: rate, count, lines, 7 and 30 days ago, days of data."""
    month, week = _counts_at(rates, 30), _counts_at(rates, 7)
    parts: dict[str, list[Chart | Fragment]] = {}
    for row in _latest(rates).to_dict("records"):
        shop = row["shop_id"]
        few = not is_missing(row["numerator"]) and int(row["numerator"]) < FEW_EVENTS
        covered = covered_days[covered_days["shop_id"] == shop]
        html = template(
            "tiles.html",
            words=words,
            known=not is_missing(row["rate"]),
            few=few,
            numerator=count(row["numerator"]),
            denominator=count(row["denominator"]),
            rate=ratio(row["numerator"], row["denominator"]),
            interval=interval(row["rate_low"], row["rate_high"]),
            line_rate=None if is_missing(row["line_rate"]) else percent(row["line_rate"]),
            line_count=None if is_missing(row["line_count"]) else count(row["line_count"]),
            status=_status(row["status"], words),
            tone=TONES.get(row["status"], "quiet"),
            past=[
                _past(words["tiles.days_ago"].format(days=days), counts.get(shop), row["numerator"], few)
                for days, counts in ((7, week), (30, month))
            ],
            complete=[
                (word(words, "kind", kind), *_complete(covered, kind, row["window_start"], row["window_end"]))
                for kind in ("orders", "after_sales")
            ],
        )
        parts[shop] = [Fragment(html)]
    return PerShop(parts)


def interventions(interventions: pd.DataFrame, rates: pd.DataFrame, words: Words) -> PerShop:
    """Which orders the window's interventions are, newest first, and why the rule leaves some out.

    `interventions`: one row per order; `counted` false comes with `reason`. A shop without rows gets one
    sentence.
    """
    heads = ["order_id", "began_at", "initiated_by", "outcome", "counted", "known_by"]
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in _shops(rates):
        found = interventions[interventions["shop_id"] == shop]
        rows: list[list[Cell]] = [
            [
                (str(row["order_id"]), "code"),
                (minute(row["began_at"]), "when"),
                word(words, "initiated_by", row["initiated_by"]),
                word(words, "outcome", row["outcome"]),
                words["interventions.yes"]
                if row["counted"]
                else (f"{words['interventions.no']} · {word(words, 'reason', row['reason'])}", "quiet wrap"),
                (
                    f"{word(words, 'source', row['source'])} · {word(words, 'dated_by', row['dated_by'])}",
                    "wrap",
                ),
            ]
            for row in found.to_dict("records")
        ]
        counted = int(found["counted"].sum())
        note = words["interventions.note"].format(all=len(found), counted=counted, others=len(found) - counted)
        parts[shop] = [_table(words, "interventions", heads, rows, note=note)]
    return PerShop(parts)


def sources(sources: pd.DataFrame, rates: pd.DataFrame, words: Words) -> PerShop:
    """How the window's interventions are known, and what dates them; knowing none is said in words."""
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in _shops(rates):
        rows: list[list[Cell]] = [
            [
                word(words, "source", row["source"]),
                word(words, "dated_by", row["dated_by"]),
                (count(row["interventions"]), "num"),
            ]
            for row in sources[sources["shop_id"] == shop].to_dict("records")
        ]
        parts[shop] = [_table(words, "sources", ["source", "dated_by", "interventions"], rows)]
    return PerShop(parts)


def files(files: pd.DataFrame, warnings: pd.DataFrame, rates: pd.DataFrame, words: Words) -> PerShop:
    """Whether every row of every file is accounted for: read = kept + superseded + quarantined + notes.

    A refused file stands first, with its message; `warnings` (key, count) are said in words above the table.
    """
    parts: dict[str, list[Chart | Fragment]] = {}
    heads = ["file", "state", "kind", "exported_at", *TALLIES]
    for shop in _shops(rates):
        mine = files[files["shop_id"] == shop].sort_values(
            ["is_refused", "exported_at", "path"], ascending=[False, False, True], kind="stable"
        )
        rows: list[list[Cell]] = [
            [
                (str(row["path"]), "code path"),
                _state(row, words),
                word(words, "kind", row["kind"]),
                (minute(row["exported_at"]), "when"),
                *[(count(row[name]), "num") for name in TALLIES],
            ]
            for row in mine.to_dict("records")
        ]
        told = warnings[(warnings["shop_id"] == shop) & (warnings["count"] > 0)].to_dict("records")
        notes = [word(words, "warning", each["key"]).format(count=count(each["count"])) for each in told]
        parts[shop] = [_table(words, "files", heads, rows, notes=notes)]
    return PerShop(parts)


def _table(
    words: Words,
    name: str,
    heads: list[str],
    rows: list[list[Cell]],
    *,
    note: str = "",
    notes: list[str] | None = None,
    links: list[str] | None = None,
) -> Fragment:
    cells = [[cell if isinstance(cell, tuple) else (cell, "") for cell in row] for row in rows]
    titles = [words[f"{name}.{head}"] for head in heads]
    kinds = [style.split()[0] if style else "" for _, style in cells[0]] if cells else [""] * len(heads)
    html = template(
        "table.html",
        name=name,
        heads=list(zip(titles, kinds, strict=True)),
        rows=cells,
        links=links or [],
        notes=[note] * bool(note) + (notes or []),
        empty=words[f"{name}.empty"],
    )
    return Fragment(html)


def _shops(rates: pd.DataFrame) -> list[str]:
    return sorted(str(shop) for shop in rates["shop_id"].unique())


def _latest(rates: pd.DataFrame) -> pd.DataFrame:
    """Each shop's newest window, by shop."""
    newest = rates.sort_values(["shop_id", "window_end"]).drop_duplicates("shop_id", keep="last")
    return newest.reset_index(drop=True)


def _counts_at(rates: pd.DataFrame, days: int) -> dict[str, Any]:
    """Each shop's count of interventions in the window that ended so many days before its newest."""
    ends = pd.to_datetime(rates["window_end"])
    wanted = ends.groupby(rates["shop_id"]).transform("max") - timedelta(days=days)
    return dict(rates.loc[ends == wanted, ["shop_id", "numerator"]].itertuples(index=False, name=None))


def _past(label: str, before: Any, now: Any, few: bool) -> dict[str, str]:
    """One line of comparison in counts; an arrow only where enough events give it a meaning."""
    if is_missing(before) or is_missing(now):
        return {"label": label, "count": count(before), "change": "", "arrow": ""}
    change = int(now) - int(before)
    arrow = "" if few or int(before) < FEW_EVENTS else "▲" if change > 0 else "▼" if change < 0 else ""
    return {
        "label": label,
        "count": count(before),
        "change": f"{change:+,}" if change else "±0",
        "arrow": arrow,
    }


def _complete(covered: pd.DataFrame, kind: str, begins: Any, ends: Any) -> tuple[str, int]:
    """The last day of the window with data of this kind, and how many days of the window have none."""
    window = pd.date_range(str(begins), str(ends))
    have = pd.DatetimeIndex(pd.to_datetime(covered.loc[covered["kind"] == kind, "on_date"]))
    inside = window[window.isin(have)]
    return day(inside.max() if len(inside) else None), len(window) - len(inside)


def _status(status: str, words: Words) -> str:
    return f"{SIGNS.get(status, '○')} {word(words, 'status', status)}"


def _state(row: dict[Any, Any], words: Words) -> Cell:
    if row["is_refused"]:
        return (f"✕ {words['files.refused']}: {row['message']}", "bad wide")
    tallies = [row[name] for name in ("read", "kept", "superseded", "quarantined", "notes")]
    if any(is_missing(each) for each in tallies) or int(tallies[0]) != sum(int(each) for each in tallies[1:]):
        return (f"▲ {words['files.unbalanced']}", "bad")
    return (f"✓ {words['files.balanced']}", "good")
