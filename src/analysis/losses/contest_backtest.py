"""What would the advice to fight or to refund have brought on the closed cases?

Of a case that was fought both ends are known: what the fight brought, and what the refund would have cost. Of one that was
conceded or let lapse, nobody knows how a fight would have ended; it is compared only where the advice is to refund.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.losses.contest import KEY, Chance, branches, weighed_as_known_then

FEWEST_CASES = 20
RESAMPLES = 2000
LEVEL = 0.95
SEED = 20210326
COLUMNS = [
    "policy", "cases", "recommended_fen", "policy_fen", "recommended_rate_fen", "policy_rate_fen", "difference_fen",
    "difference_low_fen", "difference_high_fen", "verdict", "reason",
]  # fmt: skip
BASIS_COLUMNS = [
    "closed", "same_order", "no_amount", "no_history", "fought", "conceded", "lapsed", "conceded_known", "conceded_unknown",
    "lapsed_known", "lapsed_unknown", "extra_unknown", "advised_to_fight",
]  # fmt: skip


def backtest(
    closed: pd.DataFrame, chance: Chance, effect_yuan: pd.Series, rule: Any, costs: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Would the advice have brought more than always fighting, always refunding, and what was done?

    Arguments as `contest.recommend` takes them. Each case is judged from those that were settled before the first of the month in
    which it came, by the sign of the margin; the price of the rate and of labour are today's.

    The first frame has one row a `policy` (`always_fight`, `always_refund`, `done`), COLUMNS: over the `cases` of which both sides are
    known, the money of each (`…_fen`, never positive: refund, extra loss, labour), what counted in the rate, priced (`…_rate_fen`, an estimate), and the
    difference of the two sums with its LEVEL interval: a paired bootstrap over cases. `verdict`: `better`, `worse`, or `cannot_tell` with
    `reason` `too_few_cases` (fewer than FEWEST_CASES) or `spans_zero`. For `always_fight` and `always_refund` the cases are those that were fought;
    for `done` also those conceded or lapsed where the advice is to refund.

    The second has one row, BASIS_COLUMNS: the closed cases, those left out (`same_order`: an order's earlier ticket; `no_amount`;
    `no_history`: nothing was settled before), how the others were dealt with, which of them can be compared, and the fought and lost ones whose
    extra loss is not known (counted as 0).
    """
    newest = closed.sort_values(["settled_on", *KEY], ignore_index=True)
    is_last = ~newest.duplicated(["shop_id", "order_id"], keep="last") | newest["order_id"].isna()
    has_amount = newest["at_stake_fen"].notna()
    cases = newest[is_last & has_amount]
    told = _judged(cases, newest, chance, effect_yuan, rule, costs)
    has_history = told["rests_on_cases"] > 0
    cases = cases.loc[told.index[has_history]]
    advised = told.loc[cases.index, "margin"] > 0
    money = _money(cases, effect_yuan, rule, costs)
    fought = cases["done"] == "fought"
    known = {"always_fight": fought, "always_refund": fought, "done": fought | ~advised}
    rows = [_compared(policy, money[each], advised[each]) for policy, each in known.items()]
    done = {name: cases["done"] == name for name in ("conceded", "lapsed")}
    basis = {
        "closed": len(newest),
        "same_order": int((~is_last).sum()),
        "no_amount": int((is_last & ~has_amount).sum()),
        "no_history": int((~has_history).sum()),
        "fought": int(fought.sum()),
        **{name: int(each.sum()) for name, each in done.items()},
        **{f"{name}_known": int((each & ~advised).sum()) for name, each in done.items()},
        **{f"{name}_unknown": int((each & advised).sum()) for name, each in done.items()},
        "extra_unknown": int((fought & ~cases["is_won"].astype(bool) & cases["extra_fen"].isna()).sum()),
        "advised_to_fight": int(advised.sum()),
    }
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame([basis], columns=BASIS_COLUMNS)


def _judged(
    cases: pd.DataFrame, every: pd.DataFrame, chance: Chance, effect_yuan: pd.Series, rule: Any, costs: Any
) -> pd.DataFrame:
    """The margin of each case as it would have been told: one step a month, because nothing is learned within one."""
    first = cases["opened_on"].dt.to_period("M").dt.to_timestamp()
    found = [
        weighed_as_known_then(each, every[every["settled_on"] < day], chance, effect_yuan, rule, costs)
        for day, each in cases.groupby(first)
    ]
    columns = ["margin", "rests_on_cases"]
    return pd.concat(found)[columns] if found else pd.DataFrame(columns=columns, index=cases.index, dtype="float64")


def _money(cases: pd.DataFrame, effect_yuan: pd.Series, rule: Any, costs: Any) -> pd.DataFrame:
    """What each way of dealing with each case brought or would have brought, in fen, and what counted in the rate (`…_rate`).

    `always_fight` is known of a fought case only; of another it says what its end would have been worth after a fight.
    """
    lost, done = ~cases["is_won"].astype(bool), cases["done"]
    stake, extra = cases["at_stake_fen"].astype("int64"), cases["extra_fen"].fillna(0).astype("int64")
    effect = (cases["shop_id"].map(effect_yuan).astype("Float64").fillna(0) * 100).round().astype("int64")
    count = branches(cases["is_intervened"], rule)
    end, end_rate = -(stake + extra).where(lost, 0), -effect * count["lost"].where(lost, count["won"])
    refund, refund_rate = -stake, -effect * count["conceded"]
    fight = end - round((costs.labour_yuan or 0) * 100)
    return pd.DataFrame(
        {
            "always_fight": fight,
            "always_fight_rate": end_rate,
            "always_refund": refund,
            "always_refund_rate": refund_rate,
            "done": fight.mask(done == "lapsed", end).mask(done == "conceded", refund),
            "done_rate": end_rate.mask(done == "conceded", refund_rate),
        }
    )


def _compared(policy: str, money: pd.DataFrame, advised: pd.Series) -> tuple[Any, ...]:
    own, own_rate = (
        money[f"always_fight{part}"].where(advised, money[f"always_refund{part}"]) for part in ("", "_rate")
    )
    theirs, their_rate = money[policy], money[f"{policy}_rate"]
    differences = (own + own_rate - theirs - their_rate).to_numpy(dtype="int64")
    low, high = resampled(differences)
    is_few = len(differences) < FEWEST_CASES
    verdict = "cannot_tell" if is_few or low <= 0 <= high else "better" if low > 0 else "worse"
    reason = "too_few_cases" if is_few else "spans_zero" if verdict == "cannot_tell" else ""
    sums = (int(each.sum()) for each in (own, theirs, own_rate, their_rate))
    return (policy, len(differences), *sums, int(differences.sum()), low, high, verdict, reason)


def resampled(differences: np.ndarray) -> tuple[int, int]:
    """The LEVEL interval of the sum of paired differences, cases drawn anew (percentile bootstrap, Efron 1979)."""
    size = len(differences)
    if not size:
        return 0, 0
    draws = np.random.default_rng(SEED)
    parts = [differences[draws.integers(0, size, (100, size))].sum(axis=1) for _ in range(RESAMPLES // 100)]
    low, high = np.quantile(np.concatenate(parts), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return round(float(low)), round(float(high))
