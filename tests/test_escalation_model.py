"""Training on worlds whose truth is known: it ranks where there is something to rank, and stands down in a word where not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.escalation import FEATURES, Trained, effects, evaluating, label_days, labelled, score, train
from analysis.escalation.fitting import Linear, Rows, base_level, fitted, matrix
from analysis.escalation.measures import Ranking
from analysis.escalation.verdicts import judged as verdict_of
from analysis.escalation.walkforward import folds, walk_forward
from tests.escalation_worlds import Array, World, delay_drives, nothing_drives, world

WINDOW, CAPACITY = 15, 10
Known = Mapping[str, Array]


def flips(known: Known) -> Array:
    """From day 84 on, late parcels are those that nobody complains about."""
    return np.where(known["day"] < 84, delay_drives(known), -4.5 - 0.9 * np.minimum(known["late"], 8))


def rises(known: Known) -> Array:
    return np.asarray(delay_drives(known) + np.where(known["day"] < 84, 0, 1.6))


def second_shop_is_calm(known: Known) -> Array:
    return np.asarray(delay_drives(known) - 0.8 * (known["shop"] == 1))


@cache
def delayed(seed: int = 1) -> World:
    return world(delay_drives, seed=seed)


@cache
def labels_of(seed: int = 1) -> pd.Series:
    return labelled(delayed(seed).features, delayed(seed).escalations, delayed(seed).as_of, WINDOW)


@cache
def trained() -> Trained:
    return train(delayed().features, labels_of(), delayed().as_of, WINDOW, CAPACITY)


def trained_on(made: World) -> Trained:
    labels = labelled(made.features, made.escalations, made.as_of, WINDOW)
    return train(made.features, labels, made.as_of, WINDOW, CAPACITY)


def overall(model: Trained) -> pd.DataFrame:
    return model.evaluation["overall"].set_index("measure")


def calibration_error(model: Trained) -> float:
    return float(overall(model)["value"]["calibration_error"])


def linear_of(model: Trained) -> Linear:
    assert model.linear is not None
    return model.linear


# Worlds


def test_where_delay_drives_the_model_beats_the_rule_and_is_calibrated() -> None:
    model = trained()
    assert (model.kind, model.verdict.code) == ("logistic", "better_than_rule")
    numbers = model.verdict.numbers
    assert numbers["precision"] > 1.3 * numbers["rule_precision"] and numbers["gain_low"] > 0
    assert calibration_error(model) <= 0.03
    assert list(overall(model).index)[-1] == "auc"
    assert (
        overall(model)["low"].le(overall(model)["value"]).all()
        and overall(model)["high"].ge(overall(model)["value"]).all()
    )
    assert effects(model)["feature"].iloc[0] == "delivery_late_days" and effects(model)["effect"].iloc[0] > 0.5


def test_on_orders_never_seen_its_probabilities_come_true() -> None:
    fresh, labels = delayed(seed=5), labels_of(seed=5)
    known = labels.notna()
    probability = score(trained(), fresh.features)["probability"][known].astype(float)
    outcome = labels[known].astype(float)
    assert probability.sum() / outcome.sum() == pytest.approx(1, abs=0.25)
    gap = (probability - outcome).groupby(pd.qcut(probability, 10)).sum().abs().sum() / len(outcome)
    assert gap <= 0.03


@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_drives_it_declines(seed: int) -> None:
    made = world(nothing_drives, orders=2000, seed=seed)
    model = trained_on(made)
    assert model.kind == "base_rate" and model.verdict.code in ("no_skill", "not_better_than_rule")
    found = score(model, made.features)
    assert found["probability"].isna().all() and found["reason_1"].isna().all()
    assert found["base_rate"].between(0, 0.2).all()


def test_six_cases_are_too_few_and_nothing_breaks() -> None:
    made = delayed()
    few = made.escalations.merge(made.features[["order_id"]].drop_duplicates()).head(6)
    labels = labelled(made.features, few, made.as_of, WINDOW)
    model = train(made.features, labels, made.as_of, WINDOW, CAPACITY)
    assert (model.kind, model.verdict.code) == ("base_rate", "too_few")
    assert model.verdict.numbers == {"cases": 6, "needed": 10}
    assert 0 < model.base_rate < 0.01
    assert score(model, made.features)["probability"].isna().all()
    assert all(frame.empty for frame in model.evaluation.values())


def test_it_notices_when_what_it_learnt_no_longer_holds() -> None:
    model = trained_on(world(flips, orders=4000))
    assert (model.verdict.code, model.kind, model.verdict.ranks) == ("regime_change", "base_rate", False)
    assert model.verdict.numbers["last_brier_skill"] < 0 < model.verdict.numbers["earlier_brier_skill"]


def test_it_notices_when_the_level_has_changed_and_the_order_still_holds() -> None:
    model = trained_on(world(rises, orders=4000))
    assert (model.verdict.code, model.verdict.ranks) == ("level_change", True)
    assert model.verdict.numbers["last_predicted_over_actual"] < 0.67


def test_a_small_shop_learns_from_the_large_ones() -> None:
    """Sixteen small shops of 800 orders, judged on 6000 new orders of theirs: by rank and by the log score, a proper score that
    hears of rare cases (of 98 % squared error hardly does), pooling beats the shop's own model and the pool without its level."""
    fresh = world(second_shop_is_calm, {"large": 10, "small": 6000}, seed=4)
    truth = labelled(fresh.features, fresh.escalations, fresh.as_of, WINDOW)
    kept = truth.notna() & (fresh.features["shop_id"] == "small")
    later = Rows.of(fresh.features[kept], truth[kept], FEATURES)

    def surprise(probability: Array) -> float:
        return float(-np.log(np.where(later.outcome > 0, probability, 1 - probability)).mean())

    def rank(probability: Array) -> float:
        return Ranking.of(later.outcome, probability).average_precision()

    better = []
    for seed in range(16):
        made = world(second_shop_is_calm, {"large": 3500, "small": 800}, seed=seed)
        labels = labelled(made.features, made.escalations, made.as_of, WINDOW)
        rows = Rows.of(made.features[labels.notna()], labels[labels.notna()], FEATURES)
        own = rows.where(rows.shop == 1)
        assert 5 <= own.positive_orders < 30
        linear, level = fitted(rows)
        odds = linear.log_odds(later.columns(linear.names))
        pooled = level.probability(odds, later.shop, later.shops)
        of_nobody = replace(level, factors={}).probability(odds, later.shop, later.shops)
        its_linear, its_level = fitted(own)
        alone = its_level.probability(its_linear.log_odds(later.columns(its_linear.names)), later.shop, later.shops)
        better.append(
            (rank(pooled) > rank(alone), surprise(pooled) < surprise(alone), surprise(pooled) < surprise(of_nobody))
        )
    assert np.sum(better, axis=0).min() >= 15


