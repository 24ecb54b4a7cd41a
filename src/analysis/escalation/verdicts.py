"""Is the ranking worth following, or is the rule as good? A code and its numbers; the words are the reader's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.escalation.evaluating import MODEL, WIDE, Drawn, Tested
from analysis.escalation.walkforward import FEWEST_CASES

RANKING = ("better_than_rule", "level_change", "drifted")
NOT_RANKING = (
    "no_history", "one_class", "too_few", "too_short", "no_skill", "not_better_than_rule", "regime_change",
)  # fmt: skip
CODES = (*RANKING, *NOT_RANKING)
ONE_SIDED = (0.1, 0.9)
LEVEL_RATIO = 1.5
LEVEL_SPREADS = 2.58  # one block in a hundred where nothing changed
AUC_ALARM = 0.90
FEATURE_ALARM = 0.10


@dataclass(frozen=True)
class Verdict:
    """`code`, one of CODES, and the numbers that led to it, by name; NaN and infinity are left out.

    - `no_history`: no landmark is old enough to have a label. `one_class`: every matured order escalated.
    - `too_few`: fewer than `needed` matured `cases`; `too_short`: no past day has that many known before it.
    - `no_skill`: the probabilities are no better than the base rate (`brier_skill` ≤ 0).
    - `not_better_than_rule`: at `capacity` orders a day, `precision` is not shown to be above `rule_precision`.
    - `regime_change`: the latest block of days (`last_…`) no longer follows what was learnt before it.
    - `level_change`: the order still holds, but predicted / actual of the latest block is off: probabilities are not to be
      trusted. `better_than_rule`: none of these. `drifted`: `drift.judged` saw other orders than were learnt from, so the order
      holds only as far as the past does.
    """

    code: str
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def ranks(self) -> bool:
        """Whether the model's order may be shown."""
        return self.code in RANKING


def verdict(code: str, **numbers: Any) -> Verdict:
    return Verdict(code, {name: float(each) for name, each in numbers.items() if np.isfinite(each)})


def judged(tested: Tested, found: Drawn, cases: int) -> Verdict:
    """The verdict on walk-forward predictions.

    The rule counts as beaten where the lower end of the one-sided 90 % interval of the paired gain is above 0: among shops
    whose model knows nothing, chance alone puts half of the gains above 0.
    """
    value = found.value
    gain_low, gain_high = found.interval("gain rule", ONE_SIDED)
    skill_low, skill_high = found.interval("brier_skill")
    last = tested.fold == tested.fold.max(initial=0)
    last_cases, earlier_cases = (len(np.unique(tested.order[block & (tested.outcome > 0)])) for block in (last, ~last))
    numbers = {
        "cases": cases,
        "needed": FEWEST_CASES,
        "capacity": tested.capacity,
        "brier_skill": value["brier_skill"],
        "brier_skill_low": skill_low,
        "brier_skill_high": skill_high,
        "precision": value[f"precision {MODEL}"],
        "rule_precision": value["precision rule"],
        "gain": value["gain rule"],
        "gain_low": gain_low,
        "gain_high": gain_high,
        "last_cases": last_cases,
        "last_brier_skill": value["last brier_skill"],
        "earlier_brier_skill": value["earlier brier_skill"],
        "last_precision": value[f"last precision {MODEL}"],
        "last_rule_precision": value["last precision rule"],
        "last_predicted_over_actual": value["last predicted_over_actual"],
    }
    can_tell = bool(tested.fold.max(initial=0)) and last_cases >= FEWEST_CASES
    _, last_high = found.interval("last brier_skill", WIDE)
    is_off = can_tell and _is_off(found, last_cases, earlier_cases)
    is_worse = last_high < 0 or (is_off and value["last brier_skill"] < 0)
    if can_tell and value["earlier brier_skill"] > 0 and is_worse:
        return verdict("regime_change", **numbers)
    if not value["brier_skill"] > 0:
        return verdict("no_skill", **numbers)
    if not gain_low > 0:
        return verdict("not_better_than_rule", **numbers)
    return verdict("level_change" if is_off else "better_than_rule", **numbers)


def _is_off(found: Drawn, last_cases: int, earlier_cases: int) -> bool:
    """Whether predicted / actual of the latest block is off by more than LEVEL_RATIO and by more than chance makes it.

    Chance is in both: in the block, whose spread the draws show, and in the cases that the level was learnt from.
    """
    off = float(np.log(found.value["last predicted_over_actual"]))
    draws = np.log(found.draws["last predicted_over_actual"].to_numpy(dtype=float))
    spread = np.std(draws[np.isfinite(draws)]) * np.sqrt(1 + last_cases / max(earlier_cases, 1))
    return bool(abs(off) > max(np.log(LEVEL_RATIO), LEVEL_SPREADS * spread))
