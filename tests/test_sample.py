"""The sample promises real headers, every known quirk, and the same bytes every time."""

import csv
import io
import json
import re
import zipfile
from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from analysis import sample
from analysis.sample import headers, world

SAMPLE = Path(__file__).parent.parent / "data" / "sample" / "exports"
HEALTHY, TROUBLED = SAMPLE / "晴川家居", SAMPLE / "云岭百货"
COURIERS = {"圆通速递", "中通快递", "迅捷速运", ""}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    sample.write(folder)
    return folder


def files(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def content(path: Path) -> object:
    """The bytes; of a workbook the bytes of its parts, because deflate differs between builds of zlib."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as book:
        return [(part.filename, part.date_time, book.read(part)) for part in book.infolist()]


def encoding_of(path: Path) -> str:
    raw = path.read_bytes()
    if raw.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


@cache
def lines(path: Path) -> list[list[str]]:
    text = path.read_bytes().decode(encoding_of(path))
    return list(csv.reader(io.StringIO(text, newline="")))


@cache
def cells(path: Path) -> list[list[object]]:
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return [list(row) for row in rows]


def orders_files() -> list[Path]:
    return sorted(path for path in SAMPLE.rglob("*.csv") if "订单号" in [name.strip() for name in lines(path)[0]])


def column(path: Path, name: str) -> list[str]:
    header, *rows = lines(path)
    place = [text.strip() for text in header].index(name)
    return [row[place] for row in rows]


def after_sales_files() -> list[Path]:
    return sorted(path for path in SAMPLE.rglob("*.xlsx") if re.fullmatch(r"[0-9a-f]{32}_\d{14}", path.stem))


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as book:
        return {name: book.read(name) for name in book.namelist()}


def one(paths: list[Path]) -> Path:
    assert len(paths) == 1, paths
    return paths[0]


# --- reproducible, small ---


def test_the_committed_sample_is_what_the_code_writes(written: Path) -> None:
    assert files(written) == files(SAMPLE)
    different = [path for path in files(SAMPLE) if content(written / path) != content(SAMPLE / path)]
    assert not different


def test_writing_twice_gives_the_same_bytes(written: Path, tmp_path: Path) -> None:
    sample.write(tmp_path)
    assert [(path, (tmp_path / path).read_bytes()) for path in files(tmp_path)] == [
        (path, (written / path).read_bytes()) for path in files(written)
    ]


def test_the_sample_stays_small() -> None:
    assert sum((SAMPLE / path).stat().st_size for path in files(SAMPLE)) < 1_800_000


# --- orders ---


def test_every_orders_header_occurs() -> None:
    seen = {tuple(name.strip("\t") for name in lines(path)[0]) for path in orders_files()}
    full_width = tuple(name.replace("(", "（").replace(")", "）") for name in headers.ORDERS_2020)
    assert seen == {
        tuple(headers.ORDERS_2026),
        tuple(headers.ORDERS_TIME_FIRST),
        tuple(headers.ORDERS_ALL_FIELDS),
        full_width,
    }
    assert len(headers.ORDERS_2026) == 27
    assert " 用户购买手机号" in headers.ORDERS_ALL_FIELDS


def test_every_encoding_and_both_line_ends_occur() -> None:
    assert {encoding_of(path) for path in orders_files()} == {"utf-8", "utf-8-sig", "gb18030"}
    assert {b"\r\n" in path.read_bytes() for path in orders_files()} == {True, False}


def test_tabs_trail_values_and_header_names() -> None:
    tabbed = [path for path in orders_files() if "订单号\t" in lines(path)[0]]
    assert {encoding_of(path) for path in tabbed} == {"utf-8-sig", "gb18030"}
    assert all(re.fullmatch(r"\d{6}-\d{15}\t", number) for path in tabbed for number in column(path, "订单号"))


def test_newer_exports_overlap_older_ones_and_show_newer_states() -> None:
    for shop in (HEALTHY, TROUBLED):
        older, newer = (one(list(shop.glob(f"*orders_export{day}.csv"))) for day in ("2026-08-01", "2026-09-15"))
        before, after = (
            dict(zip(map(str.strip, column(path, "订单号")), column(path, "订单状态"), strict=True))
            for path in (older, newer)
        )
        shared = before.keys() & after.keys()
        assert len(shared) > 50
        assert sum(before[number] != after[number] for number in shared) > 20


def test_deal_time_is_blank_for_a_block_of_paid_rows() -> None:
    path = one(list(TROUBLED.glob("*orders_export2026-08-01.csv")))
    paid = ["已收货" in status for status in column(path, "订单状态")]
    blank = [time == "" for time in column(path, "订单成交时间")]
    assert sum(is_paid and is_blank for is_paid, is_blank in zip(paid, blank, strict=True)) >= 40


def test_unpaid_and_cancelled_orders_have_no_deal_time() -> None:
    statuses = Counter[str]()
    for path in (path for path in orders_files() if "拼单成功时间" not in lines(path)[0]):
        pairs = zip(column(path, "订单状态"), column(path, "订单成交时间"), strict=True)
        statuses.update(status for status, time in pairs if not time.strip())
    assert statuses["待支付"] and statuses["已取消"] and statuses["未成交，退款成功"]


def test_one_file_was_saved_again_by_excel() -> None:
    path = TROUBLED / "云岭订单(整理后).csv"
    assert all(re.fullmatch(r"\d\.\d{13}E\+13", number) for number in column(path, "商品id"))
    assert all(number.endswith(".0") for number in column(path, "样式ID"))
    times = [time for time in column(path, "订单成交时间") if time]
    assert all(re.fullmatch(r"2026/[56]/\d{1,2} \d{1,2}:\d\d", time) for time in times)
    destroyed = [number for number in column(path, "订单号") if not re.fullmatch(r"\d{6}-\d{15}", number)]
    assert len(destroyed) == 2 and all(re.fullmatch(r"2\.\d{5}E\+20", number) for number in destroyed)
    assert len(destroyed) < 0.01 * len(column(path, "订单号"))


def test_one_orders_file_is_a_workbook_with_a_title_row() -> None:
    rows = cells(one(list(TROUBLED.glob("*orders_export*.xlsx"))))
    assert rows[0][0] == "云岭百货 订单明细"
    assert rows[1] == headers.ORDERS_2026
    assert isinstance(rows[2][headers.ORDERS_2026.index("订单成交时间")], datetime)
    assert isinstance(rows[2][headers.ORDERS_2026.index("商品id")], float)


def test_a_few_optional_cells_cannot_be_read() -> None:
    path = one(list(TROUBLED.glob("*orders_export2026-09-15.csv")))
    assert column(path, "发货时间").count("－") == 2
    assert column(path, "店铺优惠折扣(元)").count("待确认") == 3


def test_remarks_hold_a_quoted_comma_and_a_quoted_line_break() -> None:
    remarks = {path.name[-14:]: column(path, "商家备注") for path in orders_files()}
    assert any("," in remark for texts in remarks.values() for remark in texts)
    assert [name for name, texts in remarks.items() if any("\n" in text for text in texts)] == ["2026-09-10.csv"]


def test_made_up_personal_values_are_planted() -> None:
    picked = one(list(HEALTHY.glob("*orders_export2026-08-20.csv")))
    assert any(column(picked, "用户购买手机号"))
    assert any(column(picked, "街道/镇"))
    old = one(list(HEALTHY.glob("*orders_export2026-06-15.csv")))
    assert all(re.fullmatch(r"\w\*", name) for name in column(old, "收货人"))
    remarks = [remark for path in (picked, old) for remark in column(path, "买家留言")]
    assert any(re.search(r"1\d{10}", remark) for remark in remarks)


# --- after-sales ---


def test_after_sales_workbooks_have_a_note_row_and_a_broken_dimension() -> None:
    books = [path for path in after_sales_files() if zipfile.is_zipfile(path)]
    assert len(books) > 25
    for path in books:
        assert CalamineWorkbook.from_path(path).sheet_names == ["售后信息"]
        assert b'<dimension ref="A1:A1"/>' in parts(path)["xl/worksheets/sheet1.xml"]
        note, header, *rows = cells(path)
        assert "3个月前" in str(note[0]) and "仅支持在页面查看" in str(note[0])
        assert header == headers.AFTER_SALES and len(header) == 24
        assert rows


def test_one_workbook_is_really_text() -> None:
    path = one([path for path in after_sales_files() if not zipfile.is_zipfile(path)])
    assert path.suffix == ".xlsx" and lines(path)[1] == headers.AFTER_SALES


def test_an_intervention_is_seen_under_way_before_it_ends_as_a_plain_refund() -> None:
    seen: dict[object, list[object]] = {}
    for path in sorted(after_sales_files(), key=lambda path: path.stem[-14:]):
        for row in cells(path)[2:] if zipfile.is_zipfile(path) else []:
            seen.setdefault(row[0], []).append(row[3])
    hidden = [states for states in seen.values() if "平台处理中" in states and states[-1] == "退款成功"]
    assert len(hidden) >= 10
    everything = {state for states in seen.values() for state in states}
    assert {
        "平台处理中",
        "平台同意退款，退款中",
        "平台拒绝退款，退款关闭",
        "退款成功",
        "买家撤销",
    } <= everything
    assert "买家申请退款，待商家处理" in everything


def test_the_platform_is_named_as_decider() -> None:
    place = headers.AFTER_SALES.index("同意退款人")
    newest = max((p for p in after_sales_files() if p.parent == TROUBLED), key=lambda path: path.stem[-14:])
    assert sum(row[place] == "平台" for row in cells(newest)[2:]) >= 5


def test_the_filtered_export_holds_interventions_only() -> None:
    path = one(list((TROUBLED / "平台介入").glob("*.xlsx")))
    plan = next(plan for plan in world.PLANS if plan.shop == TROUBLED.name)
    known = world.build(plan).after_sales
    by_buyer = set(known.loc[known["initiated_by"] == "buyer", "after_sale_id"])
    shown = {row[0] for row in cells(path)[2:]}
    assert len(shown) > 15 and shown <= by_buyer


def test_one_after_sales_file_has_erp_names() -> None:
    header = lines(one(list(HEALTHY.glob("ERP*.csv"))))[0]
    assert {"售后单号", "平台订单号", "平台售后状态", "售后单状态", "实退金额"} <= set(header)


# --- templates and the saved page ---


def test_tickets_come_as_csv_as_workbook_and_as_saved_page() -> None:
    by_hand = lines(TROUBLED / "工单登记.csv")
    assert by_hand[0] == headers.TICKETS and cells(HEALTHY / "工单登记.xlsx")[0] == headers.TICKETS
    assert max(Counter(column(TROUBLED / "工单登记.csv", "订单编号")).values()) >= 2
    page = json.loads((TROUBLED / "工单管理页.json").read_text("utf-8"))["result"]["dataList"]
    assert {str(row["instanceId"]) for row in page} <= set(column(TROUBLED / "工单登记.csv", "工单编号"))
    assert {row["status"] for row in page} >= {0, 3}
    numbers, times = (column(TROUBLED / "工单登记.csv", name) for name in ("工单编号", "创建时间"))
    created = dict(zip(numbers, times, strict=True))
    stamps = pd.to_datetime([row["createdAt"] for row in page], unit="ms", utc=True).tz_convert("Asia/Shanghai")
    assert [f"{at:%Y-%m-%d %H:%M:%S}" for at in stamps] == [created[str(row["instanceId"])] for row in page]


def test_interventions_noted_by_hand() -> None:
    path = TROUBLED / "平台介入登记.csv"
    assert lines(path)[0] == headers.INTERVENTIONS
    assert set(column(path, "发起方")) == {"买家", "平台"}
    assert set(column(path, "结果")) <= {"支持买家", "支持商家", "买家撤销", "处理中"}
    assert ("买家撤销", "") in set(zip(column(path, "结果"), column(path, "判定时间"), strict=True))
    orders, times = column(path, "订单编号"), column(path, "介入时间")
    twice = next(number for number in orders if orders.count(number) == 2)
    began = [pd.Timestamp(at) for number, at in zip(orders, times, strict=True) if number == twice]
    assert len(began) == 2 and abs(began[1] - began[0]) < pd.Timedelta(days=30)


def test_one_restriction_of_one_day_in_september() -> None:
    header, row = lines(TROUBLED / "店铺限制登记.csv")
    assert header == headers.RESTRICTIONS
    assert row[1].startswith("2026-09")
    assert pd.Timestamp(row[2]) - pd.Timestamp(row[1]) < pd.Timedelta(days=1)


def test_appeals_of_orders_lost_in_the_last_thirty_days() -> None:
    path = TROUBLED / "售后申诉_20260915.csv"
    assert lines(path)[0] == headers.APPEALS
    refunded = pd.to_datetime(column(path, "退款时间"))
    assert len(refunded) == 5 and (pd.Timestamp("2026-09-15 09:10") - refunded < pd.Timedelta(days=30)).all()
    left = [text for text in column(path, "剩余时间") if text]
    assert len(left) == 3 and all(re.fullmatch(r"\d+天\d+时\d+分", text) for text in left)
    assert set(column(path, "申诉结果")) == {"", "全部通过"}


# --- money and figures ---


def ledger(path: Path) -> tuple[list[list[str]], list[str]]:
    text = path.read_bytes().decode("gb18030").split("\r\n")
    assert text[0] == "拼多多店铺账务明细查询" and text[1] == "" and text[2].startswith("起始时间：2026-")
    assert text[4] == ",".join(headers.LEDGER)
    rows = [line.split(",") for line in text[5:] if line and line[0] != "#"]
    return rows, [line for line in text if line[:1] == "#"]


@pytest.mark.parametrize("path", sorted(SAMPLE.rglob("pdd-mall-bill-detail*.csv")), ids=lambda path: path.name)
def test_ledger_totals_add_up(path: Path) -> None:
    rows, (spent, earned, total, made_at) = ledger(path)
    income, expense = sum(Decimal(row[2]) for row in rows), sum(Decimal(row[3]) for row in rows)
    assert all(Decimal(row[2]) >= 0 >= Decimal(row[3]) for row in rows)
    assert spent == f"#支出合计：{sum(Decimal(row[3]) < 0 for row in rows)}笔，{expense}元"
    assert earned == f"#收入合计：{sum(Decimal(row[2]) > 0 for row in rows)}笔，{income}元"
    assert total == f"#总计：{len(rows)}笔，{income + expense}元"
    assert made_at.startswith("#导出时间：2026-")


def test_ledger_files_overlap_and_repeat_a_row_rightly() -> None:
    first, second = (ledger(path)[0] for path in sorted(TROUBLED.glob("pdd-mall-bill-detail*.csv")))
    assert len({tuple(row) for row in first} & {tuple(row) for row in second}) > 100
    for rows in (first, second):
        assert [row for row, times in Counter(map(tuple, rows)).items() if times == 2] == [
            ("", "2026-08-27 10:00:00", "0.00", "-200.00", "转账", "", "0070004|转账-广告账户")
        ]


def test_ledger_uses_every_kind_of_entry() -> None:
    rows = [row for path in TROUBLED.glob("pdd-mall-bill-detail*.csv") for row in ledger(path)[0]]
    codes = {row[6].split("|")[0] for row in rows}
    assert {"0010002", "0020002", "0040002", "0040004", "0030002", "0070004", "0080001"} <= codes
    assert any("申诉补回" in row[6] for row in rows)
    assert any(row[6].startswith("0030002") and Decimal(row[2]) > 0 for row in rows)
    assert {row[6][:7] for row in rows if not row[0]} == {"0070004", "0080001"}


def test_ledger_and_orders_tell_the_same_sums() -> None:
    orders = one(list(TROUBLED.glob("*orders_export2026-09-15.csv")))
    numbers, sums = ([text.strip() for text in column(orders, name)] for name in ("订单号", "用户实付金额(元)"))
    paid = dict(zip(numbers, sums, strict=True))
    rows = ledger(TROUBLED / "pdd-mall-bill-detail(2026-08).csv")[0]
    booked = {row[0]: row[2] for row in rows if row[6].startswith("0010002") and row[0] in paid}
    assert len(booked) > 300
    assert booked == {number: paid[number] for number in booked}


def test_figures_are_counted_from_the_same_truth() -> None:
    books = sorted(TROUBLED.glob("服务概况_*.xlsx"))
    assert len(books) == 10
    truth = world.build(world.PLANS[1])
    columns = ["order_id", "initiated_by", "began_at", "withdrawn_at"]
    requests = [tuple(row) for row in truth.after_sales[columns].to_numpy()]
    dates = []
    for path, day in zip(books, pd.date_range("2026-09-05", periods=10), strict=True):
        header, row = cells(path)
        assert header == headers.PLATFORM_FIGURES and len(header) == 12
        start, end = day - pd.Timedelta(days=29), day + pd.Timedelta(days=1)
        dealt = sum(start <= at < end for at in truth.orders["dealt_at"].dropna())
        counted = {
            order
            for order, by, began, withdrawn in requests
            if by == "buyer" and start <= began < end and not withdrawn < end
        }
        assert row[3] == len(counted)
        assert re.fullmatch(r"\d+\.\d\d %", str(row[4]))
        assert abs(float(str(row[4])[:-2]) - 100 * len(counted) / dealt) <= 0.005 + 1e-9
        dates.append(row[0])
    assert [type(each) for each in dates].count(date) == 1
    assert b'formatCode="mm-dd-yy"' in parts(books[2])["xl/styles.xml"]
    assert sum(cells(path)[1].count("--") for path in books) == 1


# --- the story, and nothing real ---


def rate(truth: world.World, day: str) -> float:
    end = pd.Timestamp(day) + pd.Timedelta(days=1)
    start = end - pd.Timedelta(days=30)
    found = world.interventions(truth.after_sales)
    inside = (found["initiated_by"] == "buyer") & (found["began_at"] >= start) & (found["began_at"] < end)
    dealt = ((truth.orders["dealt_at"] >= start) & (truth.orders["dealt_at"] < end)).sum()
    return float(found[inside]["order_id"].nunique() / dealt)


def test_one_shop_stays_healthy_and_the_other_drifts_into_trouble() -> None:
    healthy, troubled = (world.build(plan) for plan in world.PLANS)
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2026-05-20", "2026-09-14", freq="9D")]
    assert all(0.005 < rate(healthy, day) < 0.018 for day in days)
    assert all(0.008 < rate(troubled, day) < 0.016 for day in days if day < "2026-07-25")
    assert 0.05 < rate(troubled, "2026-09-12") < 0.07
    after = troubled.orders[troubled.orders["shipped_at"] >= world.COURIER_CHANGE]
    assert set(after["courier"]) == {"迅捷速运"}


def test_the_truth_holds_what_a_rule_must_tell_apart() -> None:
    found = world.interventions(world.build(world.PLANS[1]).after_sales)
    assert set(found["initiated_by"]) == {"buyer", "platform"}
    assert set(found["outcome"]) == {"buyer", "merchant", "withdrawn"}
    again = found.sort_values("began_at").groupby("order_id")["began_at"].diff()
    assert (again < pd.Timedelta(days=30)).sum() >= 3


def test_nothing_looks_real() -> None:
    made_up = {product.name for plan in world.PLANS for product in plan.products}
    for path in orders_files():
        assert set(column(path, "商品")) <= made_up
        assert {name.strip() for name in column(path, "快递公司")} <= COURIERS
    text = "\n".join(
        path.read_bytes().decode(encoding_of(path)) if not zipfile.is_zipfile(path) else str(cells(path))
        for path in SAMPLE.rglob("*")
        if path.is_file()
    )
    assert set(re.findall(r"(?<![\d.])1[3-9]\d{5}(?=\d{4}(?!\d))", text)) == {"1990000"}
    assert not re.search(r"https?:|www\.|@|(?<!\d)\d{17}[\dXx](?!\d)", text)
