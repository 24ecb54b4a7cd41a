"""Fight or refund: a sum by hand, worlds in which the better answer is known, and a back-test that must not look ahead."""

from __future__ import annotations

from datetime import date
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import rules, warehouse
from analysis.losses import contest
from analysis.losses.contest_backtest import BASIS_COLUMNS, backtest, resampled
from analysis.losses.contest_backtest import COLUMNS as BACKTEST_COLUMNS
from analysis.settings import Costs, Tickets
from analysis.tickets.worklist import PRIOR_CASES, win_probability
from tests.conftest import Data, order_id
from tests.documents import METRICS, rows_below

CHANCE = partial(win_probability, choices=Tickets())
RULE = rules.load("pdd-2021-03")
EFFECT = pd.Series({"店": 12.0})
UNPRICED = pd.Series({"店": None}, dtype="Float64")
COSTS = Costs(labour_yuan=5.0)
COUNTS = {"a": "lapsed", "b": "lapsed", "platform": "yes", "service": "no"}


def case(number: int, **given: Any) -> dict[str, Any]:
    usual = {
        "shop_id": "店", "ticket_id": f"{number:04d}", "order_id": f"o{number:04d}", "type": "a", "state": "open",
        "missing": (), "paid_fen": 8000, "refund_fen": None, "is_intervened": False,
    }  # fmt: skip
    return usual | given


def settled(number: int, **given: Any) -> dict[str, Any]:
    usual = {
        "shop_id": "店", "ticket_id": f"{number:04d}", "order_id": f"o{number:04d}", "type": "a", "is_complete": True,
        "opened_on": "2026-03-02", "settled_on": "2026-03-05", "done": "fought", "is_won": True, "at_stake_fen": 8000,
        "extra_fen": None, "is_intervened": False,
    }  # fmt: skip
    return usual | given


