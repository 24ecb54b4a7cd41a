"""What the figures mean: several definitions side by side, and one definition in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, latest, table
from analysis.charts.drawing import (
    BLUE,
    GREEN,
    GREY,
    LEGEND_ROW,
    ORANGE,
    VERMILION,
    below_axis,
    day_axis,
    days_text,
    floats,
    largest,
    lay_out,
    literal,
    share_axis,
    shortened,
)
from analysis.charts.shown import Chart, Fragment, PerShop, template
from analysis.charts.wording import Words, count, day, is_missing, ratio, word

COLOURS = (BLUE, ORANGE, GREEN, VERMILION)
LEGEND_WIDTH = 44
Rules = Sequence[Any]


def definitions(rates: pd.DataFrame, rules: Rules, words: Words) -> PerShop:
    """How much does the choice of a definition matter: the same days under several rules.

    `rates`: one row per shop, rule and window_end. `rules`: objects with name, titles, sources, confidence; the order
    of the lines. Only rules of one metric share an axis. The table gives each rule's newest counts.
    """
    known = {rule.name: rule for rule in rules}
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop, frame in rates.groupby("shop_id", sort=True):
        names = [name for name in known if name in set(frame["rule"])]
        metrics = list(dict.fromkeys(known[name].metric for name in names))
        drawn: list[Chart | Fragment] = [
            _definitions(frame, [known[name] for name in names if known[name].metric == metric], metric, words)
            for metric in metrics
        ]
        newest = {rule: latest(rows).iloc[0] for rule, rows in frame.groupby("rule")}
        parts[str(shop)] = [*drawn, _compared([known[name] for name in names], newest, words)]
    return PerShop(parts)


def footnotes(rule: Any, words: Words) -> Fragment:
    """What exactly is counted, in sentences made of the rule's own fields: window, unit, dates, exclusions, denominator.

    `rule`: as `analysis.rules` has it. A word of a rule that we have no text for stands as it is.
    """
    title = title_of(rule, words)
    over = _listed((word(words, "denominator", each) for each in rule.denominator), words)
    if rule.denominator_minus:
        less = _listed((word(words, "denominator", each) for each in rule.denominator_minus), words)
        over = words["footnotes.minus"].format(orders=over, less=less)
    window = words["footnotes.window"].format(days=rule.window_days)
    if rule.lag_days:
        window = words["footnotes.window_lag"].format(days=rule.window_days, lag=rule.lag_days)
    valid = words["footnotes.valid_from"].format(begins=day(rule.valid_from))
    if not is_missing(rule.valid_to):
        valid = words["footnotes.valid_until"].format(begins=day(rule.valid_from), ends=day(rule.valid_to))
    source = getattr(rule, words["language.rule_source"])
    items = [
        words["footnotes.rate"].format(
            event=word(words, "event", rule.event), unit=word(words, "unit", rule.unit), orders=over
        ),
        window,
        word(words, "booked", rule.dated_by),
        word(words, "footnotes", f"unit_{rule.unit}"),
        *_exclusions(rule, words),
        words["footnotes.source"].format(source=source, confidence=rule.confidence),
        valid,
        words["footnotes.interval"],
        words["footnotes.lines"],
    ]
    return Fragment(template("footnotes.html", title=title, name=rule.name, items=items))


def title_of(rule: Any, words: Words) -> str:
    """A rule's title in the reader's language."""
    return str(getattr(rule, words["language.rule_title"]))


def told_apart(rule: Any, words: Words) -> str:
    """The part of a variant's title that tells it from its base: what follows the colon; the whole where there is none."""
    title = title_of(rule, words)
    _, _, variant = title.replace("：", ": ").partition(": ")
    return variant.strip() or title


