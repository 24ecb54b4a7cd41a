"""Every number of docs/metrics.md is computed again: rules, worked example, formulas, fixed figures."""

from __future__ import annotations

import ast
import importlib
import json
import math
import re
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from analysis import rates, rules, settings, texts, warehouse
from analysis.findings import Findings
from analysis.rates.changes import KINDS, TOTALS_COLUMNS
from analysis.rates.segments import shrunken
from tests import test_forecast, test_segments
from tests.conftest import WORKED, Data
from tests.documents import DICTIONARY, METRICS, MODEL, TICKETS, bare, rows_below


def test_every_csv_has_a_place_in_the_metrics_the_tickets_or_the_model() -> None:
    names = re.findall(r"^### (\w+\.csv)$", DICTIONARY, re.MULTILINE)
    told = METRICS.replace("`rates.csv`", "`numbers/rates.csv`") + TICKETS + MODEL
    assert len(names) > 16
    assert [name for name in names if name not in told] == []


def words_of(module: str, name: str) -> set[str]:
    """The words that a function gives by `select`, read from its source."""
    tree = ast.parse((settings.PACKAGE / f"{module}.py").read_text(encoding="utf-8"))
    (function,) = (each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name)
    (chosen,) = (
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "select"
    )
    given = [*ast.walk(chosen.args[1]), *(node for each in chosen.keywords for node in ast.walk(each.value))]
    return {str(node.value) for node in given if isinstance(node, ast.Constant)} - {""}


def words_below(mark: str, column: str) -> set[str]:
    return {bare(row[column]) for row in rows_below(METRICS, mark)}


def test_every_status_is_documented_and_every_documented_one_exists() -> None:
    assert words_below("### Statuses", "status") == words_of("rates/lines", "statuses") | {"not_in_force"}


def test_the_reasons_for_not_counting_are_documented() -> None:
    counting = words_below("**Not counted**", "reason")
    assert counting == words_of("rates/windows", "judged")
    explaining = words_below("**Where the platform counts more**", "reason")
    shown = {key.removeprefix("reason.") for key in texts.load("en") if key.startswith("reason.")}
    assert counting | explaining == shown


def test_the_words_of_forecast_nowcast_signal_reconciliation_and_changes_are_documented() -> None:
    assert words_below("**What is withheld**", "reason") == words_of("forecast/outlook", "outlook")
    assert words_below("## By order day", "note") == words_of("forecast/cohorts", "nowcast")
    assert words_below("## Daily signal", "reason") == words_of("rates/signal", "daily_signal")
    assert words_below("## What changed", "kind") == set(KINDS)
    verdicts = {key.removeprefix("fits.verdict_") for key in texts.load("en") if key.startswith("fits.verdict_")}
    assert words_below("**Ranking.**", "verdict") == verdicts


@pytest.mark.parametrize(("text", "fewest"), [(METRICS, 20), (TICKETS, 8)], ids=["metrics", "tickets"])
def test_the_fixed_numbers_are_those_of_the_code(text: str, fewest: int) -> None:
    rows = rows_below(text, "## Fixed numbers")
    assert len(rows) > fewest
    for row in rows:
        module, _, name = bare(row["number"]).rpartition(".")
        value = getattr(importlib.import_module(f"analysis.{module}"), name)
        written = tomllib.loads(f"x = {row['value']}")["x"]
        assert written == (list(value) if isinstance(value, tuple) else value), row["number"]


def test_every_rule_is_documented_and_every_documented_one_exists() -> None:
    documented = {bare(row["rule"]): row for row in rows_below(METRICS, "## Rules")}
    assert sorted(documented) == rules.names()
    for name, row in documented.items():
        rule = rules.load(name)
        assert bare(row["metric"]) == rule.metric
        assert row["window"] == f"{rule.window_days} days"
        assert row["valid from"] == rule.valid_from.isoformat()
        assert (row["source"], row["confidence"]) == (rule.source_en, rule.confidence)


def expected() -> list[dict[str, str]]:
    return rows_below(METRICS, "<!-- expected: intervention-rate -->")


