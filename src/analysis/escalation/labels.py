"""Which landmarks were followed by an intervention, which were not, and of which it is too early to tell?

A landmark (an order, seen at the end of one day) that is younger than the label's window has no label. Taking it for "did not
escalate" would teach the model that recent orders never do.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

ORDER = ["shop_id", "order_id"]
PLATFORM = "platform"
LONGEST_DAYS = 90
DEFAULT_DAYS = 30
FEWEST_DELAYS = 10
COMPLETE = 0.95


def label_days(escalations: pd.DataFrame, as_of: date) -> int:
    """W: within how many days of its deal have 95 % of the orders that escalate done so?

    `escalations`: `shop_id, order_id, began_on, dealt_on`, maybe `initiated_by`; those that the platform started itself, those
    without a deal day, and those after `as_of` are left out, an order counts with its first. The delay curve is estimated in
    reverse time (Lagakos, Barraj and De Gruttola 1988): an order enters the risk set at its age, the longest delay that
    could have been seen, and leaves it at its delay, so that young orders do not make delays look short. Between 1 and
    LONGEST_DAYS; DEFAULT_DAYS with fewer than FEWEST_DELAYS delays.
    """
    known = _counted(escalations, as_of).sort_values([*ORDER, "began_on"]).drop_duplicates(ORDER)
    dealt = pd.to_datetime(known["dealt_on"]).dt.normalize()
    delay = (known["began_on"] - dealt).dt.days
    used = delay.between(0, LONGEST_DAYS)
    if used.sum() < FEWEST_DELAYS:
        return DEFAULT_DAYS
    delays = delay[used].to_numpy(np.int64)
    ages = (pd.Timestamp(as_of) - dealt[used]).dt.days.to_numpy().clip(max=LONGEST_DAYS)
    at = np.bincount(delays, minlength=LONGEST_DAYS + 1)
    at_risk = np.cumsum(at)
    at_risk[1:] -= np.cumsum(np.bincount(ages, minlength=LONGEST_DAYS + 1))[:-1]
    stays = 1 - np.divide(at, at_risk, out=np.zeros(len(at)), where=at_risk > 0)
    completion = np.append(np.cumprod(stays[::-1])[::-1][1:], 1.0)
    return max(int(np.argmax(completion >= COMPLETE)), 1)


def labelled(features: pd.DataFrame, escalations: pd.DataFrame, as_of: date, label_days: int) -> pd.Series:
    """Did an intervention begin within `label_days` days after the landmark?

    `features`: `shop_id, order_id, landmark_on`. Int8 on its index: 1 where one began on a later day than the landmark and at
    most `label_days` later, 0 where none did, missing where that day is not over at the end of `as_of`, and where one had begun by
    the landmark and was not known yet (`known_on` later, where `escalations` has it): there was nothing left to foresee.
    """
    landmark = pd.to_datetime(features["landmark_on"]).to_numpy()
    pairs = _pairs(features, escalations, as_of, label_days)
    label = np.zeros(len(features), dtype=np.int8)
    label[pairs.loc[pairs["is_inside"], "row"]] = 1
    is_open = landmark + np.timedelta64(label_days, "D") > pd.Timestamp(as_of)
    is_open[
        pairs.loc[(pairs["began_on"] <= pairs["landmark_on"]) & (pairs["known_on"] > pairs["landmark_on"]), "row"]
    ] = True
    return pd.Series(label, index=features.index, name="label").astype("Int8").mask(is_open)


def known_on(features: pd.DataFrame, escalations: pd.DataFrame, as_of: date, label_days: int) -> pd.Series:
    """Since which day is it known that the intervention began which makes a landmark's label 1?

    Days on the index of `features`, missing where `labelled` finds no intervention. Weekly exports tell of an intervention up to
    a week late: a model of a past day must not learn from it sooner.
    """
    pairs = _pairs(features, escalations, as_of, label_days)
    first = pairs[pairs["is_inside"]].groupby("row")["known_on"].min()
    return first.reindex(range(len(features))).set_axis(features.index)


def label_card(
    features: pd.DataFrame, escalations: pd.DataFrame, labels: pd.Series, as_of: date, label_days: int
) -> dict[str, Any]:
    """What the label stands on, in numbers that JSON knows.

    `label_days`; `first_landmark`, `last_landmark`, `last_matured` (ISO dates or None); rows `landmarks`, `matured`, `immature`
    (no label), `positive`; distinct `orders`, `positive_orders`; `escalations` known and counted, `by_platform` left out for being the
    platform's own, `never_at_a_landmark` escalated without having been seen open at any landmark before.
    """
    matured, positive = labels.notna(), (labels == 1).fillna(False)
    landmark = pd.to_datetime(features["landmark_on"])
    counted = _counted(escalations, as_of)
    by_platform = (escalations["initiated_by"] == PLATFORM).sum() if "initiated_by" in escalations else 0
    seen = features.loc[positive, ORDER].drop_duplicates()
    missed = counted[ORDER].drop_duplicates().merge(features[ORDER].drop_duplicates(), how="left", indicator=True)
    return {
        "label_days": label_days,
        "first_landmark": _iso(landmark.min()),
        "last_landmark": _iso(landmark.max()),
        "last_matured": _iso(landmark[matured].max()),
        "landmarks": len(features),
        "matured": int(matured.sum()),
        "immature": int((~matured).sum()),
        "positive": int(positive.sum()),
        "orders": len(features[ORDER].drop_duplicates()),
        "positive_orders": len(seen),
        "escalations": len(counted[ORDER].drop_duplicates()),
        "by_platform": int(by_platform),
        "never_at_a_landmark": int((missed["_merge"] == "left_only").sum()),
    }


def _pairs(features: pd.DataFrame, escalations: pd.DataFrame, as_of: date, label_days: int) -> pd.DataFrame:
    """Each landmark (`row`, its place) with each intervention of its order, and whether that began inside the label's window."""
    landmark = pd.to_datetime(features["landmark_on"]).to_numpy()
    rows = features[ORDER].reset_index(drop=True).assign(row=np.arange(len(features)), landmark_on=landmark)
    pairs = rows.merge(_counted(escalations, as_of)[[*ORDER, "began_on", "known_on"]], on=ORDER)
    until = pairs["landmark_on"] + pd.Timedelta(days=label_days)
    return pairs.assign(is_inside=pairs["began_on"].between(pairs["landmark_on"], until, inclusive="right"))


def _counted(escalations: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Those known by then that the platform did not start itself; `began_on` and `known_on` as timestamps."""
    began = pd.to_datetime(escalations["began_on"]).dt.normalize()
    counted = began.notna() & (began <= pd.Timestamp(as_of))
    if "initiated_by" in escalations:
        counted &= (escalations["initiated_by"] != PLATFORM).fillna(True).astype(bool)
    known = pd.to_datetime(escalations["known_on"]).dt.normalize() if "known_on" in escalations else began
    return escalations.assign(began_on=began, known_on=known)[counted]


def _iso(moment: Any) -> str | None:
    return None if pd.isna(moment) else pd.Timestamp(moment).date().isoformat()