def cases_of(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype({"paid_fen": "Int64", "refund_fen": "Int64"})


def closed_of(*rows: dict[str, Any]) -> pd.DataFrame:
    kinds: dict[str, Any] = {"at_stake_fen": "Int64", "extra_fen": "Int64", "is_won": bool, "is_complete": bool}
    days = dict.fromkeys(("opened_on", "settled_on"), "datetime64[us]")
    return pd.DataFrame(rows, columns=contest.CLOSED_COLUMNS).astype(kinds | days)


def history(won: int, lost: int, first: int = 100, **given: Any) -> list[dict[str, Any]]:
    return [settled(first + n, is_won=n < won, **given) for n in range(won + lost)]


def told(
    *rows: dict[str, Any], closed: pd.DataFrame | None = None, effect: pd.Series = EFFECT, **more: Any
) -> pd.DataFrame:
    known = closed_of(*history(20, 20, extra_fen=0)) if closed is None else closed
    given: dict[str, Any] = {"rule": RULE, "costs": COSTS, "chance": CHANCE} | more
    found = contest.recommend(cases_of(*rows), known, effect_yuan=effect, **given)
    assert list(found.columns) == contest.COLUMNS
    return found.set_index("ticket_id")


def test_the_value_of_a_fight_is_the_sum_by_hand() -> None:
    lost = history(0, 10, 200, type="b", extra_fen=3000)
    closed = closed_of(*history(30, 10, extra_fen=1000), *lost)
    row = told(case(1), closed=closed).loc["0001"]
    at_all = (30 + 20 * 0.5) / (50 + 20)
    of_type = (30 + 20 * at_all) / (40 + 20)
    p = (30 + 20 * of_type) / (40 + 20)
    extra = (10 * 10 + 20 * (10 * 10 + 10 * 30) / 20) / (10 + 20)
    rate = 12 * (1 - p)
    fight = -(1 - p) * (80 + extra) - 5 - rate
    assert row["win_probability"] == round(p, 3)
    assert (row["rests_on_cases"], row["own_cases"], row["at_stake_yuan"]) == (50, 40, 80)
    assert row["extra_loss_yuan"] == pytest.approx(extra, abs=0.005)
    assert row["rate_effect_yuan"] == pytest.approx(rate, abs=0.005)
    assert row["fight_value_yuan"] == pytest.approx(fight, abs=0.005)
    assert (row["concede_value_yuan"], row["fight_cost_yuan"]) == (-80, 5)
    assert row["margin_yuan"] == pytest.approx(fight + 80, abs=0.005)
    low, high = stats.beta(p * 60, (1 - p) * 60).ppf([0.1, 0.9])
    steep = 80 + extra + 12
    assert row["margin_low_yuan"] == pytest.approx(steep * low - extra - 5 - 12, abs=0.01)
    assert row["margin_high_yuan"] == pytest.approx(steep * high - extra - 5 - 12, abs=0.01)
    assert row["turning_point"] == round((extra + 5 + 12) / steep, 3)
    assert (row["recommendation"], row["reason"], row["would_change"]) == ("fight", "", "")


def test_at_the_turning_point_both_are_worth_the_same() -> None:
    closed = closed_of(*history(20, 20, extra_fen=2000))
    for given in ({}, {"is_intervened": True}, {"paid_fen": 900}, {"refund_fen": 2500}):
        at = float(told(case(1, **given), closed=closed)["turning_point"].iloc[0])
        fixed = told(case(1, **given), closed=closed, chance=lambda cases, _, at=at: pd.Series(at, index=cases.index))
        assert fixed["margin_yuan"].iloc[0] == pytest.approx(0, abs=0.07)
    effect = float(told(case(1), closed=closed)["turning_rate_effect_yuan"].iloc[0])
    assert told(case(1), closed=closed, effect=pd.Series({"店": effect}))["margin_yuan"].iloc[0] == pytest.approx(
        0, abs=0.01
    )


def test_the_document_s_example_comes_out() -> None:
    for row in rows_below(METRICS, "<!-- expected: contest -->"):
        closed = closed_of(*history(0, 5, extra_fen=100 * int(row["X"])))
        given = case(1, paid_fen=100 * int(row["A"]), is_intervened=row["case"] == "after")
        p, effect = float(row["p"]), pd.Series({"店": float(row["E"])})
        found = told(
            given, closed=closed, effect=effect, costs=Costs(labour_yuan=float(row["c"])),
            chance=lambda cases, _, p=p: pd.Series(p, index=cases.index),
        ).iloc[0]  # fmt: skip
        columns = ("fight_value_yuan", "concede_value_yuan", "margin_yuan")
        shown = [f"{found[name]:.2f}".replace("-", "−") for name in columns]
        assert [*shown, f"{found['turning_point']:.3f}"] == [
            row[each] for each in ("fight", "concede", "margin", "turning")
        ]


def test_what_counts_either_way_has_no_price() -> None:
    found = told(case(1), case(2, is_intervened=True))
    assert found.loc["0002", "rate_effect_yuan"] == 0
    margins = found["margin_yuan"].to_dict()
    assert margins["0002"] - margins["0001"] == found.loc["0001", "rate_effect_yuan"]
    assert found["turning_rate_effect_yuan"].isna().to_dict() == {"0001": False, "0002": True}
    unpriced = told(case(1), case(2, is_intervened=True), effect=UNPRICED)
    assert list(unpriced.sort_index()["rate_effect_yuan"].fillna(-1)) == [-1, 0]
    assert list(unpriced.sort_index()["would_change"]) == ["price_of_restriction", ""]


@pytest.mark.parametrize(
    ("rule", "inside", "counted"),
    [
        ("pdd-2021-03", False, (0, 1, 0)),
        ("pdd-2021-03", True, (1, 1, 1)),
        ("dispute-refund-rate", False, (0, 1, 0)),
        ("dispute-refund-rate", True, (0, 1, 1)),
        ("intervention-by-requests", False, (1, 1, 1)),
    ],
)
def test_which_end_counts_in_the_rate(rule: str, inside: bool, counted: tuple[int, int, int]) -> None:
    chosen = rules.load(rule)
    if rule == "intervention-by-requests" and chosen.event == "intervention":
        chosen = SimpleNamespace(event="request", outcomes=())  # type: ignore[assignment]
    found = contest.branches(pd.Series([inside]), chosen)
    assert tuple(found.iloc[0]) == counted and list(found.columns) == ["won", "lost", "conceded"]


def test_a_small_or_hopeless_case_is_refunded_and_a_close_one_is_said_to_be() -> None:
    closed = closed_of(*history(0, 60, extra_fen=2000), *history(40, 40, 500, type="b", extra_fen=2000))
    found = told(case(1), case(2, type="b", paid_fen=600), case(3, type="b", paid_fen=4000), closed=closed)
    assert list(found.loc[["0001", "0002", "0003"], "recommendation"]) == ["refund", "refund", "close_call"]
    ends = found.loc["0003", ["margin_low_yuan", "margin_high_yuan"]].astype("float64")
    assert ends.iloc[0] < 0 < ends.iloc[1]
    assert found.loc["0003", "would_change"] == "more_cases"
    assert list(found["margin_yuan"].abs()) == sorted(found["margin_yuan"].abs(), reverse=True)


def test_proof_that_would_turn_the_answer_is_named() -> None:
    closed = closed_of(*history(0, 60, is_complete=False, extra_fen=0), *history(50, 10, 500, extra_fen=0))
    found = told(case(1, missing=("track",)), case(2, missing=("track",), paid_fen=300), closed=closed)
    assert list(found.loc[["0001", "0002"], "recommendation"]) == ["refund", "refund"]
    assert list(found.loc[["0001", "0002"], "would_change"]) == ["more_proof", ""]


def test_what_cannot_be_told_is_said_with_the_reason() -> None:
    found = told(case(1, paid_fen=None), case(2, state="expired"))
    assert list(found.sort_index()["reason"]) == ["no_amount", "past_deadline"]
    assert set(found["recommendation"]) == {"cannot_tell"} and set(found["would_change"]) == {""}
    assert found.loc["0001", ["margin_yuan", "fight_value_yuan", "turning_point"]].isna().all()
    guess = told(case(1), case(2, paid_fen=400), closed=closed_of())
    assert list(guess.sort_index()["reason"]) == [
        "no_settled_cases",
        "",
    ]  # ¥4 is not worth ¥5 of labour, whatever the chance
    assert list(guess.sort_index()["recommendation"]) == ["cannot_tell", "refund"]
    assert guess.loc["0001", "would_change"] == "more_cases" and guess.loc["0001", "rests_on_cases"] == 0
    assert guess["extra_loss_yuan"].isna().all()


def test_unknown_labour_is_said_where_it_could_turn_a_fight() -> None:
    found = told(case(1), case(2, paid_fen=0), costs=Costs(), effect=pd.Series({"店": 0.0}))
    assert list(found.sort_index()["would_change"]) == ["labour", ""]
    assert found["fight_cost_yuan"].isna().all()


def test_no_open_case_is_no_rows() -> None:
    found = contest.recommend(cases_of(case(1)).iloc[:0], closed_of(), CHANCE, EFFECT, RULE, COSTS)
    assert found.empty and list(found.columns) == contest.COLUMNS


def test_only_fought_cases_teach() -> None:
    taught = closed_of(*history(20, 20, extra_fen=0))
    others = closed_of(
        *history(20, 20, extra_fen=0),
        *history(0, 50, 500, done="conceded", extra_fen=90000),
        *history(0, 50, 700, done="lapsed", extra_fen=90000),
    )
    pd.testing.assert_frame_equal(told(case(1), closed=taught), told(case(1), closed=others))


def test_the_prior_weighs_as_in_the_chance_to_win() -> None:
    assert contest.PRIOR_CASES == PRIOR_CASES


def ticket(number: int, **given: Any) -> dict[str, Any]:
    usual = {
        "shop_id": "店", "ticket_id": f"{number:04d}", "order_id": f"o{number:04d}", "type": "a", "state": "closed_lost",
        "began_at": "2026-03-02 10:00:00", "settled_on": "2026-03-05", "answered_at": "2026-03-03 09:00:00",
        "shows_answers": True, "missing": (), "paid_fen": 8000, "refund_fen": None,
    }  # fmt: skip
    return usual | given


def test_how_a_case_was_dealt_with_is_read_from_refund_and_answer() -> None:
    tickets = pd.DataFrame(
        [
            ticket(1),
            ticket(2, state="closed_won", missing=("track",)),
            ticket(3),  # the merchant agreed before the end
            ticket(4),  # … after it
            ticket(5, answered_at=None),
            ticket(6, answered_at=None, shows_answers=False),
            ticket(7, type="service"),
            ticket(8, state="open"),
            ticket(9, type="platform", refund_fen=500, state="closed_won"),  # the merchant agreed, at a time unknown
            ticket(10, type="nobody knows"),
            ticket(11),  # the platform agreed
        ]
    ).astype(
        {"began_at": "datetime64[us]", "answered_at": "datetime64[us]", "refund_fen": "Int64", "paid_fen": "Int64"}
    )
    refunds = pd.DataFrame(
        [
            ("店", "o0003", 7000, "2026-03-05 08:00:00", "merchant"),
            ("店", "o0004", 7000, "2026-03-06 08:00:00", "merchant"),
            ("店", "o0009", 500, None, "merchant"),
            ("店", "o0011", 500, "2026-03-03 08:00:00", "platform"),
        ],
        columns=["shop_id", "order_id", "refund_fen", "refunded_at", "agreed_by"],
    ).astype({"refunded_at": "datetime64[us]"})
    entries = pd.DataFrame(
        [
            ("店", "o0001", "refund", "ledger", 8000),
            ("店", "o0001", "compensation", "ledger", 900),
            ("店", "o0001", "appeal_recovery", "ledger", -300),
            ("店", "o0001", "small_payment", "estimate", 70000),
            ("店", "o0004", "compensation", "ledger", 5),  # no ledger covers it: a part is not the whole
        ],
        columns=["shop_id", "order_id", "component", "source", "amount_fen"],
    )
    orders = pd.DataFrame(
        [("店", "o0001", True), ("店", "o0002", True), ("店", "o0004", False)],
        columns=["shop_id", "order_id", "is_ledger_covered"],
    )
    extra = contest.extra_losses(entries, orders)
    assert extra.values.tolist() == [["店", "o0001", 600], ["店", "o0002", 0]]
    found = contest.closed_cases(tickets, refunds, extra, COUNTS).set_index("ticket_id")
    assert [*found.reset_index().columns].sort() == [*contest.CLOSED_COLUMNS].sort()
    assert found["done"].to_dict() == {
        "0001": "fought", "0002": "fought", "0003": "conceded", "0004": "fought", "0005": "lapsed", "0006": "fought",
        "0009": "conceded", "0011": "fought",
    }  # fmt: skip
    assert list(found["is_won"]) == [False, True, False, False, False, False, True, False]
    assert list(found["is_complete"]) == [True, False, *[True] * 6]
    assert found["is_intervened"].sum() == 1 and found.loc["0009", "is_intervened"]
    assert (found.loc["0009", "at_stake_fen"], found.loc["0001", "at_stake_fen"]) == (500, 8000)
    assert (found.loc["0001", "extra_fen"], found.loc["0002", "extra_fen"]) == (600, 0)
    assert found["extra_fen"].isna().sum() == 6
    assert contest.closed_cases(tickets.iloc[:0], refunds, extra, COUNTS).empty


def market(seed: int, chances: dict[str, float], size: int = 400, stake: int = 6000) -> pd.DataFrame:
    """A year of fought cases, a few each day, of types whose chance to win is known."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(list(chances), size)
    opened = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 360, size)), unit="D")
    return closed_of(
        *[
            settled(
                n, type=str(kind), is_won=bool(rng.random() < chances[str(kind)]), opened_on=day,
                settled_on=day + pd.Timedelta(days=int(rng.integers(1, 9))), at_stake_fen=int(rng.integers(1000, 2 * stake)),
                extra_fen=int(rng.integers(0, 4000)),
            )
            for n, (kind, day) in enumerate(zip(kinds, opened, strict=True))
        ]
    )  # fmt: skip


def back_test(closed: pd.DataFrame, effect: pd.Series = EFFECT, costs: Costs = COSTS) -> tuple[pd.DataFrame, pd.Series]:
    table, basis = backtest(closed, CHANCE, effect, RULE, costs)
    assert list(table.columns) == BACKTEST_COLUMNS and list(basis.columns) == BASIS_COLUMNS and len(basis) == 1
    return table.set_index("policy"), basis.iloc[0]


def by_hand(closed: pd.DataFrame, effect: float = 12.0, labour: float = 5.0) -> dict[str, list[int]]:
    """What each policy is worth, case by case, with the chance counted by hand from what was closed before that month."""
    worth: dict[str, list[int]] = {"advised": [], "always_fight": [], "always_refund": []}
    rows = closed.to_dict("records")
    for row in rows:
        first = row["opened_on"].replace(day=1)
        before = [each for each in rows if each["settled_on"] < first]
        if not before:
            continue

        def chance(among: list[Any], prior: float) -> float:
            return float(sum(each["is_won"] for each in among) + 20 * prior) / (len(among) + 20)

        own = [each for each in before if each["type"] == row["type"]]
        p = chance(own, chance(own, chance(before, 0.5)))
        lost = [each["extra_fen"] for each in before if not each["is_won"]]
        of_type = [each["extra_fen"] for each in own if not each["is_won"]]
        extra = (sum(of_type) + 20 * sum(lost) / len(lost)) / (len(of_type) + 20) if lost else 0
        stake = row["at_stake_fen"]
        margin = stake - (1 - p) * (stake + extra) - 100 * labour - 100 * effect * (1 - p)
        lose = stake + row["extra_fen"] + round(100 * effect)
        fight = -round(100 * labour) - (0 if row["is_won"] else lose)
        worth["always_fight"].append(fight)
        worth["always_refund"].append(-stake)
        worth["advised"].append(fight if margin > 0 else -stake)
    return worth


def test_the_back_test_is_the_sum_by_hand_to_the_fen() -> None:
    closed = market(1, {"a": 0.7, "b": 0.1}, size=150)
    table, basis = back_test(closed)
    worth = by_hand(closed)
    for policy in ("always_fight", "always_refund"):
        row = table.loc[policy]
        assert row["recommended_fen"] + row["recommended_rate_fen"] == sum(worth["advised"])
        assert row["policy_fen"] + row["policy_rate_fen"] == sum(worth[policy])
        assert row["difference_fen"] == sum(worth["advised"]) - sum(worth[policy])
        assert row["cases"] == len(worth["advised"]) == basis["fought"]
        assert row["difference_low_fen"] <= row["difference_fen"] <= row["difference_high_fen"]
    assert basis["no_history"] == 150 - len(worth["advised"]) > 0
    assert 0 < basis["advised_to_fight"] < basis["fought"]
    again, _ = back_test(closed)
    pd.testing.assert_frame_equal(table, again)


def test_where_types_differ_the_advice_beats_both_and_says_so() -> None:
    table, _ = back_test(market(2, {"a": 0.8, "b": 0.05}))
    assert set(table["verdict"]) == {"better"} and set(table["reason"]) == {""}


def test_where_one_answer_is_always_right_the_advice_comes_near_it() -> None:
    """Until cases have taught it, it leans on the setting: that costs something, and little."""
    won, _ = back_test(market(3, {"a": 0.9, "b": 0.85}))
    lost, _ = back_test(market(4, {"a": 0.02, "b": 0.05}))
    for table, best, worst in ((won, "always_fight", "always_refund"), (lost, "always_refund", "always_fight")):
        assert table.loc[worst, "verdict"] == "better"
        difference = table["difference_fen"].to_dict()
        assert abs(difference[best]) < 0.1 * difference[worst]


def test_two_equal_policies_are_no_difference_and_few_cases_tell_nothing() -> None:
    few, _ = back_test(market(5, {"a": 0.8}, size=15))
    assert set(few["verdict"]) == {"cannot_tell"} and set(few["reason"]) == {"too_few_cases"}
    none, basis = back_test(closed_of())
    assert list(none["cases"]) == [0, 0, 0] and basis["closed"] == 0 and set(none["reason"]) == {"too_few_cases"}
    dear, basis = back_test(market(6, {"a": 0.5}), costs=Costs(labour_yuan=10_000))
    assert basis["advised_to_fight"] == 0
    assert tuple(dear.loc["always_refund", ["difference_fen", "verdict", "reason"]]) == (0, "cannot_tell", "spans_zero")


@pytest.mark.parametrize("cut", ["2025-04-01", "2025-08-15"])
def test_the_back_test_does_not_look_ahead(cut: str) -> None:
    """Cases that came before a day are judged alike, however those end that were settled later."""
    closed = market(7, {"a": 0.6, "b": 0.2}, size=200)
    early = closed[closed["settled_on"] < pd.Timestamp(cut)]
    whole, judged = {}, {}
    for name, world in (
        ("alone", early),
        ("turned", closed.assign(is_won=closed["is_won"] ^ (closed["settled_on"] >= cut))),
    ):
        rows: list[pd.DataFrame] = []

        def seen(cases: pd.DataFrame, past: pd.DataFrame, rows: list[pd.DataFrame] = rows) -> pd.Series:
            assert (past["settled_on"].max() < cases["opened_on"].min()) or past.empty
            p = CHANCE(cases, past)
            rows.append(cases[["ticket_id"]].assign(p=p))
            return p

        backtest(world, seen, EFFECT, RULE, COSTS)
        found = pd.concat(rows).set_index("ticket_id")["p"]
        whole[name], judged[name] = found, found.reindex(early["ticket_id"])
    pd.testing.assert_series_equal(judged["alone"], judged["turned"])
    assert len(whole["turned"]) > len(whole["alone"])


def test_what_a_fight_would_have_brought_is_not_known_of_a_case_that_was_not_fought() -> None:
    closed = market(8, {"a": 0.9, "b": 0.02}, size=300)
    done = np.where(np.arange(300) % 3 == 0, "conceded", np.where(np.arange(300) % 7 == 0, "lapsed", "fought"))
    mixed = closed.assign(done=done)
    mixed["is_won"] &= mixed["done"] == "fought"
    table, basis = back_test(mixed)
    assert basis["conceded_known"] + basis["conceded_unknown"] == basis["conceded"] > 0
    assert basis["conceded_unknown"] > 20 and basis["lapsed_unknown"] > 5 and basis["lapsed_known"] > 5
    assert list(table["cases"].iloc[:2]) == [basis["fought"]] * 2
    assert table["cases"].iloc[2] == basis["fought"] + basis["conceded_known"] + basis["lapsed_known"]
    # A conceded case with the advice to refund makes no difference; a lapsed one cost the extra loss and the rate on top.
    lapsed = mixed[(mixed["done"] == "lapsed") & (mixed["type"] == "b")]
    differences = table["difference_fen"].to_dict()
    gap = differences["done"] - differences["always_fight"]
    assert 0 < gap <= lapsed["extra_fen"].sum() + 1200 * len(lapsed)
    only_fought, _ = back_test(mixed[mixed["done"] == "fought"])
    for policy in ("always_fight", "always_refund"):
        pd.testing.assert_frame_equal(table.loc[[policy]], only_fought.loc[[policy]])


def test_a_lapsed_case_cost_what_it_cost_and_no_labour() -> None:
    fought = history(0, 30, extra_fen=0)
    later = history(0, 30, 200, opened_on="2026-05-04", settled_on="2026-05-06", extra_fen=0)
    lapsed = settled(300, opened_on="2026-05-04", settled_on="2026-05-07", done="lapsed", is_won=False, extra_fen=700)
    conceded = lapsed | {"ticket_id": "0301", "order_id": "o0301", "done": "conceded"}
    table, basis = back_test(closed_of(*fought, *later, lapsed, conceded))
    assert (basis["no_history"], basis["lapsed_known"], basis["conceded_known"]) == (30, 1, 1)
    assert table["difference_fen"].to_dict() == {
        "always_fight": 30 * (500 + 1200), "always_refund": 0, "done": 30 * (500 + 1200) + 700 + 1200,
    }  # fmt: skip


def test_an_order_counts_once_and_a_case_without_an_amount_not_at_all() -> None:
    closed = market(9, {"a": 0.7, "b": 0.2}, size=80)
    table, basis = back_test(closed)
    last = closed.sort_values(["settled_on", "ticket_id"]).iloc[[-1]]
    earlier = last.assign(ticket_id="zz", settled_on=last["settled_on"] - pd.Timedelta(days=1), at_stake_fen=999_999)
    empty = last.assign(ticket_id="yy", order_id="other", at_stake_fen=pd.array([None], dtype="Int64"))
    more, counted = back_test(pd.concat([closed, earlier, empty], ignore_index=True))
    assert (counted["closed"], counted["same_order"], counted["no_amount"]) == (82, 1, 1)
    assert counted["fought"] == basis["fought"]
    assert more["policy_fen"].to_dict() == table["policy_fen"].to_dict()


def test_the_interval_of_a_sum_holds_its_expectation_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    drawn = [rng.choice([-6000, 0, 0, 4000, 9000], 60) for _ in range(200)]
    expected = 60 * np.mean([-6000, 0, 0, 4000, 9000])
    ends = [resampled(each) for each in drawn]
    assert 0.9 <= np.mean([low <= expected <= high for low, high in ends]) <= 0.98


def test_the_questions_tell_who_agreed_and_where_the_platform_stepped_in(data: Data) -> None:
    data.orders([f"{order_id(n)},已收货,杯,,,,,,,,2026-06-01 10:00:00" for n in range(1, 6)])
    data.tickets([f"50000000000000{n},{order_id(n)},少发漏发,已完结,2026-06-03 10:00:00,,,,,," for n in (1, 2, 3, 5)])
    data.after_sales(
        [
            f"220298498043{n:02d},{order_id(n)},{status},仅退款,20.00,2026-06-02 10:00:00,其他,{agreed},{by}"
            for n, status, agreed, by in (
                (1, "退款成功", "2026-06-04 10:00:00", "店小张"),
                (2, "退款成功", "2026-06-05 10:00:00", "平台客服"),
                (3, "退款成功", "2026-06-06 10:00:00", ""),
                (4, "退款成功", "2026-06-04 10:00:00", "店小张"),
                (5, "商家同意退款，买家撤销", "2026-06-04 10:00:00", "店小张"),  # agreed to, and taken back
            )
        ],
        f"{'a' * 32}_20260630080000.xlsx.csv",
    )
    data.interventions(
        [f"{order_id(4)},2026-06-05 10:00:00,买家,支持商家,,", f"{order_id(3)},2026-06-09 10:00:00,买家,,,"]
    )
    data.build()
    accounts = list(data.settings.interventions.platform_accounts)

    def agreed(day: str) -> list[Any]:
        found = warehouse.ask(data.settings, "case_refunds", as_of=date.fromisoformat(day), platform_accounts=accounts)
        return list(zip(found["order_id"].str[-1], found["agreed_by"], found["refund_fen"], strict=True))

    assert agreed("2026-06-10") == [("1", "merchant", 2000), ("2", "platform", 2000), ("3", "unknown", 2000)]
    assert agreed("2026-06-04") == [("1", "merchant", 2000)]
    found = warehouse.ask(data.settings, "intervened_orders", as_of=date(2026, 6, 8))
    assert "4" in set(found["order_id"].str[-1]) and "3" not in set(found["order_id"].str[-1])
