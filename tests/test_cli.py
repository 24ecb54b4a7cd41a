"""The verbs as a user types them: what is printed, which exit code, what lies on the disk afterwards."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from analysis.cli import main, reporting
from tests.conftest import Data, order_id
from tests.made_up_pages import PUBLISH, small
from tests.test_archive import SECRETS, planted


def run(data: Data, *words: str) -> Result:
    places = ["--data", str(data.settings.data), "--reports", str(data.settings.reports)]
    result = CliRunner().invoke(main, [words[0], *places, *words[1:]])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def shop(data: Data) -> Data:
    first = date(2026, 5, 1)
    data.orders(
        [
            f"{order_id(n)},已收货,<b>杯</b>,6101,圆通,浙江省,,,,,{first + timedelta(days=n // 3)} 10:00:00"
            for n in range(183)
        ]
    )
    data.interventions([f"{order_id(n)},2026-06-{n:02d} 10:00,买家,支持买家,," for n in (3, 9, 27)])
    return data


def test_nothing_to_do_names_the_folder_and_the_sample(data: Data) -> None:
    result = run(data, "report")
    assert result.exit_code == 2
    assert (
        "--sample" in result.stderr
        and str(data.settings.exports) in result.stderr
        and "data/README.md" in result.stderr
    )


def test_build_prints_the_account_of_every_file(shop: Data) -> None:
    result = run(shop, "build")
    assert result.exit_code == 0
    assert (
        "exports/店/orders_export2026-07-01.csv: 读 read 183 = 采用 kept 183 + 被替代 superseded 0 + 隔离 quarantined 0 + 说明 notes 0"
        in result.stdout
    )
    again = run(shop, "build")
    assert (again.exit_code, "nothing new" in again.stdout) == (0, True)


def test_a_refused_file_ends_with_3_and_the_others_are_loaded(shop: Data) -> None:
    shop.put("店/x.csv", "甲,乙\n1,2\n")
    result = run(shop, "build")
    assert result.exit_code == 3
    assert "exports/店/x.csv" in result.stderr
    assert shop.one("select count(*) from marts.orders") == 183
    again = run(shop, "build")
    assert again.exit_code == 3, "it is still refused"
    files = run(shop, "files")
    assert "exports/店/x.csv" in files.stdout and "kept" in files.stdout
    (shop.exports / "店" / "x.csv").unlink()
    assert run(shop, "build").exit_code == 0
    assert shop.ask("select * from marts.refused_files") == []


def test_a_mistyped_setting_is_an_error_that_names_it(shop: Data) -> None:
    (shop.settings.data / "settings.toml").write_text("[lines]\nrat = 0.03\n", encoding="utf-8")
    places = ["build", "--data", str(shop.exports.parent)]
    result = CliRunner().invoke(main, places)
    assert result.exit_code == 2
    assert "rat" in result.stderr and "rate, count" in result.stderr and "settings.toml" in result.stderr


def test_sql_answers_in_three_shapes_and_says_what_is_wrong(shop: Data) -> None:
    run(shop, "build")
    query = "select shop_id, orders_dealt, null as nothing from marts.shop_days order by on_date limit 2"
    table = run(shop, "sql", query)
    assert table.exit_code == 0 and "店" in table.stdout and "(2 行 rows)" in table.stdout
    rows = list(csv.DictReader(io.StringIO(run(shop, "sql", query, "--format", "csv").stdout)))
    assert rows == [{"shop_id": "店", "orders_dealt": "3", "nothing": ""}] * 2
    assert json.loads(run(shop, "sql", query, "--format", "json").stdout)[0] == {
        "shop_id": "店",
        "orders_dealt": 3,
        "nothing": None,
    }
    wrong = run(shop, "sql", "select nonsense from marts.orders")
    assert wrong.exit_code == 2 and "nonsense" in wrong.stderr and "Traceback" not in wrong.stderr


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_says_so(shop: Data, query: str) -> None:
    run(shop, "build")
    result = run(shop, "sql", query)
    assert result.exit_code == 2 and result.stdout == ""
    assert (
        "查询是空的" in result.stderr and "The query is empty" in result.stderr and "marts.shop_days" in result.stderr
    )


def test_as_of_is_checked(shop: Data) -> None:
    result = run(shop, "report", "--as-of", "14.9.2026")
    assert result.exit_code == 2 and "14.9.2026" in result.stderr and "2026-09-14" in result.stderr


def test_only_after_sales_has_no_denominator_and_says_so(data: Data) -> None:
    data.after_sales([f"22029849804345,{order_id(1)},退款成功,仅退款,1,2026-06-03 10:00:00,少件,,"], "售后.csv")
    result = run(data, "report")
    assert result.exit_code == 2
    assert "订单" in result.stderr and "orders export" in result.stderr


def numbers(folder: Path) -> list[dict[str, str]]:
    with (folder / "numbers" / "rates.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_report_from_exports_to_page(shop: Data) -> None:
    result = run(shop, "report")
    assert result.exit_code == 0, result.output
    folder = shop.settings.reports / "2026-06-30"
    rows = numbers(folder)
    assert len(rows) == 4 * 90
    rows = [row for row in rows if row["rule"] == "pdd-2021-03"]
    last = rows[-1]
    assert list(last) == [
        "shop_id", "metric", "rule", "window_start", "window_end", "numerator", "denominator", "rate", "rate_low", "rate_high",
        "line_rate", "line_count", "status", "headroom",
    ]  # fmt: skip
    assert (last["shop_id"], last["metric"], last["rule"]) == ("店", "intervention_rate", "pdd-2021-03")
    assert (last["window_start"], last["window_end"]) == ("2026-06-01", "2026-06-30")
    assert (last["numerator"], last["denominator"], last["status"]) == ("3", "90", "no_line")
    assert float(last["rate"]) == 3 / 90
    assert rows[0]["status"] == "incomplete" and rows[0]["numerator"] == "" and rows[0]["rate"] == ""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["as_of"] == "2026-06-30" and record["rule"] == "pdd-2021-03" and record["languages"] == ["zh", "en"]
    assert {each["path"] for each in record["inputs"]} == {
        "exports/店/orders_export2026-07-01.csv",
        "exports/店/登记.csv",
    }
    assert all(len(each["sha256"]) == 64 for each in record["inputs"])
    names = [
        f"{page}{end}" for page in ("daily", "losses", "model", "rates", "tickets") for end in (".html", ".en.html")
    ]
    pages = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    for page in pages.values():
        assert "<b>杯</b>" not in page
        assert str(shop.folder) not in page, "no machine's path on a page"
    assert "平台介入率" in pages["daily.html"] and "intervention rate" in pages["daily.en.html"].lower()
    assert 'href="daily.en.html"' in pages["daily.html"] and 'href="daily.html"' in pages["daily.en.html"]
    assert "2026-06-30/daily.html" in (shop.settings.reports / "index.html").read_text(encoding="utf-8")

    again = run(shop, "report")
    assert "nothing new" in again.stdout
    kept = {name: (folder / name).read_bytes() for name in (*names, "numbers/rates.csv", "numbers/forecast.csv")}
    (folder / "run.json").unlink()
    assert "nothing new" not in run(shop, "report").stdout
    assert {name: (folder / name).read_bytes() for name in kept} == kept, "same inputs, same as_of: same bytes"


@pytest.fixture
def asking(shop: Data, monkeypatch: pytest.MonkeyPatch) -> Data:
    """A shop whose report is two small notebooks in one language; the second one shows which report came before."""
    (shop.settings.data / "settings.toml").write_text('[report]\nlanguages = ["zh"]\n', encoding="utf-8")
    folder = shop.folder / "notebooks"
    first = small(folder, PUBLISH % ("1", "a"), parameters="data = reports = as_of = None")
    asks = [PUBLISH % ("2", "b"), "print('before:', previous)"]
    second = small(folder, *asks, parameters="data = reports = as_of = previous = None", name="second")
    monkeypatch.setattr(reporting, "NOTEBOOKS", [first, second])
    return shop


def before(data: Data, day: str) -> tuple[str, bool]:
    """Which report the day's page says came before it, and whether the page was there already."""
    result = run(data, "report", "--as-of", day)
    assert result.exit_code == 0, result.output
    (found,) = re.findall(r"<pre>before: (\S+)", (data.settings.reports / day / "second.html").read_text("utf-8"))
    return found, "nothing new" in result.stdout