def test_taking_young_landmarks_for_negatives_breaks_predicted_over_actual() -> None:
    made = world(delay_drives, orders=3000, days=60, seed=2)
    honest = labelled(made.features, made.escalations, made.as_of, WINDOW)
    planted = honest.fillna(0)
    fresh, truth = delayed(seed=5), labels_of(seed=5)
    known = truth.notna().to_numpy()
    later = Rows.of(fresh.features[known], truth[known], FEATURES)

    def ratio(labels: pd.Series) -> float:
        kept = labels.notna()
        linear, level = fitted(Rows.of(made.features[kept], labels[kept], FEATURES))
        odds = linear.log_odds(later.columns(linear.names))
        return float(level.probability(odds, later.shop, later.shops).sum() / later.outcome.sum())

    assert ratio(honest) == pytest.approx(1, abs=0.15)
    assert ratio(planted) < 0.8


@pytest.mark.parametrize(
    ("skill", "gains", "last", "code"),
    [
        (0.1, (0.02, 0.2), 1.0, "better_than_rule"),
        (0.0, (0.02, 0.2), 1.0, "no_skill"),
        (-0.1, (0.02, 0.2), 1.0, "no_skill"),
        (0.1, (-0.05, 0.2), 1.0, "not_better_than_rule"),
        (0.1, (0.0, 0.0), 1.0, "not_better_than_rule"),
        (0.1, (0.02, 0.2), 2.0, "level_change"),
        (0.1, (0.02, 0.2), 1.4, "better_than_rule"),
    ],
)
def test_each_condition_alone_decides(skill: float, gains: tuple[float, float], last: float, code: str) -> None:
    """Twenty cases in each of two blocks; the draws of a gain lie evenly between two ends."""
    fold = np.repeat([0, 1], 20)
    ones = np.ones(40)
    tested = evaluating.Tested(ones, np.arange(40), fold, fold, ones / 2, ones / 2, {"model": ones, "rule": ones}, 10)
    value = {
        "brier_skill": skill,
        "last brier_skill": 0.1,
        "earlier brier_skill": 0.1,
        "gain rule": np.mean(gains),
        "precision model": 0.5,
        "precision rule": 0.4,
        "last precision model": 0.5,
        "last precision rule": 0.4,
        "last predicted_over_actual": last,
    }
    draws = pd.DataFrame({name: np.full(101, each) for name, each in value.items()})
    draws["gain rule"] = np.linspace(*gains, 101)
    draws["last predicted_over_actual"] = last * np.exp(np.linspace(-0.1, 0.1, 101))
    assert verdict_of(tested, evaluating.Drawn(pd.Series(value), draws), 40).code == code


