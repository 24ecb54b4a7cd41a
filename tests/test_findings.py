"""The whole way, from exports to what a day's report says: changes since the last one, the platform's larger figure, the cases."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.findings import Findings
from tests.conftest import Data, order_id

FIRST = date(2026, 4, 1)
FIGURES = "统计时间,介入订单数,平台介入率,类目均值"


VARIANT = 'variant_of = "pdd-2021-03"\nmetric = "{metric}"\nwindow_days = 20\n'


def orders(until: date) -> list[str]:
    """One dealt order a day, numbered from 0."""
    days = [FIRST + timedelta(days=n) for n in range((until - FIRST).days + 1)]
    return [f"{order_id(n)},已收货,,,,,,,,,{day} 10:00:00" for n, day in enumerate(days)]


def run(data: Data, *words: str) -> str:
    result = CliRunner().invoke(
        main, [*words, "--data", str(data.folder / "data"), "--reports", str(data.folder / "reports")]
    )
    assert result.exit_code == 0, result.output
    return result.output


def leading(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame[frame["rule"] == "pdd-2021-03"].to_dict("records")


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "numbers" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_what_changed_since_the_last_report_adds_up_order_by_order(data: Data) -> None:
    """Rolled off: 1, whose window ended. New: 2. Restated: 3 noted late, 4 found to be the platform's own. Then the rule changes."""
    data.folder.joinpath("data", "settings.toml").write_text('[report]\nlanguages = ["zh"]\n', encoding="utf-8")
    data.orders(orders(date(2026, 6, 10)), "orders_export2026-06-11.csv")
    listed = [
        f"{order_id(1)},2026-05-15 10:00,买家,支持买家,2026-05-20 10:00,",
        f"{order_id(4)},2026-06-01 10:00,买家,处理中,,",
    ]
    data.interventions(listed)
    run(data, "report")
    data.orders(orders(date(2026, 6, 16)), "orders_export2026-06-17.csv")
    data.interventions(
        [
            listed[0],
            f"{order_id(4)},2026-06-01 10:00,平台,支持买家,2026-06-02 10:00,",
            f"{order_id(3)},2026-06-05 10:00,买家,处理中,,",
            f"{order_id(2)},2026-06-14 10:00,买家,处理中,,",
            f"{order_id(5)},2026-06-13 10:00,买家,买家撤销,,",
        ]
    )
    run(data, "report")
    reports = data.folder / "reports"
    lead = [each for each in rows(reports / "2026-06-16", "changes") if each["rule"] == "pdd-2021-03"]
    assert [(each["kind"], each["change"], each["order_id"], each["since"]) for each in lead] == [
        ("new", "1", order_id(2), "2026-06-10"),
        ("restated", "1", order_id(3), "2026-06-10"),
        ("restated", "-1", order_id(4), "2026-06-10"),
        ("rolled_off", "-1", order_id(1), "2026-06-10"),
    ]
    counted = {
        day: sum(each["counted"] == "True" and each["rule"] == "pdd-2021-03" for each in rows(reports / day, "cases"))
        for day in ("2026-06-10", "2026-06-16")
    }
    assert counted["2026-06-16"] - counted["2026-06-10"] == sum(int(each["change"]) for each in lead)

    wider = 'variant_of = "pdd-2021-03"\nexcludes_undecided_withdrawn = false\n'
    own = data.folder / "data" / "rules"
    own.mkdir()
    own.joinpath("mine.toml").write_text(wider.replace("false", "true"), encoding="utf-8")
    chosen = data.folder / "data" / "settings.toml"
    chosen.write_text('[report]\nlanguages = ["zh"]\nrule = "mine"\nalso = []\n', encoding="utf-8")
    run(data, "report")
    own.joinpath("mine.toml").write_text(wider, encoding="utf-8")
    data.orders(orders(date(2026, 6, 17)), "orders_export2026-06-18.csv")
    run(data, "report")
    (redefined,) = rows(reports / "2026-06-17", "changes")
    assert (redefined["rule"], redefined["kind"], redefined["order_id"]) == ("mine", "redefined", order_id(5))
    totals = Findings(data.settings, date(2026, 6, 17), date(2026, 6, 16)).change_totals
    assert totals.to_dict("records") == [
        {
            "shop_id": "店", "rule": "mine", "count_before": 2, "new": 0, "rolled_off": 0, "restated": 0, "redefined": 1,
            "count_now": 3,
        }
    ]  # fmt: skip
    asked = run(
        data, "sql", "select distinct cast(as_of as varchar) as day from numbers.cases order by 1", "--format", "csv"
    )
    assert asked.split() == ["day", "2026-06-10", "2026-06-16", "2026-06-17"]