def test_the_worked_example_comes_out_under_every_rule(worked_example: Data) -> None:
    rows = rows_below(METRICS, "<!-- expected: every rule -->")
    assert sorted(bare(row["rule"]) for row in rows) == rules.names()
    for row in rows:
        (got,) = worked_example.rates("2026-06-30", bare(row["rule"]), days=1).itertuples()
        assert (got.numerator, got.denominator) == (total(row["numerator"]), total(row["denominator"])), row["rule"]
        assert f"{got.rate:.6f}" == row["rate"], row["rule"]


def test_headroom_and_rolloff_of_the_worked_example_come_out(worked_example: Data) -> None:
    chosen = worked_example.folder / "data" / "settings.toml"
    chosen.write_text("[lines]\nrate = 0.3\ncount = 5\n", encoding="utf-8")
    day, rule = date(2026, 6, 30), rules.load("pdd-2021-03")
    found = worked_example.rates("2026-06-30", days=1)
    chosen.unlink()
    events = warehouse.ask(worked_example.settings, "rate_events", as_of=day, since=day, kinds=["intervention"])
    shop_days = warehouse.ask(worked_example.settings, "shop_days")
    rolloff = rates.rolloff(found, events, shop_days, rule, day)
    (status,) = rates.status(found, rolloff, shop_days, rule, day).itertuples()
    told = re.findall(r"`min\(floor\(0\.3 × (\d+)\), 5\) − 3 = (?:min\(3, 5\) − 3 = )?(-?\d+)`", METRICS)
    assert told == [("12", str(status.headroom)), ("11", str(status.headroom_expected))]
    leaving = rolloff[rolloff["leaving"] > 0].itertuples()
    rows = rows_below(METRICS, "<!-- expected: rolloff -->")
    for row, got in zip(rows, leaving, strict=True):
        assert (row["on_date"], total(row["leaving"]), total(row["remaining"])) == (
            str(got.on_date),
            got.leaving,
            got.remaining,
        )
        assert f"{got.rate_if_none:.6f}" == row["rate_if_none"]


def orders_in(cell: str) -> dict[str, int]:
    """`1 (09) − 1 (07) = 0` → {"09": 1, "07": -1}; each term names as many orders as it counts, and they add up."""
    terms, _, result = cell.rpartition("=")
    counted = re.findall(r"(−?) ?(\d+) \(([^)]*)\)", terms)
    signed = {name.strip(): -1 if sign else 1 for sign, _, names in counted for name in names.split(",")}
    assert all(int(count) == len(names.split(",")) for _, count, names in counted), cell
    assert sum(signed.values()) == int(result.replace("−", "-")), cell
    return signed


def total(cell: str) -> int:
    """`1 (03) + 2 (12, 13) = 3` → 3, after adding it up."""
    return sum(orders_in(cell).values())


def test_the_platform_s_figure_is_met_by_the_rules_that_the_document_names(worked_example: Data) -> None:
    found = Findings(worked_example.settings)
    days = found.reconciliation.set_index("rule")
    rows = rows_below(METRICS, "<!-- expected: reconciliation -->")
    for row in rows:
        got = days.loc[bare(row["rule"])]
        assert row["ours"] == f"{got['ours_count']} / {got['denominator']}"
        assert (row["difference"], row["within_rounding"]) == (
            str(got["difference"]),
            "yes" if got["within_rounding"] else "no",
        )
    met = {bare(row["rule"]) for row in rows if row["met"] == "yes"}
    fits = found.fits
    assert met == set(fits.loc[fits["is_tied"], "rule"]) == set(fits.loc[fits["days_both"] == 1, "rule"])
    assert set(fits["verdict"]) == {"not_enough_days"}
    assert "the verdict is `not_enough_days`" in METRICS
    assert f"denominator is {days['denominator_low'].iloc[0]} to {days['denominator_high'].iloc[0]}:" in METRICS


def test_the_denominators_of_a_printed_rate_are_those_of_the_document() -> None:
    """By trying every one: 264 and 14.84 %."""
    printed = [d for d in range(1, 5000) if round(264 / d * 10000 + 1e-9) == 1484]
    figure = {
        "shop_id": "s",
        "metric": "m",
        "stat_on": date(2026, 8, 1),
        "platform_count": 264,
        "platform_rate": 0.1484,
    }
    window = {"shop_id": "s", "metric": "m", "rule": "r", "window_end": date(2026, 8, 1), "rate": 264 / 1779}
    windows = pd.DataFrame([window | {"numerator": 264, "denominator": 1779}])
    (got,) = rates.reconcile(windows, pd.DataFrame([figure | {"is_newest": True}]), {}).itertuples()
    assert printed == [got.denominator_low] == [got.denominator_high] == [1779] and got.within_rounding
    assert "count of 264 that leaves only d = 1779" in METRICS


