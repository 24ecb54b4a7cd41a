"""The documents say what the code does: every name both ways, every number computed, every link to something."""

from __future__ import annotations

import ast
import csv
import importlib
import json
import math
import re
import shlex
import shutil
import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import click
import nbformat
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis import forecast, rates, rules, settings, texts, warehouse
from analysis.archive import types
from analysis.cli import main
from analysis.findings import Findings
from analysis.rates.changes import KINDS, TOTALS_COLUMNS
from analysis.rates.segments import SEGMENT_COLUMNS, shrunken
from tests import test_forecast, test_segments
from tests.conftest import Data, order_id

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
DICTIONARY = (DOCS / "data-dictionary.md").read_text(encoding="utf-8")
METRICS = (DOCS / "metrics.md").read_text(encoding="utf-8")
TICKETS = (DOCS / "tickets.md").read_text(encoding="utf-8")
WORKED = DOCS / "worked" / "intervention-rate"
WITHOUT_SET_UP = {"test", "bench"}
"""Verbs of `start.py` itself; every other one is handed on."""

MARKDOWN = sorted(
    file
    for file in (*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "data").glob("*.md"))
    if ".venv" not in file.parts
)


def rows_below(text: str, mark: str) -> list[dict[str, str]]:
    """The first Markdown table below a mark, one dict a row, without the backticks."""
    lines = text[text.index(mark) + len(mark) :].splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
        table.append([cell.strip().replace(r"\|", "|") for cell in cells])
    names, _, *body = table
    return [dict(zip(names, row, strict=True)) for row in body]


def bare(cell: str) -> str:
    return cell.strip("`")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """The worked example, built as a user would build it."""
    example = Data(tmp_path_factory.mktemp("worked"))
    shutil.copytree(WORKED, example.exports, dirs_exist_ok=True)
    assert example.build().refusals == []
    return example


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Data:
    made_up = Data(tmp_path_factory.mktemp("sample"))
    shutil.copytree(ROOT / "data" / "sample" / "exports", made_up.exports, dirs_exist_ok=True)
    made_up.build()
    return made_up


# The data dictionary and the warehouse


def documented_columns() -> dict[str, list[tuple[str, str]]]:
    names = re.findall(r"^### (marts\.\w+)$", DICTIONARY, re.MULTILINE)
    return {
        name: [(bare(row["column"]), row["type"]) for row in rows_below(DICTIONARY, f"### {name}\n")] for name in names
    }


def test_every_mart_column_is_documented_and_every_documented_one_exists(built: Data) -> None:
    exist: dict[str, list[tuple[str, str]]] = {}
    for table, column, sql_type in built.ask(
        "select table_schema || '.' || table_name, column_name, data_type from information_schema.columns "
        "where table_schema = 'marts' order by table_name, ordinal_position"
    ):
        exist.setdefault(table, []).append((column, sql_type))
    assert documented_columns() == exist


def test_every_grain_is_documented() -> None:
    for table in warehouse.tables("marts"):
        section = DICTIONARY.split(f"### {table.full_name}\n")[1].split("\n### ")[0]
        assert re.search(rf"Grain:\s+`{', '.join(table.grain)}`", section), table.full_name


def test_a_column_that_is_said_to_be_always_there_has_no_null(sample: Data) -> None:
    for table in documented_columns():
        always = [bare(row["column"]) for row in rows_below(DICTIONARY, f"### {table}\n") if row["NULL means"] == "–"]
        missing = ", ".join(f"count(*) - count({column})" for column in always)
        ((rows, *nulls),) = sample.ask(f"select count(*), {missing} from {table}")
        assert rows > 0 or table == "marts.refused_files"
        assert [column for column, count in zip(always, nulls, strict=True) if count] == [], table


def test_every_other_table_is_documented_and_every_documented_one_exists() -> None:
    exist = {table.full_name for layer in ("staging", "signs", "facts") for table in warehouse.tables(layer)}
    assert {bare(row["table"]) for row in rows_below(DICTIONARY, "## Other layers")} == exist


def test_every_quarantine_reason_is_documented_and_every_documented_one_exists() -> None:
    given = {
        word for name in types.TYPES for word in re.findall(r"(?:then|else) '([a-z_]+)'", types.reason(name, "c0"))
    }
    accepting = (settings.PACKAGE / "archive" / "accepting.py").read_text(encoding="utf-8")
    given |= set(re.findall(r"else '([a-z_]+)' end\]", accepting))
    assert {"missing", "digits_lost", "too_many_cells"} <= given
    assert {bare(row["reason"]) for row in rows_below(DICTIONARY, "## Quarantine reasons")} == given


