"""A file that cannot be trusted is refused in words that say what to do, and stops no other."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from tests.conftest import ORDERS, Data, order_id

REFUSED: dict[str, tuple[str, str | bytes, list[str]]] = {
    "unknown kind": ("a.csv", "甲,乙,丙\n1,2,3\n", ["认不出"]),
    "missing column": ("a.csv", ORDERS.replace("订单状态", "状态") + "\n", ["订单状态", "试过"]),
    "cut off": ("a.csv", f"{ORDERS}\n{order_id(1)},待发货,杯,,,,,,,,2026-06-01\n{order_id(2)},待发", ["没有下载完"]),
    "still downloading": ("a.csv.crdownload", ORDERS, ["还没有下载完"]),
    "empty": ("a.csv", "", ["空的"]),
    "packed": ("a.zip", "PK", ["压缩包"]),
    "web page": ("a.xls", "<html><table><tr><td>订单号</td></tr></table></html>", ["网页"]),
    "other encoding": ("a.csv", ORDERS.encode() + b"\n\xff\xff\xff\xff,\n", ["编码"]),
    "broken workbook": ("a.xlsx", b"PK\x03\x04" + b"0" * 100, ["打不开"]),
    "locked workbook": ("a.xlsx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), ["密码"]),
    "broken json": ("a.json", '{"result": [', ["JSON"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_in_words_and_stops_no_other(data: Data, case: str) -> None:
    name, content, said = REFUSED[case]
    data.put(f"店/{name}", content)
    data.orders(f"{order_id(1)},待发货,杯,,,,,,,,2026-06-01")
    (refusal,) = data.build().refusals
    assert refusal.shown == f"exports/店/{name}"
    for word in (name, *said):
        assert word in refusal.zh
    assert refusal.en.isascii() or case in ("missing column", "unknown kind") or "店" in refusal.en
    assert data.one("select count(*) from marts.orders") == 1
    assert data.ask("select path from marts.refused_files") == [(refusal.shown,)]


def test_a_file_outside_a_shop_folder_is_refused(data: Data) -> None:
    data.put("a.csv", f"{ORDERS}\n")
    data.orders(f"{order_id(1)},待发货,杯,,,,,,,,2026-06-01")
    (refusal,) = data.build().refusals
    assert "<店铺名>" in refusal.zh and "<shop>" in refusal.en


def test_more_than_two_percent_unreadable_refuses_the_file_and_leaves_nothing(data: Data) -> None:
    good = [f"{order_id(n)},待发货,杯,,,,,,,,2026-06-03" for n in range(97)]
    bad = ["2.60606E+20,待发货,杯,,,,,,,,2026-06-03"] * 3
    data.orders([*good, *bad])
    (refusal,) = data.load().refusals
    assert "100 行中有 3 行" in refusal.zh and "第 99 行" in refusal.zh and "2.60606E+20" in refusal.zh
    assert not list(data.settings.archive.rglob("*.parquet*"))
    data.orders([*good, f"{order_id(98)},待发货,杯,,,,,,,,2026-06-03", *bad[:2]])
    assert data.build().refusals == []
    assert data.ask("select kept_rows, quarantined_rows from marts.files") == [(98, 2)]


def test_a_quotation_mark_that_is_never_closed_refuses_the_file(data: Data) -> None:
    rows = [f"{order_id(n)},待发货,杯,,圆通,浙江省,,,,,2026-06-03" for n in range(120)]
    rows[4] = rows[4].replace("圆通", '"圆通')
    for closed_at in (None, 40, 117):
        tried = list(rows)
        if closed_at:
            tried[closed_at] = tried[closed_at].replace("圆通", '圆通"')
        data.orders(tried)
        (refusal,) = data.load().refusals
        assert "第 6 行" in refusal.zh and "row 6" in refusal.en


def test_a_workbook_with_two_data_sheets_is_refused_not_half_read(data: Data) -> None:
    target = io.BytesIO()
    names = ORDERS.split(",")
    with pd.ExcelWriter(target, engine="xlsxwriter") as writer:
        for sheet, number in (("8月", 1), ("9月", 2), ("说明", 0)):
            rows = [[order_id(number), "待发货", *[""] * 9]] if number else [["请勿修改", *[""] * 10]]
            pd.DataFrame([names, *rows] if number else rows).to_excel(
                writer, sheet_name=sheet, header=False, index=False
            )
    data.put("店/a.xlsx", target.getvalue())
    (refusal,) = data.load().refusals
    assert "8月、9月" in refusal.zh and "说明" not in refusal.zh


UNFORESEEN: dict[str, bytes] = {
    "lone carriage returns": f"{ORDERS}\r{order_id(1)},待发货\r".encode(),
    "a cell without end": (f'{ORDERS}\n{order_id(1)},待发货,"' + "x" * 200_000 + '"\n').encode(),
    "deep json": b"[" * 100_000,
}


@pytest.mark.parametrize("case", UNFORESEEN)
def test_whatever_one_file_does_the_others_are_loaded(data: Data, case: str) -> None:
    data.put("店/odd.json" if "json" in case else "店/odd.csv", UNFORESEEN[case])
    data.orders([f"{order_id(2)},待发货,杯,,,,,,,,2026-06-01"])
    manifest = data.build()
    assert data.one(f"select count(*) from marts.orders where order_id = '{order_id(2)}'") == 1
    assert [each.shown for each in manifest.refusals] in ([], ["exports/店/odd.csv"], ["exports/店/odd.json"])
    assert manifest.refusals or data.one("select count(*) from marts.orders") == 2


def test_text_behind_a_closing_quote_names_its_row(data: Data) -> None:
    data.put("店/a.csv", f'订单号,订单状态,快递公司\n{order_id(1)},待发货,圆通\n{order_id(2)},待发货,"圆通" 速递\n')
    (refusal,) = data.load().refusals
    assert "第 3 行" in refusal.zh and "引号" in refusal.zh and "row 3" in refusal.en


def test_a_list_kept_by_hand_is_to_be_mended_not_downloaded_again(data: Data) -> None:
    data.interventions(
        [f"{order_id(1)},2026-06-03 10:00:00,买家,支持买家,,", "1.6E+20,2026-06-03 10:00:00,买家,处理中,,"]
    )
    (refusal,) = data.load().refusals
    assert refusal.zh.endswith("请改好这些格子再运行。") and "Download" not in refusal.en
