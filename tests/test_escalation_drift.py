"""Drift: an alarm where orders changed, and one in twenty where they did not, whatever the number of orders."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.escalation import DRIFT_COLUMNS, Trained, drift, judged, labelled, score, train
from analysis.escalation.drift import Reference, psi
from analysis.escalation.fitting import Rows
from tests.escalation_worlds import World, delay_drives, world


@cache
def made() -> World:
    return world(delay_drives, orders=3000, seed=1)


@cache
def trained() -> Trained:
    labels = labelled(made().features, made().escalations, made().as_of, 15)
    return train(made().features, labels, made().as_of, 15, 10)


def newest(frame: pd.DataFrame) -> pd.DataFrame:
    last: pd.DataFrame = frame[frame["landmark_on"] == frame["landmark_on"].max()]
    return last


@pytest.mark.parametrize(("n", "m"), [(5000, 100), (2000, 500), (100_000, 50_000)])
def test_one_in_twenty_is_a_false_alarm_whatever_the_size_of_the_samples(n: int, m: int) -> None:
    rng = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    alarms, folk = 0, 0
    for _ in range(1000):
        value, threshold = psi(rng.multinomial(n, shares), rng.multinomial(m, shares), n, m)
        alarms += value > threshold
        folk += value > 0.1
    assert 0.03 <= alarms / 1000 <= 0.075
    assert (folk / 1000 > 0.2) == (m == 100)


def test_the_index_of_a_worked_example() -> None:
    """Two bins, 50:50 then 60:40 of 99 and 199 with half an observation added to each."""
    value, threshold = psi([49, 49], [119, 79], 98, 198)
    p, q = np.array([49.5, 49.5]) / 99, np.array([119.5, 79.5]) / 199
    assert value == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert threshold == pytest.approx(3.841459 * (1 / 98 + 1 / 198))


def test_bins_that_nothing_was_ever_in_do_not_count() -> None:
    assert psi([50, 0, 50], [40, 0, 60], 100, 100) == psi([50, 50], [40, 60], 100, 100)
    assert psi([50], [60], 50, 60)[0] == 0


def test_other_orders_raise_the_alarm_of_the_feature_and_of_the_score() -> None:
    same = newest(world(delay_drives, orders=3000, seed=9).features)
    found = drift(trained(), same, score(trained(), same)["probability"]).set_index("name")
    assert list(found.reset_index()[DRIFT_COLUMNS].columns) == DRIFT_COLUMNS
    assert not found.loc["delivery_late_days", "is_alarm"] and found["is_alarm"].sum() <= 3
    late = same.assign(delivery_late_days=same["delivery_late_days"] + 2)
    found = drift(trained(), late, score(trained(), late)["probability"])
    named = found.set_index("name")["is_alarm"]
    assert named["delivery_late_days"] and named["probability"]
    today = judged(trained(), found)
    assert (today.verdict.code, today.verdict.ranks, trained().verdict.code) == ("drifted", True, "better_than_rule")
    assert today.verdict.numbers["psi"] > today.verdict.numbers["psi_threshold"]
    assert today.version == trained().version, "it is still the model of the card"


def test_what_all_orders_of_a_day_share_is_no_drift_on_the_next_day() -> None:
    """A product has one history, so all of its orders move together from day to day: that is how the days always differed."""
    features = made().features.copy()
    rng = np.random.default_rng(3)
    days, of_day = np.unique(features["landmark_on"], return_inverse=True)
    features["product_rate"] = rng.normal(0.02, 0.005, len(days))[of_day]
    model = train(features, labelled(features, made().escalations, made().as_of, 15), made().as_of, 15, 10)
    assert model.reference is not None
    alarms, as_if_independent, other = 0, 0, 0
    for rate in rng.normal(0.02, 0.005, 40):
        morning = newest(made().features).assign(product_rate=rate)
        found = drift(model, morning).query("name == 'product_rate'")
        alarms += int(found["is_alarm"].sum())
        independent = found["threshold"] / model.reference.factors["product_rate"]
        as_if_independent += int((found["value"] > independent).sum())
        late = morning.assign(delivery_late_days=morning["delivery_late_days"] + 2)
        other += int(drift(model, late).query("name == 'delivery_late_days'")["is_alarm"].sum())
    assert (as_if_independent, other) == (40, 40)
    assert alarms <= 6


def test_a_real_change_is_heard_where_days_differ_anyway() -> None:
    """Twelve shops whose couriers are half a day slower or faster on some days, 324 open orders a morning."""
    heard = {share: np.zeros(2, dtype=int) for share in (0.0, 0.2, 0.3)}
    for seed in range(12):
        rng = np.random.default_rng(seed)
        past = world(delay_drives, orders=3000, seed=seed)
        days, of_day = np.unique(past.features["landmark_on"], return_inverse=True)
        features = slower(past.features, rng.normal(0, 0.3, len(days))[of_day])
        model = train(features, labelled(features, past.escalations, past.as_of, 15), past.as_of, 15, 10)
        morning = newest(world(delay_drives, orders=3000, seed=seed + 50).features)
        for share, alarms in heard.items():
            is_hit = rng.random(len(morning)) < share
            today = slower(morning, rng.normal(0, 0.3))
            today = today.assign(delivery_late_days=today["delivery_late_days"] + 3 * is_hit)
            found = drift(model, today, score(model, today)["probability"]).set_index("name")["is_alarm"]
            alarms += found[["delivery_late_days", "probability"]].to_numpy(int)
    assert heard[0.0].max() <= 2, "nothing has changed"
    assert heard[0.2][0] >= 11, "a fifth of the parcels three days later: heard in the feature"
    assert heard[0.3][1] >= 11, "three in ten: heard in the probabilities, so the verdict changes"


def slower(features: pd.DataFrame, days: Any) -> pd.DataFrame:
    late = features["delivery_late_days"]
    return features.assign(delivery_late_days=np.where(late > 0, np.clip(late + days, 0.05, None), 0))


def test_too_few_days_to_tell_how_days_differ_are_no_alarm() -> None:
    values = np.arange(400.0)
    named = {days: Reference.of(rows_of(values, np.arange(400) % days), ["age_days"], values) for days in (4, 5)}
    assert named[4].factors == {} and set(named[5].factors) == {"age_days", "probability"}
    assert named[5].factors["age_days"] == 1
    model = replace(trained(), reference=named[4])
    found = drift(model, newest(made().features).assign(age_days=1e6))
    assert not found["is_alarm"].any() and np.isinf(found["threshold"]).all()


def rows_of(values: np.ndarray, day: np.ndarray) -> Rows:
    nothing = np.zeros(len(values), dtype=np.int64)
    return Rows(("age_days",), values[:, None], nothing.astype(float), day, np.arange(len(values)), nothing, ("店",))


def test_a_feature_that_stops_coming_is_drift() -> None:
    same = newest(made().features)
    found = drift(trained(), same.assign(paid_yuan_log=np.nan)).set_index("name")
    assert found.loc["paid_yuan_log", "is_alarm"] and not found.loc["age_days", "is_alarm"]


def test_a_handful_of_orders_is_never_an_alarm() -> None:
    few = newest(made().features).head(20)
    assert not drift(trained(), few.assign(delivery_late_days=99.0))["is_alarm"].any()
    assert drift(trained(), few.head(0)).empty


def outcomes(factor: float) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    probability = rng.uniform(0.01, 0.2, 2000)
    label = (rng.random(2000) < factor * probability).astype(int)
    return pd.DataFrame(
        {"shop_id": "shop", "order_id": np.arange(2000).astype(str), "probability": probability, "label": label}
    )


def test_probabilities_that_no_longer_come_true_change_the_verdict() -> None:
    same = newest(made().features)
    fine = drift(trained(), same, outcomes=outcomes(1.0)).query("kind == 'outcome'").iloc[0]
    assert not fine["is_alarm"] and fine["low"] < 1 < fine["high"]
    off = drift(trained(), same, outcomes=outcomes(2.0))
    row = off.query("kind == 'outcome'").iloc[0]
    assert row["is_alarm"] and row["value"] == pytest.approx(0.5, abs=0.08)
    today = judged(trained(), off).verdict
    assert today.code == "level_change" and today.numbers["last_predicted_over_actual"] == row["value"]


def test_an_alarm_says_nothing_about_a_model_that_ranks_nothing() -> None:
    made_up = made().features.head(200)
    model = train(made_up, pd.Series(0, made_up.index, dtype="Int8"), made().as_of + timedelta(days=1), 15, 10)
    assert judged(model, drift(model, newest(made().features), outcomes=outcomes(2.0))) is model