def test_the_four_kinds_of_change_are_those_of_the_document(tmp_path: Path) -> None:
    data = Data(tmp_path)
    shutil.copytree(WORKED, data.exports, dirs_exist_ok=True)
    own = data.settings.rules
    own.mkdir()
    own.joinpath("mine.toml").write_text('variant_of = "pdd-2021-03"\n', encoding="utf-8")
    (data.folder / "data" / "settings.toml").write_text('[report]\nrule = "mine"\nalso = []\n', encoding="utf-8")
    data.build()
    before = date(2026, 6, 29)
    last = Findings(data.settings, before)
    folder = data.settings.reports / before.isoformat()
    (folder / "numbers").mkdir(parents=True)
    last.cases.to_csv(folder / "numbers" / "cases.csv", index=False)
    record = json.dumps({"rules": {"mine": rules.described(last.rule)}}, default=str)
    (folder / "run.json").write_text(record, encoding="utf-8")

    own.joinpath("mine.toml").write_text('variant_of = "pdd-2021-03"\nexcluded_initiators = []\n', encoding="utf-8")
    (noted,) = data.exports.rglob("平台介入登记.csv")
    late = [
        "260618-000000000000009,2026-06-22 10:00:00,买家,处理中,,",
        "260630-000000000000012,2026-06-30 15:00:00,买家,处理中,,",
    ]
    noted.write_text("\n".join([noted.read_text(encoding="utf-8").rstrip(), *late, ""]), encoding="utf-8")
    data.build()
    found = Findings(data.settings, date(2026, 6, 30), before)
    (totals,) = found.change_totals[TOTALS_COLUMNS].to_dict("records")
    rows = {bare(row["step"]): row["orders"] for row in rows_below(METRICS, "<!-- expected: changes -->")}
    assert {name: total(cell) for name, cell in rows.items()} == {name: totals[name] for name in rows}
    changes = {
        kind: {order[-2:]: change for order, change in zip(each["order_id"], each["change"], strict=True)}
        for kind, each in found.changes.groupby("kind")
    }
    assert changes == {kind: orders_in(rows[kind]) for kind in KINDS}
    counted = found.cases.loc[found.cases["counted"], "order_id"]
    assert {order[-2:] for order in counted} == set(orders_in(rows["count_now"]))


def test_the_completion_of_the_worked_example_comes_out(worked_example: Data) -> None:
    cohorts = Findings(worked_example.settings).cohorts
    age = [(date(2026, 6, 30) - day).days for day in cohorts["ordered_on"]]
    completion = dict(zip(age, cohorts["completion"], strict=True))
    for row in rows_below(METRICS, "<!-- expected: completion -->"):
        formula, _, result = row["completion"].rpartition("=")
        assert f"{completion[int(row['age in days'])]:.6f}" == result.strip()
        assert not formula or eval(formula.replace("−", "-").replace("·", "*")) == pytest.approx(
            float(result), abs=1e-6
        )


def test_the_worked_example_is_too_short_for_a_forecast_and_a_signal(worked_example: Data) -> None:
    found = Findings(worked_example.settings)
    assert set(found.outlook["reason"]) == set(found.signal[1]["reason"]) == {"too_short"}


def test_the_shrunken_rates_of_the_document_come_out_by_its_formula_and_by_the_code() -> None:
    rows = rows_below(METRICS, "<!-- expected: shrinkage -->")
    k, n = ([int(row[name]) for row in rows] for name in ("k", "n"))
    groups = pd.DataFrame({"shop_id": "s", "dimension": "courier", "numerator": k, "denominator": n})
    got = shrunken(groups)
    p, m = sum(k) / sum(n), len(rows)
    scatter = sum(d * (c / d - p) ** 2 for c, d in zip(k, n, strict=True)) / (p * (1 - p))
    excess = max(scatter - (m - 1), 0) + math.sqrt(2 * (m - 1))
    rho = min(excess / (sum(n) - sum(d * d for d in n) / sum(n) - (m - 1)), 1)
    w = min(max(1 / rho - 1, 1), sum(n))
    for at, row in enumerate(rows):
        assert row["rate"] == f"{k[at] / n[at]:.6f}"
        assert row["shrunken"] == f"{(k[at] + p * w) / (n[at] + w):.6f}" == f"{got['shrunken_rate'][at]:.6f}"
        assert (row["low"], row["high"]) == (f"{got['shrunken_low'][at]:.6f}", f"{got['shrunken_high'][at]:.6f}")