def test_the_newest_whole_report_of_an_earlier_day_is_given(asking: Data) -> None:
    reports = asking.settings.reports
    assert before(asking, "2026-06-20") == ("None", False)
    assert before(asking, "2026-06-25") == ("2026-06-20", False)
    assert before(asking, "2026-06-22") == ("2026-06-20", False)
    assert before(asking, "2026-06-20") == ("None", True)
    assert before(asking, "2026-06-25") == ("2026-06-22", False)
    for name, text in (("2026-06-23", "{ cut"), ("2026-06-24", '{"as_of": "2026-06-01"}'), ("2026-07-01", "{}")):
        (reports / name).mkdir()
        (reports / name / "run.json").write_text(text, encoding="utf-8")
    assert before(asking, "2026-06-25") == ("2026-06-22", True)


def test_a_changed_report_before_renders_the_next_again(asking: Data) -> None:
    folder = asking.settings.reports / "2026-06-20"
    before(asking, "2026-06-20")
    before(asking, "2026-06-25")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert set(record["rules"]) >= {record["rule"]} and record["rules"][record["rule"]]["window_days"] == 30
    changes: list[tuple[dict[str, Any], bool]] = [({"durations": {}}, True), ({"rules": {}}, False), ({}, True)]
    for change, is_there in changes:
        (folder / "run.json").write_text(json.dumps(record := record | change), encoding="utf-8")
        assert before(asking, "2026-06-25") == ("2026-06-20", is_there), change
    (folder / "numbers" / "a.csv").write_text("a\n5\n", encoding="utf-8")
    assert before(asking, "2026-06-25") == ("2026-06-20", False)


