"""What the disputes of 30 days cost: the sum and how sure it is, from refund to whole cost, and whether it grew."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from analysis.charts.cells import Cell, by_shop, sentence, table
from analysis.charts.drawing import BELOW, BLUE, GREEN, GREY, ORANGE, VERMILION, day_axis, days_text, lay_out
from analysis.charts.money import Row, between, money, yuan, yuan_axis
from analysis.charts.shown import Chart, Fragment, PerShop, template
from analysis.charts.wording import Words, count, day, is_missing, share_of, weekday, word

ROW = 40
"""Pixels of one bar with its label above it."""
WHOLE = ("whole_cost", "whole_refund")
TILE: dict[str, Any] = {"unit": "", "tone": "", "lines": [], "notes": []}
"""What a tile has besides its title and its figure."""
WEEKS = {"loss": BLUE, "higher_week": VERMILION, "lower_week": GREEN, "part_week": GREY}
"""The kinds of weeks, each with its colour."""
BAR_MS = 5 * 86_400_000
"""A week's bar is five days wide."""


def loss_overview(summary: pd.DataFrame, words: Words) -> Fragment | PerShop:
    """What did each shop's disputes cost, the dearest per 1,000 orders first? Nothing for a single shop.

    `summary`: one row a shop, as `losses.summary` gives it.
    """
    if len(summary) < 2:
        return PerShop()
    shops = sorted(summary["shop_id"])
    ordered = summary.sort_values(["loss_per_1000_fen", "loss_fen", "shop_id"], ascending=[False, False, True])
    found = ordered.to_dict("records")
    rows: list[list[Cell]] = [
        [
            str(row["shop_id"]),
            (yuan(row["loss_fen"]), "num strong"),
            (yuan(row["loss_per_1000_fen"]), "num"),
            (f"{count(row['disputed_orders'])} / {count(row['orders_dealt'])}", "num"),
            *((share_of(row[f"{name}_share"]), "num") for name in ("known", "estimated", "unknown")),
        ]
        for row in found
    ]
    links = [f"#shop-{shops.index(row['shop_id']) + 1}" for row in found]
    return table(
        words,
        "loss_overview",
        ["shop", "loss", "per_1000", "orders", "known", "estimated", "unknown"],
        rows,
        links=links,
    )


def loss_tiles(summary: pd.DataFrame, words: Words) -> PerShop:
    """What did each shop's disputes of the window cost, in all and per 1,000 orders, and how much of it is known?

    `summary`: one row a shop, as `losses.summary` gives it.
    """
    parts: dict[str, list[Chart | Fragment]] = {}
    for row in summary.sort_values("shop_id").to_dict("records"):
        shown = [_loss_tile(row, words), _per_tile(row, words), _sure_tile(row, words)]
        parts[str(row["shop_id"])] = [Fragment(template("money_tiles.html", tiles=[TILE | each for each in shown]))]
    return PerShop(parts)


def loss_waterfall(waterfall: pd.DataFrame, words: Words) -> PerShop:
    """How does the refund grow into the whole cost, and what was in the refund?

    `waterfall`: one row a shop, part and step, as `losses.waterfall` gives it. A step whose amount is not known is not drawn and
    named in the note. A shop without a known amount has one sentence.
    """
    parts: dict[str, list[Chart | Fragment]] = {}
    for (shop, part), frame in waterfall.groupby(["shop_id", "part"], sort=True):
        known = frame[frame["amount_fen"].notna()]
        drawn = [_waterfall(str(part), frame, known, words)] if len(known) else [sentence(words["waterfall.unknown"])]
        parts.setdefault(str(shop), []).extend(drawn)
    return PerShop(parts)


def loss_components(components: pd.DataFrame, words: Words) -> PerShop:
    """What was it paid for, and how is it known? A table by component, the dearest first.

    `components`: one row a shop and component, as `losses.by_component` gives it.
    """
    heads = ["component", "loss", "known", "estimated", "unknown", "orders"]
    parts: dict[str, list[Chart | Fragment]] = {}
    for shop, frame in by_shop(components).items():
        rows: list[list[Cell]] = [
            [
                (word(words, "component", row["component"]), "wrap"),
                (yuan(row["loss_fen"]), "num strong"),
                (yuan(row["known_fen"]), "num"),
                (yuan(row["estimated_fen"]), "num"),
                (f"{count(row['unknown_entries'])} / {count(row['entries'])}", "num"),
                (count(row["disputed_orders"]), "num"),
            ]
            for row in frame.to_dict("records")
        ]
        parts[shop] = [table(words, "components", heads, rows, note=words["components.note"])]
    return PerShop(parts)


