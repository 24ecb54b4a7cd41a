"""Which products and weeks stand out, whom to claim from, what came back: with bounds that hold where truth is known."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis import losses
from analysis.losses.carriers import CARRIER_COLUMNS, CLAIM_COLUMNS
from analysis.losses.intervals import half_up, sum_interval
from analysis.losses.products import COLUMNS as PRODUCT_COLUMNS
from analysis.losses.savings import COLUMNS as SAVINGS_COLUMNS
from analysis.losses.trend import COLUMNS as TREND_COLUMNS
from tests.loss_worlds import AS_OF, days, entry, frames, order

DEALT = days(店=10)


def missing(value: Any) -> bool:
    return bool(pd.isna(value))


# Bounds


@pytest.mark.parametrize("count", [1, 3, 40])
def test_equal_losses_have_the_exact_bounds_of_their_count(count: int) -> None:
    """Garwood's, from the chi-squared distribution."""
    fen = 700
    low, high = sum_interval(pd.Series([count * fen]), pd.Series([count * fen**2]), pd.Series([fen]))
    assert low.iloc[0] == pytest.approx(fen * stats.chi2.ppf(0.025, 2 * count) / 2)
    assert high.iloc[0] == pytest.approx(fen * stats.chi2.ppf(0.975, 2 * count + 2) / 2)


def test_nothing_lost_may_still_be_chance_and_more_back_than_lost_has_no_bounds() -> None:
    low, high = sum_interval(pd.Series([0, 0, -5]), pd.Series([0, 0, 25]), pd.Series([1000, 0, 1000]))
    assert low.tolist()[:2] == [0.0, 0.0] and missing(low.iloc[2]) and missing(high.iloc[2])
    assert high.iloc[0] == pytest.approx(1000 * -np.log(0.025)) and high.iloc[1] == 0.0


def test_the_bounds_hold_the_truth_where_losses_are_rare_and_skewed() -> None:
    """Log-normal losses, two expected: a nominal 95 % interval, of which a bootstrap reaches about half."""
    rng, runs, mean = np.random.default_rng(7), 600, 2
    lost = [rng.lognormal(0, 1.0, count) for count in rng.poisson(mean, runs)]
    shop = np.array([rng.lognormal(0, 1.0, 200).max() for _ in range(runs)])
    own = np.array([each.max(initial=0) for each in lost])
    total = pd.Series([each.sum() for each in lost])
    low, high = sum_interval(total, pd.Series([(each**2).sum() for each in lost]), pd.Series(np.maximum(shop, own)))
    truth = mean * np.exp(0.5)
    assert ((low <= truth) & (truth <= high)).mean() >= 0.95
    assert (low > truth).mean() <= 0.025


@pytest.mark.parametrize(("value", "expected"), [(2.5, 3), (2.49, 2), (-2.5, -2), (-2.51, -3)])
def test_bounds_are_rounded_half_up(value: float, expected: int) -> None:
    assert half_up(pd.Series([value])).tolist() == [expected]


# Products


def sold(**dealt: int) -> pd.DataFrame:
    rows = [("店", "product", name, count) for name, count in dealt.items()] + [("店", "courier", "often", 7)]
    return pd.DataFrame(rows, columns=["shop_id", "dimension", "segment", "orders_dealt"])


