"""Fight or refund: for each open case what either is expected to cost, and what the advice would have brought on closed ones.

A case fought and won costs the work; fought and lost, the money in dispute, the work and what comes on top; a refund costs the
money in dispute. What counts in the rate only one way has a price too (docs/decisions/0029).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

PRIOR_CASES = 20
"""What the wider experience weighs, as in the chance to win (`tickets.worklist.PRIOR_CASES`)."""
CLOSE_LEVEL = 0.8
"""A call is close where the answer is not the same over this much of what the chance may be."""
KEY = ["shop_id", "ticket_id"]
EXTRA_COMPONENTS = (
    "compensation", "small_payment", "freight_compensation", "return_freight", "late_shipping", "false_shipping",
    "fraudulent_shipping", "out_of_stock", "other_after_sales", "appeal_recovery",
)  # fmt: skip
"""What a lost case costs beside its refund; what an appeal brought back is taken off."""
CLOSED_COLUMNS = [
    "shop_id", "ticket_id", "order_id", "type", "is_complete", "opened_on", "settled_on", "done", "is_won", "at_stake_fen",
    "extra_fen", "is_intervened",
]  # fmt: skip
COLUMNS = [
    "ticket_id", "order_id", "shop_id", "type", "win_probability", "rests_on_cases", "own_cases", "at_stake_yuan",
    "extra_loss_yuan", "fight_cost_yuan", "rate_effect_yuan", "fight_value_yuan", "concede_value_yuan", "margin_yuan",
    "margin_low_yuan", "margin_high_yuan", "turning_point", "turning_rate_effect_yuan", "recommendation", "reason",
    "would_change",
]  # fmt: skip
Chance = Callable[[pd.DataFrame, pd.DataFrame], pd.Series]


def closed_cases(
    tickets: pd.DataFrame, refunds: pd.DataFrame, extra: pd.DataFrame, counts: Mapping[str, str]
) -> pd.DataFrame:
    """How was each settled ticket dealt with, how did it end, and for how much?

    `tickets`: `shop_id, ticket_id, order_id, type, state, began_at, settled_on, answered_at, shows_answers, missing, paid_fen,
    refund_fen`, any state. `refunds`: `shop_id, order_id, refund_fen, refunded_at, agreed_by`. `extra`: `extra_losses`.
    `counts`: by type, whether such a ticket is an intervention (`yes`, `no`, `lapsed`); one that the platform does not decide (`no`) is left out.

    One row a ticket that is `closed_won` or `closed_lost`, CLOSED_COLUMNS. `done`: `conceded` (the merchant agreed to the refund
    before the ticket was settled), `lapsed` (the exports show answers, and none was seen), else `fought`. `at_stake_fen`: the refund asked
    for, else what was paid. `extra_fen`: missing where no ledger covers the order. `is_intervened`: the ticket itself is an intervention.
    """
    told = tickets["type"].map(dict(counts)).fillna("no")
    own = tickets.assign(counts=told)[(told != "no") & tickets["state"].isin(["closed_won", "closed_lost"])]
    given = refunds.rename(columns={"refund_fen": "refunded_fen"})
    found = own.merge(given, on=["shop_id", "order_id"], how="left", validate="many_to_one").merge(
        extra, on=["shop_id", "order_id"], how="left", validate="many_to_one"
    )
    settled_on = pd.to_datetime(found["settled_on"]).astype("datetime64[us]")
    is_after = found["refunded_at"].astype("datetime64[us]").dt.normalize() > settled_on
    has_conceded = (found["agreed_by"] == "merchant") & ~is_after
    is_silent = found["shows_answers"].astype(bool) & found["answered_at"].isna()
    found = found.assign(
        type=found["type"].astype("str"),
        is_complete=found["missing"].map(len) == 0,
        opened_on=found["began_at"].astype("datetime64[us]").dt.normalize(),
        settled_on=settled_on,
        done=np.select([has_conceded, is_silent], ["conceded", "lapsed"], "fought"),
        is_won=found["state"] == "closed_won",
        at_stake_fen=found["refund_fen"].fillna(found["paid_fen"]).astype("Int64"),
        extra_fen=found["extra_fen"].astype("Int64"),
        is_intervened=found["counts"] == "yes",
    )
    return found.sort_values(["settled_on", *KEY], ignore_index=True)[CLOSED_COLUMNS]


def extra_losses(entries: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """What did each disputed order cost beside its refund? `shop_id, order_id, extra_fen`, one row an order that a ledger covers.

    `entries`: the loss entries (`shop_id, order_id, component, source, amount_fen`); only those of the ledger and by hand count, of EXTRA_COMPONENTS.
    `orders`: `shop_id, order_id, is_ledger_covered`. An order without such an entry cost 0 more.
    """
    actual = entries[entries["source"].isin(["ledger", "manual"]) & entries["component"].isin(EXTRA_COMPONENTS)]
    sums = actual.groupby(["shop_id", "order_id"])["amount_fen"].sum().astype("Int64").rename("extra_fen")
    covered = orders.loc[orders["is_ledger_covered"].astype(bool), ["shop_id", "order_id"]].drop_duplicates()
    found = covered.join(sums, on=["shop_id", "order_id"])
    return found.assign(extra_fen=found["extra_fen"].fillna(0)).reset_index(drop=True)


def branches(is_intervened: pd.Series, rule: Any, is_request: pd.Series | None = None) -> pd.DataFrame:
    """Does an order count in the rate when its case is fought and `won`, fought and `lost`, or `conceded`? 0 or 1.

    `is_request`: a plain request, without a ticket; missing: none is one.

    Where the platform has already stepped in, it counts whatever happens; under a rule that counts only some outcomes, where
    the buyer is refunded or the shop wins, as the rule says. Where it has not, a ticket that is lost counts, one that is won
    does not, and a refund that the merchant agrees to first does not. A request that is refused goes to the platform, which
    counts like one that it has stepped into, won or lost (a buyer who gives up instead would make the fight cheaper). A rule that counts requests or tickets counts those that are there.
    """
    wins, loses = (not rule.outcomes or each in rule.outcomes for each in ("merchant", "buyer"))
    asks = pd.Series(False, index=is_intervened.index) if is_request is None else is_request.astype(bool)
    is_there = asks & (rule.event == "request") | ~asks & (rule.event != "intervention")
    inside = is_intervened.astype(bool) | is_there
    return pd.DataFrame(
        {
            "won": ((inside | asks) & wins).astype("int64"),
            "lost": np.int64(loses),
            "conceded": (inside & loses).astype("int64"),
        }
    )


def recommend(
    cases: pd.DataFrame, closed: pd.DataFrame, chance: Chance, effect_yuan: pd.Series, rule: Any, costs: Any
) -> pd.DataFrame:
    """Fight or refund?

    `cases`: the open tickets that the platform decides, `shop_id, ticket_id, order_id, type, state, missing, paid_fen, refund_fen, is_intervened`
    (the platform has stepped in), and, with `is_request`, plain requests, whose 售后编号 is the `ticket_id`. `closed`: `closed_cases`; only those that were fought teach. `chance(cases, closed)`: the chance to win.
    `effect_yuan`: shop_id → what one more counted case costs; missing where it is not known. `costs`: the settings (`labour_yuan`).

    One row a case, COLUMNS, the widest margin first. With p the chance, A at stake, X the extra loss, c the labour and E the effect:

    - `fight_value_yuan` = −(1 − p)·(A + X) − c − `rate_effect_yuan`; `concede_value_yuan` = −A; `margin_yuan` the first less the second.
    - `rate_effect_yuan` = E·(p·won + (1 − p)·lost − conceded), see `branches`: 0 where the case counts either way.
    - `extra_loss_yuan`: the mean extra loss of lost cases of the type, shrunken to that of all with PRIOR_CASES cases; missing: unknown, counted as 0.
    - `rests_on_cases`: fought cases with the same completeness of proof; `own_cases`: of those, the shop's own of the type.
    - `turning_point`: the chance at which both are equal, 0 to 1. `turning_rate_effect_yuan`: the E at which they are, missing where there is none.
    - `margin_low_yuan`, `margin_high_yuan`: at the ends of the CLOSE_LEVEL interval of the chance, Beta(p·m, (1 − p)·m), m = own_cases + PRIOR_CASES.

    `recommendation`: `fight`, `refund`, `close_call` (the margin's interval holds 0), or `cannot_tell` with the `reason`: `no_amount`,
    `past_deadline`, `no_settled_cases` (the chance is only the setting's guess, and a chance between the ends would turn the answer).
    `would_change`, joined by commas: `more_proof` (with all proof the answer would be to fight), `price_of_restriction` and `labour` (not known, and
    they could make a fight too dear), `more_cases` (a close call, or none to learn from).
    """
    fought = closed[closed["done"] == "fought"]
    known = cases.assign(is_complete=cases["missing"].map(len) == 0)
    at_stake = (known["refund_fen"].fillna(known["paid_fen"]).astype("Float64") / 100).astype("float64")
    part = _parts(known, fought, chance, effect_yuan, rule, costs).assign(at_stake=at_stake)
    value = _weighed(part)
    strength = value["own_cases"] + PRIOR_CASES
    tail = (1 - CLOSE_LEVEL) / 2
    low, high = (
        _weighed(part.assign(p=special.betaincinv(part["p"] * strength, (1 - part["p"]) * strength, at)))["margin"]
        for at in (tail, 1 - tail)
    )
    steep = part["at_stake"] + part["extra"] + part["effect"] * (part["lost"] - part["won"])
    needed = part["extra"] + part["labour"] + part["effect"] * (part["lost"] - part["conceded"])
    turning = (needed / steep.where(steep > 0)).clip(0, 1)
    weight = part["p"] * part["won"] + (1 - part["p"]) * part["lost"] - part["conceded"]
    priceless = value["margin"] + part["effect"] * weight
    turning_effect = (priceless / weight.where(weight != 0)).where(lambda each: each > 0)
    is_guess = (value["rests_on_cases"] == 0) & (turning > 0) & (turning < 1)
    reason = np.select(
        [part["at_stake"].isna(), known["state"] == "expired", is_guess],
        ["no_amount", "past_deadline", "no_settled_cases"],
        default="",
    )
    answer = np.select(
        [reason != "", (low < 0) & (high > 0), value["margin"] > 0], ["cannot_tell", "close_call", "fight"], "refund"
    )
    with_proof = chance(known.assign(is_complete=True), fought).astype("float64")
    codes = {
        "more_proof": ~known["is_complete"] & (value["margin"] <= 0) & (with_proof > turning),
        "price_of_restriction": part["effect_is_unknown"] & (weight > 0) & (value["margin"] > 0),
        "labour": part["labour_is_unknown"] & (value["margin"] > 0),
        "more_cases": (answer == "close_call") | (reason == "no_settled_cases"),
    }
    change = pd.Series("", index=known.index)
    for code, applies in codes.items():
        change = change.mask(applies & (np.isin(reason, ["", "no_settled_cases"])), change + code + ",")
    table = known.assign(
        win_probability=part["p"].round(3),
        rests_on_cases=value["rests_on_cases"],
        own_cases=value["own_cases"],
        at_stake_yuan=at_stake,
        extra_loss_yuan=part["extra"].mask(part["extra_is_unknown"]),
        fight_cost_yuan=part["labour"].mask(part["labour_is_unknown"]),
        rate_effect_yuan=(part["effect"] * weight).mask(part["effect_is_unknown"] & (weight != 0)),
        fight_value_yuan=value["fight"],
        concede_value_yuan=value["concede"],
        margin_yuan=value["margin"],
        margin_low_yuan=low,
        margin_high_yuan=high,
        turning_point=turning.round(3),
        turning_rate_effect_yuan=turning_effect,
        recommendation=answer,
        reason=reason,
        would_change=change.str.rstrip(","),
    )
    yuan = [name for name in COLUMNS if name.endswith("_yuan")]
    table[yuan] = table[yuan].astype("Float64").round(2)
    numbers = ["win_probability", "turning_point"]
    table[numbers] = table[numbers].astype("Float64")
    ranked = table.assign(size=table["margin_yuan"].abs()).sort_values(
        ["size", *KEY], ascending=[False, True, True], ignore_index=True
    )
    return ranked[COLUMNS]


def weighed_as_known_then(
    cases: pd.DataFrame, past: pd.DataFrame, chance: Chance, effect_yuan: pd.Series, rule: Any, costs: Any
) -> pd.DataFrame:
    """The margin of fighting closed cases, from what `past` taught; index as `cases`, `margin` in yuan and `rests_on_cases`."""
    part = _parts(cases, past[past["done"] == "fought"], chance, effect_yuan, rule, costs)
    return _weighed(part.assign(at_stake=cases["at_stake_fen"].astype("Float64").astype("float64") / 100))


def _parts(
    cases: pd.DataFrame, fought: pd.DataFrame, chance: Chance, effect_yuan: pd.Series, rule: Any, costs: Any
) -> pd.DataFrame:
    """What the value of a fight is made of, in yuan; what is not known is 0, with a column that says so."""
    extra = _extra_yuan(cases["type"], fought)
    effect = cases["shop_id"].map(effect_yuan).astype("Float64").astype("float64")
    part = pd.DataFrame(
        {
            "p": chance(cases, fought).astype("float64"),
            "extra": extra.fillna(0),
            "extra_is_unknown": extra.isna(),
            "labour": float(costs.labour_yuan or 0),
            "labour_is_unknown": costs.labour_yuan is None,
            "effect": effect.fillna(0),
            "effect_is_unknown": effect.isna(),
            "rests_on_cases": _cases(cases, fought, ["is_complete"]),
            "own_cases": _cases(cases, fought, ["shop_id", "type", "is_complete"]),
        }
    )
    return part.join(branches(cases["is_intervened"], rule, cases.get("is_request")))


def _weighed(part: pd.DataFrame) -> pd.DataFrame:
    p = part["p"]
    rate = part["effect"] * (p * part["won"] + (1 - p) * part["lost"] - part["conceded"])
    fight = -(1 - p) * (part["at_stake"] + part["extra"]) - part["labour"] - rate
    return part.assign(fight=fight, concede=-part["at_stake"], margin=fight + part["at_stake"])


def _cases(cases: pd.DataFrame, fought: pd.DataFrame, key: list[str]) -> pd.Series:
    counts = fought.groupby(key).size().rename("cases").reset_index()
    found = cases[key].merge(counts, on=key, how="left")["cases"].fillna(0).astype("int64")
    return found.set_axis(cases.index)


def _extra_yuan(types: pd.Series, fought: pd.DataFrame) -> pd.Series:
    """What a lost case of each type cost beside the refund, shrunken; missing where no lost case's cost is known."""
    lost = fought[~fought["is_won"].astype(bool) & fought["extra_fen"].notna()]
    if lost.empty:
        return pd.Series(np.nan, index=types.index)
    own = lost.groupby("type")["extra_fen"].agg(["sum", "size"])
    mean = float(lost["extra_fen"].sum()) / len(lost)
    total, size = (types.map(own[name]).astype("Float64").astype("float64").fillna(0) for name in ("sum", "size"))
    return (total + PRIOR_CASES * mean) / (size + PRIOR_CASES) / 100
