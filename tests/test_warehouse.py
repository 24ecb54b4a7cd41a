"""Built aside and swapped whole; checked; read without a way out."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from linecache import getline
from pathlib import Path
from types import FrameType
from typing import Any

import duckdb
import pytest

from analysis import lock, settings, warehouse
from tests.conftest import Data, order_id


@pytest.fixture
def built(data: Data) -> Data:
    data.orders([f"{order_id(n)},已收货,杯,,,,,,,,2026-06-{1 + n % 28:02d} 10:00:00" for n in range(5)])
    data.build()
    return data


def count(data: Data) -> int:
    return int(data.one("select count(*) from marts.orders"))


def test_every_sql_file_states_its_grain_and_reads_only_earlier_layers() -> None:
    earlier: set[str] = set()
    for layer in warehouse.LAYERS:
        tables = warehouse.tables(layer)
        assert tables, layer
        for table in tables:
            assert table.sql.startswith("-- One row: "), table.full_name
            assert table.grain and table.reads, table.full_name
            for read in table.reads:
                assert read.split(".")[0] in ("archive", "input") or read in earlier, (table.full_name, read)
        earlier |= {table.full_name for table in tables}


def test_what_a_file_says_it_reads_is_what_it_reads() -> None:
    from sqlglot import exp, parse_one

    for layer in (*warehouse.LAYERS, "checks"):
        for table in warehouse.tables(layer):
            tree = parse_one(table.sql, read="duckdb")
            local = {each.alias for each in tree.find_all(exp.CTE)}
            found = {f"{each.db}.{each.name}" for each in tree.find_all(exp.Table) if each.name not in local}
            if layer == "checks":
                assert found and all(name.split(".")[0] in ("marts", "facts") for name in found), table.full_name
            else:
                assert found == set(table.reads), table.full_name


def test_sql_keeps_to_what_means_the_same_everywhere() -> None:
    """Aggregates over doubles, percentiles and clock functions differ between runs or engines."""
    from sqlglot import exp, parse_one

    forbidden = (exp.PercentileCont, exp.PercentileDisc, exp.Quantile, exp.CurrentDate, exp.CurrentTimestamp, exp.Pivot)
    for layer in (*warehouse.LAYERS, "checks", "questions"):
        for table in warehouse.tables(layer):
            tree = parse_one(table.sql, read="duckdb")
            assert not list(tree.find_all(*forbidden)), table.full_name
            assert not [each for each in tree.find_all(exp.Cast) if each.to.is_type("double", "float")], table.full_name


def test_two_builds_of_the_same_exports_are_equal_to_the_last_value(built: Data, tmp_path: Path) -> None:
    def everything() -> list[tuple[str, list[tuple[object, ...]]]]:
        names = built.ask(
            "select table_schema || '.' || table_name from information_schema.tables where table_schema <> 'main' order by 1"
        )
        return [(name, sorted(built.ask(f"select * from {name}"), key=repr)) for (name,) in names]

    first = everything()
    assert len(first) > 15
    built.settings.warehouse.unlink()
    built.build()
    assert everything() == first


def test_nothing_new_leaves_the_file_alone(built: Data) -> None:
    before = built.settings.warehouse.stat()
    built.build()
    after = built.settings.warehouse.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_ino) == (before.st_mtime_ns, before.st_size, before.st_ino)
    built.orders([f"{order_id(9)},已收货,杯,,,,,,,,2026-06-09 10:00:00"], "b_export2026-07-02.csv")
    built.build()
    assert count(built) == 6


def test_a_broken_promise_keeps_the_old_warehouse(built: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    real = warehouse.tables

    def with_a_wrong_grain(layer: str) -> list[warehouse.Table]:
        wrong = warehouse.Table(
            "marts", "wrong", "-- One row: a shop.\n-- grain: shop_id\nselect shop_id from staging.orders"
        )
        return [*real(layer), wrong] if layer == "marts" else real(layer)

    monkeypatch.setattr(warehouse, "tables", with_a_wrong_grain)
    built.orders([f"{order_id(9)},已收货,杯,,,,,,,,2026-06-09 10:00:00"], "b_export2026-07-02.csv")
    with pytest.raises(warehouse.PromiseBroken, match=r"marts\.wrong.*shop_id"):
        built.build()
    assert count(built) == 5
    monkeypatch.undo()
    built.build()
    assert count(built) == 6


@pytest.mark.parametrize("check", [table.name for table in warehouse.tables("checks")])
def test_every_check_catches_the_fault_it_is_for(built: Data, check: str, tmp_path: Path) -> None:
    built.interventions([f"{order_id(1)},2026-06-10 10:00,买家,支持买家,,"])
    built.build()
    faults = {
        "every_row_is_accounted_for": "update marts.files set kept_rows = kept_rows - 1",
        "shop_days_count_every_dealt_order": "update marts.shop_days set orders_dealt = orders_dealt + 1",
        "segments_add_up_to_the_shop": "delete from marts.segment_days where dimension = 'courier' and on_date = '2026-06-02'",
        "interventions_have_known_words": "update marts.interventions set outcome = 'lost'",
        "every_sign_leads_to_an_intervention": "delete from marts.interventions",
        "losses_hold_every_booking_of_a_dispute": "insert into marts.loss_entries values "
        "('店', '1', 'refund', 'ledger', 100, true, timestamp '2026-06-10', 1, '0020002')",
        "ledger_files_add_up": "insert into facts.ledger_file_kinds values (1, 1, 1, 0, 0, 0, 100, 0)",
        "ledger_orders_add_up": "insert into facts.ledger_order_components values "
        "('店', '1', 'refund', 'loss', 100, 1, timestamp '2026-06-10', timestamp '2026-06-10', '0020002')",
        "an_estimate_stands_alone": "insert into marts.loss_entries select '店', '1', 'refund', unnest(['manual', 'estimate']), "
        "100, true, timestamp '2026-06-10', 0, 'noted'",
    }
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(built.settings.warehouse.read_bytes())
    sql = {table.name: table.sql for table in warehouse.tables("checks")}[check]
    with duckdb.connect(copy) as connection:
        assert connection.execute(sql).fetchall() == []
        connection.execute(faults[check])
        assert connection.execute(sql).fetchall() != []


def test_killed_in_the_middle_the_old_one_opens_and_the_next_run_succeeds(built: Data) -> None:
    rows = [f"{order_id(n)},已收货,杯,,,,,,,,2026-06-{1 + n % 28:02d} 10:00:00" for n in range(200)]
    for moment in (0.3, 0.6, 0.9, 1.2, 1.6):
        built.orders(
            [*rows, f"{order_id(int(moment * 10000))},已收货,杯,,,,,,,,2026-06-01 10:00:00"],
            f"k{moment}_export2026-07-03.csv",
        )
        command = [sys.executable, "-m", "analysis", "build", "--data", str(built.settings.data)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        process.wait()
        assert count(built) >= 5
    built.build()
    assert count(built) == 200 + 5
    assert not list((built.settings.data / ".work").glob("*.duckdb*"))


HOLDER = """
    import sys
    from pathlib import Path
    from analysis import lock

    with lock.held(Path(sys.argv[1]), "report"):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_a_second_run_is_told_who_is_busy_and_a_dead_holder_holds_nothing(built: Data) -> None:
    data = str(built.settings.data)
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout and holder.stdout.readline() == "held\n"
    command = [sys.executable, "-m", "analysis", "build", "--data", data]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == lock.BUSY == 75
    assert f"pid {holder.pid}" in second.stderr and "analysis report" in second.stderr
    holder.kill()
    holder.communicate()
    third = subprocess.run(command, capture_output=True, text=True, check=False)
    assert third.returncode == 0, third.stderr