def test_a_product_of_two_sales_does_not_head_the_list_for_one_dear_refund() -> None:
    often = [order(n, product_id="often", product_name="杯") for n in range(20)]
    world = frames(
        [*often, order(20, product_id="twice", product_name=None), order(21, product_id="unsold")],
        [*(entry(n, "refund", 3000) for n in range(20)), entry(20, "refund", 9000), entry(21, "refund", 100)],
    )
    found = losses.top_products(*world, sold(often=100, twice=2), AS_OF)
    assert list(found) == PRODUCT_COLUMNS
    assert found["product_id"].tolist() == ["often", "twice", "unsold"]
    assert found["loss_per_1000_fen"].tolist()[:2] == [600_000, 4_500_000] and missing(found["loss_per_1000_fen"][2])
    assert found["low_per_1000_fen"][1] < found["low_per_1000_fen"][0] < 600_000 < found["high_per_1000_fen"][0]
    y, v, w = 60_000, 20 * 3000**2, 9000
    low = v / (2 * y) * stats.chi2.ppf(0.025, 2 * y * y / v) * 10
    high = (v + w * w) / (2 * (y + w)) * stats.chi2.ppf(0.975, 2 * (y + w) ** 2 / (v + w * w)) * 10
    row = found.iloc[0]
    assert (row["low_per_1000_fen"], row["high_per_1000_fen"]) == (round(low), round(high))
    assert found["product_name"][0] == "杯" and missing(found["product_name"][1])
    assert losses.top_products(*world, sold(often=100, twice=2), AS_OF, most=1)["product_id"].tolist() == ["often"]


# Weeks


def weekly(fen: list[int], outcome: str = "buyer") -> pd.DataFrame:
    """The trend where four orders cost so much each, in weeks of which the last ends on a Sunday."""
    sunday = date(2026, 6, 28)
    numbered = [(week, 10 * week + n, each) for week, each in enumerate(reversed(fen)) for n in range(4)]
    world = frames(
        [
            order(n, disputed_on=sunday - timedelta(days=7 * week), outcome=outcome if week == 0 else "buyer")
            for week, n, _ in numbered
        ],
        [entry(n, "refund", each) for _, n, each in numbered],
    )
    return losses.trend(*world, DEALT, AS_OF)


def test_only_whole_weeks_are_judged() -> None:
    found = weekly([1000] * 9)
    assert list(found) == TREND_COLUMNS
    last, whole = found.iloc[-1], found.iloc[-2]
    assert (str(last["week_start"].date()), last["days"], last["is_whole"], last["verdict"]) == (
        "2026-06-29",
        2,
        False,
        "",
    )
    assert (str(whole["week_end"].date()), whole["days"], whole["is_whole"]) == ("2026-06-28", 7, True)
    assert (whole["loss_fen"], whole["expected_fen"], whole["verdict"]) == (4000, 4000, "level")


def test_the_first_week_of_the_exports_is_whole_only_from_its_monday() -> None:
    world = frames([], [])
    since = date(2026, 6, 9)  # a Tuesday
    found = losses.trend(*world, DEALT[DEALT["on_date"] >= since], AS_OF)
    assert found[["days", "is_whole"]].to_numpy().tolist() == [[6, False], [7, True], [7, True], [2, False]]
    assert found["loss_fen"].tolist() == [0, 0, 0, 0] and found["expected_fen"].isna().all()


@pytest.mark.parametrize(
    ("last", "outcome", "verdict"),
    [(9000, "buyer", "higher"), (9000, "pending", "higher"), (1, "buyer", "lower"), (1, "pending", "open")],
)
def test_a_week_that_stands_out_is_named_and_one_that_may_still_cost_is_open(
    last: int, outcome: str, verdict: str
) -> None:
    found = weekly([*[1000] * 8, last], outcome).iloc[-2]
    assert (found["expected_fen"], found["loss_fen"], found["verdict"]) == (4000, 4 * last, verdict)


def test_a_week_of_which_nothing_is_known_is_neither_judged_nor_compared_with() -> None:
    world = frames([order(1)], [entry(1, "refund", None, source="estimate")])
    found = losses.trend(*world, DEALT, AS_OF).set_index("week_start")["loss_fen"]
    assert missing(found.loc["2026-06-15"]) and found.loc["2026-06-22"] == 0
    verdicts = losses.trend(*world, DEALT, AS_OF).set_index("week_start")["verdict"]
    assert verdicts.loc["2026-06-15"] == "" and verdicts.loc["2026-06-22"] == "level"


