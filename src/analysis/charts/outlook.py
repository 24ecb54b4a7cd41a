"""What is to come: what leaves the window for certain, and what may arrive."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.drawing import (
    BLUE,
    GREEN,
    GREY,
    GREY_BAND,
    ORANGE,
    band,
    count_axis,
    day_axis,
    days_text,
    floats,
    largest,
    lay_out,
    limit,
)
from analysis.charts.shown import Chart, Fragment, PerShop
from analysis.charts.wording import (
    Words,
    chance,
    count,
    is_missing,
    number,
    percent,
    share_of,
    signed,
    spread,
    weekday,
    word,
)

PAST_DAYS = 60
NEAR_DAYS = 7
FANS = ((95, "rgba(0,158,115,0.16)"), (80, "rgba(0,158,115,0.22)"), (50, "rgba(0,158,115,0.32)"))
"""The widest band first, so that the narrower ones lie on it."""
Row = Mapping[Any, Any]


def rolloff(rolloff: pd.DataFrame, status: pd.DataFrame, words: Words) -> PerShop:
    """What leaves the window on each of the next 30 days, and what remains if nothing new comes.

    `status`: one row per shop and rule; `rolloff`: one row per shop, rule and day. A shop whose count is not known has
    a sentence instead of a chart. With several rules each title names its own.
    """
    days = {key: frame for key, frame in rolloff.groupby(["shop_id", "rule"])}
    several = status["rule"].nunique() > 1
    parts: dict[str, list[Chart | Fragment]] = {}
    for row in status.sort_values("shop_id", kind="stable").to_dict("records"):
        frame = days.get((row["shop_id"], row["rule"]))
        title = words["rolloff.title"] + (f" · {row['rule']}" if several else "")
        if frame is None or frame["remaining"].isna().any() or is_missing(row["numerator"]):
            part: Chart | Fragment = sentence(words["rolloff.unknown"])
        else:
            part = _rolloff(frame, row, title, words)
        parts.setdefault(str(row["shop_id"]), []).append(part)
    return PerShop(parts)


def forecast(
    rates: pd.DataFrame, rolloff: pd.DataFrame, forecast: pd.DataFrame, backtest: pd.DataFrame, words: Words
) -> PerShop:
    """How many are likely to be inside the window in 7, 14 and 30 days, how sure that is, and how good it was before.

    `rates`: one rule's rows, one per shop and window_end; the other frames' rows of other rules are left out. The bands
    are drawn from today through the horizons that have one: what remains is known for each day, only the arrivals are
    interpolated. A shop without any expected count has the reason in a sentence instead.
    """
    rule = rates["rule"].iloc[0] if len(rates) else ""
    coming, remaining, tested = (by_shop(frame[frame["rule"] == rule]) for frame in (forecast, rolloff, backtest))
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop, past in by_shop(rates).items():
        ahead = coming.get(shop, forecast.iloc[:0]).sort_values("horizon_days")
        given = ahead[ahead["expected"].notna()]
        left = remaining.get(shop, rolloff.iloc[:0]).sort_values("on_date")
        if given.empty or left.empty or left["remaining"].isna().any():
            reason = ahead["reason"].iloc[0] if len(ahead) else ""
            parts[shop] = [sentence(word(words, "withheld", reason or "unknown"))]
        else:
            chart = _forecast(past.sort_values("window_end"), left, given, words)
            parts[shop] = [chart, _horizons(ahead, tested.get(shop, backtest.iloc[:0]), words)]
    return PerShop(parts)


def _rolloff(frame: pd.DataFrame, status: Row, title: str, words: Words) -> Chart:
    frame = frame.sort_values("on_date")
    days = days_text(frame["on_date"])
    today = days_text([status["window_end"]])[0]
    hover = [
        f"{weekday(on, words)}<br>{words['rolloff.leaving']} {count(out)}"
        f"<br>{words['rolloff.remaining']} {count(left)}<br>{words['rolloff.rate_if_none']} {percent(rate)}"
        for on, out, left, rate in zip(
            frame["on_date"], frame["leaving"], frame["remaining"], frame["rate_if_none"], strict=True
        )
    ]
    figure = go.Figure()
    figure.add_bar(
        x=days,
        y=floats(frame["leaving"]),
        name=words["rolloff.leaving"],
        marker={"color": ORANGE, "line": {"width": 0}},
        text=hover,
        hoverinfo="text",
        textposition="none",
    )
    left = [float(status["numerator"]), *frame["remaining"].astype(float)]
    unseen = 0 if is_missing(status.get("unseen")) else int(status["unseen"])
    if unseen:
        high = [each + unseen for each in left]
        figure.add_scatter(**band([today, *days], left, high, GREY_BAND, words["rolloff.unseen"]))
    figure.add_scatter(
        x=[today, *days],
        y=left,
        mode="lines",
        line={"color": BLUE, "width": 2.5, "shape": "hv"},
        name=words["rolloff.remaining"],
        text=["", *hover],
        hoverinfo="text",
    )
    heights = _lines(status["target_rate"], status["target_count"], status["denominator"], words)
    for name, height, dash in heights:
        figure.add_scatter(**limit([today, days[-1]], height, name, dash))
    most = max([left[0] + unseen, *(height for _, height, _ in heights)])
    lay_out(
        figure,
        300,
        xaxis=day_axis(pd.Series(pd.to_datetime([today, *days])), words),
        yaxis=count_axis(most),
        bargap=0.3,
    )
    return Chart(figure, title, _rolloff_note(frame, status, words))


def _rolloff_note(frame: pd.DataFrame, status: Row, words: Words) -> str:
    """What the eye should find: how much leaves soon, on which day most, and when the shop is back under the line."""
    soon = frame.head(NEAR_DAYS)
    most = frame.iloc[int(frame["leaving"].astype(float).argmax())]
    said = []
    if int(status["numerator"]):
        leaving, remaining = count(soon["leaving"].sum()), count(soon["remaining"].iloc[-1])
        said += [
            words["rolloff.soon"].format(days=NEAR_DAYS, leaving=leaving, remaining=remaining),
            words["rolloff.most"].format(day=weekday(most["on_date"], words), leaving=count(most["leaving"])),
        ]
    if not is_missing(status["headroom"]) and int(status["headroom"]) < 0:
        back = status["back_under_on"]
        key = "never_back" if is_missing(back) else "back"
        said.append(words[f"rolloff.{key}"].format(day=weekday(back, words)))
    if not is_missing(status.get("unseen")) and int(status["unseen"]):
        late = status.get("back_under_late_on")
        key = "unseen_note" if is_missing(late) else "unseen_back"
        said.append(words[f"rolloff.{key}"].format(unseen=count(status["unseen"]), day=weekday(late, words)))
    return words["sentence.join"].join(said or [words["rolloff.nothing"]])


def _forecast(past: pd.DataFrame, remaining: pd.DataFrame, given: pd.DataFrame, words: Words) -> Chart:
    past = past.tail(PAST_DAYS)
    newest = past.iloc[-1]
    today = pd.Timestamp(str(newest["window_end"]))
    horizons = [0, *(int(each) for each in given["horizon_days"])]
    ahead = np.arange(horizons[-1] + 1)
    inside = np.array([float(newest["numerator"]), *remaining["remaining"].astype(float)])
    certain = inside[np.minimum(ahead, len(inside) - 1)]
    days = days_text(today + timedelta(days=int(each)) for each in ahead)
    arrivals = {
        name: np.interp(ahead, horizons, [0.0, *(given[name].astype(float) - certain[horizons[1:]])])
        for name in ("expected", *(f"{end}{share}" for share, _ in FANS for end in ("low", "high")))
    }
    figure = go.Figure()
    figure.add_scatter(
        x=days,
        y=list(certain),
        mode="lines",
        fill="tozeroy",
        fillcolor="rgba(153,153,153,0.25)",
        line={"color": GREY, "width": 1, "shape": "hv"},
        name=words["forecast.certain"],
        hovertemplate=f"%{{x}}<br>{words['forecast.certain']} %{{y:d}}<extra></extra>",
    )
    for share, colour in FANS:
        low, high = (list(certain + arrivals[f"{end}{share}"]) for end in ("low", "high"))
        figure.add_scatter(**band(days, low, high, colour, words["forecast.band"].format(share=share)))
    figure.add_scatter(
        x=days_text(past["window_end"]),
        y=floats(past["numerator"]),
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        name=words["count.name"],
        hovertemplate=f"%{{x}}<br>{words['count.name']} %{{y:d}}<extra></extra>",
        connectgaps=False,
    )
    figure.add_scatter(
        x=days,
        y=list(certain + arrivals["expected"]),
        mode="lines",
        line={"color": GREEN, "width": 2, "dash": "dot"},
        name=words["forecast.expected"],
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[days[each] for each in horizons[1:]],
        y=floats(given["expected"]),
        mode="markers",
        marker={"color": GREEN, "size": 8, "symbol": "diamond"},
        showlegend=False,
        text=[_forecast_text(row, words) for row in given.to_dict("records")],
        hoverinfo="text",
    )
    heights = _lines(newest["line_rate"], newest["line_count"], newest["denominator"], words)
    begins = days_text([past["window_end"].iloc[0]])[0]
    for name, height, dash in heights:
        figure.add_scatter(**limit([begins, days[-1]], height, name, dash))
    shown = max(largest(past["numerator"], given["high80"]), *(height for _, height, _ in heights), 0.0)
    highest = max(largest(past["numerator"], given["high95"]), shown)
    most = min(highest, shown * 1.3)
    lay_out(
        figure,
        430,
        xaxis=day_axis(pd.Series(pd.to_datetime([begins, days[-1]])), words),
        yaxis=count_axis(most),
        shapes=[_today(days[0])],
    )
    note = words["forecast.note"].format(
        days=words["forecast.separator"].join(str(each) for each in horizons[1:]), expected=words["forecast.expected"]
    )
    if most < highest:
        note = words["sentence.join"].join([note, words["forecast.cut"].format(high=count(int(highest)))])
    return Chart(figure, words["forecast.title"], note)


def _forecast_text(row: Row, words: Words) -> str:
    return words["forecast.expected_text"].format(
        day=weekday(row["target_date"], words),
        expected=number(row["expected"]),
        band=spread(row["low80"], row["high80"]),
    )


def _horizons(coming: pd.DataFrame, backtest: pd.DataFrame, words: Words) -> Fragment:
    """Each horizon's numbers beside what the back-test found."""
    tested = {row["horizon_days"]: row for row in backtest.to_dict("records")}
    heads = ["horizon", "expected", "band80", "probability", "skill", "skill_no_change", "coverage", "origins"]
    rows: list[list[Cell]] = []
    for row in coming.to_dict("records"):
        found = tested.get(row["horizon_days"], {})
        reason = word(words, "withheld_short", row["reason"]) if row["reason"] else "–"
        covered = [share_of(found.get(f"coverage{share}")) for share in (50, 80, 95)]
        rows.append(
            [
                words["horizons.days"].format(days=row["horizon_days"], day=weekday(row["target_date"], words)),
                (number(row["expected"], 1), "num strong"),
                (spread(row["low80"], row["high80"]), "num"),
                (reason, "num quiet")
                if is_missing(row["breach_probability"])
                else (chance(row["breach_probability"]), "num strong"),
                (signed(row["skill"], 2), "num"),
                (signed(found.get("skill_no_change"), 2), "num"),
                (" / ".join(covered) if found else "–", "num"),
                (count(found.get("origins")), "num"),
            ]
        )
    return table(words, "horizons", heads, rows, title=words["horizons.title"], note=words["horizons.note"])


def _lines(line_rate: object, line_count: object, orders: object, words: Words) -> list[tuple[str, float, str]]:
    """The lines as counts: a rate line is the largest count that it allows at the newest window's orders."""
    found = []
    if not is_missing(line_count):
        found.append((f"{words['line.count']} {count(line_count)}", float(str(line_count)), "dash"))
    if not is_missing(line_rate) and not is_missing(orders):
        most = int(Decimal(str(line_rate)) * Decimal(str(orders)))
        name = words["line.rate_as_count"].format(rate=percent(line_rate), count=count(most))
        found.append((name, float(most), "dot"))
    return found


def _today(on: str) -> dict[str, Any]:
    line = {"type": "line", "xref": "x", "yref": "paper", "x0": on, "x1": on, "y0": 0, "y1": 1}
    return line | {"line": {"color": GREY, "width": 1}, "layer": "below"}
