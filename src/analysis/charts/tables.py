"""Tables about the page, its shops, their interventions and their files."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from analysis.charts.cells import Cell, counts_at, latest, table
from analysis.charts.shown import Chart, Fragment, PerShop, template
from analysis.charts.wording import (
    TONES,
    Words,
    count,
    day,
    interval,
    is_missing,
    minute,
    number,
    ratio,
    status_text,
    word,
)

TALLIES = ("read", "kept", "superseded", "quarantined", "notes", "bad_cells")


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


def overview(rates: pd.DataFrame, words: Words) -> Fragment | PerShop:
    """Which shop needs a look: the newest window of each, those over a line first. Nothing for a single shop.

    `rates`: one row per shop and window_end, of one rule.
    """
    newest = latest(rates)
    if len(newest) < 2:
        return PerShop()
    rank = newest["status"].map({"above_both": 0, "above_rate": 1, "above_count": 1, "near": 2}).fillna(3)
    newest = newest.assign(rank=rank).sort_values(["rank", "rate", "shop_id"], ascending=[True, False, True])
    anchors = {shop: f"#shop-{at}" for at, shop in enumerate(sorted(newest["shop_id"]), 1)}
    before = counts_at(rates, 7)
    rows: list[list[Cell]] = [
        [
            str(row["shop_id"]),
            (ratio(row["numerator"], row["denominator"]), "num strong"),
            (f"{count(row['numerator'])} / {count(row['denominator'])}", "num"),
            (interval(row["rate_low"], row["rate_high"]), "num"),
            (count(before.get(row["shop_id"])), "num"),
            (number(row["headroom"]), "num"),
            (status_text(row["status"], words), f"status wrap {TONES.get(row['status'], 'quiet')}"),
        ]
        for row in newest.to_dict("records")
    ]
    heads = ["shop", "rate", "counts", "interval", "seven_days_ago", "headroom", "status"]
    links = [anchors[row["shop_id"]] for row in newest.to_dict("records")]
    return table(words, "overview", heads, rows, links=links)


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
        parts[shop] = [table(words, "interventions", heads, rows, note=note)]
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
        parts[shop] = [table(words, "sources", ["source", "dated_by", "interventions"], rows)]
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
        parts[shop] = [table(words, "files", heads, rows, notes=notes)]
    return PerShop(parts)


def _shops(rates: pd.DataFrame) -> list[str]:
    return sorted(str(shop) for shop in rates["shop_id"].unique())


def _state(row: dict[Any, Any], words: Words) -> Cell:
    if row["is_refused"]:
        return (f"✕ {words['files.refused']}: {row['message']}", "bad wide")
    tallies = [row[name] for name in ("read", "kept", "superseded", "quarantined", "notes")]
    if any(is_missing(each) for each in tallies) or int(tallies[0]) != sum(int(each) for each in tallies[1:]):
        return (f"▲ {words['files.unbalanced']}", "bad")
    return (f"✓ {words['files.balanced']}", "good")