ESCAPES = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('{data}/settings.toml')",
    "select * from '{data}/archive/manifest.json'",
    "select * from glob('/*')",
    "copy (select 1) to '{data}/leak.csv'",
    "attach '{data}/other.duckdb' as other",
    "export database '{data}/leak'",
    "install httpfs",
    "load httpfs",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "create table t (a int)",
    "delete from marts.shop_days",
    "drop table marts.shop_days",
    "select getenv('HOME')",
]


@pytest.mark.parametrize("query", ESCAPES)
def test_a_query_gets_at_nothing_but_the_warehouse(built: Data, query: str) -> None:
    with warehouse.connect(built.settings) as connection, pytest.raises(duckdb.Error):
        connection.execute(query.format(data=built.settings.data)).fetchall()
    assert not list(built.settings.data.glob("leak*"))


def test_a_frame_of_the_caller_is_no_table(built: Data) -> None:
    import pandas as pd

    secret = pd.DataFrame({"a": [1]})
    with warehouse.connect(built.settings) as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("select * from secret")
    assert len(secret) == 1


def test_an_open_reader_keeps_its_own_whole_snapshot(built: Data) -> None:
    with warehouse.connect(built.settings) as reader:
        built.orders([f"{order_id(9)},已收货,杯,,,,,,,,2026-06-09 10:00:00"], "b_export2026-07-02.csv")
        subprocess.run(
            [sys.executable, "-m", "analysis", "build", "--data", str(built.settings.data)],
            check=True,
            capture_output=True,
        )
        assert reader.execute("select count(*) from marts.orders").fetchall() == [(5,)]
    assert count(built) == 6