def test_shops_that_do_not_change_are_seldom_called_higher_or_lower() -> None:
    rng, judged, called = np.random.default_rng(11), 0, 0
    for _ in range(4):
        orders, entries, number = [], [], 0
        for ago in range(7 * 21):
            for fen in rng.lognormal(8, 1.0, rng.poisson(2.0)):
                number += 1
                orders.append(order(number, disputed_on=date(2026, 6, 28) - timedelta(days=ago)))
                entries.append(entry(number, "refund", int(fen)))
        always = days(店=10).assign(on_date=[date(2026, 6, 28) - timedelta(days=2 * n) for n in range(90)])
        verdicts = losses.trend(*frames(orders, entries), always, date(2026, 6, 28))["verdict"]
        judged, called = judged + int((verdicts != "").sum()), called + int(verdicts.isin(["higher", "lower"]).sum())
    assert judged >= 48 and called / judged <= 0.08


# Carriers


def test_claims_are_the_carriers_orders_with_what_is_still_open() -> None:
    world = frames(
        [
            order(1, accountable="carrier", courier="慢"),
            order(2, accountable="carrier", courier="慢"),
            order(3, accountable="carrier", courier=None),
            order(4, accountable="merchant"),
            order(5, accountable="carrier", courier="慢"),
            order(6, accountable="carrier", courier="快"),
        ],
        [
            entry(1, "refund", 8000),
            entry(1, "carrier_claim", -3000, source="manual"),
            entry(2, "refund", 500),
            entry(3, "refund", None, source="estimate"),
            entry(4, "refund", 700),
            entry(5, "refund", 900),
            entry(5, "carrier_claim", -900, source="manual"),
            entry(6, "refund", 100),
        ],
    )
    parcels = pd.DataFrame({"shop_id": "店", "order_id": [f"260601-{n:015d}" for n in (1, 2, 6)]}).assign(
        tracking_no=["JT1", "JT2", "SF6"], until_on=[date(2026, 7, 9), date(2026, 7, 2), date(2026, 6, 29)]
    )
    found = losses.claims(*world, AS_OF, parcels)
    assert list(found) == CLAIM_COLUMNS
    seen = ["tracking_no", "lost_fen", "claimed_fen", "open_fen", "has_unknown"]
    assert found[seen].astype("object").to_numpy().tolist()[:2] == [
        ["JT1", 8000, 3000, 5000, False], ["JT2", 500, 0, 500, False],
    ]  # fmt: skip
    assert len(found) == 3 and missing(found["open_fen"][2]) and found["has_unknown"][2]
    table = losses.carriers_to_claim(found)
    assert list(table) == CARRIER_COLUMNS
    assert table[["courier", "orders", "parcels", "orders_with_unknown"]].to_numpy().tolist() == [
        ["慢", 2, 2, 0], ["", 1, 0, 1],
    ]  # fmt: skip
    assert table["open_fen"].tolist()[0] == 5500 and missing(table["open_fen"][1])
    assert table["until_on"][0] == pd.Timestamp(2026, 7, 2) and missing(table["until_on"][1])
    assert len(losses.claims(*world, AS_OF)) == 4, "without an end nothing is over"
    assert losses.carriers_to_claim(losses.claims(*frames([], []), AS_OF)).empty


# What came back


NO_TICKETS = pd.DataFrame(columns=["shop_id", "ticket_id", "order_id", "state", "settled_on", "at_stake_fen"])


def came_back(
    entries: list[dict[str, Any]], tickets: pd.DataFrame = NO_TICKETS, watched: pd.DataFrame | None = None
) -> Any:
    listed, _ = frames([], entries)
    return losses.savings(listed, tickets, watched, AS_OF).set_index("deed")


def test_appeals_count_on_the_day_of_the_booking() -> None:
    inside, before, after = datetime(2026, 6, 1), datetime(2026, 5, 31, 23, 59), datetime(2026, 7, 1)
    found = came_back(
        [
            entry(1, "appeal_recovery", -800, booked_at=inside),
            entry(2, "appeal_recovery", -30, booked_at=datetime(2026, 6, 30, 23, 59)),
            entry(3, "appeal_recovery", -7, booked_at=before),
            entry(4, "appeal_recovery", -7, booked_at=after),
            entry(5, "carrier_claim", -7, booked_at=inside),
        ]
    )
    assert list(found.reset_index()[SAVINGS_COLUMNS]) == SAVINGS_COLUMNS
    row = found.loc["appeals"]
    assert (row["status"], row["cases"], row["amount_fen"], row["unknown_cases"]) == ("counted", 2, 830, 0)


