"""How would the model have done, had it been used in the past? Trained on what was known then, judged on what came after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.escalation.fitting import Rows, base_level, fitted, fitted_boosted
from analysis.escalation.measures import Array, Whole

FOLDS = 5
FEWEST_CASES = 10
FEWEST_DAYS = 14


@dataclass(frozen=True)
class Fold:
    """Tested on the landmarks from `begins` to `ends`, trained on those up to `known_until`; days since 1970.

    `known_until` is the label's window before `begins`: every training label was known when the fold begins (purge), and no
    landmark of the days between trains anything (embargo).
    """

    known_until: int
    begins: int
    ends: int

    def trains(self, day: Whole) -> npt.NDArray[np.bool_]:
        return day <= self.known_until

    def past(self, rows: Rows) -> Rows:
        """What trains, with the outcomes that were known when the fold begins."""
        return rows.where(self.trains(rows.day)).as_known(self.begins)

    def tests(self, day: Whole) -> npt.NDArray[np.bool_]:
        return (day >= self.begins) & (day <= self.ends)


@dataclass(frozen=True)
class OutOfFold:
    """What the past models said of the landmarks after them, one entry a tested row.

    `row`: its place among all matured rows. `fold`: its place in `folds`. `boosted` is NaN where no challenger could be
    fitted. Empty: no fold could be judged.
    """

    folds: list[Fold]
    row: Whole
    fold: Whole
    base_rate: Array
    linear: Array
    boosted: Array


def folds(rows: Rows, label_days: int) -> list[Fold]:
    """At most FOLDS blocks of landmark days, from the first day on that FEWEST_CASES cases and FEWEST_DAYS days of landmarks
    could be learnt from.

    Empty: the history is too short to judge anything by.
    """
    days = np.unique(rows.day)
    first_day = np.sort(_first_day(rows))
    if len(first_day) < FEWEST_CASES:
        return []
    enough = max(first_day[FEWEST_CASES - 1], days[0] + FEWEST_DAYS)
    tested = days[days - label_days >= enough]
    blocks = [block for block in np.array_split(tested, FOLDS) if len(block)]
    return [Fold(int(block[0]) - label_days, int(block[0]), int(block[-1])) for block in blocks]


def walk_forward(rows: Rows, label_days: int, with_challenger: bool, seed: int) -> OutOfFold:
    """Each fold's models, judged on its own block; a fold whose past has one class only is left out."""
    used = [fold for fold in folds(rows, label_days) if _has_both(fold.past(rows).outcome)]
    places = [np.flatnonzero(fold.tests(rows.day)) for fold in used]
    said = [
        _said(fold.past(rows), rows.where(fold.tests(rows.day)), label_days, with_challenger, seed) for fold in used
    ]
    base, linear, boosted = np.concatenate([np.zeros((3, 0)), *said], axis=1)
    row = np.concatenate([np.zeros(0, dtype=np.int64), *places])
    fold = np.repeat(np.arange(len(used)), [len(each) for each in places])
    return OutOfFold(used, row, fold, base, linear, boosted)


def _said(past: Rows, tested: Rows, label_days: int, with_challenger: bool, seed: int) -> Array:
    """Probabilities of the tested rows by the base rate, the logistic regression and the challenger: 3 × rows."""
    found = np.full((3, len(tested.outcome)), np.nan)
    found[0] = base_level(past).probability(np.zeros(len(tested.outcome)), tested.shop, tested.shops)
    linear, its_level = fitted(past)
    found[1] = its_level.probability(linear.log_odds(tested.columns(linear.names)), tested.shop, tested.shops)
    if with_challenger and (challenger := fitted_boosted(past, linear.names, label_days, seed)):
        boosted, its_level = challenger
        found[2] = its_level.probability(boosted.log_odds(tested.columns(linear.names)), tested.shop, tested.shops)
    return found


def _has_both(outcome: Array) -> bool:
    return bool(len(outcome)) and outcome.min() < outcome.max()


def _first_day(rows: Rows) -> Whole:
    """Of each order that escalates, its first positive landmark."""
    positive = rows.outcome > 0
    order = np.argsort(rows.day[positive], kind="stable")
    _, first = np.unique(rows.order[positive][order], return_index=True)
    days: Whole = rows.day[positive][order][first]
    return days
