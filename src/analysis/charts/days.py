"""Two views by day beside the calendar rate: what each day's orders led to, and whether more arrives a day than before."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import by_shop, sentence
from analysis.charts.drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    band,
    count_axis,
    day_axis,
    days_text,
    floats,
    grey_ground,
    largest,
    lay_out,
    runs,
    share_axis,
)
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import Words, count, number, percent, ratio, share_of, spread, weekday, word

GREEN_BAND = "rgba(0,158,115,0.20)"
THROUGH_COMPLETION = 0.995
"""From here on what is reported is what is expected; a line through both would only join the days' noise."""


def cohorts(cohorts: pd.DataFrame, words: Words) -> PerShop:
    """Of the orders of each day, which share led to an intervention so far, and how many will once all are known?

    `cohorts`: one row per shop and order day. Days whose orders are too young to tell (`is_mature` false) stand on a
    grey ground: there only the expectation with its 80 % band counts. A view by order day, never on one axis with the
    rate by the day of the intervention.
    """
    return PerShop({shop: [_cohorts(frame, words)] for shop, frame in by_shop(cohorts).items()})


def signal(signal: pd.DataFrame, basis: pd.DataFrame, words: Words) -> PerShop:
    """On which days did more arrive than the shop's level and chance explain?

    `signal`: one row per shop and day; `basis`: one row per shop with `reference_days`, `expected` (a day),
    `false_alarm_days` and `reason`, which says in the chart's place why there is no signal.
    """
    days = by_shop(signal)
    parts: dict[str, list[Chart | Fragment]] = {}
    for row in basis.sort_values("shop_id").to_dict("records"):
        shop = str(row["shop_id"])
        if row["reason"] or shop not in days:
            parts[shop] = [sentence(word(words, "signal_withheld", row["reason"] or "unknown"))]
        else:
            parts[shop] = [_signal(days[shop], row["reference_days"], row["false_alarm_days"], words)]
    return PerShop(parts)


def _cohorts(frame: pd.DataFrame, words: Words) -> Chart:
    frame = frame.sort_values("ordered_on").reset_index(drop=True)
    shown = days_text(frame["ordered_on"])
    days = pd.Series(pd.to_datetime(shown))
    mature = frame["is_mature"].fillna(False).astype(bool)
    orders = frame["orders"].astype("Float64").where(frame["orders"] > 0)
    is_open = ~(frame["completion"] >= THROUGH_COMPLETION).fillna(False).astype(bool)
    low, high = (frame[name].astype("Float64").where(is_open) / orders for name in ("low80", "high80"))
    hover = [
        f"{weekday(row['ordered_on'], words)}"
        f"<br>{words['cohort.reported']} {ratio(row['reported'], row['orders'])}"
        f" ({count(row['reported'])} / {count(row['orders'])})"
        f"<br>{words['cohort.expected']} {percent(row['rate_expected'])}"
        f" ({number(row['expected'], 1)}, 80%: {spread(row['low80'], row['high80'])})"
        f"<br>{words['cohort.completion']} {share_of(row['completion'])}"
        for row in frame.to_dict("records")
    ]
    figure = go.Figure()
    for first, run in enumerate(runs((low.notna() & high.notna()).astype(bool))):
        drawn = band(
            [shown[at] for at in run],
            list(low[run].astype(float)),
            list(high[run].astype(float)),
            GREEN_BAND,
            words["cohort.band"],
        )
        figure.add_scatter(**drawn, legendgroup="band", showlegend=first == 0)
    figure.add_scatter(
        x=shown,
        y=floats(frame["rate_expected"].where(is_open)),
        mode="lines",
        line={"color": GREEN, "width": 2, "dash": "dot"},
        name=words["cohort.expected"],
        hoverinfo="skip",
        connectgaps=False,
    )
    figure.add_scatter(
        x=shown,
        y=floats(frame["rate_reported"]),
        mode="markers",
        marker={"color": [BLUE if each else GREY for each in mature], "size": 7},
        name=words["cohort.reported"],
        text=hover,
        hoverinfo="text",
    )
    lay_out(
        figure,
        340,
        xaxis=day_axis(days, words),
        yaxis=share_axis(largest(high, frame["rate_expected"], frame["rate_reported"])),
        shapes=[grey_ground(days[run]) for run in runs(~mature)],
    )
    young = int((~mature).sum())
    said = [(words["cohort.note"] if young else words["cohort.note_mature"]).format(days=young)]
    if caution := frame["note"].iloc[0]:
        said.append(word(words, "cohort", caution))
    return Chart(figure, words["cohort.title"], words["sentence.join"].join(said))


def _signal(frame: pd.DataFrame, reference_days: object, false_alarm_days: object, words: Words) -> Chart:
    frame = frame.sort_values("on_date").reset_index(drop=True)
    shown = days_text(frame["on_date"])
    days = pd.Series(pd.to_datetime(shown))
    flagged = frame["is_signal"].fillna(False).astype(bool)
    hover = [
        f"{weekday(row['on_date'], words)}<br>{words['signal.arrivals']} {count(row['arrivals'])}"
        f" ({words['signal.expected']} {number(row['expected'], 1)})"
        f"<br>{words['signal.cusum']} {number(row['cusum'], 1)} / {words['signal.limit']} {number(row['limit'], 1)}"
        for row in frame.to_dict("records")
    ]
    figure = go.Figure()
    figure.add_bar(
        x=shown,
        y=floats(frame["arrivals"]),
        name=words["signal.arrivals"],
        yaxis="y2",
        marker={"color": [VERMILION if each else ORANGE for each in flagged], "line": {"width": 0}},
        text=hover,
        hoverinfo="text",
        textposition="none",
    )
    figure.add_scatter(
        x=shown,
        y=floats(frame["expected"]),
        yaxis="y2",
        mode="lines",
        line={"color": GREY, "width": 1.5},
        name=words["signal.expected"],
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=shown,
        y=floats(frame["cusum"]),
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        name=words["signal.cusum"],
        text=hover,
        hoverinfo="text",
    )
    figure.add_scatter(
        x=shown,
        y=floats(frame["limit"]),
        mode="lines",
        line={"color": VERMILION, "width": 1.5, "dash": "dash"},
        name=words["signal.limit"],
        hoverinfo="skip",
    )
    missing = frame["arrivals"].isna()
    lay_out(
        figure,
        380,
        xaxis=day_axis(days, words) | {"anchor": "y2"},
        yaxis=count_axis(largest(frame["cusum"], frame["limit"])) | {"domain": [0.46, 1]},
        yaxis2=count_axis(largest(frame["arrivals"], frame["expected"])) | {"domain": [0, 0.36]},
        shapes=[grey_ground(days[run]) for run in runs(missing)],
        bargap=0.3,
    )
    found = (
        words["signal.none"]
        if not flagged.any()
        else words["signal.found"].format(
            days=int(flagged.sum()), first=weekday(frame.loc[flagged, "on_date"].iloc[0], words)
        )
    )
    stated = words["signal.stated"].format(reference=count(reference_days), days=count(false_alarm_days))
    gap = words["signal.gap_note"] if missing.any() else ""
    return Chart(figure, words["signal.title"], words["sentence.join"].join(filter(None, [found, stated, gap])))
