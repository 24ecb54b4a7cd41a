"""The order in which open tickets wait, against a count by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.settings import Tickets, UserError, load
from analysis.tickets.worklist import COLUMNS, due, win_probability, worklist

READ_AT = datetime(2026, 6, 12, 9)  # a Friday
NO_EFFECT = pd.Series({"店": None}, dtype="Float64")
NOTHING_SETTLED = pd.DataFrame(columns=["shop_id", "type", "is_complete", "is_won"])


def missing(value: Any) -> bool:
    return bool(pd.isna(value))


def ticket(number: int, **given: Any) -> dict[str, Any]:
    usual = {
        "shop_id": "店", "ticket_id": f"5000{number}", "order_id": f"260601-{number:015d}", "type": "not_received",
        "state": "open", "created_at": READ_AT - timedelta(hours=24), "deadline_at": READ_AT + timedelta(hours=24),
        "deadline_source": "text", "required": ("waybill_stub",), "present": ("waybill_stub",), "missing": (),
        "entrance": "ticket", "paid_fen": 8000, "refund_fen": None, "penalty_fen": None,
        "may_count": True,
    }  # fmt: skip
    return usual | given


def frame(*tickets: dict[str, Any]) -> pd.DataFrame:
    kinds = {"deadline_at": "datetime64[us]", "refund_fen": "Int64", "paid_fen": "Int64"}
    return pd.DataFrame(tickets).astype(kinds)


def listed(*tickets: dict[str, Any], effect: pd.Series = NO_EFFECT) -> pd.DataFrame:
    return worklist(frame(*tickets), NOTHING_SETTLED, effect, READ_AT, Tickets())


def test_more_money_less_time_and_better_proof_come_first_and_the_overdue_apart() -> None:
    found = listed(
        ticket(1),
        ticket(2, paid_fen=50000),
        ticket(3, deadline_at=READ_AT + timedelta(hours=96)),
        ticket(4, present=(), missing=("waybill_stub",)),
        ticket(5, paid_fen=900000, deadline_at=READ_AT - timedelta(hours=1), state="expired"),
        ticket(6, deadline_at=pd.NaT, deadline_source="unknown"),
    )
    assert list(found["ticket_id"].str[-1]) == ["2", "1", "6", "4", "3", "5"]
    assert list(found.columns) == COLUMNS
    rows = found.set_index("ticket_id")
    assert rows.loc["50001", "priority"] == 0.5 * 80
    assert rows.loc["50003", "priority"] == 0.5 * 80 * 24 / 96
    assert rows.loc["50004", "priority"] == 0.2 * 80
    assert rows.loc["50005", "hours_left"] == -1.0
    assert missing(rows.loc["50006", "hours_left"])


def test_what_is_asked_back_is_at_stake_and_the_rate_counts_as_money() -> None:
    found = listed(
        ticket(1, refund_fen=3000), ticket(2, paid_fen=None), effect=pd.Series({"店": 12.5}, dtype="Float64")
    ).set_index("ticket_id")
    assert found.loc["50001", "at_stake_yuan"] == 30.0
    assert found.loc["50001", "priority"] == 0.5 * (30 + 12.5)
    assert missing(found.loc["50002", "at_stake_yuan"])
    assert found.loc["50002", "priority"] == 0.5 * 12.5


def test_only_a_ticket_whose_loss_counts_is_weighed_by_the_rate() -> None:
    effect = pd.Series({"店": 90.0}, dtype="Float64")
    service = {"type": "refund_in_transit", "may_count": False}
    found = listed(ticket(1, **service, paid_fen=8900), ticket(2), ticket(3, shop_id="别店", **service), effect=effect)
    assert list(found["ticket_id"].str[-1]) == ["2", "1", "3"]
    rows = found.set_index("ticket_id")
    assert (rows.loc["50002", "rate_effect_yuan"], rows.loc["50002", "priority"]) == (90.0, 0.5 * (80 + 90))
    assert (rows.loc["50001", "rate_effect_yuan"], rows.loc["50001", "priority"]) == (0.0, 0.5 * 89)
    assert missing(rows.loc["50003", "rate_effect_yuan"]), "of a shop whose effect is not known nothing is said"


def test_the_chance_leans_on_wider_experience_until_the_shop_has_its_own() -> None:
    def cases(shop: str, kind: str, won: int, lost: int) -> list[tuple[str, str, bool, bool]]:
        return [(shop, kind, True, n < won) for n in range(won + lost)]

    rows = cases("店", "a", 10, 0) + cases("别店", "a", 0, 10) + cases("别店", "b", 20, 0)
    closed = pd.DataFrame(rows, columns=["shop_id", "type", "is_complete", "is_won"])
    asked = pd.DataFrame(
        [("店", "a", True), ("新店", "c", True), ("店", "a", False)], columns=["shop_id", "type", "is_complete"]
    )
    own, new, without = win_probability(asked, closed, Tickets())
    everything = (30 + 20 * 0.5) / (40 + 20)
    of_type = (10 + 20 * everything) / (20 + 20)
    assert own == pytest.approx((10 + 20 * of_type) / (10 + 20))
    assert new == pytest.approx(everything)
    assert without == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("read_at", "at", "slots"),
    [
        (datetime(2026, 6, 12, 9), datetime(2026, 6, 12, 17, 59), {"today"}),
        (datetime(2026, 6, 12, 9), datetime(2026, 6, 12, 18), {"tonight"}),
        (datetime(2026, 6, 12, 9), datetime(2026, 6, 13, 8, 59), {"tonight", "weekend"}),
        (datetime(2026, 6, 12, 9), datetime(2026, 6, 13, 9), {"tomorrow", "weekend"}),
        (datetime(2026, 6, 12, 9), datetime(2026, 6, 15, 9), set()),
        (datetime(2026, 6, 14, 9), datetime(2026, 6, 14, 10), {"today", "weekend"}),
        (datetime(2026, 6, 14, 9), datetime(2026, 6, 14, 8), set()),
        (datetime(2026, 12, 31, 9), datetime(2027, 1, 1, 8), {"tonight"}),
    ],
)
def test_what_falls_due_in_which_part_of_the_day(read_at: datetime, at: datetime, slots: set[str]) -> None:
    found = worklist(frame(ticket(1, deadline_at=at)), NOTHING_SETTLED, NO_EFFECT, read_at, Tickets())
    table = due(found, read_at, Tickets())
    assert set(table.loc[table["due"] == 1, "slot"]) == slots


def test_answers_that_the_team_cannot_give_are_counted() -> None:
    found = listed(*(ticket(n, deadline_at=READ_AT + timedelta(hours=10)) for n in range(5)))
    table = due(found, READ_AT, Tickets(evening_capacity=3)).set_index("slot")
    assert (table.loc["tonight", "due"], table.loc["tonight", "capacity"], table.loc["tonight", "short"]) == (5, 3, 2)
    assert missing(table.loc["today", "capacity"]) and missing(table.loc["today", "short"])


@pytest.mark.parametrize(
    ("text", "said"),
    [("reading_hour = 25", "0 到 23"), ("win_rate_missing = 1.5", "0 到 1"), ("evening_capacity = -1", "不能为负")],
)
def test_impossible_settings_are_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "settings.toml").write_text(f"[tickets]\n{text}\n", encoding="utf-8")
    with pytest.raises(UserError) as error:
        load(tmp_path, tmp_path)
    assert said in error.value.zh and "[tickets]" in error.value.en
