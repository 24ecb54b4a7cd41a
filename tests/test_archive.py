"""Accepted once, kept for good, newest wins, and nobody's personal data."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import exports
from analysis.archive import types
from tests.conftest import Data, order_id
from tests.test_exports import FIGURES, LEDGER, PICKER, V_2020

OLD = "orders_export2026-07-01.csv"
NEW = "orders_export2026-07-08.csv"
ASCII = st.characters(max_codepoint=127)


def orders(status: str, *numbers: int) -> list[str]:
    return [f"{order_id(n)},{status},杯,,,,,,,,2026-06-{1 + n % 28:02d} 10:00:00" for n in numbers]


def current(data: Data) -> list[tuple[Any, ...]]:
    return data.ask("select order_id, order_status from marts.orders order by order_id")


@pytest.mark.parametrize("sequence", list(itertools.permutations([OLD, NEW, "copy of it.csv"])))
def test_whatever_the_order_of_loading_the_newest_export_wins(data: Data, sequence: tuple[str, ...]) -> None:
    content = {OLD: orders("待发货", 1, 2, 3), NEW: orders("已收货", 2, 3, 4)}
    content["copy of it.csv"] = content[NEW]
    for name in sequence:
        data.orders(content[name], name)
        data.build()
    assert current(data) == [
        (order_id(1), "待发货"),
        (order_id(2), "已收货"),
        (order_id(3), "已收货"),
        (order_id(4), "已收货"),
    ]
    assert data.ask("select exported_at::date::varchar, kept_rows, superseded_rows from marts.files order by 1") == [
        ("2026-07-01", 1, 2),
        ("2026-07-08", 3, 0),
    ]


def test_the_same_content_twice_adds_nothing(data: Data) -> None:
    data.orders(orders("待发货", 1, 2))
    first = data.build()
    before = (data.settings.archive / "manifest.json").read_bytes()
    data.orders(orders("待发货", 1, 2), "renamed.csv")
    assert data.build().records == first.records
    shutil.rmtree(data.exports / "店")
    data.orders(orders("待发货", 1, 2))
    os.utime(data.exports / "店" / "orders_export2026-07-01.csv", (1, 1))
    data.build()
    assert json.loads((data.settings.archive / "manifest.json").read_bytes())["files"] == json.loads(before)["files"]


def test_what_was_accepted_stays_when_the_export_is_deleted(data: Data) -> None:
    data.orders(orders("待发货", 1), OLD)
    data.build()
    (data.exports / "店" / OLD).unlink()
    data.orders(orders("待发货", 2), NEW)
    data.build()
    assert len(current(data)) == 2


def test_a_newer_export_without_a_column_does_not_forget_place_and_promise(data: Data) -> None:
    data.put(
        "店/" + OLD,
        f"订单号,订单状态,省,承诺发货时间,发货时间\n{order_id(1)},已发货，待收货,浙江省,2026-06-02 10:00:00,2026-06-02 09:00:00\n",
    )
    data.put("店/" + NEW, f"订单号,订单状态,发货时间,快递公司\n{order_id(1)},待发货,,圆通\n")
    data.build()
    assert data.ask("select province, promised_ship_at::varchar, shipped_at, courier from marts.orders") == [
        ("浙江省", "2026-06-02 10:00:00", None, "圆通")
    ]


def test_an_undated_export_is_dated_by_its_newest_moment_else_by_the_file(data: Data) -> None:
    data.orders([f"{order_id(1)},已收货,杯,,,,,2026-06-03 11:00:00,2026-06-05 12:34:56,,2026-06-01 10:00:00"], "a.csv")
    undated = data.put("店/b.csv", f"订单号,订单状态,商品\n{order_id(2)},待发货,杯\n")
    os.utime(undated, (1767225600, 1767225600))
    data.build()
    (content, modified) = data.ask("select exported_at::varchar, dated_by from marts.files order by dated_by")
    assert content == ("2026-06-05 12:34:56", "content")
    assert modified[0].startswith(("2025-12-31", "2026-01-01")) and modified[1] == "modified"


def test_a_day_in_the_name_is_sharpened_by_a_moment_of_that_day(data: Data) -> None:
    data.orders([f"{order_id(1)},待发货,杯,,,,,,,,2026-07-01 09:30:00"], OLD)
    data.build()
    assert data.one("select exported_at::varchar from marts.files") == "2026-07-01 09:30:00"


def test_a_list_kept_by_hand_counts_in_its_newest_form_only(data: Data) -> None:
    data.orders(orders("已收货", 1, 2))
    data.interventions(
        [f"{order_id(1)},2026-06-09 10:00,买家,处理中,,", f"{order_id(2)},2026-06-09 10:00,买家,处理中,,"]
    )
    data.build()
    data.interventions([f"{order_id(1)},2026-06-10 10:00,买家,支持商家,2026-06-12 10:00,更正"])
    data.build()
    assert data.ask("select order_id, began_at::varchar, outcome from marts.interventions") == [
        (order_id(1), "2026-06-10 10:00:00", "merchant")
    ]
    assert data.ask("select kept_rows, superseded_rows from marts.files where kind = 'interventions' order by 1") == [
        (0, 2),
        (1, 0),
    ]


def test_the_same_file_in_two_shops_belongs_to_both(data: Data) -> None:
    data.orders(orders("待发货", 1), shop="甲")
    data.orders(orders("待发货", 1), shop="乙")
    data.build()
    assert data.ask("select shop_id, order_id from marts.orders order by 1") == [
        ("乙", order_id(1)),
        ("甲", order_id(1)),
    ]


def test_a_first_mebibyte_of_utf8_does_not_settle_the_encoding(data: Data) -> None:
    """A file that turns GB18030 only behind the part that is sampled is still read, not refused or garbled."""
    rows = [f"{order_id(n)},OK,cup,,,,,,,,2026-06-01 10:00:00" for n in range(30000)]
    text = "order_sn,订单状态,商品,商品id,快递公司,省,用户实付金额(元),发货时间,确认收货时间,售后状态,订单成交时间"
    latin = text.encode("gb18030") + b"\n" + "\n".join(rows).encode()
    assert len(latin) > 1 << 20
    data.put("店/a.csv", latin + f"\n{order_id(99999)},已收货,杯,,,,,,,,2026-06-01 10:00:00\n".encode("gb18030"))
    data.put("店/b.csv", (text.replace("订单状态", "订单状态") + "\n").encode() + "\n".join(rows[:1]).encode() + b"\n")
    data.build()
    assert data.one(f"select order_status from marts.orders where order_id = '{order_id(99999)}'") == "已收货"


# Planted in every column of every kind: nothing of it may reach any byte that a run writes.
PHONE, ID_18, ID_15 = "13912345678", "110101199003078515", "110101900307851"
NAME, STREET, WISH = "欧阳诸葛", "文一西路九百六十九号", "麻烦放快递柜谢谢老板"
SECRETS = (PHONE, ID_18, ID_15, NAME, STREET, WISH)

TICKET_HEADER = "工单编号,订单编号,工单类型,工单状态,创建时间,截止时间,剩余处理时间,工单内容,商家回复,举证材料,处理结果,关闭时间,是否判责商家,扣款金额,处理人"
APPEAL_HEADER = "订单编号,售后编号,申诉类型,申诉子类型,申诉状态,申诉原因,退款金额,最多可申诉金额,退款时间,剩余时间,申诉结果,申诉时间"
AFTER_SALES_HEADER = (
    "售后编号,订单编号,交易金额,售后状态,退款类型,退款金额,订单状态,发货运单号,商品id,收货人,超时时间,申请时间,售后原因,退货运单号,"
    "退货物流状态,退货物流状态对应时间,同意退款时间,同意退款人,同意退货时间,同意退货人,快递拦截状态,sku信息,订单标记,备注"
)
KINDS = {
    "orders picker": (PICKER, {"订单号": order_id(1), "订单状态": "已收货", "订单成交时间": "2026-06-01 10:00:00"}),
    "orders 2020": (V_2020, {"订单号": order_id(1), "订单状态": "已收货", "拼单成功时间": "2026-06-01 10:00:00"}),
    "after_sales": (
        AFTER_SALES_HEADER,
        {"售后编号": "22029849804345", "订单编号": order_id(1), "售后状态": "退款成功"},
    ),
    "tickets": (TICKET_HEADER, {"工单编号": "500012345678901", "订单编号": order_id(1), "工单类型": "未收到货"}),
    "appeals": (APPEAL_HEADER, {"订单编号": order_id(1), "售后编号": "22029849804345"}),
    "ledger": (
        "商户订单号,发生时间,收入金额（+元）,支出金额（-元）,账务类型,备注,业务描述",
        {"商户订单号": order_id(1), "发生时间": "2026-06-01 10:00:00", "收入金额（+元）": "1", "支出金额（-元）": "0"},
    ),
    "platform_figures": (FIGURES, {"统计时间": "2026-06-01", "介入订单数": "1", "平台介入率": "1 %"}),
    "interventions": (
        "订单编号,介入时间,发起方,结果,判定时间,备注",
        {"订单编号": order_id(1), "介入时间": "2026-06-09 10:00:00"},
    ),
    "costs": (
        "订单编号,费用项目,金额,日期,备注",
        {"订单编号": order_id(1), "费用项目": "退货运费", "金额": "6.50", "日期": "2026-06-12"},
    ),
    "outcomes": (
        "订单编号,处理时间,处理方式,备注",
        {"订单编号": order_id(1), "处理时间": "2026-06-09 10:00:00", "处理方式": "已联系"},
    ),
    "restrictions": ("限制类型,开始时间,结束时间,备注", {"限制类型": "禁止上新", "开始时间": "2026-06-09 10:00:00"}),
}
PERSONAL_COLUMNS = (
    "收货人",
    "手机",
    "街道",
    "身份证",
    "留言",
    "备注",
    "消费者资料",
    "充值",
    "旅行",
    "海淘",
    "支付ID",
    "小区",
    "购买手机号",
    "配送员",
)


def planted(kind: str) -> str:
    """One row a column and secret, that column holding the secret, among enough good rows for the file to be accepted."""
    header, good = KINDS[kind]
    names = [name.strip() for name in header.split(",")]
    rows = []
    for column in names:
        for secret in (PHONE, ID_18, ID_15, f"电话{PHONE}", f"{ID_18}，{ID_15}", f" {PHONE}\t"):
            rows.append({**good, column: secret})
        is_personal = any(word in column for word in PERSONAL_COLUMNS) and not (
            kind in ("ledger", "interventions", "restrictions", "outcomes") and column == "备注"
        )
        if is_personal:
            rows += [{**good, column: f"{NAME} {STREET} {WISH}"}]
    keys = list(good)[: 2 if kind in ("interventions", "restrictions", "outcomes", "after_sales", "tickets") else 1]
    many = [{**good, **_numbered(good, keys, number)} for number in range(len(rows) * 50)]
    lines = [",".join(f'"{row.get(name, "")}"' for name in names) for row in [*many, *rows]]
    # One row is shifted by a stray comma, so that a name stands where a courier or a product belongs.
    lines.append(",".join([*(f'"{good.get(name, NAME)}"' for name in names), NAME, STREET]))
    return header + "\n" + "\n".join(lines) + "\n"


def _numbered(good: dict[str, str], keys: list[str], number: int) -> dict[str, str]:
    made = {"订单号": order_id(number), "订单编号": order_id(number), "售后编号": f"{22029849804345 + number}"}
    made |= {"工单编号": f"{500012345678901 + number}"}
    return {key: made[key] for key in keys if key in made}


def test_the_planting_reaches_every_column_of_every_kind() -> None:
    kinds = {kind.split(" ")[0] for kind in KINDS}
    assert kinds == set(exports.kinds())
    for kind, (header, _) in KINDS.items():
        assert PHONE in planted(kind) and planted(kind).count(ID_15) >= 2 * len(header.split(","))


def written(folder: Path) -> bytes:
    """Every byte below the folder but the exports themselves; the archive's Parquet is also read out, uncompressed."""
    import duckdb

    parts = []
    for file in sorted(
        each for each in folder.rglob("*") if each.is_file() and "exports" not in each.relative_to(folder).parts[:2]
    ):
        parts += [file.name.encode(), file.read_bytes()]
        if file.suffix == ".parquet":
            rows = duckdb.execute(f"select * from read_parquet('{file}')").fetchall()
            parts.append(repr(rows).encode())
        if file.suffix == ".duckdb":
            with duckdb.connect(file, read_only=True) as connection:
                for schema, table in connection.execute(
                    "select schema_name, table_name from duckdb_tables() union all select schema_name, view_name from duckdb_views() where not internal"
                ).fetchall():
                    parts.append(repr(connection.execute(f'select * from "{schema}"."{table}"').fetchall()).encode())
    return b"\n".join(parts)


