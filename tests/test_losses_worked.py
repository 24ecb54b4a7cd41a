"""The five worked examples of docs/metrics.md come out to the fen, on both roads."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections import defaultdict
from datetime import date

import pytest

from analysis import rules, warehouse
from tests.conftest import ROOT, Data
from tests.documents import METRICS, bare, rows_below

WORKED = ROOT / "docs" / "worked" / "losses"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Data:
    made = Data(tmp_path_factory.mktemp("losses"))
    shutil.copytree(WORKED / "演算店", made.exports / "演算店")
    shutil.copy(WORKED / "settings.toml", made.folder / "data" / "settings.toml")
    assert made.build().refusals == []
    return made


def terms(cell: str) -> dict[str, int]:
    """`6000 (refund) − 36 (fee_returned) = 5964` → {"refund": 6000, "fee_returned": -36}, which add up to what it says."""
    if cell == "0":
        return {}
    left, _, result = cell.rpartition(" = ")
    found = {
        name: int(amount) * (-1 if sign == "−" else 1)
        for sign, amount, name in re.findall(r"([−+]?) ?(\d+) \((\w+)\)", left)
    }
    assert sum(found.values()) == number(result), cell
    assert len(found) == left.count("("), cell
    return found


def number(cell: str) -> int:
    return int(cell.replace("−", "-"))


def entries(example: Data, is_counted: bool) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for order, component, fen in example.ask(
        "select right(order_id, 2), component, amount_fen from marts.loss_entries where is_counted = $is_counted",
        is_counted=is_counted,
    ):
        assert component not in found[order]
        found[order][component] = fen
    return found


@pytest.mark.parametrize(("column", "is_counted"), [("counted", True), ("inside the refund", False)])
def test_every_entry_is_that_of_the_document(example: Data, column: str, is_counted: bool) -> None:
    rows = rows_below(METRICS, "<!-- expected: losses -->")
    wanted = {row["order"]: terms(row[column]) for row in rows}
    assert len(wanted) == 5
    assert entries(example, is_counted) == {order: each for order, each in wanted.items() if each}


def test_the_loss_is_what_the_dispute_took_from_the_order_s_whole_account(example: Data) -> None:
    counted = entries(example, True)
    rows = rows_below(METRICS, "<!-- expected: counterfactual -->")
    assert len(rows) == 5
    for row in rows:
        left = {}
        for column in ("without the dispute", "with it"):
            sums, _, result = row[column].rpartition(" = ")
            left[column] = number(result)
            assert sum(number(each) for each in re.findall(r"−?\d+", sums.replace("− ", "−"))) == left[column], row
        assert left["without the dispute"] - left["with it"] == int(row["loss"]) == sum(counted[row["order"]].values())


def test_what_is_booked_is_actual_and_what_is_not_is_estimated(example: Data) -> None:
    sources = example.ask(
        "select right(order_id, 2), string_agg(distinct source, ' ' order by source) from marts.loss_entries "
        "where is_counted group by all order by all"
    )
    assert sources == [
        ("01", "ledger"),
        ("02", "estimate ledger manual"),
        ("03", "estimate"),
        ("04", "estimate ledger manual"),
        ("05", "estimate ledger"),
    ]
    assert example.one("select count(*) from marts.loss_entries where amount_fen is null") == 0


def test_the_orders_are_told_with_their_cause_and_what_the_ledger_lacks(example: Data) -> None:
    orders = warehouse.ask(example.settings, "loss_orders", as_of=date(2026, 7, 4))
    columns = ["cause", "accountable", "is_returned", "is_partial", "flags"]
    told = dict(zip(orders["order_id"].str[-2:], orders[columns].itertuples(index=False, name=None), strict=True))
    assert told == {
        "01": ("quality", "merchant", False, False, ""),
        "02": ("no_reason", "buyer", True, False, ""),
        "03": ("missing_or_short", "merchant", False, True, "order_without_ledger"),
        "04": ("not_received", "carrier", False, False, ""),
        "05": ("quality", "merchant", False, False, ""),
    }


def test_every_component_is_documented_and_every_documented_one_exists() -> None:
    rows = rows_below(METRICS, "<!-- components of a loss -->")
    counted = {
        name: row["counted"] for row in rows for name in (bare(each.strip()) for each in row["component"].split(","))
    }
    booked = {each.component for each in rules.ledger_rules() if each.ledger_class in ("loss", "recovery")}
    in_ledger = {
        name
        for row in rows
        if row["ledger"] == "yes"
        for name in (bare(each.strip()) for each in row["component"].split(","))
    }
    assert in_ledger == booked
    sql = (warehouse.SQL / "marts" / "loss_entries.sql").read_text(encoding="utf-8")
    written = set(re.findall(r"order_id, '(\w+)'", sql)) | {"false_shipping", "out_of_stock"}
    header = tomllib.loads((warehouse.SQL.parent / "headers" / "costs.toml").read_text(encoding="utf-8"))
    noted = set(header["values"]["component"].values())
    assert counted.keys() == booked | written | noted
    assert {name for name, each in counted.items() if each == "no"} == {
        "goods_not_returned",
        "outbound_freight",
        "fee_not_returned",
    }
    estimated = {bare(each.strip()) for row in rows for each in row["`rule` of the estimate"].split(",")}
    assert estimated - {"–", "penalties_yuan.…"} <= set(re.findall(r"'(\w+)'", sql)) | {
        "unit_costs_yuan",
        "unit_cost_share",
    }