# The numbers beside the pages


def published(found: Findings) -> dict[str, pd.DataFrame]:
    """The frames that the report's notebooks publish, by name: what stands in their calls of `charts.numbers`."""
    frames: dict[str, pd.DataFrame] = {}
    for file in sorted((ROOT / "notebooks" / "reports").glob("*.ipynb")):
        notebook = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]
        source = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "charts.numbers":
                frame, name = node.args
                known = {"found": found, "rates": rates, "forecast": forecast}
                frames[ast.literal_eval(name)] = eval(compile(ast.Expression(frame), file.name, "eval"), known)
    return frames


def test_every_column_of_every_csv_is_documented_and_every_documented_one_exists(sample: Data) -> None:
    documented = {
        name: [bare(row["column"]) for row in rows_below(DICTIONARY, f"<!-- columns: {name}.csv -->")]
        for name in re.findall(r"^<!-- columns: (\w+)\.csv -->$", DICTIONARY, re.MULTILINE)
    }
    exist = {name: list(frame.columns) for name, frame in published(Findings(sample.settings)).items()}
    assert {"rates", "status", "changes", "forecast", "reconciliation"} <= set(exist)
    assert documented == exist


def test_every_csv_has_a_place_in_the_metrics_or_the_tickets() -> None:
    names = re.findall(r"^### (\w+\.csv)$", DICTIONARY, re.MULTILINE)
    told = METRICS.replace("`rates.csv`", "`numbers/rates.csv`") + TICKETS
    assert len(names) > 16
    assert [name for name in names if name not in told] == []


def test_the_dimensions_of_segments_are_documented(sample: Data) -> None:
    documented = next(
        row for row in rows_below(DICTIONARY, "### marts.segment_days\n") if row["column"] == "`dimension`"
    )
    exist = sample.ask("select distinct dimension from marts.segment_days")
    assert set(re.findall(r"`(\w+)`", documented["meaning"])) == {name for (name,) in exist}
    documented = next(row for row in rows_below(DICTIONARY, "columns: segments.csv") if row["column"] == "`dimension`")
    assert re.findall(r"`(\w+)`", documented["meaning"]) == list(SEGMENT_COLUMNS)


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


# Rules and settings


def test_every_rule_is_documented_and_every_documented_one_exists() -> None:
    documented = {bare(row["rule"]): row for row in rows_below(METRICS, "## Rules")}
    assert sorted(documented) == rules.names()
    for name, row in documented.items():
        rule = rules.load(name)
        assert bare(row["metric"]) == rule.metric
        assert row["window"] == f"{rule.window_days} days"
        assert row["valid from"] == rule.valid_from.isoformat()
        assert (row["source"], row["confidence"]) == (rule.source_en, rule.confidence)


SECTIONS: dict[str, Any] = {
    "lines": settings.Line,
    "report": settings.Report,
    "reading": settings.Reading,
    "interventions": settings.Interventions,
    "tickets": settings.Tickets,
}


def defaults() -> dict[str, Any]:
    return {
        f"{section}.{each.name}": getattr(kind(), each.name)
        for section, kind in SECTIONS.items()
        for each in fields(kind)
    }


def test_every_setting_is_documented_with_its_default_and_every_documented_one_exists() -> None:
    rows = rows_below((DOCS / "settings.md").read_text(encoding="utf-8"), "([metrics.md](metrics.md)).")
    documented = {}
    for row in rows:
        value = None if row["default"] == "none" else tomllib.loads(f"x = {bare(row['default'])}")["x"]
        documented[bare(row["setting"])] = tuple(value) if isinstance(value, list) else value
    assert documented == defaults()


def test_the_example_settings_are_the_defaults_and_name_every_setting(tmp_path: Path) -> None:
    example = (ROOT / "data" / "settings.example.toml").read_text(encoding="utf-8")
    file = tmp_path / "settings.toml"
    file.write_text(example, encoding="utf-8")
    assert settings.load(tmp_path, tmp_path) == settings.Settings(tmp_path, tmp_path)
    whole = re.sub(r"^# (?=\w+ = )", "", example, flags=re.MULTILINE)
    file.write_text(whole, encoding="utf-8")
    line = settings.load(tmp_path, tmp_path).line("any shop")
    assert (line.rate, line.count) == (0.03, 15)
    assert settings.load(tmp_path, tmp_path).tickets.day_capacity == 30
    named = {f"{section}.{name}" for section, values in tomllib.loads(whole).items() for name in values}
    assert named == set(defaults())