def test_a_past_day_that_learns_a_model_of_its_own_leaves_the_newest_report_as_it_is(asking: Data) -> None:
    for day in ("2026-06-20", "2026-06-25", "2026-06-30"):
        assert not before(asking, day)[1]
    (asking.settings.reports / "2026-06-20" / "small.html").unlink()
    assert not before(asking, "2026-06-20")[1]
    assert (asking.settings.models / "past" / "escalation.json").exists()
    assert before(asking, "2026-06-30") == ("2026-06-25", True)
    stands_on = reporting._fingerprint(asking.settings, date(2026, 6, 30), None)
    card = asking.settings.models / "escalation.json"
    card.write_bytes(card.read_bytes() + b"\n")
    assert reporting._fingerprint(asking.settings, date(2026, 6, 30), None) != stands_on, "another model, another page"


def test_earlier_watch_lists_belong_to_what_a_report_stands_on(asking: Data) -> None:
    """Its feedback counts all of them, not only the newest."""

    def stands_on() -> str:
        return reporting._fingerprint(asking.settings, date(2026, 6, 30), None)

    found = [stands_on()]
    for day, text in (("2026-06-01", "a"), ("2026-06-01", "b"), ("2026-06-30", "c")):
        file = asking.settings.reports / day / "numbers" / "watchlist.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        found.append(stands_on())
    assert len(set(found[:3])) == 3, "an older list came, and changed"
    assert found[3] == found[2], "its own list is what it makes"


def test_any_page_or_number_that_is_gone_is_made_again(asking: Data) -> None:
    run(asking, "report")
    for name in ("small.html", "second.html", "numbers/a.csv", "numbers/b.csv"):
        (asking.settings.reports / "2026-06-30" / name).unlink()
        assert "nothing new" not in run(asking, "report").stdout, name
        assert (asking.settings.reports / "2026-06-30" / name).exists()
    assert "nothing new" in run(asking, "report").stdout


def test_the_report_is_every_notebook_of_its_folder_the_daily_one_first() -> None:
    first, *others = [file.name for file in reporting.NOTEBOOKS]
    folder = Path(__file__).parent.parent / "notebooks" / "reports"
    assert first == "daily.ipynb" and others == sorted(others)
    assert {first, *others} == {file.name for file in folder.glob("*.ipynb")}


def test_lines_and_languages_come_from_settings(shop: Data) -> None:
    (shop.settings.data / "settings.toml").write_text(
        '[report]\nlanguages = ["en"]\n[lines]\nrate = 0.02\n[lines."店"]\nrate = 0.01\ncount = 2\n', encoding="utf-8"
    )
    assert run(shop, "report").exit_code == 0
    folder = shop.settings.reports / "2026-06-30"
    pages = ["daily.html", "losses.html", "model.html", "rates.html", "tickets.html"]
    assert sorted(each.name for each in folder.glob("*.html")) == pages
    last = [row for row in numbers(folder) if row["rule"] == "pdd-2021-03"][-1]
    assert (last["line_rate"], last["line_count"], last["status"]) == ("0.01", "2", "above_both")


def test_everything_a_run_writes_lies_below_the_two_folders(shop: Data) -> None:
    def tree(folder: Path) -> set[str]:
        return {str(each.relative_to(folder)) for each in folder.rglob("*") if "__pycache__" not in each.parts}

    project = Path(__file__).parent.parent
    places = [project / name for name in ("data", "reports", "notebooks", "src")]
    before = [tree(place) for place in places]
    outside = {"PATH": os.environ["PATH"], "HOME": str(shop.folder / "home"), "TMPDIR": str(shop.folder / "tmp")}
    (shop.folder / "home").mkdir()
    (shop.folder / "tmp").mkdir()
    command = [
        sys.executable,
        "-m",
        "analysis",
        "report",
        "--data",
        str(shop.settings.data),
        "--reports",
        str(shop.settings.reports),
    ]
    keep = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**outside, **keep}, cwd=shop.folder / "tmp"
    )
    assert done.returncode == 0, done.stderr
    assert [tree(place) for place in places] == before
    assert tree(shop.folder / "tmp") == set()
    assert {each.split("/")[0] for each in tree(shop.folder)} == {"data", "reports", "home", "tmp"}