@pytest.mark.parametrize("kind", KINDS)
def test_personal_data_passes_no_column_of_any_kind(data: Data, kind: str) -> None:
    data.put(f"店/{kind}.csv", planted(kind), "gb18030" if kind == "ledger" else "utf-8")
    if kind != "orders picker":
        data.orders(orders("已收货", 1))
    manifest = data.build()
    assert manifest.refusals == []
    assert data.one(f"select sum(read_rows) from marts.files where kind = '{kind.split(' ')[0]}'") > 100
    found = written(data.settings.data)
    assert order_id(1).encode() in found
    for secret in SECRETS:
        assert secret.encode() not in found, secret


def test_a_refused_file_leaks_nothing_either(data: Data) -> None:
    data.orders(orders("已收货", 1))
    data.put("店/a.csv", f"收件{PHONE},{ID_18},x\n{NAME}\n")
    data.put("店/b.csv", f"订单号,订单状态,收货人\n{PHONE},{NAME},{NAME}\n")
    manifest = data.build()
    assert len(manifest.refusals) == 2
    for text in [each.zh + each.en for each in manifest.refusals] + [repr(written(data.settings.data))]:
        assert PHONE not in text and ID_18 not in text and NAME not in text
    assert PHONE.encode() not in written(data.settings.data)


