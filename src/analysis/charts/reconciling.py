"""Our figures beside the platform's own, day by day, and which definition its figures speak for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.definitions import title_of, told_apart
from analysis.charts.drawing import (
    BLUE,
    ORANGE,
    VERMILION,
    count_axis,
    day_axis,
    days_text,
    floats,
    largest,
    lay_out,
)
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, count, day, is_missing, percent, signed, spread, word

TOP_CANDIDATES = 12
MOST_GAPS = 100
Row = Mapping[Any, Any]


def reconciliation(
    reconciliation: pd.DataFrame,
    fits: pd.DataFrame,
    gaps: pd.DataFrame,
    figures: pd.DataFrame,
    rules: Sequence[Any],
    words: Words,
    shops: Iterable[str] = (),
) -> PerShop:
    """Does our figure equal the platform's, day by day, and which definition reproduces the platform's best?

    `rules`: the rule in force first, then the other candidates; `reconciliation`: one row per shop, rule and statistic
    day, of which the rule in force is shown; `fits`: one row per shop and candidate, best first; `gaps`: the orders that
    may explain a difference; `figures`: the platform's figures as read, of which replaced ones are listed. `shops` names
    those that must appear even without figures: they get one sentence that says which export brings them.
    """
    in_force = rules[0].name
    titles = {rule.name: told_apart(rule, words) for rule in rules} | {in_force: title_of(rules[0], words)}
    own = by_shop(reconciliation[reconciliation["rule"] == in_force])
    candidates, explaining = by_shop(fits), by_shop(gaps)
    replaced = by_shop(figures[(figures["metric"] == rules[0].metric) & ~figures["is_newest"].astype(bool)])
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop in sorted({*own, *(str(each) for each in shops)}):
        if shop not in own:
            parts[shop] = [sentence(words["reconciliation.no_figures"])]
            continue
        ranked = candidates.get(shop, fits.iloc[:0])
        days = own[shop].sort_values("date")
        parts[shop] = [
            _chart(days, words),
            _days(days, _older(replaced.get(shop), words), words),
            _ranked(ranked, titles, words),
            *_gaps(explaining.get(shop), titles, words),
        ]
    return PerShop(parts)


def _chart(days: pd.DataFrame, words: Words) -> Chart:
    shown = days_text(days["date"])
    hover = [
        f"{on}<br>{words['reconciliation.ours_count']} {count(ours)}"
        f"<br>{words['reconciliation.platform_count']} {count(theirs)} ({signed(difference)})"
        for on, ours, theirs, difference in zip(
            shown, days["ours_count"], days["platform_count"], days["difference"], strict=True
        )
    ]
    differs = (days["difference"] != 0).fillna(False).astype(bool)
    figure = go.Figure()
    figure.add_scatter(
        x=shown,
        y=floats(days["platform_count"]),
        mode="lines+markers",
        line={"color": ORANGE, "width": 5},
        marker={"size": 6},
        name=words["reconciliation.platform_count"],
        hoverinfo="skip",
        connectgaps=False,
    )
    figure.add_scatter(
        x=shown,
        y=floats(days["ours_count"]),
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 4},
        name=words["reconciliation.ours_count"],
        text=hover,
        hoverinfo="text",
        connectgaps=False,
    )
    figure.add_scatter(
        x=[on for on, differ in zip(shown, differs, strict=True) if differ],
        y=floats(days.loc[differs, "ours_count"]),
        mode="markers",
        marker={"color": VERMILION, "size": 11, "symbol": "circle-open", "line": {"width": 2}},
        name=words["reconciliation.differs"],
        hoverinfo="skip",
    )
    lay_out(
        figure,
        260,
        xaxis=day_axis(pd.Series(pd.to_datetime(shown)), words),
        yaxis=count_axis(largest(days["ours_count"], days["platform_count"])),
    )
    compared = days[days["difference"].notna()]
    equal = int((compared["difference"] == 0).sum())
    note = words["reconciliation.note"].format(days=len(compared), equal=equal)
    return Chart(figure, words["reconciliation.title"], note)


def _days(days: pd.DataFrame, notes: list[str], words: Words) -> Fragment:
    heads = ["date", "ours", "platform", "difference", "rounding", "denominator", "back_solved"]
    rows: list[list[Cell]] = [
        [
            (day(row["date"]), "when"),
            (f"{count(row['ours_count'])} · {percent(row['ours_rate'])}", "num"),
            (f"{count(row['platform_count'])} · {percent(row['platform_rate'])}", "num"),
            (signed(row["difference"]), "num strong" if _is_other(row["difference"]) else "num"),
            _rounding(row["within_rounding"], words),
            (count(row["denominator"]), "num"),
            (spread(row["denominator_low"], row["denominator_high"]), "num"),
        ]
        for row in days.iloc[::-1].to_dict("records")
    ]
    return table(words, "reconciliation", heads, rows, notes=[words["reconciliation.rounding_note"], *notes])


def _ranked(fits: pd.DataFrame, titles: Mapping[str, str], words: Words) -> Fragment:
    """The verdict in a sentence, a change of definition as a date, and the candidates with the days they reproduce."""
    notes = [_verdict(fits, titles, words)] if len(fits) else []
    notes += [
        words["fits.stopped"].format(rule=_titled(row["rule"], titles), day=day(row["stopped_on"]))
        for row in fits.to_dict("records")
        if not is_missing(row["stopped_on"])
    ]
    heads = ["place", "rule", "both", "count", "rate", "denominator"]
    rows: list[list[Cell]] = [
        [
            (f"{row['place']}{' =' if row['is_tied'] else ''}", "num"),
            (_titled(row["rule"], titles), "wrap strong" if row["place"] == 1 else "wrap"),
            *((f"{count(row[name])} / {count(row['days'])}", "num") for name in ("days_both", "days_count")),
            *((f"{count(row[name])} / {count(row['days'])}", "num") for name in ("days_rate", "days_denominator")),
        ]
        for row in fits.head(TOP_CANDIDATES).to_dict("records")
    ]
    if (more := len(fits) - TOP_CANDIDATES) > 0:
        notes.append(words["segment.more"].format(shown=TOP_CANDIDATES, more=more))
    return table(words, "fits", heads, rows, title=words["fits.title"], notes=notes)


def _verdict(fits: pd.DataFrame, titles: Mapping[str, str], words: Words) -> str:
    best = fits.iloc[0]
    tied = fits.loc[fits["is_tied"].astype(bool), "rule"]
    names = words["footnotes.separator"].join(words["fits.quoted"].format(rule=_titled(rule, titles)) for rule in tied)
    return words[f"fits.verdict_{best['verdict']}"].format(
        rule=_titled(best["rule"], titles),
        days=count(best["days"]),
        both=count(best["days_both"]),
        rules=names,
        number=len(tied),
        candidates=len(fits),
    )


def _gaps(gaps: pd.DataFrame | None, titles: Mapping[str, str], words: Words) -> list[Chart | Fragment]:
    if gaps is None or gaps.empty:
        return []
    rows: list[list[Cell]] = [
        [
            (str(row["order_id"]), "code"),
            (day(row["date"]), "when"),
            (day(row["booked_on"]), "when"),
            (word(words, "reason", row["reason"]) if row["reason"] else words["gaps.counted"], "wrap"),
            (
                words["footnotes.separator"].join(_titled(rule, titles) for rule in str(row["rules"]).split(", ")),
                "wrap",
            ),
        ]
        for row in gaps.sort_values(["date", "booked_on"], ascending=False).head(MOST_GAPS).to_dict("records")
    ]
    heads = ["order_id", "date", "booked_on", "reason", "rules"]
    notes = [words["gaps.note"]]
    if (more := len(gaps) - MOST_GAPS) > 0:
        notes.append(words["segment.more"].format(shown=MOST_GAPS, more=more))
    return [table(words, "gaps", heads, rows, title=words["gaps.title"], notes=notes)]


def _older(replaced: pd.DataFrame | None, words: Words) -> list[str]:
    """One sentence for each figure that a newer one for the same day replaced."""
    if replaced is None:
        return []
    return [
        words["reconciliation.replaced"].format(
            day=day(row["stat_on"]), count=count(row["platform_count"]), rate=percent(row["platform_rate"])
        )
        for row in replaced.sort_values("stat_on", ascending=False).to_dict("records")
    ]


def _rounding(within: object, words: Words) -> Cell:
    if is_missing(within):
        return ("–", "quiet")
    return (
        (f"✓ {words['reconciliation.within']}", "good") if within else (f"▲ {words['reconciliation.outside']}", "bad")
    )


def _is_other(difference: object) -> bool:
    return not is_missing(difference) and int(str(difference)) != 0


def _titled(rule: object, titles: Mapping[str, str]) -> str:
    return titles.get(str(rule), str(rule))
