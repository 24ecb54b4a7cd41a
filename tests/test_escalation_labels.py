"""What became of each landmark: the window from the delays, and no answer where it is too early for one."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.escalation import FEATURES, known_on, label_card, label_days, labelled
from analysis.escalation.fitting import Rows
from analysis.escalation.labels import DEFAULT_DAYS, FEWEST_DELAYS, LONGEST_DAYS
from analysis.escalation.walkforward import folds
from tests.escalation_worlds import world

AS_OF = date(2026, 6, 30)


def started(*rows: tuple[str, date, date], initiated_by: str = "buyer") -> pd.DataFrame:
    """Order, deal day, day on which the platform stepped in."""
    return pd.DataFrame(
        [("shop", order, began, initiated_by, dealt) for order, dealt, began in rows],
        columns=["shop_id", "order_id", "began_on", "initiated_by", "dealt_on"],
    )


def seen(*rows: tuple[str, date]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["order_id", "landmark_on"])
    return frame.assign(shop_id="shop", landmark_on=pd.to_datetime(frame["landmark_on"]))


def test_a_landmark_is_positive_from_the_next_day_to_the_last_of_the_window() -> None:
    day = date(2026, 6, 1)
    escalations = started(*[(f"after {n}", day, day + timedelta(days=n)) for n in (0, 1, 7, 8)])
    found = labelled(seen(*[(f"after {n}", day) for n in (0, 1, 7, 8)]), escalations, AS_OF, 7)
    assert found.tolist() == [0, 1, 1, 0]


def test_a_young_landmark_has_no_label_even_where_the_intervention_is_known() -> None:
    young = AS_OF - timedelta(days=6)
    features = seen(
        ("quiet", young), ("known", young), ("old", young - timedelta(days=1)), ("future", date(2027, 1, 1))
    )
    found = labelled(features, started(("known", young, AS_OF)), AS_OF, 7)
    assert found.isna().tolist() == [True, True, False, True]
    assert str(found.dtype) == "Int8"


def test_what_the_platform_started_itself_is_no_positive_and_the_card_counts_it() -> None:
    day = date(2026, 6, 1)
    features, own = seen(("a", day), ("b", day)), started(("a", day, date(2026, 6, 3)), initiated_by="platform")
    escalations = pd.concat([own, started(("b", day, date(2026, 6, 3)))])
    found = labelled(features, escalations, AS_OF, 7)
    assert found.tolist() == [0, 1]
    card = label_card(features, escalations, found, AS_OF, 7)
    assert (card["by_platform"], card["escalations"], card["positive"], card["positive_orders"]) == (1, 1, 1, 1)
    assert card["last_matured"] == "2026-06-01" and card["never_at_a_landmark"] == 0


def test_what_had_begun_and_was_not_known_yet_is_neither_positive_nor_negative() -> None:
    day = date(2026, 6, 1)
    escalations = started(
        ("late", day, date(2026, 5, 30)), ("known", day, date(2026, 5, 30)), ("next", day, date(2026, 6, 3))
    )
    escalations = escalations.assign(known_on=[date(2026, 6, 5), date(2026, 5, 31), date(2026, 6, 5)])
    found = labelled(seen(("late", day), ("known", day), ("next", day)), escalations, AS_OF, 7)
    assert found.isna().tolist() == [True, False, False] and found.tolist()[1:] == [0, 1]


def test_the_index_of_the_features_is_kept() -> None:
    day = date(2026, 6, 1)
    features = seen(("a", day), ("b", day)).set_index(pd.Index([7, 3]))
    found = labelled(features, started(("b", day, date(2026, 6, 2))), AS_OF, 7)
    assert found.to_dict() == {7: 0, 3: 1}


@settings(max_examples=40, deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=12),
    marks=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), min_size=1, max_size=12),
    window=st.integers(1, 12),
)
def test_labels_are_those_that_reading_row_by_row_gives(
    events: list[tuple[int, int]], marks: list[tuple[int, int]], window: int
) -> None:
    first = AS_OF - timedelta(days=35)
    on = [first + timedelta(days=day) for day in range(60)]
    escalations = started(*[(str(order), first, on[day]) for order, day in events])
    found = labelled(seen(*[(str(order), on[day]) for order, day in marks]), escalations, AS_OF, window)
    for (order, day), label in zip(marks, found, strict=True):
        if day + window > 35:
            assert label is pd.NA
        else:
            assert label == any(who == order and day < when <= day + window for who, when in events)


def delays(count: int, mean: float, seed: int, days: int = 100) -> tuple[pd.DataFrame, float]:
    """Escalations of a shop whose orders come evenly over the days, as known on the last, and the true 95 % point."""
    rng = np.random.default_rng(seed)
    dealt, delay = rng.integers(0, days, count), np.floor(rng.exponential(mean, count)).astype(int)
    known = dealt + delay < days
    start = AS_OF - timedelta(days=days - 1)
    rows = [
        (str(n), start + timedelta(days=int(d)), start + timedelta(days=int(d + w)))
        for n, (d, w) in enumerate(zip(dealt[known], delay[known], strict=True))
    ]
    return started(*rows), float(np.ceil(mean * np.log(20))) - 1


@pytest.mark.parametrize("mean", [4.0, 12.0])
def test_the_window_is_the_delays_own_95_percent_point_although_young_orders_show_short_delays_only(
    mean: float,
) -> None:
    escalations, truth = delays(4000, mean, seed=1)
    assert label_days(escalations, AS_OF) == pytest.approx(truth, abs=2)


def test_a_growing_shop_does_not_look_faster_than_it_is() -> None:
    """Most orders are young: what the known delays say by themselves is far too short."""
    rng = np.random.default_rng(2)
    dealt = np.floor(100 * rng.random(20000) ** 0.2).astype(int)
    delay = np.floor(rng.exponential(12, len(dealt))).astype(int)
    known = dealt + delay < 100
    start = np.datetime64(AS_OF) - 99
    escalations = pd.DataFrame({"shop_id": "shop", "order_id": np.arange(known.sum()).astype(str)})
    escalations = escalations.assign(dealt_on=start + dealt[known], began_on=start + (dealt + delay)[known])
    assert np.quantile(delay[known], 0.95) < 31
    assert label_days(escalations, AS_OF) == pytest.approx(35, abs=2)


def test_too_few_delays_take_the_default_and_none_is_longer_than_the_longest() -> None:
    day = date(2026, 1, 1)
    some = [(str(n), day, day + timedelta(days=1)) for n in range(FEWEST_DELAYS - 1)]
    assert label_days(started(*some), AS_OF) == DEFAULT_DAYS
    assert label_days(started(*some, ("last", day, day + timedelta(days=1))), AS_OF) == 1
    late = [(str(n), day, day + timedelta(days=LONGEST_DAYS + n)) for n in range(30)]
    assert label_days(started(*late), AS_OF) <= LONGEST_DAYS
    assert label_days(started(), AS_OF) == DEFAULT_DAYS


def test_a_past_fold_learns_only_from_cases_that_were_known_when_it_began() -> None:
    made, window = world(days=150, seed=4), 15
    late = np.random.default_rng(4).integers(0, 25, len(made.escalations))
    escalations = made.escalations.assign(known_on=made.escalations["began_on"] + pd.to_timedelta(late, unit="D"))
    labels = labelled(made.features, escalations, made.as_of, window)
    matured = labels.notna()
    known = known_on(made.features, escalations, made.as_of, window)
    assert (known.notna() == (labels == 1).fillna(False))[matured].all()
    features = made.features[matured].reset_index(drop=True)
    rows = Rows.of(features, labels[matured], FEATURES, known[matured])
    hidden = 0
    for fold in folds(rows, window):
        begins = date(1970, 1, 1) + timedelta(days=fold.begins)
        by_then = escalations[escalations["known_on"] <= pd.Timestamp(begins)]
        then = labelled(features, by_then, begins, window)[fold.trains(rows.day)]
        past = fold.past(rows)
        assert past.outcome.tolist() == then.tolist()
        hidden += int((rows.outcome[fold.trains(rows.day)] != past.outcome).sum())
    assert hidden > 20