FORMS = [
    "13912345678X", "(139)12345678", "139.1234.5678", "139\u00a01234\u00a05678", "+86 139 1234 5678", "１３９１２３４５６７８",
    "1391234567813912345678", "110101 19900307 8515", "110101-19900307-8515",
]  # fmt: skip
ID_FORMS = ["139-1234-5678", "13912345678-1234", "8613912345678", "13912345678x2", "13912345678"]


def test_numbers_written_in_other_ways_are_hidden_too(data: Data) -> None:
    rows = [
        f'{order_id(n)},待发货,"找 {form} 谢谢",,,,,,,,2026-06-01 10:00:00'
        for n, form in enumerate(FORMS[:6] + FORMS[7:])
    ]
    data.orders(rows)
    data.build()
    assert {name for (name,) in data.ask("select distinct product_name from marts.orders")} <= {
        "找 ***",
        "找 *** 谢谢",
        "找 (*** 谢谢",
        "找 ***X 谢谢",
    }


def test_a_number_that_tabs_cut_into_pieces_is_hidden_too(data: Data) -> None:
    data.orders([f"{order_id(1)},待发货,找 138\t001\t380\t00,,,,,,,,2026-06-01 10:00:00"])
    data.build()
    assert data.ask("select product_name from marts.orders") == [("找 ***",)]