def test_a_question_interrupted_at_any_line_leaves_the_next_one_an_answer(built: Data) -> None:
    """As a notebook's stop button does."""
    whole, before = len(warehouse.ask(built.settings, "shop_days")), sys.gettrace()
    lines = 0
    while lines < 1000:
        left = lines

        def interrupt(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal left
            if frame.f_code.co_filename != warehouse.__file__:
                return None
            # Python looks for no signal between a `with` and the first step of its block, or behind the last.
            is_step = not getline(warehouse.__file__, frame.f_lineno).lstrip().startswith(("with ", "try:"))
            left -= event == "line" and is_step
            if left < 0:
                sys.settrace(before)
                raise KeyboardInterrupt
            return interrupt

        sys.settrace(interrupt)
        try:
            warehouse.ask(built.settings, "shop_days")
            break
        except KeyboardInterrupt:
            lines += 1
        finally:
            sys.settrace(before)
        assert len(warehouse.ask(built.settings, "shop_days")) == whole
    assert 10 < lines < 1000


def test_before_the_first_build_the_user_is_told_what_to_run(data: Data) -> None:
    with pytest.raises(settings.UserError, match=r"start\.py report"):
        warehouse.connect(data.settings)


def test_the_file_opens_in_older_clients(built: Data) -> None:
    with built.settings.warehouse.open("rb") as file:
        head = file.read(4096)
    assert b"DUCK" in head
    with duckdb.connect(built.settings.warehouse, read_only=True) as connection:
        ((tags,),) = connection.execute(
            "select tags from duckdb_databases() where database_name = 'warehouse'"
        ).fetchall()
    assert "v1.5" in str(tags) or "v1.5" in repr(head)


def test_texts_that_hardly_repeat_are_stored_as_they_are(built: Data) -> None:
    for table in (each for layer in warehouse.LAYERS for each in warehouse.tables(layer) if each.plain):
        stored = dict(
            built.ask(
                "select column_name, string_agg(distinct compression) from pragma_storage_info($name) "
                "where segment_type = 'VARCHAR' group by column_name",
                name=table.full_name,
            )
        )
        if stored:
            assert {name for name, how in stored.items() if how == "Uncompressed"} == set(table.plain), table.full_name


def test_segment_days_count_what_python_counts(data: Data) -> None:
    """Every order at its own days under each of its segments; a reason is counted on the deal day alone."""
    draw, days = random.Random(7), [f"2026-06-{day:02d}" for day in range(1, 6)]
    kinds = ("dealt", "paid", "shipped", "signed")
    expected: Counter[tuple[str, str, str, str]] = Counter()
    rows, requests = [], []
    for number in range(120):
        product, name = draw.choice([("101", "杯"), ("102", "壶"), ("", "盘")])
        sku = tuple(draw.choice([each, ""]) for each in (f"90{number % 3}", f"K{number % 2}", f"色{number % 2}"))
        courier, place = draw.choice(["甲速递", ""]), draw.choice(["浙江省", "广东省", ""])
        on = {kind: draw.choice([*days, ""]) for kind in kinds}
        status, late = draw.choice([("已收货", ""), ("未发货，退款成功", ""), ("已取消", "")])
        moments = [f"{on[kind]} 10:00:00" if on[kind] else "" for kind in kinds]
        rows.append(",".join([order_id(number), status, name, product, *sku, courier, place, late, *moments]))
        # Without a deal time a paid order is dealt on its payment time, else on its number's day; a cancelled one is not.
        on["dealt"] = on["dealt"] or (status != "已取消" and (on["paid"] or days[0])) or ""
        segments = {
            "product": product or name,
            "sku": next((each for each in sku if each), ""),
            "courier": courier,
            "province": place,
        }
        counts = [(kind, on[kind]) for kind in kinds if on[kind]]
        if on["dealt"]:
            counts += [("refunded", on["dealt"])] * ("退款成功" in status)
            counts += [("cancelled", on["dealt"])] * (not on["shipped"] and status != "已收货")
        expected.update((d, segment, day, kind) for d, segment in segments.items() for kind, day in counts)
        if number % 4 == 0:
            reason = draw.choice(["假货", "发错"])
            requests.append(f"{9000 + number},{order_id(number)},退款成功,仅退款,1.00,2026-06-06 10:00:00,{reason},,")
            group = {"假货": "counterfeit", "发错": "wrong_item"}[reason]
            on_deal_day = [kind for kind in kinds if on[kind]] + [
                k for k in ("refunded", "cancelled") if (k, on["dealt"]) in counts
            ]
            expected.update(("reason", group, on["dealt"], kind) for kind in on_deal_day if on["dealt"])
    header = "订单号,订单状态,商品,商品id,样式ID,商家编码-规格维度,商品规格,快递公司,省,售后状态,订单成交时间,支付时间,发货时间,确认收货时间"
    data.orders(rows, header=header)
    data.after_sales(requests, "售后_20260701093000.csv")
    data.build()
    columns = {kind: f"orders_{kind}" for kind in (*kinds, "refunded")} | {
        "cancelled": "orders_cancelled_before_shipping"
    }
    of_shop: Counter[tuple[str, str]] = Counter()
    for (dimension, _, day, kind), of_segment in expected.items():
        of_shop[day, kind] += of_segment * (dimension == "product")
    for of_day in data.ask(f"select on_date::varchar, {', '.join(columns.values())} from marts.shop_days"):
        assert of_day == (of_day[0], *(of_shop[of_day[0], kind] for kind in columns))
    found: Counter[tuple[str, str, str, str]] = Counter()
    for dimension, segment, day, *counts in data.ask(
        f"select dimension, segment, on_date::varchar, {', '.join(columns.values())} from marts.segment_days"
    ):
        found.update({(dimension, segment, day, kind): n for kind, n in zip(columns, counts, strict=True) if n})
    assert found == expected
