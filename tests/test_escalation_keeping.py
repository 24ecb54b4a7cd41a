"""The model on disk: what comes back is what was kept, and what does not fit is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.escalation import Refused, Trained, is_due, keeping, kept, labelled, load, save, score, train
from analysis.escalation.fitting import Boosted, Level
from analysis.escalation.verdicts import Verdict
from analysis.settings import UserError
from tests.escalation_worlds import World, world

CONTEXT = {"label_days": 15, "capacity": 10}


@cache
def made() -> World:
    return world(orders=1500, seed=1)


@cache
def trained() -> Trained:
    labels = labelled(made().features, made().escalations, made().as_of, 15)
    return train(made().features, labels, made().as_of, 15, 10)


def changed(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """The card with a change, signed anew as someone who knows how would."""
    file = folder / keeping.CARD
    card = json.loads(file.read_text("utf-8"))
    change(card)
    card.pop("sha256")
    file.write_text(json.dumps({**card, "sha256": keeping._digest(card)}), "utf-8")


def kept_version(folder: Path) -> object:
    return json.loads((folder / keeping.CARD).read_text("utf-8"))["model_version"]


def refused(folder: Path, context: dict[str, Any] = CONTEXT) -> str:
    with pytest.raises(UserError) as error:
        load(folder, context)
    assert isinstance(error.value, Refused) and error.value.reason in keeping.REASONS
    assert str(folder) in error.value.zh and str(folder) in error.value.en
    return error.value.reason


def test_what_comes_back_scores_to_the_bit_and_tells_the_same(tmp_path: Path) -> None:
    save(trained(), tmp_path, CONTEXT)
    back = load(tmp_path, CONTEXT)
    ours, theirs = score(trained(), made().features), score(back, made().features)
    pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert (back.version, back.verdict, back.as_of) == (trained().version, trained().verdict, trained().as_of)
    assert back.reference == trained().reference and back.base == trained().base
    for name, frame in trained().evaluation.items():
        pd.testing.assert_frame_equal(back.evaluation[name], frame, check_exact=True)
    assert back.linear is not None
    some = np.random.default_rng(0).normal(size=(5, len(back.linear.names)))
    before = trained().linear
    assert before is not None
    assert (back.linear.estimator.predict_proba(some) == before.estimator.predict_proba(some)).all()


def test_without_the_estimator_the_scores_are_the_same_and_scikit_learn_is_not_imported(tmp_path: Path) -> None:
    save(trained(), tmp_path, CONTEXT)
    light = load(tmp_path, CONTEXT, with_estimator=False)
    assert light.linear is not None and light.linear.estimator is None
    pd.testing.assert_frame_equal(score(light, made().features), score(trained(), made().features), check_exact=True)
    source = (
        "import sys\nfrom pathlib import Path\nfrom analysis.escalation import load\n"
        f"load(Path({str(tmp_path)!r}), {CONTEXT!r}, with_estimator=False)\nprint('sklearn' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "False\n"
    )
    (file,) = tmp_path.glob("*.skops")
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(Refused) as error:
        load(tmp_path, CONTEXT, with_estimator=False)
    assert error.value.reason == "altered"


def test_boosted_trees_come_back_as_well(tmp_path: Path) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    linear = trained().linear
    assert linear is not None
    rng = np.random.default_rng(0)
    values = rng.normal(size=(300, len(linear.names)))
    trees = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(values, values[:, 0] > 0)
    level, verdict = Level(0.1, {"shop": 1.5}), Verdict("better_than_rule", {"gain": 0.1})
    boosted = Boosted(linear.names, trees, 0.9, -0.1, 20000)
    model = replace(trained(), kind="boosting", verdict=verdict, boosted=boosted, boosted_level=level)
    save(model, tmp_path, CONTEXT)
    back = load(tmp_path, CONTEXT)
    pd.testing.assert_frame_equal(score(model, made().features), score(back, made().features), check_exact=True)
    assert score(back, made().features)["probability"].notna().all()


def test_a_model_without_an_estimator_is_a_card_alone(tmp_path: Path) -> None:
    alone = replace(trained(), kind="base_rate", linear=None, level=None, verdict=Verdict("too_few", {"cases": 3.0}))
    save(trained(), tmp_path, CONTEXT)
    save(alone, tmp_path, CONTEXT)
    assert [file.name for file in tmp_path.iterdir()] == [keeping.CARD]
    assert load(tmp_path, CONTEXT).verdict == alone.verdict


@pytest.mark.parametrize("at", [0, 0.3, 0.6, 0.99])
def test_one_flipped_byte_in_the_estimator_is_refused(tmp_path: Path, at: float) -> None:
    save(trained(), tmp_path, CONTEXT)
    (file,) = tmp_path.glob("*.skops")
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1
    file.write_bytes(content)
    assert refused(tmp_path) == "altered"


def test_an_altered_or_torn_card_and_a_lost_estimator_are_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == "missing"
    card = save(trained(), tmp_path, CONTEXT)
    text = card.read_text("utf-8")
    card.write_text(text.replace('"intercept": -', '"intercept": ', 1), "utf-8")
    assert refused(tmp_path) == "altered"
    for torn in (text[: len(text) // 2], "", "[]", "null"):
        card.write_text(torn, "utf-8")
        assert refused(tmp_path) == "unreadable"
    card.write_text(text, "utf-8")
    next(tmp_path.glob("*.skops")).unlink()
    assert refused(tmp_path) == "altered"


def test_another_version_other_features_and_another_context_are_refused(tmp_path: Path) -> None:
    save(trained(), tmp_path, CONTEXT)
    assert refused(tmp_path, {**CONTEXT, "label_days": 20}) == "other_context"
    changed(tmp_path, lambda card: card["features"].reverse())
    assert refused(tmp_path) == "other_features"
    save(trained(), tmp_path, CONTEXT)
    changed(tmp_path, lambda card: card["versions"].update({"scikit-learn": "1.0"}))
    assert refused(tmp_path) == "other_version"
    save(trained(), tmp_path, CONTEXT)
    changed(tmp_path, lambda card: card["model"].pop("levels"))
    assert refused(tmp_path) == "unreadable"


def test_a_type_that_is_not_on_the_list_is_refused_even_with_a_card_to_match(tmp_path: Path) -> None:
    import functools
    import hashlib

    import skops.io

    save(trained(), tmp_path, CONTEXT)
    content = skops.io.dumps({"run": functools.partial(print, "run")})
    assert skops.io.get_untrusted_types(data=content)
    (tmp_path / "other.skops").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    changed(tmp_path, lambda card: card["estimator"].update(file="other.skops", sha256=digest))
    assert refused(tmp_path) == "unknown_type"


def test_a_card_cannot_point_out_of_its_folder(tmp_path: Path) -> None:
    save(trained(), tmp_path / "models", CONTEXT)
    (file,) = (tmp_path / "models").glob("*.skops")
    file.rename(tmp_path / file.name)
    changed(tmp_path / "models", lambda card: card["estimator"].update(file=f"../{file.name}"))
    assert refused(tmp_path / "models") == "altered"


def test_it_is_due_after_its_days_and_where_it_knows_too_much() -> None:
    day = date(2026, 5, 1)
    ages = {-1: True, 0: False, 6: False, 7: True, 30: True}
    assert {age: is_due(day, day + timedelta(days=age), 7) for age in ages} == ages


def test_it_is_trained_when_due_and_reused_when_not(tmp_path: Path) -> None:
    calls: list[int] = []

    def training(when: date) -> Callable[[], Trained]:
        def again() -> Trained:
            calls.append(1)
            return replace(trained(), as_of=when)

        return again

    day = date(2026, 5, 1)
    first = kept(tmp_path, CONTEXT, day, 7, training(day))
    assert first.is_new and first.refused == ""
    later = day + timedelta(days=6)
    found = kept(tmp_path, CONTEXT, later, 7, training(later))
    assert not found.is_new and found.trained is not None and found.trained.as_of == day and len(calls) == 1
    due = day + timedelta(days=7)
    assert kept(tmp_path, CONTEXT, due, 7, training(due)).is_new
    other = kept(tmp_path, {**CONTEXT, "capacity": 11}, due, 7, training(due))
    assert other.is_new and other.refused == "other_context"
    next_run = kept(tmp_path, {**CONTEXT, "capacity": 11}, due, 7, training(due))
    assert next_run.trained is not None and next_run.trained.replaced == "other_context", (
        "pages are made later than models"
    )
    assert other.trained is not None and other.trained.version == kept_version(tmp_path)
    next(tmp_path.glob("*.skops")).write_bytes(b"")
    again = kept(tmp_path, {**CONTEXT, "capacity": 11}, due, 7, training(due))
    assert again.is_new and again.refused == "altered" and load(tmp_path, {**CONTEXT, "capacity": 11}).as_of == due
    assert len(list(tmp_path.glob("*.skops"))) == 1


def test_a_failed_training_keeps_the_last_good_model_and_says_so(tmp_path: Path) -> None:
    def fails() -> Trained:
        raise ValueError("no such luck")

    day = trained().as_of
    first = kept(tmp_path, CONTEXT, day, 7, fails)
    assert (first.trained, first.notice, first.problem) == (None, "nothing_kept", "ValueError: no such luck")
    save(trained(), tmp_path, CONTEXT)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    later = kept(tmp_path, CONTEXT, day + timedelta(days=9), 7, fails)
    assert later.trained is not None and later.trained.version == trained().version
    assert (later.is_new, later.notice) == (False, "training_failed")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    earlier = kept(tmp_path, CONTEXT, day - timedelta(days=1), 7, fails)
    assert (earlier.trained, earlier.notice) == (None, "nothing_kept")
