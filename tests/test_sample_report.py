"""The main job on the sample, end to end: files in, page out, held against the truth from which the sample was made."""

from __future__ import annotations

from datetime import date, timedelta
from html import unescape
from typing import Any

import pandas as pd
import pytest

from analysis import rules, settings, warehouse
from analysis.sample import world
from tests.conftest import SAMPLE
from tests.made_up_pages import WORDS

AS_OF = date(2026, 9, 14)
RULE = "pdd-2021-03"
HEALTHY, TROUBLED = (plan.shop for plan in world.PLANS)
EXACT = {"reported", "ticket"}
"""What an intervention is dated by where the day is known; `applied` is too early by up to the age of the request."""


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return {plan.shop: world.build(plan) for plan in world.PLANS}


def numbers(report: settings.Settings, name: str) -> pd.DataFrame:
    """A file of numbers under the leading rule."""
    found = pd.read_csv(report.reports / AS_OF.isoformat() / "numbers" / f"{name}.csv")
    return found[found["rule"] == RULE].reset_index(drop=True)


@pytest.fixture(scope="module")
def rates(sample_report: settings.Settings) -> pd.DataFrame:
    return numbers(sample_report, "rates")


@pytest.fixture(scope="module")
def cases(sample_report: settings.Settings) -> pd.DataFrame:
    found = numbers(sample_report, "cases")
    return found.assign(booked_on=pd.to_datetime(found["booked_on"]))


def counted(true: world.World, ended: pd.Timestamp) -> pd.DataFrame:
    """The interventions that count in the 30 days before `ended`, as they stood then."""
    events = world.interventions(true.after_sales)
    inside = (events["began_at"] >= ended - pd.Timedelta(days=30)) & (events["began_at"] < ended)
    is_undecided = (events["withdrawn_at"] < ended) & events["decided_at"].isna()
    found: pd.DataFrame = events[inside & (events["initiated_by"] == "buyer") & ~is_undecided]
    return found


def last_days(events: pd.DataFrame, column: str) -> dict[str, pd.Timestamp]:
    """The day that books each order last: that day it leaves the window with."""
    days: dict[str, pd.Timestamp] = events[column].dt.normalize().groupby(events["order_id"]).max().to_dict()
    return days


def test_every_file_of_the_sample_is_accepted_and_accounted_for(sample_report: settings.Settings) -> None:
    with warehouse.connect(sample_report) as connection:
        assert connection.execute("select * from marts.refused_files").fetchall() == []
        ((files, unbalanced),) = connection.execute(
            "select count(*), count(*) filter (where read_rows <> kept_rows + superseded_rows + quarantined_rows + note_rows) "
            "from marts.files"
        ).fetchall()
        reasons = connection.execute("select reason from marts.quarantined_rows").fetchall()
    assert files == len([each for each in (SAMPLE / "exports").rglob("*") if each.is_file()])
    assert unbalanced == 0
    assert reasons == [("scientific_notation",)] * 2


def test_every_order_is_dealt_on_its_true_day(sample_report: settings.Settings, truth: dict[str, Any]) -> None:
    with warehouse.connect(sample_report) as connection:
        found = connection.execute("select shop_id, order_id, dealt_on from marts.orders").df()
    for shop, true in truth.items():
        ours = found[found["shop_id"] == shop].merge(true.orders, on="order_id", how="outer", validate="one_to_one")
        assert len(ours) == len(true.orders) == (found["shop_id"] == shop).sum()
        true_day = ours["dealt_at"].dt.normalize()
        assert ours["dealt_on"].isna().equals(true_day.isna())
        assert (ours["dealt_on"].dropna() == true_day.dropna()).all()


def test_the_newest_window_and_its_headroom_are_right_to_the_order(
    sample_report: settings.Settings, rates: pd.DataFrame, truth: dict[str, Any]
) -> None:
    started, ended = pd.Timestamp("2026-08-16"), pd.Timestamp("2026-09-15")
    status = numbers(sample_report, "status").set_index("shop_id")
    for shop, true in truth.items():
        n = counted(true, ended)["order_id"].nunique()
        d = int(true.orders["dealt_at"].between(started, ended, inclusive="left").sum())
        (last,) = rates[(rates["shop_id"] == shop) & (rates["window_end"] == "2026-09-14")].itertuples()
        assert (last.numerator, last.denominator) == (n, d)
        by_rate, by_count = 3 * d // 100 - n, 15 - n
        assert last.headroom == min(by_rate, by_count)
        own = status.loc[shop]
        assert (own["headroom"], own["headroom_rate"], own["headroom_count"]) == (
            min(by_rate, by_count),
            by_rate,
            by_count,
        )


def test_every_intervention_of_the_newest_window_leaves_on_its_day(
    sample_report: settings.Settings, cases: pd.DataFrame, truth: dict[str, Any]
) -> None:
    """In the troubled shop all days are exact, also where the own list, which is believed first, knows one of two."""
    true = last_days(counted(truth[TROUBLED], pd.Timestamp("2026-09-15")), "began_at")
    ours = cases[cases["counted"] & (cases["shop_id"] == TROUBLED)]
    assert set(ours["dated_by"]) <= EXACT
    assert last_days(ours, "booked_on") == true
    rolloff = numbers(sample_report, "rolloff").query("shop_id == @TROUBLED")
    left = len(true)
    assert len(rolloff) == 30
    for ahead, row in enumerate(rolloff.itertuples(), 1):
        day = pd.Timestamp(AS_OF + timedelta(days=ahead))
        leaving = sum(booked + pd.Timedelta(days=30) == day for booked in true.values())
        left -= leaving
        assert (pd.Timestamp(str(row.on_date)), row.leaving, row.remaining) == (day, leaving, left)
    assert left == 0


