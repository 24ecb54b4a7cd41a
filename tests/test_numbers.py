"""The numbers of all reports as tables of `analysis sql`: joined over reports, read before the doors are locked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from analysis.cli import main
from tests.conftest import Data, order_id
from tests.test_cli import run
from tests.test_warehouse import ESCAPES


@pytest.fixture
def built(data: Data) -> Data:
    """A shop with three orders on each of two days, and no report yet."""
    data.orders([f"{order_id(n)},已收货,杯,,,,,,,,2026-05-0{1 + n // 3} 10:00:00" for n in range(6)])
    data.build()
    return data


def publish(reports: Path, as_of: str, name: str, text: str) -> Path:
    """A file of numbers as a report leaves it."""
    file = reports / as_of / "numbers" / f"{name}.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\ufeff" + text, encoding="utf-8")
    return file


def answered(data: Data, query: str) -> list[dict[str, object]]:
    result = run(data, "sql", query, "--format", "json")
    assert result.exit_code == 0, result.stderr
    rows: list[dict[str, object]] = json.loads(result.stdout)
    return rows


def test_sql_reads_the_numbers_of_every_report(built: Data) -> None:
    reports = built.settings.reports
    publish(reports, "2026-06-28", "rates", "shop_id,order_id,rate,line_rate,on_date,note\n店,0071,0.25,,2026-06-28,\n")
    publish(
        reports,
        "2026-06-29",
        "rates",
        'shop_id,order_id,rate,line_rate,on_date,note,late_id\n店,0072,,0.5,,"a, ""b""\nc",08\n',
    )
    publish(reports, "2026-06-30", "rates", "shop_id,order_id,rate,line_rate,on_date\n")
    publish(reports, ".2026-07-01.tmp", "rates", "shop_id\nhalf\n")
    publish(reports, "assets", "rates", "shop_id\nno report\n")
    assert answered(built, "select * from numbers.rates order by as_of") == [
        {"as_of": "2026-06-28", "shop_id": "店", "order_id": "0071", "rate": 0.25, "line_rate": None,
         "on_date": "2026-06-28", "note": None, "late_id": None},
        {"as_of": "2026-06-29", "shop_id": "店", "order_id": "0072", "rate": None, "line_rate": 0.5,
         "on_date": None, "note": 'a, "b"\nc', "late_id": "08"},
    ]  # fmt: skip
    types = {row["column_name"]: row["column_type"] for row in answered(built, "describe numbers.rates")}
    assert types == {
        "as_of": "DATE", "shop_id": "VARCHAR", "order_id": "VARCHAR", "rate": "DOUBLE", "line_rate": "DOUBLE",
        "on_date": "DATE", "note": "VARCHAR", "late_id": "VARCHAR",
    }  # fmt: skip


def test_a_type_holds_for_the_whole_file(built: Data) -> None:
    """The sniffer alone looks at the first 20,000 rows."""
    rows = "".join(f"{n}\n" for n in range(30_000))
    publish(built.settings.reports, "2026-06-30", "long", f"seen\n{rows}late\n")
    assert answered(built, "select count(*) as n, max(seen) as last from numbers.long") == [
        {"n": 30_001, "last": "late"}
    ]


def test_numbers_stand_beside_the_warehouse(built: Data) -> None:
    publish(built.settings.reports, "2026-06-30", "days", "shop_id,on_date\n店,2026-05-02\n")
    query = (
        'select orders_dealt from MARTS.shop_days join "NUMBERS" . "Days" using (shop_id, on_date) '
        "join warehouse.marts.orders using (shop_id) limit 1"
    )
    assert answered(built, query) == [{"orders_dealt": 3}]
    assert answered(built, "select numbers.on_date from marts.shop_days as numbers order by 1 limit 1") == [
        {"on_date": "2026-05-01"}
    ]


def test_only_the_numbers_that_a_query_mentions_are_read(built: Data) -> None:
    publish(built.settings.reports, "2026-06-30", "good", "a\n1\n")
    publish(built.settings.reports, "2026-06-30", "bad", "a\n").write_bytes("甲,乙\n1,2\n".encode("utf-16"))
    assert answered(built, "select a from numbers.good") == [{"a": 1}]
    assert answered(built, "select 1 as a") == [{"a": 1}]
    broken = run(built, "sql", "select * from numbers.bad")
    assert broken.exit_code == 2 and "bad.csv" in broken.stderr and "Traceback" not in broken.stderr


def test_unknown_numbers_are_named_beside_the_known(built: Data) -> None:
    none = run(built, "sql", "select * from numbers.rates")
    assert none.exit_code == 2
    assert "还没有生成过报告" in none.stderr and "no report was rendered yet" in none.stderr
    publish(built.settings.reports, "2026-06-30", "rates", "a\n1\n")
    publish(built.settings.reports, "2026-06-30", "changes", "a\n1\n")
    wrong = run(built, "sql", "select * from numbers.rats, numbers.rates")
    assert wrong.exit_code == 2
    assert "There is no numbers.rats; the reports have: numbers.changes, numbers.rates." in wrong.stderr
    other = run(built, "sql", "select * from numbers.rates, marts.nothing")
    assert other.exit_code == 2 and "nothing" in other.stderr and "the reports have" not in other.stderr


def test_folders_with_signs_of_sql_and_patterns_are_plain_folders(built: Data) -> None:
    reports = built.folder / "it's [a] *report? {b}"
    publish(reports, "2026-06-30", "rates", "a,b_id\n1,2\n")
    publish(built.folder / "it's a xreportx {b}", "2026-06-30", "rates", "a,b_id\n9,9\n")  # the pattern would match it
    places = ["--data", str(built.settings.data), "--reports", str(reports), "--format", "csv"]
    result = CliRunner().invoke(main, ["sql", *places, "select * from numbers.rates"])
    assert (result.exit_code, result.stdout) == (0, "as_of,a,b_id\n2026-06-30,1,2\n"), result.stderr


OTHER_ESCAPES = [
    "select * from read_csv('{reports}/2026-06-30/numbers/rates.csv')",
    "select * from read_text('{reports}/2026-06-30/run.json')",
    "copy numbers.rates to '{data}/leak.csv'",
    "copy numbers.rates to '{reports}/2026-06-30/numbers/leak.csv'",
    "copy numbers.rates to '{data}/warehouse.duckdb'",
    "create table marts.leak as from numbers.rates",
    "create table warehouse.leak as from numbers.rates",
    "attach '{data}/warehouse.duckdb' as again (read_write)",
    "reset enable_external_access",
]


@pytest.mark.parametrize("query", [*ESCAPES, *OTHER_ESCAPES])
def test_a_query_for_numbers_gets_at_no_file(built: Data, query: str) -> None:
    publish(built.settings.reports, "2026-06-30", "rates", "a\n1\n")
    before = built.settings.warehouse.read_bytes()
    asked = query.format(data=built.settings.data, reports=built.settings.reports)
    assert answered(built, "select a from numbers.rates") == [{"a": 1}]
    result = run(built, "sql", f"{asked} -- numbers.rates")
    assert result.exit_code == 2 and "The query failed" in result.stderr, result.output
    assert not list(built.folder.rglob("leak*")) and built.settings.warehouse.read_bytes() == before