@pytest.fixture
def small(data: Data) -> Data:
    """A shop with two known interventions, up to 2026-06-30, and a line of five."""
    data.folder.joinpath("data", "settings.toml").write_text("[lines]\ncount = 5\n", encoding="utf-8")
    data.orders(orders(date(2026, 6, 30)), "orders_export2026-07-01.csv")
    data.interventions([f"{order_id(n)},2026-06-2{n} 10:00,买家,处理中,," for n in (1, 2)])
    return data


def test_where_the_platform_counts_more_its_figure_lowers_the_headroom(small: Data) -> None:
    """Two figures for one day: the newer export holds, the older is listed; `--` is no figure."""
    small.put("店/服务概况_20260701.csv", f"{FIGURES}\n2026-06-30,4,13.33%,--\n2026-06-29,--,--,--\n")
    small.put("店/服务概况_20260630.csv", f"{FIGURES}\n2026-06-30,9,30.00%,--\n")
    small.build()
    found = Findings(small.settings)
    (agreement,) = leading(found.agreement)
    assert (agreement["days"], agreement["days_equal"]) == (1, 0)
    assert (agreement["platform_count"], agreement["missing_count"]) == (4, 2)
    (status,) = leading(found.status)
    assert [status[name] for name in ("numerator", "headroom", "headroom_low", "unseen")] == [2, 3, 1, 2]
    assert {each["unseen"] for each in found.status.query("rule != 'pdd-2021-03'").to_dict("records")} == {0}
    figures = found.figures.query("metric == 'intervention_rate'")
    assert sorted(zip(figures["platform_count"], figures["is_newest"], strict=True)) == [(4, True), (9, False)]


def test_a_figure_for_a_day_without_orders_is_compared_with_nothing(small: Data) -> None:
    small.put("店/服务概况_20260701.csv", f"{FIGURES}\n2025-01-15,3,1.00%,--\n2026-06-30,2,6.67%,--\n")
    small.put("别的店/服务概况_20260701.csv", f"{FIGURES}\n2026-06-30,1,1.00%,--\n")
    small.build()
    found = Findings(small.settings)
    own = found.reconciliation[found.reconciliation["rule"] == "pdd-2021-03"]
    compared = own[own["ours_count"].notna()]
    assert len(own) == 3
    assert [(str(each.date), each.within_rounding) for each in compared.itertuples()] == [("2026-06-30", True)]
    assert [each["days_equal"] for each in leading(found.agreement) if each["shop_id"] == "店"] == [1]


def test_every_case_is_listed_with_why_it_counts_or_not(data: Data) -> None:
    data.orders(orders(date(2026, 6, 30)), "orders_export2026-07-01.csv")
    data.interventions(
        [
            f"{order_id(1)},2026-06-20 10:00,买家,支持商家,2026-06-22 10:00,",
            f"{order_id(2)},2026-06-21 10:00,平台,支持买家,2026-06-22 10:00,",
            f"{order_id(3)},2026-06-22 10:00,买家,买家撤销,,",
            f"{order_id(4)},2026-05-02 10:00,买家,支持买家,2026-05-30 10:00,",
        ]
    )
    data.build()
    cases = Findings(data.settings).cases
    told = {
        rule: list(zip(frame["order_id"].str[-1], frame["reason"], strict=True))
        for rule, frame in cases.groupby("rule")
    }
    assert told == {
        "pdd-2021-03": [("1", ""), ("2", "started_by_platform"), ("3", "withdrawn_undecided")],
        "help-rate": [("1", ""), ("2", "started_by_platform"), ("3", "")],
        "dispute-refund-rate": [
            ("1", "outcome_not_counted"),
            ("2", "started_by_platform"),
            ("3", "outcome_not_counted"),
        ],
    }
    assert list(cases["counted"]) == list(cases["reason"] == "")


def test_days_before_a_hole_are_no_history_for_the_forecast(data: Data) -> None:
    listed = [f"{order_id(n)},2026-0{4 + n % 3}-10 10:00,买家,处理中,," for n in range(9)]
    everything = orders(date(2026, 6, 30))
    data.orders(everything[:20], "a_export2026-04-21.csv")
    data.orders(everything[30:], "b_export2026-07-01.csv")
    data.interventions(listed)
    data.build()
    found = Findings(data.settings)
    assert str(found.since["店"].date()) == "2026-05-01"
    assert set(found.outlook["reason"]) == {"too_short"} and found.outlook["expected"].isna().all()