# The worked example


def expected() -> list[dict[str, str]]:
    return rows_below(METRICS, "<!-- expected: intervention-rate -->")


def test_the_worked_example_comes_out_under_every_rule(built: Data) -> None:
    rows = rows_below(METRICS, "<!-- expected: every rule -->")
    assert sorted(bare(row["rule"]) for row in rows) == rules.names()
    for row in rows:
        (got,) = built.rates("2026-06-30", bare(row["rule"]), days=1).itertuples()
        assert (got.numerator, got.denominator) == (total(row["numerator"]), total(row["denominator"])), row["rule"]
        assert f"{got.rate:.6f}" == row["rate"], row["rule"]


def test_headroom_and_rolloff_of_the_worked_example_come_out(built: Data) -> None:
    chosen = built.folder / "data" / "settings.toml"
    chosen.write_text("[lines]\nrate = 0.3\ncount = 5\n", encoding="utf-8")
    day, rule = date(2026, 6, 30), rules.load("pdd-2021-03")
    found = built.rates("2026-06-30", days=1)
    chosen.unlink()
    events = warehouse.ask(built.settings, "rate_events", as_of=day, since=day, kinds=["intervention"])
    shop_days = warehouse.ask(built.settings, "shop_days")
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


def test_the_platform_s_figure_is_met_by_the_rules_that_the_document_names(built: Data) -> None:
    found = Findings(built.settings)
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


def test_the_completion_of_the_worked_example_comes_out(built: Data) -> None:
    cohorts = Findings(built.settings).cohorts
    age = [(date(2026, 6, 30) - day).days for day in cohorts["ordered_on"]]
    completion = dict(zip(age, cohorts["completion"], strict=True))
    for row in rows_below(METRICS, "<!-- expected: completion -->"):
        formula, _, result = row["completion"].rpartition("=")
        assert f"{completion[int(row['age in days'])]:.6f}" == result.strip()
        assert not formula or eval(formula.replace("−", "-").replace("·", "*")) == pytest.approx(
            float(result), abs=1e-6
        )


def test_the_worked_example_is_too_short_for_a_forecast_and_a_signal(built: Data) -> None:
    found = Findings(built.settings)
    assert set(found.outlook["reason"]) == set(found.signal[1]["reason"]) == {"too_short"}


# Formulas with made-up numbers


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


def test_the_worked_example_comes_out_as_the_document_says(built: Data) -> None:
    newest = max(row["window_end"] for row in expected())
    computed = built.rates(newest, days=len(expected())).set_index("window_end")
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


def test_the_worked_example_tells_each_order_and_intervention_as_built(built: Data) -> None:
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
    assert orders == built.ask(f"select right(order_id, 2), {named} from marts.orders order by 1")
    told = [(row["order"], row["began on"]) for row in rows_below(METRICS, "**Interventions** (")]
    assert sorted(told) == built.ask(
        "select right(order_id, 2), began_on::varchar from marts.interventions order by 1, 2"
    )


def test_the_default_day_of_the_worked_example_is_the_document_s(built: Data) -> None:
    day = warehouse.ask(built.settings, "last_closed_day")["as_of"].iloc[0]
    assert f"so `as_of` is {day.date().isoformat()}" in METRICS


# The two READMEs


def options(verb: click.Command) -> set[str]:
    """The options of a verb and of the verbs below it."""
    below = verb.commands.values() if isinstance(verb, click.Group) else ()
    return {name for each in verb.params for name in each.opts}.union(*(options(each) for each in below))


def commands(file: Path) -> list[str]:
    blocks = re.findall(r"```(?:bash)?\n(.*?)```", file.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if re.search(r"(?<![\w/])python3 start\.py ", line)]


def test_the_two_readmes_name_the_same_commands_verbs_and_links() -> None:
    english, chinese = READMES
    assert commands(english) == commands(chinese) != []
    assert commands(english)[:2] == ["python3 start.py report --sample", "python3 start.py test"]

    def links(file: Path) -> set[str]:
        return {target for target in targets(file) if not target.startswith("README")}

    assert links(english) == links(chinese)
    assert "README.zh-CN.md" in targets(english) and "README.md" in targets(chinese)


