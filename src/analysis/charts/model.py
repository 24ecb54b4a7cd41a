"""The model's card: what it learnt from, how well it would have done, what moves it, and whether it still holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, sentence, table
from analysis.charts.drawing import BELOW, BLUE, GREEN, GREY, ORANGE, VERMILION, floats, largest, lay_out, share_axis
from analysis.charts.shown import Chart, Fragment
from analysis.charts.wording import Words, count, day, interval, is_missing, number, percent, points, word

SHARES = ("average_precision", "precision", "recall", "calibration_error", "auc")
LINES = {"model": BLUE, "rule": VERMILION, "base_rate": GREY, "newest_first": GREEN, "largest_first": ORANGE}
SPAN = ("first_landmark", "last_landmark", "last_matured")
COUNTS = (
    "landmarks", "matured", "immature", "positive", "orders", "positive_orders", "escalations", "by_platform",
    "never_at_a_landmark",
)  # fmt: skip


def verdict(verdict: Any, words: Words) -> str:
    """Whether the model is better than the rule, in one sentence. `verdict` has `code` and `numbers`, by name."""
    shown = {name: _said(name, value) for name, value in verdict.numbers.items()}
    return words[f"verdict.{verdict.code}"].format_map(defaultdict(lambda: "–", shown))


def training_notice(kept: Any, words: Words) -> str:
    """What the reader must know of a training that failed; "" where none did. `kept` has `trained`, `notice`, `problem` and `refused`."""
    if not kept.notice:
        return ""
    known = day(kept.trained.as_of) if kept.trained else ""
    said = words[f"training.{kept.notice}"].format(error=kept.problem, day=known)
    why = words["training.not_used"].format(why=words[f"refused.{kept.refused}"]) if kept.refused else ""
    return words["sentence.join"].join(each for each in (said, why) if each)


def standing(today: Any, kept: Any, words: Words) -> str:
    """The verdict, with what went wrong with the last training before it; alone that, where there is no model to judge.

    `today`: the verdict, as `verdict` takes it; `kept`: as `training_notice` takes it.
    """
    said = [training_notice(kept, words), "" if kept.notice == "nothing_kept" else verdict(today, words)]
    return words["sentence.join"].join(each for each in said if each)


def model_notices(trained: Any, words: Words) -> list[str]:
    """What a reader of the card has to look at first, a sentence each: why the model before was not used, what looks as if it
    had been known too late, and which features had no value at all. `trained` has `as_of, replaced, alarms, dropped`."""
    said = []
    if trained.replaced:
        why = words[f"refused.{trained.replaced}"]
        said.append(words["training.replaced"].format(why=why, day=day(trained.as_of)))
    for name, value in trained.alarms.items():
        kind = "auc" if name == "auc" else "feature"
        called = "" if name == "auc" else word(words, "feature", name)
        said.append(words[f"alarm.{kind}"].format(name=called, value=number(value, 2)))
    if trained.dropped:
        names = words["alarm.separator"].join(word(words, "feature", name) for name in trained.dropped)
        said.append(words["alarm.dropped"].format(names=names))
    return said


def model_card(card: Mapping[str, Any], words: Words, *, verdict: str = "", notices: Sequence[str] = ()) -> Fragment:
    """From which days and orders the model learnt, and what counted as a case.

    `card`: `version`, `kind`, `challenger` (`state`, and what it was compared by), `trained_on`, `label_days`, and the numbers of
    SPAN and COUNTS. `notices`: sentences below it, see `model_notices`.
    """
    rows: list[list[Cell]] = [
        [words["card.kind"], (word(words, "model_kind", card["kind"]), "wrap strong")],
        [words["card.challenger"], (_challenger(card["challenger"], words), "wrap")],
        [words["card.version"], (str(card["version"]), "code")],
        [words["card.trained_on"], (day(card["trained_on"]), "wrap")],
        [words["card.label"], (words["card.label_text"].format(days=count(card["label_days"])), "wrap")],
    ]
    rows += [[words[f"card.{name}"], (day(card.get(name)), "wrap")] for name in SPAN]
    rows += [[words[f"card.{name}"], (count(card.get(name)), "wrap")] for name in COUNTS]
    return table(words, "card", ["what", "value"], rows, lead=verdict, notes=list(notices))


def _challenger(challenger: Mapping[str, Any], words: Words) -> str:
    """Whether boosted trees were tried, and what came of it."""
    gains = {name: points(challenger.get(name)) for name in ("gain", "gain_low", "gain_high")}
    cases = {name: count(challenger.get(name)) for name in ("cases", "needed")}
    return words[f"challenger.{challenger.get('state', 'not_tried')}"].format(**gains, **cases)


def model_features(features: pd.DataFrame, words: Words) -> Fragment:
    """What moves the model, and which way: one row a feature, the strongest first.

    `features`: `feature, expected` (up, down, either), `weight, odds_ratio` (of one standard deviation more).
    """
    rows: list[list[Cell]] = [
        [
            (word(words, "feature", row["feature"]), "wrap"),
            word(words, "direction", row["expected"]),
            _direction(row["expected"], row["weight"], words),
            (f"×{number(row['odds_ratio'], 2)}" if not is_missing(row["odds_ratio"]) else "–", "num strong"),
        ]
        for row in features.to_dict("records")
    ]
    return table(words, "features", ["feature", "expected", "found", "odds_ratio"], rows)


def model_measures(overall: pd.DataFrame, words: Words) -> Fragment:
    """How good the ranking and how true the probabilities would have been: `measure, value, low, high, ceiling`."""
    rows: list[list[Cell]] = [
        [
            (words[f"measure.{row['measure']}"], "wrap"),
            (_measure(row["measure"], row["value"]), "num strong"),
            (_range(row["measure"], row["low"], row["high"]), "num"),
            (_measure(row["measure"], row["ceiling"]), "num"),
        ]
        for row in overall.to_dict("records")
    ]
    return table(words, "measures", ["measure", "value", "interval", "ceiling"], rows)


def baselines(baselines: pd.DataFrame, capacity: int, words: Words) -> Fragment:
    """The model beside what needs no model, each with the same number of orders a day."""
    rows: list[list[Cell]] = [
        [
            (words[f"ranking.{row['name']}"], "wrap strong" if row["name"] == "model" else "wrap"),
            (percent(row["precision"]), "num strong"),
            (interval(row["precision_low"], row["precision_high"]), "num"),
            (percent(row["recall"]), "num"),
            (percent(row["average_precision"]), "num"),
        ]
        for row in baselines.to_dict("records")
    ]
    note = words["rankings.note"].format(capacity=count(capacity))
    heads = ["name", "precision", "interval", "recall", "average_precision"]
    return table(words, "rankings", heads, rows, note=note if rows else "")


def folds(folds: pd.DataFrame, words: Words) -> Fragment:
    """What each past model, trained on what was known then, reached on the days after it."""
    rows: list[list[Cell]] = [
        [
            (f"{day(row['begins_on'])} – {day(row['ends_on'])}", "wrap"),
            (day(row["known_until_on"]), "wrap"),
            (count(row["training_cases"]), "num"),
            (count(row["cases"]), "num"),
            (percent(row["precision"]), "num strong"),
            (percent(row["rule_precision"]), "num"),
            (number(row["brier_skill"], 3), "num"),
            (number(row["predicted_over_actual"], 2), "num"),
        ]
        for row in folds.to_dict("records")
    ]
    heads = [
        "days",
        "known_until",
        "training_cases",
        "cases",
        "precision",
        "rule_precision",
        "brier_skill",
        "predicted",
    ]
    return table(words, "folds", heads, rows)


def reliability(reliability: pd.DataFrame, words: Words) -> Chart | Fragment:
    """Where the model said 10 %, did 10 % become cases? One point a tenth of the rows, with its 95 % interval."""
    if reliability.empty:
        return sentence(words["reliability.empty"])
    most = largest(reliability["predicted"], reliability["actual_high"], reliability["actual"])
    figure = go.Figure()
    figure.add_scatter(
        x=[0, most],
        y=[0, most],
        mode="lines",
        name=words["reliability.perfect"],
        line={"color": GREY, "dash": "dash", "width": 1.5},
        hoverinfo="skip",
    )
    actual = reliability["actual"]
    figure.add_scatter(
        x=floats(reliability["predicted"]),
        y=floats(actual),
        mode="markers",
        name=words["reliability.actual"],
        marker={"color": BLUE, "size": 9},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": floats((reliability["actual_high"] - actual).clip(lower=0)),
            "arrayminus": floats((actual - reliability["actual_low"]).clip(lower=0)),
            "color": BLUE,
            "thickness": 1.2,
            "width": 3,
        },
        text=[
            words["reliability.hover"].format(predicted=percent(row["predicted"]), actual=percent(row["actual"]))
            for row in reliability.to_dict("records")
        ],
        hoverinfo="text",
    )
    lay_out(
        figure,
        320,
        legend=BELOW,
        margin={"l": 56, "r": 12, "t": 12, "b": 84},
        xaxis=share_axis(most) | {"title": {"text": words["reliability.predicted"]}, "nticks": 6},
        yaxis=share_axis(most) | {"nticks": 6},
    )
    return Chart(figure, words["reliability.title"], words["reliability.note"])


def gain(gain: pd.DataFrame, capacity: int, words: Words) -> Chart | Fragment:
    """Which share of the cases a list of so many orders a day would have held, for the model and what it must beat."""
    if gain.empty:
        return sentence(words["gain.empty"])
    figure = go.Figure()
    for name, colour in LINES.items():
        rows = gain[gain["name"] == name]
        figure.add_scatter(
            x=[int(each) for each in rows["daily"]],
            y=floats(rows["recall"]),
            mode="lines+markers",
            name=words[f"ranking.{name}"],
            line={"color": colour, "width": 2.5 if name == "model" else 1.5},
            marker={"size": 5},
            hovertemplate="%{x} · %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    every = sorted({int(each) for each in gain["daily"]})
    ticks = [each for each, after in pairwise([*every, every[-1] * 2]) if after >= each * 1.5]
    lay_out(
        figure,
        320,
        legend=BELOW,
        margin={"l": 52, "r": 12, "t": 12, "b": 104},
        xaxis={
            "type": "log",
            "tickvals": ticks,
            "ticktext": [f"{each:,}" for each in ticks],
            "tickangle": 0,
            "title": {"text": words["gain.daily"]},
        },
        yaxis=share_axis(1.0) | {"range": [0, 1.04]},
        shapes=[
            {
                "type": "line", "xref": "x", "yref": "paper", "x0": capacity, "x1": capacity, "y0": 0, "y1": 1,
                "line": {"color": GREY, "dash": "dot", "width": 1.5},
            }
        ],
    )  # fmt: skip
    return Chart(figure, words["gain.title"], words["gain.note"].format(capacity=count(capacity)))


def months(by_month: pd.DataFrame, words: Words) -> Chart | Fragment:
    """Month by month, which share of the listed orders became a case, for the model and the rule."""
    if by_month.empty:
        return sentence(words["months.empty"])
    shown = [pd.Timestamp(str(each)).strftime("%Y-%m") for each in by_month["month"]]
    hover = [
        words["months.hover"].format(
            month=month, cases=count(row["cases"]), ratio=number(row["predicted_over_actual"], 2)
        )
        for month, row in zip(shown, by_month.to_dict("records"), strict=True)
    ]
    figure = go.Figure()
    for name, column in (("model", "precision"), ("rule", "rule_precision")):
        figure.add_scatter(
            x=shown,
            y=floats(by_month[column]),
            mode="lines+markers",
            name=words[f"ranking.{name}"],
            line={"color": LINES[name], "width": 2.5 if name == "model" else 1.5},
            text=hover,
            hovertemplate="%{y:.1%} · %{text}<extra>%{fullData.name}</extra>",
        )
    lay_out(
        figure,
        280,
        legend=BELOW,
        margin={"b": 64},
        xaxis={"type": "category"},
        yaxis=share_axis(largest(by_month["precision"], by_month["rule_precision"])),
    )
    return Chart(figure, words["months.title"], words["months.note"])


def drift(drift: pd.DataFrame, words: Words) -> Fragment:
    """Do today's orders look like those that the model learnt from, and do its probabilities still come true?

    `drift`: `kind` (feature, score, outcome), `name, value, low, high, threshold, is_alarm`; alarms first.
    """
    rows: list[list[Cell]] = [
        [
            (words[f"drift.{row['kind']}"].format(name=word(words, "feature", row["name"])), "wrap"),
            (number(row["value"], 2), "num strong"),
            (_limit(row, words), "num"),
            (words["drift.alarm"], "wrap bad") if row["is_alarm"] else (words["drift.fine"], "wrap good"),
        ]
        for row in drift.sort_values("is_alarm", ascending=False, kind="stable").to_dict("records")
    ]
    alarms = int(drift["is_alarm"].sum())
    note = words["drift.some"].format(alarms=count(alarms)) if alarms else words["drift.none"]
    return table(words, "drift", ["what", "value", "limit", "state"], rows, note=note if rows else "")


def _said(name: str, value: float) -> str:
    if name.endswith("precision"):
        return percent(value)
    if "skill" in name or "gain" in name:
        return number(value, 3)
    return count(int(value)) if float(value).is_integer() else number(value, 2)


def _measure(name: str, value: object) -> str:
    return percent(value) if name in SHARES else number(value, 3)


def _range(name: str, low: object, high: object) -> str:
    if is_missing(low) or is_missing(high):
        return "–"
    return (
        f"{_measure(name, low)}–{_measure(name, high)}" if name in SHARES else f"{number(low, 3)} … {number(high, 3)}"
    )


def _limit(row: Mapping[Any, Any], words: Words) -> str:
    if row["kind"] == "outcome":
        return "–" if is_missing(row["low"]) else f"{number(row['low'], 2)} … {number(row['high'], 2)}"
    if is_missing(row["threshold"]) or not isfinite(row["threshold"]):
        return "–"  # a feature with one value only cannot differ
    return words["drift.at_most"].format(threshold=number(row["threshold"], 2))


def _direction(expected: str, weight: float, words: Words) -> Cell:
    """Which way was learnt, marked where it is not the expected one; nothing where the feature never differed."""
    if not weight:
        return ("–", "wrap")
    found = "up" if weight > 0 else "down"
    return (word(words, "direction", found), "wrap" if expected in ("either", found) else "wrap warn")