def _definitions(frame: pd.DataFrame, rules: Rules, metric: str, words: Words) -> Chart:
    """A few definitions each have a colour; of many, the first has, and the others are a grey field around it.

    A rate by order day is incomplete for recent days, so it has a row in the table and no line among the others.
    """
    figure = go.Figure()
    rules = [rule for rule in rules if rule.dated_by != "ordered_on"] or rules
    many = len(rules) > len(COLOURS)
    for at, rule in reversed(list(enumerate(rules))):
        rows = frame[frame["rule"] == rule.name].sort_values("window_end")
        shown = days_text(rows["window_end"])
        name = literal(shortened(told_apart(rule, words), LEGEND_WIDTH))
        is_grey = many and at > 0
        figure.add_scatter(
            x=shown,
            y=floats(rows["rate"]),
            mode="lines",
            line={"color": GREY if is_grey else COLOURS[at], "width": 1 if is_grey else 2.5 if at == 0 else 1.6},
            name=words["definitions.others"].format(rules=len(rules) - 1) if is_grey else name,
            legendgroup="others" if is_grey else rule.name,
            legendrank=at,
            text=[
                f"{end}<br>{name}<br>{ratio(n, d)} ({count(n)} / {count(d)})"
                for end, n, d in zip(shown, rows["numerator"], rows["denominator"], strict=True)
            ],
            hoverinfo="text",
            connectgaps=False,
            showlegend=not is_grey or at == 1,
        )
    days = pd.Series(pd.to_datetime(frame["window_end"].astype(str)))
    of_metric = frame[frame["rule"].isin([rule.name for rule in rules])]
    entries = 2 if many else len(rules)
    height = 300 + LEGEND_ROW * entries
    lay_out(
        figure,
        height,
        xaxis=day_axis(days, words),
        yaxis=share_axis(largest(of_metric["rate"])),
        legend=below_axis(height) | {"orientation": "v", "y": -0.16, "maxheight": LEGEND_ROW * entries + 20},
    )
    return Chart(figure, word(words, "metric", metric), _definitions_note(of_metric, rules, words))


def _definitions_note(frame: pd.DataFrame, rules: Rules, words: Words) -> str:
    """How far apart the definitions are on the newest day."""
    newest = frame[frame["window_end"] == frame["window_end"].max()].dropna(subset=["rate"])
    if len(rules) < 2 or len(newest) < 2:
        return ""
    ordered = newest.sort_values("rate")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    return words["definitions.note"].format(
        rules=len(newest),
        low=ratio(low["numerator"], low["denominator"]),
        high=ratio(high["numerator"], high["denominator"]),
    )


def _compared(rules: Rules, newest: dict[Any, pd.Series], words: Words) -> Fragment:
    heads = ["rule", "counts", "rate", "confidence", "source"]
    rows: list[list[Cell]] = [
        [
            (f"{title_of(rule, words)} ({rule.name})", "wrap"),
            (f"{count(newest[rule.name]['numerator'])} / {count(newest[rule.name]['denominator'])}", "num"),
            (ratio(newest[rule.name]["numerator"], newest[rule.name]["denominator"]), "num strong"),
            str(rule.confidence),
            (str(getattr(rule, words["language.rule_source"])), "wrap"),
        ]
        for rule in rules
    ]
    return table(words, "definitions", heads, rows)


def _exclusions(rule: Any, words: Words) -> list[str]:
    said = []
    if rule.excluded_initiators:
        who = _listed((word(words, "initiated_by", each) for each in rule.excluded_initiators), words)
        said.append(words["footnotes.excluded_initiators"].format(who=who))
    if rule.excludes_undecided_withdrawn:
        said.append(words["footnotes.excludes_undecided_withdrawn"])
    if rule.outcomes:
        outcomes = _listed((word(words, "outcome", each) for each in rule.outcomes), words)
        said.append(words["footnotes.outcomes"].format(outcomes=outcomes))
    if rule.reason_groups:
        reasons = _listed((word(words, "reason_group", each) for each in rule.reason_groups), words)
        said.append(words["footnotes.reason_groups"].format(reasons=reasons))
    return said or [words["footnotes.nothing_excluded"]]


def _listed(names: Iterable[str], words: Words) -> str:
    return words["footnotes.separator"].join(names)