def loss_trend(trend: pd.DataFrame, words: Words) -> PerShop:
    """What did the disputes of each week cost, and is that more than usual?

    `trend`: one row a shop and week, as `losses.trend` gives it.
    """
    return PerShop({shop: [_trend(frame, words)] for shop, frame in by_shop(trend).items()})


def _loss_tile(row: Row, words: Words) -> dict[str, Any]:
    notes = [words["loss_tiles.disputes"].format(orders=count(row["disputed_orders"]))]
    if row["pending_orders"]:
        notes.append(words["loss_tiles.pending"].format(orders=count(row["pending_orders"])))
    notes.append(
        words["masthead.window_text"].format(
            begins=day(row["window_start"]), ends=day(row["window_end"]), days=_days(row)
        )
    )
    return {
        "title": words["loss_tiles.loss"].format(days=_days(row)),
        "figure": money(row["loss_fen"]),
        "tone": "lead",
        "notes": notes,
    }


def _per_tile(row: Row, words: Words) -> dict[str, Any]:
    if is_missing(row["orders_dealt"]):
        notes = [words["loss_tiles.no_orders"]]
    else:
        notes = [words["tiles.dealt"].format(denominator=count(row["orders_dealt"]))]
        if not is_missing(row["loss_per_1000_fen"]):
            per_order = (2 * int(row["loss_per_1000_fen"]) + 1000) // 2000
            notes.append(words["loss_tiles.per_order"].format(amount=money(per_order)))
    return {
        "title": words["loss_tiles.per_1000"],
        "figure": money(row["loss_per_1000_fen"]),
        "notes": notes,
    }


def _sure_tile(row: Row, words: Words) -> dict[str, Any]:
    """How the entries are known; an unknown one has no amount, so that its share is one of entries."""
    amounts = {"known": money(row["known_fen"]), "estimated": money(row["estimated_fen"]), "unknown": ""}
    lines = [(words[f"loss_tiles.{name}"], share_of(row[f"{name}_share"]), amounts[name]) for name in amounts]
    notes = [words["loss_tiles.entries"].format(entries=count(row["entries"]))]
    unknown = row["orders_with_unknown"]
    if unknown:
        notes.append(words["loss_tiles.lacking"].format(orders=count(unknown)))
    figure = share_of(row["known_share"])
    return {
        "title": words["loss_tiles.sure"],
        "figure": figure,
        "unit": words["loss_tiles.known_unit"],
        "tone": "warn" if unknown else "",
        "lines": lines,
        "notes": notes,
    }


def _days(row: Row) -> int:
    return (pd.Timestamp(str(row["window_end"])) - pd.Timestamp(str(row["window_start"]))).days + 1


def _waterfall(part: str, frame: pd.DataFrame, known: pd.DataFrame, words: Words) -> Chart:
    places = list(range(len(known)))[::-1]
    steps = known.assign(place=places)
    names = [word(words, "component", step) for step in known["step"]]
    is_whole = steps["step"].isin(WHOLE)
    is_cost = steps["amount_fen"] >= 0
    inside = part == "refund"
    kinds = [
        (ORANGE, words["waterfall.inside" if inside else "waterfall.spent"], ~is_whole & is_cost),
        (GREEN, words["waterfall.came_back"], ~is_whole & ~is_cost),
        (BLUE, words[f"component.{'whole_refund' if inside else 'whole_cost'}"], is_whole),
    ]
    figure = go.Figure()
    for colour, name, chosen in kinds:
        own = steps[chosen]
        if own.empty:
            continue
        labels = [
            f"{word(words, 'component', row['step'])} {money(row['amount_fen'])}" for row in own.to_dict("records")
        ]
        figure.add_bar(
            x=[int(each) / 100 for each in own["amount_fen"]],
            base=[int(each) / 100 for each in own["start_fen"]],
            y=list(own["place"]),
            orientation="h",
            width=0.36,
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            text=labels,
            hoverinfo="text",
            textposition="none",
        )
    ends = pd.concat([known["start_fen"], known["end_fen"]]).astype("float64") / 100
    lay_out(
        figure,
        100 + ROW * len(known),
        margin={"b": 78, "l": 8},
        barmode="overlay",
        legend=BELOW | {"traceorder": "normal"},
        xaxis=yuan_axis(ends.min(), ends.max(), words),
        yaxis={"visible": False, "range": [-0.55, len(known) - 0.1], "fixedrange": True},
        annotations=labelled(names, [money(each) for each in known["amount_fen"]], places),
    )
    return Chart(figure, words[f"waterfall.{part}"], _said(part, frame, words))