def test_over_the_line_only_by_the_platforms_count_still_says_when_it_ends(small: Data) -> None:
    """Two known, six by the platform, a line of five: of the two, one leaves on 07-21 and the other on 07-22."""
    small.put("店/服务概况_20260701.csv", f"{FIGURES}\n2026-06-30,6,20.00%,--\n")
    small.build()
    (status,) = leading(Findings(small.settings).status)
    assert (status["headroom"], status["headroom_low"]) == (3, -1)
    assert (status["back_under_on"], status["back_under_late_on"]) == (None, date(2026, 7, 21))


def test_a_rule_by_order_day_may_lead_and_has_a_rolloff_but_no_forecast(small: Data) -> None:
    """Of the orders dealt on 04-02 and 04-03 only those dealt inside the window count, so one more, dealt on 06-10."""
    chosen = small.folder / "data" / "settings.toml"
    chosen.write_text('[report]\nrule = "intervention-by-order-day"\nalso = []\n', encoding="utf-8")
    small.interventions([f"{order_id(n)},2026-06-2{n % 10} 10:00,买家,处理中,," for n in (1, 2, 70)])
    small.build()
    found = Findings(small.settings)
    leaving = found.rolloff[found.rolloff["leaving"] > 0]
    assert [(str(each.on_date), each.leaving, each.remaining) for each in leaving.itertuples()] == [
        ("2026-07-10", 1, 0)
    ]
    assert list(found.outlook["reason"]) == ["order_day"] * 3 and found.outlook["expected"].isna().all()
    assert "order_day" in run(small, "backtest")
    run(small, "report")


def test_a_long_window_and_a_far_report_reach_as_far_back_as_they_say(data: Data) -> None:
    """A rule over 120 days counts a refund of the first window shown; compared with January's report, nothing is restated."""
    days = [date(2025, 9, 1) + timedelta(days=n) for n in range(303)]
    rows = [f"{order_id(n)},已收货,,,,,,,,,{day} 10:00:00" for n, day in enumerate(days)]
    data.orders(rows, "orders_export2026-07-01.csv")
    refunds = [
        f"2202984980{n:04d},{order_id(n)},退款成功,仅退款,1,{day} 10:00:00,质量问题,{day} 12:00:00,"
        for n, day in enumerate(days)
        if n % 5 == 0
    ]
    data.after_sales(refunds, "0" * 32 + "_20260701090000.xlsx")
    own = data.folder / "data" / "rules"
    own.mkdir()
    own.joinpath("long.toml").write_text('variant_of = "quality-refund-rate"\nwindow_days = 120\n', encoding="utf-8")
    chosen = data.folder / "data" / "settings.toml"
    chosen.write_text('[report]\nrule = "long"\nalso = []\nlanguages = ["zh"]\n', encoding="utf-8")
    data.build()
    assert set(Findings(data.settings, date(2026, 6, 30)).rates["numerator"]) == {24}
    run(data, "report", "--as-of", "2026-01-31")
    totals = Findings(data.settings, date(2026, 6, 30), date(2026, 1, 31)).change_totals
    assert totals[["count_before", "restated", "count_now"]].to_numpy().tolist() == [[24, 0, 24]]


def test_a_report_from_before_its_cases_were_kept_is_not_compared_with(small: Data) -> None:
    small.folder.joinpath("data", "settings.toml").write_text('[report]\nlanguages = ["zh"]\n', encoding="utf-8")
    old = small.folder / "reports" / "2026-06-01"
    old.mkdir(parents=True)
    old.joinpath("run.json").write_text('{"as_of": "2026-06-01", "languages": ["zh"]}', encoding="utf-8")
    run(small, "report")
    page = (small.folder / "reports" / "2026-06-30" / "daily.html").read_text(encoding="utf-8")
    assert "这是第一份报告" in page


def test_a_metric_of_the_users_own_may_lead(small: Data) -> None:
    """Nothing of the platform's is its like: no candidates beside it, nothing to compare with, and a line of its own."""
    own = small.folder / "data" / "rules"
    own.mkdir()
    text = VARIANT.format(metric="my_rate")
    own.joinpath("mine.toml").write_text(text, encoding="utf-8")
    chosen = small.folder / "data" / "settings.toml"
    chosen.write_text('[metric_lines.my_rate]\ncount = 1\n[report]\nrule = "mine"\nalso = []\n', encoding="utf-8")
    run(small, "report")
    (status,) = rows(small.folder / "reports" / "2026-06-30", "status")
    assert [status[name] for name in ("rule", "numerator", "target_count", "headroom", "status")] == [
        "mine", "2", "1", "-1", "above_count",
    ]  # fmt: skip