def test_the_decomposition_of_the_document_comes_out() -> None:
    *rows, whole = rows_below(METRICS, "<!-- expected: decomposition -->")
    orders: list[test_segments.Order] = []
    events: list[test_segments.Event] = []
    for row in rows:
        for column, days_ago in (("before", 40), ("now", 10)):
            k, n = (int(each) for each in row[column].split(" / "))
            events += [(len(orders) + at, days_ago, "", "", True) for at in range(k)]
            orders += [("店", days_ago, "", "", row["courier"], "", False)] * n
    found = test_segments.asked(orders, events)
    couriers = found[found["dimension"] == "courier"].set_index("segment")
    names = ["change", "mix_effect", "rate_effect"]
    for row in rows:
        assert [row[name] for name in names] == [f"{each:.4f}" for each in couriers.loc[row["courier"], names]]
    assert [whole[name] for name in names] == [f"{couriers[name].sum():.4f}" for name in names]
    assert whole["now"] == f"{couriers['numerator'].sum()} / {couriers['denominator'].sum()}"


def test_what_the_document_says_of_a_doubled_level_is_so() -> None:
    past = test_forecast.shifted().replay()
    (told,) = re.findall(r"band covers about (0\.\d+) at 30 days", METRICS)
    (low, high) = re.findall(r"in 7 and 14 days between (0\.\d+) and (0\.\d+)", METRICS)[0]
    assert test_forecast.covers(past, 30)[0] == pytest.approx(float(told), abs=0.05)
    assert all(float(low) <= test_forecast.covers(past, days)[0] <= float(high) for days in (7, 14))


def test_the_false_alarm_share_of_the_document_is_the_formula_s() -> None:
    days, period, share = re.findall(r"1 − exp\(−(\d+) / (\d+)\) = ([\d.]+) %", METRICS)[0]
    assert f"{100 * (1 - math.exp(-int(days) / int(period))):.1f}" == share


def test_the_worked_example_comes_out_as_the_document_says(worked_example: Data) -> None:
    newest = max(row["window_end"] for row in expected())
    computed = worked_example.rates(newest, days=len(expected())).set_index("window_end")
    for row in expected():
        got = computed.loc[date.fromisoformat(row["window_end"])]
        assert (got["window_start"].isoformat(), got["status"]) == (row["window_start"], bare(row["status"]))
        for name in ("numerator", "denominator", "rate", "rate_low", "rate_high"):
            if row[name] == "–":
                assert got.isna()[name], (row["window_end"], name)
            elif name in ("numerator", "denominator"):
                assert got[name] == total(row[name]), (row["window_end"], name)
            else:
                assert f"{got[name]:.6f}" == row[name], (row["window_end"], name)


def test_the_worked_example_tells_each_order_and_intervention_as_built(worked_example: Data) -> None:
    def day(text: str) -> str | None:
        return None if text == "–" else text if "-" in text else f"06-{int(text):02d}"

    orders = [
        (
            row["order"],
            *(day(row[name].removeprefix("2026-")) for name in ("dealt on", "paid", "shipped", "signed for")),
        )
        for row in rows_below(METRICS, "**Orders** (")
    ]
    named = ", ".join(f"strftime({name}, '%m-%d')" for name in ("dealt_on", "paid_at", "shipped_at", "signed_at"))
    assert orders == worked_example.ask(f"select right(order_id, 2), {named} from marts.orders order by 1")
    told = [(row["order"], row["began on"]) for row in rows_below(METRICS, "**Interventions** (")]
    assert sorted(told) == worked_example.ask(
        "select right(order_id, 2), began_on::varchar from marts.interventions order by 1, 2"
    )


def test_the_default_day_of_the_worked_example_is_the_document_s(worked_example: Data) -> None:
    day = warehouse.ask(worked_example.settings, "last_closed_day")["as_of"].iloc[0]
    assert f"so `as_of` is {day.date().isoformat()}" in METRICS