def test_an_intervention_without_a_day_of_its_own_leaves_no_later_than_it_should(
    sample_report: settings.Settings, cases: pd.DataFrame, truth: dict[str, Any]
) -> None:
    """Dated by the request it is booked too early, by up to the request's age: here two of four, by at most a week."""
    events = counted(truth[HEALTHY], pd.Timestamp("2026-09-15"))
    true = last_days(events, "began_at")
    ours = cases[cases["counted"] & (cases["shop_id"] == HEALTHY)]
    exact = set(ours.loc[ours["dated_by"].isin(EXACT), "order_id"])
    found = last_days(ours, "booked_on")
    assert set(found) == set(true) and len(exact) == 2 and set(ours["dated_by"]) == {"ticket", "applied"}
    for order, day in found.items():
        early = true[order] - day
        assert early == pd.Timedelta(0) if order in exact else pd.Timedelta(0) < early <= pd.Timedelta(days=7)
    for row in numbers(sample_report, "rolloff").query("shop_id == @HEALTHY").itertuples():
        on = pd.Timestamp(str(row.on_date))
        right = sum(day + pd.Timedelta(days=30) > on for day in true.values())
        assert row.remaining == sum(day + pd.Timedelta(days=30) > on for day in found.values()) <= right


def test_in_all_ninety_windows_the_denominator_is_exact_and_the_numerator_near(
    rates: pd.DataFrame, truth: dict[str, Any]
) -> None:
    """An export shows that the platform stepped in, not on which day: older windows may be off by what two exports hide."""
    assert set(rates.groupby("shop_id").size()) == {90}
    for row in rates.itertuples():
        true = truth[str(row.shop_id)]
        started, ended = pd.Timestamp(str(row.window_start)), pd.Timestamp(str(row.window_end)) + pd.Timedelta(days=1)
        dealt = true.orders["dealt_at"]
        assert row.denominator == ((dealt >= started) & (dealt < ended)).sum()
        events = world.interventions(true.after_sales)
        events = events[(events["initiated_by"] != "platform") & (events["outcome"] != "withdrawn")]
        inside = events[(events["began_at"] >= started) & (events["began_at"] < ended)]
        assert abs(int(str(row.numerator)) - inside["order_id"].nunique()) <= 2


def test_the_platforms_own_figures_name_the_rule_they_were_made_by(
    sample_report: settings.Settings, truth: dict[str, Any]
) -> None:
    """Ten days of one shop, each equal to ours, though the own list leaves out the second round of one of the orders."""
    days = numbers(sample_report, "reconciliation")
    assert set(days["shop_id"]) == {TROUBLED}
    assert list(days["date"]) == [f"2026-09-{day:02d}" for day in range(5, 15)]
    for row in days.itertuples():
        ended = pd.Timestamp(str(row.date)) + pd.Timedelta(days=1)
        dealt = truth[TROUBLED].orders["dealt_at"]
        n = counted(truth[TROUBLED], ended)["order_id"].nunique()
        d = int(dealt.between(ended - pd.Timedelta(days=30), ended, inclusive="left").sum())
        assert (row.platform_count, row.denominator) == (n, d)
    assert days["denominator"].between(days["denominator_low"], days["denominator_high"]).all()
    assert set(days["difference"]) == {0} and days["within_rounding"].all()


def test_the_verdict_is_the_hidden_rule_and_no_change_of_it(sample_report: settings.Settings) -> None:
    fits = pd.read_csv(sample_report.reports / AS_OF.isoformat() / "numbers" / "fits.csv")
    assert set(fits["shop_id"]) == {TROUBLED} and len(fits) >= 12
    assert set(fits["verdict"]) == {"fits"} and not fits["is_tied"].any() and fits["stopped_on"].isna().all()
    assert list(fits.loc[fits["place"] == 1, "rule"]) == [RULE]
    leading = fits.set_index("rule").loc[RULE]
    assert leading["days"] == leading["days_denominator"] == leading["days_both"] == 10
    for name, words in (("rates.html", WORDS["zh"]), ("rates.en.html", WORDS["en"])):
        page = unescape((sample_report.reports / AS_OF.isoformat() / name).read_text(encoding="utf-8"))
        title = rules.load(RULE).title_zh if name == "rates.html" else rules.load(RULE).title_en
        told = {"rule": title, "days": leading["days"], "both": leading["days_both"]}
        assert words["fits.verdict_fits"].format(**told) in page
        assert words["fits.stopped"].rpartition("}")[2] not in page


def test_the_page_says_that_it_is_the_sample(sample_report: settings.Settings) -> None:
    for name in (
        f"{name}{end}" for name in ("daily", "losses", "model", "rates", "tickets") for end in (".html", ".en.html")
    ):
        page = (sample_report.reports / AS_OF.isoformat() / name).read_text(encoding="utf-8")
        assert "示例数据" in page or "made up" in page


def test_the_sample_never_mixes_with_real_data(sample_report: settings.Settings) -> None:
    real = settings.load(sample_report.data.parent, sample_report.reports.parent)
    assert not real.exports.exists() and not real.warehouse.exists() and not list(real.reports.glob("*/daily.html"))
    assert sample_report.is_sample and not real.is_sample