def test_tickets_won_keep_what_was_asked_for_once_an_order_unless_it_was_refunded_all_the_same() -> None:
    ids = [f"260601-{n:015d}" for n in (1, 1, 2, 3, 4, 5)]
    tickets = pd.DataFrame({"shop_id": "店", "ticket_id": list("abcdef"), "order_id": ids}).assign(
        state=["closed_won", "closed_won", "closed_won", "closed_won", "closed_lost", "closed_won"],
        settled_on=[date(2026, 6, 30)] * 5 + [date(2026, 5, 31)],
        at_stake_fen=pd.array([4000, 4000, 900, None, 10, 10], dtype="Int64"),
    )
    row = came_back([entry(2, "refund", 900)], tickets).loc["tickets"]
    assert (row["status"], row["cases"], row["amount_fen"], row["unknown_cases"]) == ("counted", 3, 4000, 1)


def watch(control: int, escalated: int, others: int, others_escalated: int, fen: int = 5000) -> pd.DataFrame:
    ends = [True] * escalated + [False] * (control - escalated) + [True] * others_escalated
    frame = pd.DataFrame({"escalated": ends + [False] * (others - others_escalated)})
    return frame.assign(
        order_id=[str(n) for n in frame.index],
        is_control=frame.index < control,
        acted=frame.index >= control + others // 10,
        loss_fen=frame["escalated"].astype("Int64") * fen,
    )


def test_what_warnings_prevented_is_the_difference_to_those_left_alone() -> None:
    row = came_back([], watched=watch(100, 30, 1000, 100)).loc["warnings"]
    assert (row["status"], row["shop_id"]) == ("measured", "")
    assert (row["cases"], row["amount_fen"]) == (300 - 100, 200 * 5000)
    assert row[["watched", "acted", "watched_escalated", "control", "control_escalated"]].tolist() == [
        1000,
        900,
        100,
        100,
        30,
    ]
    low, high = stats.chi2.ppf(0.025, 60) / 2 * 10, stats.chi2.ppf(0.975, 62) / 2 * 10
    mine_low, mine_high = stats.chi2.ppf(0.025, 200) / 2, stats.chi2.ppf(0.975, 202) / 2
    below = 200 - ((300 - low) ** 2 + (mine_high - 100) ** 2) ** 0.5
    above = 200 + ((high - 300) ** 2 + (100 - mine_low) ** 2) ** 0.5
    assert (row["cases_low"], row["cases_high"]) == (round(below), round(above))
    assert (row["low_fen"], row["high_fen"]) == (round(below * 5000), round(above * 5000))


@pytest.mark.parametrize(
    ("watched", "status"),
    [
        (None, "no_control"),
        (watch(0, 0, 50, 5), "no_control"),
        (watch(50, 9, 50, 0), "not_enough"),
        (watch(50, 10, 500, 100), "cannot_tell"),
        (watch(50, 25, 500, 20), "measured"),
    ],
)
def test_nothing_is_claimed_before_the_control_group_tells(watched: pd.DataFrame | None, status: str) -> None:
    row = came_back([], watched=watched).loc["warnings"]
    assert row["status"] == status
    assert missing(row["amount_fen"]) == (status in ("no_control", "not_enough"))


def test_a_loss_that_is_not_known_leaves_the_warnings_without_money() -> None:
    watched = watch(50, 25, 500, 20)
    watched.loc[0, "loss_fen"] = pd.NA
    row = came_back([], watched=watched).loc["warnings"]
    assert (row["status"], row["unknown_cases"]) == ("measured", 1)
    assert missing(row["amount_fen"]) and missing(row["low_fen"]) and row["cases"] == 230
