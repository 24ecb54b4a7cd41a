"""What docs/metrics.md and the data dictionary say of the losses of 30 days comes out of the worked example."""

from __future__ import annotations

import re
import shutil
from datetime import date

import pytest

from analysis import losses, warehouse
from analysis.losses.causes import DIMENSIONS
from analysis.losses.savings import ENOUGH_ESCALATED
from analysis.losses.trend import FEWEST_WEEKS, WEEKS_BEFORE
from analysis.losses.waterfall import STEPS, SWALLOWED
from tests.conftest import ROOT, Data
from tests.documents import DICTIONARY, METRICS, bare, rows_below

WORKED = ROOT / "docs" / "worked" / "losses"
SECTION = METRICS.split("\n## Losses of 30 days\n")[1].split("\n## ")[0].replace("\n", " ")


def test_the_window_of_the_worked_example_comes_out(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = Data(tmp_path_factory.mktemp("losses"))
    shutil.copytree(WORKED / "演算店", made.exports / "演算店")
    shutil.copy(WORKED / "settings.toml", made.folder / "data" / "settings.toml")
    made.build()
    as_of = date(2026, 7, 2)
    entries, orders = (warehouse.ask(made.settings, name, as_of=as_of) for name in ("loss_entries", "loss_orders"))
    shop_days = warehouse.ask(made.settings, "shop_days")
    (found,) = losses.summary(entries, orders, shop_days, as_of).to_dict("records")
    rows = {bare(row["figure"]): row["value"] for row in rows_below(METRICS, "<!-- expected: loss summary -->")}
    assert {name: found[name] for name in rows} == {name: int(value.split("= ")[-1]) for name, value in rows.items()}
    for name in ("loss_fen", "estimated_fen", "known_fen"):
        left, right = re.sub(r" \([^)]*\)", "", rows[name]).replace("−", "-").split(" = ")
        assert sum(int(term) for term in re.findall(r"-?\d+", left.replace("- ", "-"))) == int(right), name
    steps = losses.waterfall(entries, orders, as_of).set_index("step")["amount_fen"]
    assert steps["whole_cost"] == found["loss_fen"] == losses.listed(entries, orders, as_of)["amount_fen"].sum()


def test_the_columns_of_the_files_are_documented() -> None:
    for name, columns in (("losses", losses.LOSS_COLUMNS), ("loss_summary", losses.SUMMARY_COLUMNS)):
        assert [bare(row["column"]) for row in rows_below(DICTIONARY, f"<!-- columns: {name}.csv -->")] == columns


def test_the_steps_of_the_waterfall_are_the_components_of_the_document() -> None:
    rows = rows_below(METRICS, "<!-- components of a loss -->")
    named = {
        name: row["counted"] == "yes" for row in rows for name in re.findall(r"\w+", row["component"].replace("`", ""))
    }
    assert {name for name, is_counted in named.items() if is_counted} == set(STEPS)
    assert {name for name, is_counted in named.items() if not is_counted} == set(SWALLOWED) - {"goods_back", "fee_back"}


def test_the_numbers_in_the_text_are_those_of_the_code() -> None:
    assert f"the {WEEKS_BEFORE} whole weeks before (at least {FEWEST_WEEKS})" in SECTION
    assert f"below {ENOUGH_ESCALATED} escalated orders in the control group" in SECTION
    listed = SECTION.split("in the dimensions ")[1].split(", each segment")[0].replace(" side", "")
    assert [name.replace(" ", "_") for name in re.split(", | and ", listed)] == list(DIMENSIONS)