@pytest.mark.parametrize("file", READMES, ids=lambda file: file.name)
def test_every_verb_is_documented_and_every_documented_one_exists(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert {bare(row["`python3 start.py …`"]) for row in rows_below(text, "python3 start.py report\n")} == (
        set(main.commands) | WITHOUT_SET_UP
    )


@pytest.mark.parametrize("file", READMES, ids=lambda file: file.name)
def test_every_command_and_option_in_the_readme_exists(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert set(re.findall(r"(?<=`)--[a-z-]+", text)) <= options(main)
    for command in commands(file):
        verb, *rest = shlex.split(command.split("start.py ")[1])
        if verb not in WITHOUT_SET_UP:
            assert {each for each in rest if each.startswith("-")} <= options(main.commands[verb]), command


def test_the_exit_codes_in_the_readmes_are_those_of_the_code() -> None:
    from analysis import lock
    from analysis.cli.verbs import REFUSED

    for file in READMES:
        line = next(
            line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith(("Exit codes", "退出码"))
        )
        assert [int(each) for each in re.findall(r"(?<!\d)\d+(?= )", line)] == [
            0,
            settings.UserError("", "").exit_code,
            REFUSED,
            lock.BUSY,
        ]


@pytest.mark.parametrize("file", READMES, ids=lambda file: file.name)
def test_the_readme_s_question_is_answered(file: Path, data: Data) -> None:
    data.orders(
        [
            f"{order_id(n)},已收货,杯,,{courier},,,,,,2026-06-01 10:00:00"
            for n, courier in ((1, "慢"), (2, "快"), (3, "慢"))
        ]
    )
    data.interventions([f"{order_id(n)},2026-06-0{n + 1} 10:00:00,买家,处理中,," for n in (1, 2, 3)])
    data.build()
    (question,) = (shlex.split(each) for each in commands(file) if " sql " in each)
    result = CliRunner().invoke(main, ["sql", "--data", str(data.settings.data), "--format", "csv", question[-1]])
    assert result.exit_code == 0, result.output
    assert list(csv.reader(result.output.splitlines())) == [["courier", "interventions"], ["慢", "2"], ["快", "1"]]


# Links


def targets(file: Path) -> set[str]:
    """Where a Markdown file's relative links and pictures point; code is left out."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return {target for target in found if not re.match(r"[a-z]+:", target)}


def anchors(file: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", MARKDOWN, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_relative_link_points_to_something(file: Path) -> None:
    for target in sorted(targets(file)):
        path, _, anchor = target.partition("#")
        pointed = (file.parent / path) if path else file
        assert pointed.exists(), target
        if anchor:
            assert anchor in anchors(pointed), target


def test_every_decision_is_listed_and_says_what_it_does_to_the_number() -> None:
    folder = DOCS / "decisions"
    records = sorted(each.name for each in folder.glob("0*.md"))
    assert records and sorted(targets(folder / "README.md")) == records
    for name in records:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {name[:4]} ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Alternatives",
            "Effect on the number",
        ]


def test_decisions_that_the_code_refers_to_exist() -> None:
    numbers = {
        number
        for file in settings.PACKAGE.rglob("*")
        if file.suffix in (".py", ".sql", ".toml")
        for number in re.findall(r"docs/decisions/(\d{4})", file.read_text(encoding="utf-8"))
    }
    assert numbers and all(list((DOCS / "decisions").glob(f"{number}-*.md")) for number in numbers)


def test_the_verbs_of_evidence_are_documented_and_every_documented_one_exists() -> None:
    evidence = main.commands["evidence"]
    assert isinstance(evidence, click.Group)
    for file in READMES:
        assert set(re.findall(r"`evidence (\w+)", file.read_text(encoding="utf-8"))) == set(evidence.commands)


def test_run_json_is_documented() -> None:
    """The keys that the two writers of the record give it."""
    written: set[str] = set()
    for module, name in (("cli/reporting.py", "record"), ("reports/__init__.py", "known")):
        tree = ast.parse((settings.PACKAGE / module).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            is_it = isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [name]
            if isinstance(node, ast.Assign) and is_it and isinstance(node.value, ast.Dict):
                written |= {ast.literal_eval(key) for key in node.value.keys if key is not None}
    assert {bare(row["key"]) for row in rows_below(DICTIONARY, "<!-- keys: run.json -->")} == written