def test_a_number_of_somebody_is_no_identifier(data: Data) -> None:
    rows = [f"{order_id(n)},待发货,{form}" for n, form in enumerate(ID_FORMS)]
    data.put("店/a.csv", "\n".join(["订单号,订单状态,快递单号", *rows, f"{order_id(99)},待发货,YT1234567890123", ""]))
    data.build()
    assert data.ask("select tracking_no from marts.orders where tracking_no is not null") == [("YT1234567890123",)]


@given(st.from_regex(types.PERSONAL_ID, fullmatch=True, alphabet=ASCII))
def test_no_number_of_somebody_passes_as_a_harmless_identifier(number: str) -> None:
    assert not re.fullmatch(types.HARMLESS_ID, number)


@given(st.from_regex(types.HARMLESS_ID, fullmatch=True, alphabet=ASCII))
def test_a_harmless_identifier_is_what_the_full_rule_takes_too(identifier: str) -> None:
    assert re.fullmatch(types.ID, identifier)
    assert 3 <= len(identifier) <= 40
    assert not re.fullmatch(types.PERSONAL_ID, identifier)


def test_a_number_in_a_header_is_hidden(data: Data) -> None:
    data.put("店/a.csv", f"订单号,订单状态,商品,备用{PHONE} {ID_18}\n{order_id(1)},待发货,杯,\n")
    data.build()
    found = written(data.settings.data)
    assert PHONE.encode() not in found and ID_18[:17].encode() not in found


def test_an_unknown_column_is_named_and_never_stored(data: Data) -> None:
    data.put("店/a.csv", f"订单号,订单状态,商品,收货人新名\n{order_id(1)},待发货,杯,{NAME}\n")
    (record,) = data.build().records.values()
    assert record.unknown_headers == ["收货人新名"]
    assert NAME.encode() not in written(data.settings.data)


def test_a_ledger_with_a_real_preamble_is_planted_too(data: Data) -> None:
    rows = "\n".join(f"{order_id(n)},2026-06-05 10:00:00,0.00,-3.00,其他,电话{PHONE},0040004|延迟" for n in range(3))
    data.put("店/l.csv", LEDGER.format(rows=rows), "gb18030")
    data.build()
    assert PHONE.encode() not in written(data.settings.data)
    assert data.one("select max(remark) from marts.ledger_entries") == "电话***"
