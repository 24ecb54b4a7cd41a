"""Of all charts and tables: text from exports is never markup, no placeholder is left, no frame is changed."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from analysis import charts, rules, texts
from tests import rate_frames as made_up
from tests.report_frames import AS_OF, HOSTILE, SHOPS, covered_days, rates, segments
from tests.shown import Reading, figure

TYPES = rules.ticket_types()
ZH, EN = texts.load("zh"), texts.load("en")


def everything(words: Any) -> list[charts.Chart | charts.Fragment]:
    changed = charts.changes(made_up.changes(), made_up.change_totals(), made_up.SINCE, SHOPS, words)
    shown = [
        charts.tiles(
            *(rates(), made_up.status(), made_up.rolloff(), made_up.forecast(), made_up.agreement(2)),
            *(covered_days(), words),
        ),
        charts.rolloff(made_up.rolloff(), made_up.status(), words),
        charts.forecast(rates(), made_up.rolloff(), made_up.forecast(), made_up.backtest(), words),
        charts.definitions(made_up.rates_of_rules(), made_up.rules(), words),
        charts.reconciliation(
            *(made_up.reconciliation(), made_up.fits(), made_up.gaps(), made_up.figures(), made_up.rules()[:4], words)
        ),
        changed,
        charts.cohorts(made_up.cohorts(), words),
        charts.signal(made_up.signal(), made_up.signal_basis(), words),
        charts.segments(segments(), TYPES, words),
        charts.movers(segments(), TYPES, words),
    ]
    return [part for each in shown for parts in each.parts.values() for part in parts]


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_text_from_exports_is_never_markup_and_no_placeholder_is_left(words: Any) -> None:
    tags = {"p", "div", "table", "thead", "tbody", "tr", "th", "td", "h4", "b", "span", "small", "ul", "li"}
    tags |= {"dl", "dt", "dd", "details", "summary"}
    hostile = 0
    for part in everything(words):
        if isinstance(part, charts.Fragment):
            reading = Reading(part.html)
            assert set(reading.tags) <= tags
            hostile += HOSTILE in reading.text
            assert not re.search(r"\{\w+\}", reading.text.replace(HOSTILE, ""))
        else:
            assert not re.search(r"\{\w+\}", part.title + part.note)
            spec = str(figure(part))
            assert "<img" not in spec and "<script" not in spec
    assert hostile >= 1


def test_rule_frames_are_left_as_they_were() -> None:
    frames = [made_up.rolloff, made_up.status, made_up.forecast, made_up.backtest, made_up.reconciliation, made_up.fits]
    frames += [made_up.gaps, made_up.figures, made_up.changes, made_up.cohorts, made_up.signal]
    kept = [make() for make in frames]
    before = [each.copy(deep=True) for each in kept]
    rolloff, status, forecast, backtest, reconciliation, fits, gaps, figures, changes, cohorts, signal = kept
    charts.rolloff(rolloff, status, ZH)
    charts.forecast(rates(), rolloff, forecast, backtest, ZH)
    charts.tiles(rates(), status, rolloff, forecast, made_up.agreement(), covered_days(), ZH)
    charts.reconciliation(reconciliation, fits, gaps, figures, made_up.rules(), ZH)
    charts.changes(changes, made_up.change_totals(), AS_OF, SHOPS, ZH)
    charts.cohorts(cohorts, ZH), charts.signal(signal, made_up.signal_basis(), ZH)
    for frame, earlier in zip(kept, before, strict=True):
        pd.testing.assert_frame_equal(frame, earlier)