def test_environment_variables_move_the_folders(shop: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYSIS_DATA", str(shop.settings.data))
    monkeypatch.setenv("ANALYSIS_REPORTS", str(shop.settings.reports))
    assert CliRunner().invoke(main, ["build"]).exit_code == 0
    assert shop.settings.warehouse.exists()


def test_quiet_in_a_log() -> None:
    """Progress is for a terminal: with stderr in a pipe there is not one control character."""
    result = subprocess.run([sys.executable, "-m", "analysis", "--help"], capture_output=True, text=True, check=True)
    assert result.stderr == "" and "\033" not in result.stdout
    assert "report" in result.stdout and "拼多多" in result.stdout


def test_help_does_not_load_the_heavy_libraries() -> None:
    code = "import sys; from analysis.cli import main; main(['--help'], standalone_mode=False); print(sorted({'pandas', 'plotly', 'sklearn', 'duckdb', 'nbclient'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_the_sample_is_made_where_there_is_none(data: Data) -> None:
    places = ["--data", str(data.settings.data), "--reports", str(data.settings.reports)]
    result = CliRunner().invoke(main, ["build", "--sample", *places])
    assert result.exit_code == 0, result.output
    assert list((data.settings.data / "sample" / "exports").glob("*/*.csv"))
    assert not data.settings.warehouse.exists()


def test_personal_data_reaches_no_byte_of_the_reports(data: Data) -> None:
    for kind in ("orders picker", "after_sales", "tickets", "interventions"):
        data.put(f"店/{kind} 2026-07-01.csv", planted(kind))
    result = run(data, "report", "--as-of", "2026-06-20")
    assert result.exit_code == 0, result.output
    found = b"".join(
        file.read_bytes() for file in data.settings.reports.rglob("*") if file.is_file() and "assets" not in file.parts
    )
    assert order_id(1).encode() in found
    for secret in SECRETS:
        assert secret.encode() not in found and secret not in result.output, secret


@pytest.mark.parametrize("part", ["assets", "index.html", "2026-06-30/numbers", "2026-06-30/small.en.html"])
def test_a_report_that_lost_a_part_is_rendered_again(shop: Data, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    page = small(shop.folder / "notebooks", PUBLISH % ("1", "a"), parameters="data = reports = as_of = None")
    monkeypatch.setattr(reporting, "NOTEBOOKS", [page])
    run(shop, "report")
    place = shop.settings.reports / part
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    assert "nothing new" not in run(shop, "report").stdout
    assert place.exists()


def test_damaged_state_is_named_with_what_to_do(shop: Data) -> None:
    run(shop, "build")
    shop.settings.warehouse.write_bytes(b"not a database")
    result = run(shop, "sql", "select 1")
    assert result.exit_code == 2 and "warehouse.duckdb" in result.stderr and "start.py build" in result.stderr
    assert run(shop, "build").exit_code == 0
    assert shop.one("select count(*) from marts.orders") == 183
    (shop.settings.archive / "manifest.json").write_text("{", encoding="utf-8")
    result = run(shop, "build")
    assert result.exit_code == 2 and "manifest.json" in result.stderr


def test_the_last_good_warehouse_stays_when_nothing_can_be_read(shop: Data) -> None:
    run(shop, "build")
    shutil.rmtree(shop.settings.archive)
    shutil.rmtree(shop.exports)
    shop.put("店/x.csv", "甲,乙\n1,2\n")
    assert run(shop, "build").exit_code == 3
    assert shop.one("select count(*) from marts.orders") == 183


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lines]\nrate = 2\n", "2 % is 0.02"),
        ("[lines]\nrate = -0.5\n", "2 % is 0.02"),
        ("[lines]\nrate = nan\n", "2 % is 0.02"),
        ('[lines."店"]\ncount = -1\n', "[lines.店] count is a number of orders, not negative"),
    ],
)
def test_an_impossible_line_is_an_error_not_a_quiet_page(shop: Data, text: str, said: str) -> None:
    (shop.exports.parent / "settings.toml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["build", "--data", str(shop.exports.parent)])
    assert result.exit_code == 2 and said in result.stderr


def test_a_shop_folder_that_is_a_link_is_followed(data: Data, tmp_path: Path) -> None:
    data.orders([f"{order_id(1)},待发货,杯,,,,,,,,2026-06-01"], shop="真店")
    (data.exports / "真店").rename(tmp_path / "elsewhere")
    (data.exports / "链店").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert run(data, "build").exit_code == 0
    assert data.ask("select shop_id from marts.orders") == [("链店",)]