def labelled(names: list[str], values: list[str], places: list[int]) -> list[dict[str, Any]]:
    """A name above the left end of each bar, and its value above the right end."""
    return [
        {"text": text, "x": x, "xref": "paper", "xanchor": side, "y": place + 0.22, "yref": "y", "yanchor": "bottom"}
        | {"showarrow": False, "borderpad": 0}
        for name, value, place in zip(names, values, places, strict=True)
        for text, x, side in ((name, 0, "left"), (f"<b>{value}</b>", 1, "right"))
    ]


def _said(part: str, frame: pd.DataFrame, words: Words) -> str:
    """What the figure says in words, and which steps it cannot show."""
    amounts = frame.set_index("step")["amount_fen"]
    said = words[f"waterfall.{part}_note"].format(
        refund=money(amounts.get("refund")),
        whole=money(amounts.get("whole_cost" if part == "cost" else "whole_refund")),
    )
    lacking = frame[(frame["unknown_entries"] > 0) & ~frame["step"].isin([*WHOLE, "rest"])]
    if lacking.empty:
        return said
    listed = words["why.and"].join(
        words["waterfall.lacking_step"].format(
            step=word(words, "component", row["step"]), entries=count(row["unknown_entries"])
        )
        for row in lacking.to_dict("records")
    )
    found = [said, words["waterfall.lacking"].format(steps=listed)]
    return words["sentence.join"].join(found if part == "cost" else [*found, words["waterfall.mixed"]])


def _trend(frame: pd.DataFrame, words: Words) -> Chart:
    weeks = frame.sort_values("week_start").reset_index(drop=True)
    days = pd.to_datetime(weeks["week_start"])
    middle = days + pd.Timedelta(days=3)
    loss, low, high = (weeks[name].astype("float64") / 100 for name in ("loss_fen", "low_fen", "high_fen"))
    figure = go.Figure()
    for kind, colour in WEEKS.items():
        own = loss.notna() & (_kinds(weeks) == kind)
        if not own.any():
            continue
        figure.add_bar(
            x=days_text(middle[own]),
            y=list(loss[own]),
            width=BAR_MS,
            name=words[f"loss_trend.{kind}"],
            marker={"color": colour, "line": {"width": 0}},
            text=[_week(row, words) for row in weeks[own].to_dict("records")],
            hoverinfo="text",
            textposition="none",
            error_y={
                "type": "data",
                "symmetric": False,
                "array": list((high - loss)[own].fillna(0).clip(lower=0)),
                "arrayminus": list((loss - low)[own].fillna(0).clip(lower=0)),
                "color": GREY,
                "thickness": 1.2,
                "width": 3,
            },
        )
    expected = weeks["expected_fen"].astype("float64") / 100
    if expected.notna().any():
        figure.add_scatter(
            x=days_text(middle),
            y=[None if is_missing(each) else each for each in expected],
            mode="lines",
            line={"color": ORANGE, "width": 2, "dash": "dash"},
            name=words["loss_trend.expected"],
            hoverinfo="skip",
        )
    top = max([0.0, *high.dropna(), *loss.dropna(), *expected.dropna()])
    bottom = min([0.0, *loss.dropna()])
    lay_out(
        figure,
        320,
        margin={"b": 72, "l": 60},
        barmode="overlay",
        legend=BELOW | {"traceorder": "normal"},
        xaxis=day_axis(pd.concat([days, days + pd.Timedelta(days=6)]), words),
        yaxis=yuan_axis(bottom, top, words),
    )
    return Chart(figure, words["loss_trend.title"], _newest(weeks, words))


def _kinds(weeks: pd.DataFrame) -> pd.Series:
    """Which of WEEKS each week is."""
    judged = weeks["verdict"].map({"higher": "higher_week", "lower": "lower_week"}).fillna("loss")
    return judged.where(weeks["is_whole"], "part_week")


def _week(row: Row, words: Words) -> str:
    return (
        f"{day(row['week_start'])} – {day(row['week_end'])}<br>{money(row['loss_fen'])} · "
        f"{words['loss_trend.orders'].format(orders=count(row['disputed_orders']))}"
        f"<br>{words['rate.interval']} {between(row['low_fen'], row['high_fen'], 0)}"
    )


def _newest(weeks: pd.DataFrame, words: Words) -> str:
    """What the newest whole week says against those before it."""
    whole = weeks[weeks["is_whole"]]
    if whole.empty:
        return words["loss_trend.none"]
    row = whole.iloc[-1].to_dict()
    verdict = words[f"loss_trend.{row['verdict'] or 'no_verdict'}"]
    return words["loss_trend.note"].format(
        begins=weekday(row["week_start"], words),
        loss=money(row["loss_fen"]),
        orders=count(row["disputed_orders"]),
        interval=between(row["low_fen"], row["high_fen"], 0),
        verdict=verdict.format(expected=money(row["expected_fen"])),
    )