# The ladder's upper end


def crossed(interaction: bool, seed: int = 0, orders: int = 4000) -> World:
    """One landmark an order; cases hang on whether two features have the same sign, or on their sum."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2026-01-01")
    day = np.sort(rng.integers(0, 60, orders))
    features = pd.DataFrame({"shop_id": "shop", "order_id": np.arange(orders).astype(str), "landmark_on": start + day})
    for name in FEATURES:
        features[name] = rng.normal(size=orders)
    a, b = features["age_days"], features["waiting_days"]
    odds = -3 + 3 * (a * b > 0) if interaction else -2.5 + a + b
    happens = rng.random(orders) < 1 / (1 + np.exp(-odds))
    features = features.assign(
        dealt_on=start + day, promise_missed=False, open_request_hours=0.0, paid_fen=rng.integers(1, 9, orders)
    )
    escalations = features.loc[happens, ["shop_id", "order_id"]].assign(began_on=start + day[happens] + 1)
    return World(features, escalations, pd.Timestamp("2026-03-10").date())


@pytest.mark.parametrize(
    ("interaction", "kind", "state"), [(True, "boosting", "better"), (False, "logistic", "not_better")]
)
def test_boosted_trees_take_over_only_where_their_gain_is_sure(interaction: bool, kind: str, state: str) -> None:
    made = crossed(interaction)
    labels = labelled(made.features, made.escalations, made.as_of, 3)
    model = train(made.features, labels, made.as_of, 3, CAPACITY)
    assert (model.kind, model.challenger["state"]) == (kind, state)
    assert (model.challenger["gain_low"] > 0) == interaction
    found = score(model, made.features)
    assert found["probability"].sum() / labels.sum() == pytest.approx(1, abs=0.2)
    assert calibration_error(model) <= 0.06


# Walking forward


def test_no_fold_learns_from_a_label_that_was_not_known_when_it_began() -> None:
    known = labels_of().notna()
    rows = Rows.of(delayed().features[known], labels_of()[known], FEATURES)
    found = folds(rows, WINDOW)
    assert len(found) == 5
    tested = np.zeros(len(rows.day), dtype=int)
    for fold in found:
        learnt, judged = rows.day[fold.trains(rows.day)], rows.day[fold.tests(rows.day)]
        assert all(day + WINDOW <= min(judged) for day in set(learnt))
        assert len(set(rows.order[fold.trains(rows.day) & (rows.outcome > 0)])) >= 10
        tested += fold.tests(rows.day)
    assert tested.max() == 1
    assert set(rows.day[tested == 0]) == {day for day in set(rows.day) if day < found[0].begins}


def test_what_happened_after_a_fold_began_changes_nothing_that_it_said() -> None:
    known = labels_of().notna()
    rows = Rows.of(delayed().features[known], labels_of()[known], FEATURES)
    before = walk_forward(rows, WINDOW, False, 0)
    fold = before.folds[2]
    rng = np.random.default_rng(0)
    still_open = rows.day + WINDOW > fold.begins
    other = replace(rows, outcome=np.where(still_open, rng.permutation(rows.outcome), rows.outcome))
    after = walk_forward(other, WINDOW, False, 0)
    assert after.folds[2] == fold
    inside = before.fold == 2
    assert (before.linear[inside] == after.linear[after.fold == 2]).all()
    assert (before.base_rate[inside] == after.base_rate[after.fold == 2]).all()
    assert (before.linear[before.fold == 4] != after.linear[after.fold == 4]).any()


def test_the_tables_are_what_reading_row_by_row_gives() -> None:
    known = labels_of().notna()
    features = delayed().features[known].reset_index(drop=True)
    rows = Rows.of(features, labels_of()[known], FEATURES)
    said = walk_forward(rows, WINDOW, False, 0)
    frame = features.iloc[said.row].assign(p=said.linear, base=said.base_rate, y=rows.outcome[said.row])
    listed = pd.concat([day.nlargest(CAPACITY, "p") for _, day in frame.groupby("landmark_on")])
    value = overall(trained())["value"]
    assert value["precision"] == pytest.approx(listed["y"].mean())
    assert value["recall"] == pytest.approx(listed["y"].sum() / frame["y"].sum())
    skill = 1 - ((frame["p"] - frame["y"]) ** 2).sum() / ((frame["base"] - frame["y"]) ** 2).sum()
    assert value["brier_skill"] == pytest.approx(skill)
    assert value["predicted_over_actual"] == pytest.approx(frame["p"].sum() / frame["y"].sum())
    gap = (frame["p"] - frame["y"]).groupby(pd.qcut(frame["p"], 10)).sum().abs().sum() / len(frame)
    assert value["calibration_error"] == pytest.approx(gap, rel=1e-6)
    best = frame.groupby("landmark_on")["y"].sum().clip(upper=CAPACITY).sum()
    assert overall(trained())["ceiling"]["recall"] == pytest.approx(best / frame["y"].sum())
    flagged = frame["promise_missed"] | (frame["open_request_hours"] > 24)
    caught = taken = 0.0
    for _, day in frame.groupby("landmark_on"):
        share = min(CAPACITY / flagged[day.index].sum(), 1)
        caught += share * day["y"][flagged[day.index]].sum()
        taken += share * flagged[day.index].sum()
    rule = trained().evaluation["baselines"].set_index("name").loc["rule"]
    assert rule["precision"] == pytest.approx(caught / taken)
    months = trained().evaluation["by_month"]
    assert months["rows"].sum() == trained().evaluation["folds"]["rows"].sum() == len(frame)
    gain = trained().evaluation["gain"].query("name == 'model'")
    assert gain["recall"].is_monotonic_increasing and gain["recall"].iloc[-1] == pytest.approx(1)


def test_intervals_of_orders_are_wider_than_those_of_rows_would_be() -> None:
    """An order is seen on several days and has one outcome; drawing rows would take it for several."""
    table = overall(trained())
    cases = trained().evaluation["folds"]["cases"].sum()
    width = np.log(table["high"] / table["low"])["predicted_over_actual"]
    assert width > 2 * 1.96 * np.sqrt(1 / cases) * 0.8
    rows = delayed().features["order_id"].value_counts().mean()
    assert rows > 2


# Bad input


def test_the_same_inputs_give_the_same_scores_to_the_bit() -> None:
    again = train(delayed().features.copy(), labels_of().copy(), delayed().as_of, WINDOW, CAPACITY)
    assert again.version == trained().version
    ours, theirs = (score(model, delayed().features)["probability"].to_numpy(float) for model in (trained(), again))
    assert ours.tobytes() == theirs.tobytes()
    pd.testing.assert_frame_equal(overall(again), overall(trained()))


def test_one_class_no_history_and_no_rows_have_a_word_each() -> None:
    made = delayed().features.head(400)
    everything = pd.Series(1, index=made.index, dtype="Int8")
    assert train(made, everything, delayed().as_of, WINDOW, CAPACITY).verdict.code == "one_class"
    nothing = train(made, everything * 0, delayed().as_of, WINDOW, CAPACITY)
    assert nothing.verdict.code == "too_few"
    young = train(made, everything.mask(everything == 1), delayed().as_of, WINDOW, CAPACITY)
    assert (young.kind, young.verdict.code) == ("none", "no_history")
    assert score(young, made)["base_rate"].isna().all()
    empty = train(made.head(0), everything.head(0), delayed().as_of, WINDOW, CAPACITY)
    assert empty.verdict.code == "no_history" and score(trained(), made.head(0)).empty


def test_a_history_of_a_few_days_is_too_short_to_judge() -> None:
    made = delayed()
    first = made.features["landmark_on"] <= made.features["landmark_on"].min() + pd.Timedelta(days=28)
    model = train(made.features[first], labels_of()[first], made.as_of, WINDOW, CAPACITY)
    assert (model.kind, model.verdict.code) == ("base_rate", "too_short")


def test_a_feature_that_is_all_missing_is_dropped_and_named() -> None:
    made = delayed()
    blank = made.features.assign(courier_rate=np.nan, province_rate=np.inf)
    model = train(blank, labels_of(), made.as_of, WINDOW, CAPACITY)
    assert model.dropped == ("courier_rate", "province_rate")
    assert model.verdict.code == "better_than_rule"
    assert score(model, made.features)["probability"].notna().all()


def test_a_shop_of_ten_orders_and_one_never_seen_get_a_probability_near_the_others() -> None:
    made = world(delay_drives, {"large": 3000, "tiny": 10}, seed=1)
    model = trained_on(made)
    assert model.verdict.ranks and model.level is not None
    assert model.level.factors["tiny"] == pytest.approx(1, abs=0.25)
    row = made.features[made.features["landmark_on"] == made.features["landmark_on"].max()].head(1)
    seen, unseen = (score(model, row.assign(shop_id=shop))["probability"].iloc[0] for shop in ("tiny", "nobody"))
    assert seen == pytest.approx(unseen, rel=0.3)


def test_landmarks_after_the_day_of_training_teach_nothing() -> None:
    made = delayed()
    early = made.as_of - pd.Timedelta(days=10)
    kept = made.features["landmark_on"] <= pd.Timestamp(early)
    one = train(made.features, labels_of(), early, WINDOW, CAPACITY)
    other = train(made.features[kept], labels_of()[kept], early, WINDOW, CAPACITY)
    assert one.version == other.version


def test_a_planted_leak_raises_the_alarm() -> None:
    made = delayed()
    leaking = made.features.assign(reason_rate=labels_of().fillna(0).astype(float))
    model = train(leaking, labels_of(), made.as_of, WINDOW, CAPACITY)
    assert model.alarms["auc"] > 0.9 and model.alarms["reason_rate"] > 0.1
    assert "auc" not in trained().alarms and "reason_rate" not in trained().alarms


def test_base_rates_are_drawn_towards_the_others_where_little_is_known() -> None:
    rows = Rows(
        ("x",),
        np.zeros((1100, 1)),
        np.r_[np.repeat([1.0, 0.0], [50, 950]), np.repeat([1.0, 0.0], [10, 90])],
        np.full(1100, 5),
        np.arange(1100),
        np.repeat([0, 1], [1000, 100]),
        ("large", "small"),
    )
    level = base_level(rows)
    mean = 60 / 1100
    assert 1 / (1 + np.exp(-level.shift)) == pytest.approx(mean)
    assert level.factors == pytest.approx({"large": 55 / (1000 * mean + 5), "small": 15 / (100 * mean + 5)})


# Reasons


def test_reasons_add_up_to_the_log_odds_of_scikit_learns_own_model() -> None:
    linear, some = linear_of(trained()), delayed().features.tail(50)
    values = matrix(some, linear.names)
    filled = np.where(np.isnan(values), linear.medians, values)
    parts = linear.contributions(some)
    assert parts.sum(axis=0) + linear.intercept == pytest.approx(linear.estimator.decision_function(filled))
    assert linear.log_odds(values) == pytest.approx(linear.estimator.decision_function(filled))


def test_the_three_largest_up_and_one_down_are_named() -> None:
    some = delayed().features.tail(60)
    found = score(trained(), some)
    linear = linear_of(trained())
    parts = pd.DataFrame(linear.contributions(some).T, columns=list(linear.names), index=some.index)
    for place in range(len(some)):
        row, said = parts.iloc[place], found.iloc[place]
        up = row[row > 0].sort_values(ascending=False).head(3)
        assert said[["reason_1", "reason_2", "reason_3"]].dropna().tolist() == up.index.tolist()
        assert said["reason_1_weight"] == pytest.approx(up.iloc[0])
        assert said["counter_reason"] == row.idxmin()


def test_only_the_likeliest_are_explained_where_that_is_asked() -> None:
    some = delayed().features.tail(60)
    every, few = score(trained(), some), score(trained(), some, explained=5)
    assert few["reason_1"].notna().sum() == 5
    assert few["probability"].equals(every["probability"])
    assert set(few.index[few["reason_1"].notna()]) == set(every["probability"].nlargest(5).index)
    assert few.dropna(subset="reason_1").equals(every.loc[few.dropna(subset="reason_1").index])


def test_scikit_learn_is_imported_by_training_only() -> None:
    code = "import sys; import analysis.escalation; print('sklearn' in sys.modules, 'skops' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["False", "False"]


def test_the_window_of_this_world_is_read_from_its_delays() -> None:
    assert label_days(delayed().escalations, delayed().as_of) == pytest.approx(WINDOW, abs=2)
