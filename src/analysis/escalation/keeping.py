"""The model on disk: a card in JSON with every number, and scikit-learn's estimator in a file that cannot run code.

The card names the estimator's file by its digest and is replaced last, in one step: whatever is interrupted, the card that
is there belongs to the file that is there. Whatever does not fit is refused, never half used.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.escalation.columns import FEATURES
from analysis.escalation.drift import Reference
from analysis.escalation.fitting import Boosted, Level, Linear
from analysis.escalation.training import KINDS, Trained
from analysis.escalation.verdicts import Verdict
from analysis.settings import UserError

FORMAT = 2
CARD = "escalation.json"
ESTIMATOR = "escalation-{digest}.skops"
ALLOWED_TYPES = (
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)
"""What an estimator's file may hold beyond what skops itself knows to be harmless. Never taken from the file."""
REASONS = ("missing", "unreadable", "altered", "other_version", "other_features", "other_context", "unknown_type")


class Refused(UserError):
    """The kept model is not used; `reason` is one of REASONS."""

    def __init__(self, reason: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.reason = reason


@dataclass(frozen=True)
class Kept:
    """The model to use (None: there is none), whether it was trained just now, and what the reader must be told.

    `notice`: '' or `training_failed` (the earlier model goes on) or `nothing_kept` (training failed and no earlier model may be
    used); `problem`: the error's own words. `refused`: why the model that lay there was not used, one of REASONS, or ''.
    """

    trained: Trained | None
    is_new: bool
    notice: str = ""
    problem: str = ""
    refused: str = ""


def kept(
    folder: Path, context: Mapping[str, Any], as_of: date, retrain_days: int, training: Callable[[], Trained]
) -> Kept:
    """The kept model, or a new one where it is due or does not fit; a failed training keeps the last good one, and says so.

    A model trained on days after `as_of` has seen what the report must not know: it is never used.
    """
    try:
        last: Trained | None = load(folder, context, with_estimator=False)
        refused = ""
    except Refused as error:
        last, refused = None, error.reason.replace("missing", "")
    if last is not None and not is_due(last.as_of, as_of, retrain_days):
        return Kept(last, False)
    try:
        trained = replace(training(), replaced=refused)
        save(trained, folder, context)
    except Exception as error:  # whatever it is, the reader still gets the last good model and is told
        usable = last if last is not None and last.as_of <= as_of else None
        notice = "training_failed" if usable else "nothing_kept"
        return Kept(usable, False, notice, f"{type(error).__name__}: {error}", refused)
    return Kept(trained, True, refused=refused)


def is_due(trained_on: date, as_of: date, retrain_days: int) -> bool:
    """Whether the model is `retrain_days` old, or knows days that the report must not know."""
    return not 0 <= (as_of - trained_on).days < retrain_days


def save(trained: Trained, folder: Path, context: Mapping[str, Any]) -> Path:
    """Writes the estimator, then the card, then removes estimators that no card names; returns the card's path.

    `context`: what must be the same when the model is used again (JSON values), like settings that the label depends on.
    """
    import skops.io

    folder.mkdir(parents=True, exist_ok=True)
    estimator = trained.boosted.estimator if trained.boosted else trained.linear.estimator if trained.linear else None
    name, digest = None, None
    if estimator is not None:
        content = skops.io.dumps(estimator)
        digest = hashlib.sha256(content).hexdigest()
        name = ESTIMATOR.format(digest=digest[:12])
        _write(folder / name, content)
    card = {
        "format": FORMAT,
        "model_version": trained.version,
        "versions": _versions(),
        "features": list(FEATURES),
        "context": dict(context),
        "estimator": {"file": name, "sha256": digest},
        "model": _as_json(trained),
    }
    card["sha256"] = _digest(card)
    _write(folder / CARD, json.dumps(card, ensure_ascii=False, indent=1).encode())
    for old in folder.glob(ESTIMATOR.format(digest="*")):
        if old.name != name:
            old.unlink()
    return folder / CARD


def load(folder: Path, context: Mapping[str, Any], *, with_estimator: bool = True) -> Trained:
    """The model that `save` wrote. Raises Refused where there is none, or where it is not to be trusted: see REASONS.

    Without the estimator, a logistic regression scores by the card's numbers, the same to the bit: its file is compared with
    its digest and not opened, and scikit-learn is not imported. Trees are always loaded.
    """
    card = _card(folder / CARD)
    if card.get("versions") != _versions():
        raise _refused("other_version", folder, "模型由其他版本训练", "the model comes from another version")
    if card.get("features") != list(FEATURES):
        raise _refused("other_features", folder, "模型使用的特征不同", "the model knows other features")
    if card.get("context") != json.loads(json.dumps(dict(context))):
        raise _refused(
            "other_context", folder, "模型训练时的设置或数据范围不同", "the model was trained under other settings"
        )
    try:
        is_needed = with_estimator or bool(card["model"]["boosted"])
        estimator = _estimator(folder, is_needed, **card["estimator"])
        return _from_json(card["model"], estimator)
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(
            "unreadable", folder, f"模型卡片不完整（{error}）", f"its card is incomplete ({error})"
        ) from error


def _card(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise _refused("missing", file.parent, "还没有模型", "there is no model yet")
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(card, dict) or card.get("format") != FORMAT:
            raise ValueError("format")
    except (ValueError, OSError) as error:
        raise _refused(
            "unreadable", file.parent, f"模型卡片读不懂（{error}）", f"its card cannot be read ({error})"
        ) from error
    if card.pop("sha256", None) != _digest(card):
        raise _refused("altered", file.parent, f"{file.name} 被改动过", f"{file.name} was altered")
    return card


def _estimator(folder: Path, is_needed: bool, file: str | None, sha256: str | None) -> Any:
    if file is None:
        return None
    path = folder / Path(file).name
    content = path.read_bytes() if path.exists() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise _refused("altered", folder, f"{path.name} 被改动过或不见了", f"{path.name} was altered or is gone")
    if not is_needed:
        return None
    import skops.io

    if unknown := sorted(set(skops.io.get_untrusted_types(data=content)) - set(ALLOWED_TYPES)):
        listed = ", ".join(unknown)
        raise _refused(
            "unknown_type", folder, f"模型文件里有不认识的类型 {listed}", f"its file holds unknown types: {listed}"
        )
    return skops.io.loads(content, trusted=list(ALLOWED_TYPES))


def _refused(reason: str, folder: Path, zh: str, en: str) -> Refused:
    return Refused(
        reason,
        f"升级预测模型不能用：{folder}：{zh}。下次生成报告时会重新训练。",
        f"The escalation model cannot be used: {folder}: {en}. It is trained anew with the next report.",
    )


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("analysis", "scikit-learn", "skops", "numpy")}


def _digest(card: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(card, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _write(file: Path, content: bytes) -> None:
    """Replaces the file in one step: a reader sees the old one or the new one."""
    aside = file.with_name(f"{file.name}.new")
    with aside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(file)


def _as_json(trained: Trained) -> dict[str, Any]:
    """Every number of the model; floats survive JSON to the last bit."""
    linear, boosted = trained.linear, trained.boosted
    arrays = ("medians", "means", "scales", "weights")
    return {
        "kind": trained.kind,
        "as_of": trained.as_of.isoformat(),
        "label_days": trained.label_days,
        "capacity": trained.capacity,
        "verdict": {"code": trained.verdict.code, "numbers": dict(trained.verdict.numbers)},
        "levels": {
            name: each and asdict(each)
            for name, each in (
                ("base", trained.base),
                ("level", trained.level),
                ("boosted_level", trained.boosted_level),
            )
        },
        "linear": linear
        and {"names": list(linear.names), "intercept": linear.intercept}
        | {name: getattr(linear, name).tolist() for name in arrays},
        "boosted": boosted
        and {"names": list(boosted.names)}
        | {name: getattr(boosted, name) for name in ("slope", "intercept", "later_from")},
        "dropped": list(trained.dropped),
        "replaced": trained.replaced,
        "challenger": dict(trained.challenger),
        "alarms": dict(trained.alarms),
        "label_card": dict(trained.label_card),
        "reference": trained.reference and asdict(trained.reference),
        "evaluation": {name: _columns(frame) for name, frame in trained.evaluation.items()},
    }


def _from_json(model: Mapping[str, Any], estimator: Any) -> Trained:
    if model["kind"] not in KINDS:
        raise ValueError(model["kind"])
    levels = {name: each and Level(**each) for name, each in model["levels"].items()}
    linear, boosted = model["linear"], model["boosted"]
    if linear:
        arrays = {name: np.array(linear[name], dtype=float) for name in ("medians", "means", "scales", "weights")}
        own = None if boosted else estimator
        linear = Linear(tuple(linear["names"]), intercept=linear["intercept"], estimator=own, **arrays)
    if boosted:
        boosted = Boosted(**{**boosted, "names": tuple(boosted["names"])}, estimator=estimator)
    return Trained(
        model["kind"],
        date.fromisoformat(model["as_of"]),
        model["label_days"],
        model["capacity"],
        Verdict(**model["verdict"]),
        linear=linear,
        boosted=boosted,
        dropped=tuple(model["dropped"]),
        replaced=model["replaced"],
        challenger=model["challenger"],
        alarms=model["alarms"],
        label_card=model["label_card"],
        reference=model["reference"] and Reference(**model["reference"]),
        evaluation={name: _frame(columns) for name, columns in model["evaluation"].items()},
        **levels,
    )


def _columns(frame: pd.DataFrame) -> dict[str, Any]:
    """A table as JSON: each column's type and values; what is missing is null."""
    columns: dict[str, Any] = {}
    for name in frame:
        values = frame[name].tolist()
        is_date = any(isinstance(each, date) for each in values)
        columns[str(name)] = {
            "type": "date" if is_date else str(frame[name].dtype),
            "values": [None if pd.isna(each) else each.isoformat() if is_date else each for each in values],
        }
    return columns


def _frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series([each and date.fromisoformat(each) for each in column["values"]], dtype="object")
            if column["type"] == "date"
            else pd.Series(column["values"], dtype=column["type"])
            for name, column in columns.items()
        }
    )
