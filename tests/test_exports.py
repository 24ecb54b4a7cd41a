"""Files as the backend gives them, and as people re-save them, come out as the same rows."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from analysis import exports
from tests.conftest import AFTER_SALES, Data, order_id

V_2026 = (
    "商品,订单号,订单状态,商品总价(元),邮费(元),店铺优惠折扣(元),平台优惠折扣(元),多多支付立减金额(元),用户实付金额(元),商家实收金额(元),"
    "商品数量(件),发货时间,确认收货时间,商品id,商品规格,样式ID,商家编码-规格维度,商家编码-商品维度,商家备注,售后状态,快递单号,快递公司,"
    "订单成交时间,是否分期,分期期数,手续费承担方,分期方式"
)
V_2020 = (
    "商品,订单号,订单状态,商品总价(元),店铺优惠折扣(元),平台优惠折扣(元),邮费(元),上门安装费(元),送货入户费(元),送货入户并安装费(元),"
    "用户实付金额(元),商家实收金额(元),商品数量(件),身份证姓名,身份证号码,收货人,手机,是否审核中,省,市,区,街道,支付时间,拼单成功时间,"
    "订单确认时间,承诺发货时间,发货时间,确认收货时间,商品id,商品规格,用户购买手机号,样式ID,商家编码-SKU维度,商家编码-商品维度,快递单号,"
    "快递公司,海淘清关订单号,支付ID,支付方式,是否抽奖或0元试用,是否顺丰加价,商家备注,售后状态,买家留言,关联货品编码,货品名称,货品类型,"
    "子货品,仓库名称,仓库所在地址,是否门店自提,门店名称,门店自定义编码,旅行类信息,消费者资料"
)
PICKER = (
    "商品,订单号,订单状态,商品数量(件),是否审核中,支付时间,承诺发货时间,承诺送达时间,发货时间,确认收货时间,商品id,商品规格,样式ID,"
    "商品一级类目,商品二级类目,商品三级类目,商品四级类目,商家编码-规格维度,商家编码-商品维度,商家备注,买家留言,售后状态,消费者资料,"
    "订单成交时间,消费者资料上传时间,赠品名称,赠品id,赠品规格,赠品数量,团ID,团身份,是否已开始配送,配送员是否已送达,配送状态,同城是否普通快递,"
    "商品总价(元),邮费(元),店铺优惠折扣(元),平台优惠折扣(元),多多支付立减金额(元),上门安装费(元),送货入户费(元),送货入户并安装费(元),"
    "用户实付金额(元),商家实收金额(元),快递单号,快递公司,省,市,区,街道/镇,配送员手机号,是否抽奖或0元试用,是否顺丰加价, 用户购买手机号,"
    "旅行类信息,充值号码,是否门店自提,门店名称,门店自定义编码,关联货品编码,货品名称,货品类型,子货品,仓库名称,仓库所在地址,海淘清关订单号,"
    "支付ID,支付方式,保税仓,是否直播间成交,是否直播间引导成交,预约配送时间,是否节能补贴,是否分期,分期期数,手续费承担方,是否无痕发货,订单来源,"
    "是否社区团购,小区送达情况,分期方式"
)
VALUES = {
    "商品": "保温杯",
    "订单号": order_id(1),
    "订单状态": "已收货",
    "商品总价(元)": "168.99",
    "用户实付金额(元)": "150.00",
    "商家实收金额(元)": "158.99",
    "商品数量(件)": "1",
    "发货时间": "2026-06-02 09:00:00",
    "商品id": "610160070484",
    "快递公司": "圆通",
    "订单成交时间": "2026-06-01 10:00:00",
    "拼单成功时间": "2026-06-01 10:00:00",
    "售后状态": "无售后或售后取消",
}
EXPECTED = [
    (
        order_id(1),
        "已收货",
        "保温杯",
        "610160070484",
        1,
        16899,
        15000,
        15899,
        "2026-06-01 10:00:00",
        "2026-06-02 09:00:00",
    )
]
READ = """
    select order_id, order_status, product_name, product_id, quantity, goods_total_fen, paid_fen, received_fen,
        dealt_at::varchar, shipped_at::varchar
    from marts.orders order by order_id
"""


def row(header: str, values: dict[str, str] | None = None) -> str:
    return ",".join(
        (values or VALUES).get(name.strip().replace("（", "(").replace("）", ")"), "") for name in header.split(",")
    )


@pytest.mark.parametrize(
    "header",
    [
        V_2026,
        "订单成交时间," + V_2026.replace(",订单成交时间", ""),
        V_2020,
        V_2020.replace("(元)", "（元）")
        .replace("是否审核中", "是否异常")
        .replace("商家实收金额（元）,", "商家实收金额（元）,"),
        PICKER,
        "\t,".join(V_2026.split(",")) + "\t",
    ],
    ids=["2026", "2026 time first", "2020", "2020 full-width", "field picker", "tabs on headers"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_every_header_generation_in_every_encoding_is_the_same_order(data: Data, header: str, encoding: str) -> None:
    plain = header.replace("\t", "")
    data.put("店/导出.csv", f"{header}\n{row(plain)}\n", encoding)
    assert data.build().refusals == []
    assert data.ask(READ) == EXPECTED
    assert next(iter(data.load().records.values())).unknown_headers == []


def test_tabs_on_values_and_amounts_with_signs_are_the_same_order(data: Data) -> None:
    odd = {
        **VALUES,
        "订单号": order_id(1) + "\t",
        "商品总价(元)": "¥168.99\t",
        "用户实付金额(元)": '"150.00 元"',
        "商品数量(件)": "1\t",
    }
    odd |= {"商品id": "610160070484\t", "订单成交时间": "2026-06-01 10:00:00\t", "商家实收金额(元)": '"1,58.99"'}
    data.put("店/a.csv", f"{V_2026}\n{row(V_2026, odd)}\n")
    data.build()
    assert data.ask(READ) == EXPECTED


def test_resaved_by_a_spreadsheet_is_the_same_order(data: Data) -> None:
    odd = {
        **VALUES,
        "订单成交时间": "2026/6/1 10:00",
        "发货时间": "2026/6/2 9:00",
        "商品id": "610160070484.0",
        "商品总价(元)": "168.99",
    }
    data.put("店/a.csv", f"{V_2026}\n{row(V_2026, odd)}\n", "gbk")
    data.build()
    assert data.ask(READ) == EXPECTED


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1.0160070484512E+13", "10160070484512"),
        ("10160070484512.0", "10160070484512"),
        ("1.01601E+13", None),
        ("10160070484512", "10160070484512"),
    ],
    ids=["all digits kept", "dot zero", "digits lost", "plain"],
)
def test_an_identifier_is_never_guessed(data: Data, written: str, read: str | None) -> None:
    data.orders(f"{order_id(1)},已收货,杯,{written},,,,,,,2026-06-01 10:00:00")
    data.build()
    assert data.one("select product_id from marts.orders") == read
    assert data.one("select bad_cells from marts.files") == (read is None)


def workbook(rows: list[list[object]], sheet: str = "Sheet1") -> bytes:
    target = io.BytesIO()
    pd.DataFrame(rows).to_excel(target, sheet_name=sheet, header=False, index=False, engine="xlsxwriter")
    return target.getvalue()


def test_a_workbook_with_a_title_row_numbers_and_dates_is_the_same_order(data: Data) -> None:
    values: dict[str, object] = {**VALUES, "商品id": 610160070484, "商品总价(元)": 168.99, "商品数量(件)": 1.0}
    values["订单成交时间"] = pd.Timestamp("2026-06-01 10:00:00")
    names = V_2026.split(",")
    data.put("店/订单.xlsx", workbook([["订单导出"], list(names), [values.get(name, "") for name in names]]))
    data.build()
    assert data.ask(READ) == EXPECTED


def test_the_note_row_of_an_after_sales_export_is_passed_over_and_counted(data: Data) -> None:
    note = ["3个月前的售后单仅支持在页面查看"]
    names: list[object] = list(AFTER_SALES.split(","))
    rows: list[list[object]] = [
        list(note),
        names,
        ["22029849804345", order_id(1), "退款成功", "仅退款", 12.5, "2026-06-03 10:00:00", "质量问题", "", ""],
        list(note),
    ]
    data.put("店/" + "0" * 32 + "_20260915222321.xlsx", workbook(rows, "售后信息"))
    data.build()
    assert data.ask("select after_sales_id, order_id, refund_fen, applied_at::varchar from marts.after_sales") == [
        ("22029849804345", order_id(1), 1250, "2026-06-03 10:00:00")
    ]
    assert data.ask("select exported_at::varchar, dated_by, read_rows, kept_rows, note_rows from marts.files") == [
        ("2026-09-15 22:23:21", "name", 2, 1, 1)
    ]


def test_names_of_erp_systems_and_a_csv_that_calls_itself_xlsx(data: Data) -> None:
    header = "售后单号,平台订单号,售后单状态,平台售后状态,售后类型,实退金额,退款原因,退货快递单号"
    data.put("店/售后.xlsx", f"{header}\n22029849804345,{order_id(1)},完成,平台处理中,仅退款,8,少件,\n", "gb18030")
    data.build()
    assert data.ask("select after_sales_id, after_sales_status, refund_fen, reason from marts.after_sales") == [
        ("22029849804345", "平台处理中", 800, "少件")
    ]


def test_an_old_workbook_under_a_new_name_is_read(data: Data) -> None:
    source = Path(__file__).parent / "files" / "订单.xls"
    data.put("店/订单.xlsx", source.read_bytes())
    data.build()
    assert data.ask(READ) == EXPECTED


def test_saved_page_json_of_tickets_and_after_sales(data: Data) -> None:
    ticket = {
        "instanceId": 500012345678901,
        "orderSn": order_id(1),
        "problemTitle": "订单问题：未收到货处理",
        "status": 0,
    }
    ticket |= {"createdAt": 1780300800, "deadline": 1780473600000, "punished": False, "externalDisplayName": "待处理"}
    data.put("店/工单.json", json.dumps({"success": True, "result": {"total": 1, "dataList": [ticket]}}))
    refund = {"id": 22029849804345, "orderSn": order_id(1), "afterSalesTitle": "平台处理中", "afterSalesStatus": 11}
    refund |= {
        "refundAmount": 1250,
        "createdAt": 1780300800,
        "afterSalesReasonDesc": "少件",
        "afterSalesTypeName": "仅退款",
    }
    data.put("店/售后.json", json.dumps({"result": {"list": [refund]}}))
    assert data.build().refusals == []
    assert data.ask(
        "select ticket_id, created_at::varchar, deadline_at::varchar, ticket_status from marts.tickets"
    ) == [("500012345678901", "2026-06-01 16:00:00", "2026-06-03 16:00:00", "待处理")]
    assert data.ask("select refund_fen, after_sales_status, applied_at::varchar from marts.after_sales") == [
        (1250, "平台处理中", "2026-06-01 16:00:00")
    ]


def test_open_api_json_names_its_status_codes(data: Data) -> None:
    refund = {"id": "22029849804345", "order_sn": order_id(1), "after_sales_status": 5, "refund_amount": "12.50"}
    refund |= {"created_time": "1780300800", "join_or_not": "1", "refund_operator_role": 3, "after_sale_reason": "少件"}
    data.put("店/refunds.json", json.dumps({"refund_increment_get_response": {"refund_list": [refund]}}))
    data.build()
    assert data.ask("select after_sales_status, refund_fen from marts.after_sales") == [("平台同意退款，退款中", 1250)]
    assert data.ask("select source, dated_by from marts.interventions") == [("reported", "applied")]


LEDGER = """拼多多店铺账务明细查询

起始时间：2026-06-01 00:00:00  终止时间：2026-06-30 23:59:59
----------交易记录明细列表---------
商户订单号,发生时间,收入金额（+元）,支出金额（-元）,账务类型,备注,业务描述
{rows}
#支出合计：2笔，-27.50元
#导出时间：2026-07-01 08:30:00
"""


def test_the_ledger_keeps_equal_rows_and_counts_its_footer(data: Data) -> None:
    equal = f"{order_id(1)},2026-06-05 10:00:00,0.00,-3.00,其他,,0040004|售后费用-延迟发货"
    rows = [equal, equal, ",2026-06-06 10:00:00,0.00,-100.00,转账,,0070004|转账-广告账户"]
    later = [equal, equal, equal, f"{order_id(2)},2026-06-29 10:00:00,20.00,,交易收入,,0010002|交易收入-订单收入"]
    data.put("店/pdd-mall-bill-detail(2026-06-01_2026-06-20).csv", LEDGER.format(rows="\n".join(rows)), "gb18030")
    data.put("店/pdd-mall-bill-detail(b).csv", LEDGER.format(rows="\n".join(later)), "gb18030")
    data.build()
    assert data.ask(
        "select order_id, expense_fen, income_fen, count(*) from marts.ledger_entries group by all order by 2"
    ) == [
        (None, -10000, 0, 1),
        (order_id(1), -300, 0, 3),
        (order_id(2), 0, 2000, 1),
    ]
    assert data.ask("select distinct note_rows, exported_at::varchar, dated_by from marts.files") == [
        (2, "2026-07-01 08:30:00", "content")
    ]
    assert data.one("select sum(superseded_rows) from marts.files") == 2


FIGURES = (
    "统计时间,纠纷退款数,纠纷退款率,介入订单数,平台介入率,品质退款率,平均退款时长,成功退款订单数,成功退款金额,成功退款率,"
    "退货退款自主完结时长,退款自主完结时长"
)


@pytest.mark.parametrize("day", ["2025-12-29", "12-29-25", "20251229", "2025年12月29日", "2025/12/29"])
def test_platform_figures_with_dates_in_every_form_and_dashes(data: Data, day: str) -> None:
    data.put("店/服务概况.csv", f'{FIGURES}\n{day},4,0.22 %,264,14.84%,--,15.25 小时,11,"4,723.22 元",31.03 %,--,2\n')
    data.build()
    assert data.ask(
        "select stat_on::varchar, intervention_count, intervention_rate, quality_refund_rate, refund_fen, mean_refund_hours, "
        "return_refund_hours from marts.platform_figures"
    ) == [("2025-12-29", 264, Decimal("0.1484"), None, 472322, 15.25, None)]
    assert data.one("select bad_cells from marts.files") == 0


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-06-01 10:00:00", "2026-06-01 10:00:00"),
        ("2026/6/1 10:00", "2026-06-01 10:00:00"),
        ("2026年6月1日 10:00", "2026-06-01 10:00:00"),
        ("1780279200", "2026-06-01 10:00:00"),
        ("1780279200000", "2026-06-01 10:00:00"),
        ("46174.4166666667", "2026-06-01 10:00:00"),
        (" 2026-06-01 10:00:00\t", "2026-06-01 10:00:00"),
        ("13812345678", None),
        ("0001-01-01 00:00:00", None),
        ("－", None),
    ],
)
def test_times_in_every_form(data: Data, written: str, read: str | None) -> None:
    data.orders(f"{order_id(1)},已收货,杯,,,,,{written},,,2026-06-01 09:00:00")
    data.build()
    assert data.one("select shipped_at::varchar from marts.orders") == read
    assert data.one("select bad_cells from marts.files") == (read is None and written != "－")


def test_a_cell_with_a_line_break_and_blank_lines_keep_their_row_numbers(data: Data) -> None:
    rows = [
        '"一\n二",待发货,2026-06-01',
        "",
        "2.60606E+20,待发货,2026-06-02",
        f"{order_id(2)},待发货,2026-06-03",
        "",
        "",
    ]
    rows += [f"{order_id(n)},待发货,2026-06-03" for n in range(3, 103)]
    rows[0] = f'{order_id(1)},"待发货\n",2026-06-01'
    data.put("店/a.csv", "\n".join(["订单号,订单状态,订单成交时间", *rows, ""]))
    data.build()
    assert data.ask("select row_no, reason, bad_value, bad_column from marts.quarantined_rows") == [
        (4, "scientific_notation", "2.60606E+20", "order_id")
    ]
    assert data.ask("select read_rows, kept_rows, quarantined_rows, note_rows from marts.files") == [(106, 102, 1, 3)]
    assert data.one(f"select row_no from marts.orders where order_id = '{order_id(2)}'") == 5


def test_an_unquoted_comma_shifts_nothing_into_the_wrong_column(data: Data) -> None:
    good = [f"{order_id(n)},待发货,杯,,,,,,,,2026-06-03" for n in range(100)]
    data.orders([*good, f"{order_id(200)},待发货,大,杯,张三,圆通,,,,,,2026-06-03,,"])
    data.build()
    assert data.ask("select bad_value, reason, row_no from marts.quarantined_rows") == [
        (order_id(200), "too_many_cells", 102)
    ]
    assert data.one("select count(*) from marts.orders") == 100


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("0123456789abcdef0123456789abcdeforders_export2026-09-15.csv", "2026-09-15 00:00:00"),
        ("20260101aaaaaaaaaaaaaaaaaaaaaaaa_20260915222321.xlsx", "2026-09-15 22:23:21"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa20260101_20260915222321.xlsx", "2026-09-15 22:23:21"),
        ("订单2026年9月5日.csv", "2026-09-05 00:00:00"),
        ("工单_20260905.csv", "2026-09-05 00:00:00"),
        ("2026-99-99.csv", None),
        ("登记.csv", None),
    ],
)
def test_the_date_in_a_name(name: str, moment: str | None) -> None:
    found, _ = exports.date_in_name(name)
    assert (str(found) if found else None) == moment


def test_a_quoted_line_break_alone_is_no_fault(data: Data) -> None:
    rows = [f'{order_id(n)},待发货,"杯\n大号",,圆通,浙江省,,,,,2026-06-03' for n in range(20)]
    data.orders(rows)
    assert data.build().refusals == []
    assert data.one("select count(*) from marts.orders") == 20


def test_a_name_with_brackets_and_stars_is_a_name(data: Data) -> None:
    data.orders([f"{order_id(1)},待发货,杯,,,,,,,,2026-06-03"], "orders1.csv")
    data.orders([f"{order_id(2)},已收货,杯,,,,,,,,2026-06-03"], "orders[1].csv")
    data.orders([f"{order_id(3)},已收货,杯,,,,,,,,2026-06-03"], "o*.csv")
    data.build()
    assert data.one("select count(*) from marts.orders") == 3
    assert data.ask("select distinct read_rows from marts.files") == [(1,)]


def test_a_destroyed_number_beside_a_hash_sign_is_quarantined_not_a_note(data: Data) -> None:
    good = [f"{order_id(n)},待发货,杯,,,,,,,,2026-06-03" for n in range(100)]
    header = "商品,订单号,订单状态,订单成交时间"
    rows = [f"杯,{row.split(',')[0]},待发货,2026-06-03" for row in good]
    data.put("店/a.csv", "\n".join([header, *rows, "#1爆款,2.60802E+20,待发货,2026-06-03", "合计,,,", ""]))
    data.build()
    assert data.ask("select quarantined_rows, note_rows from marts.files") == [(1, 1)]


def test_spaces_around_an_order_number_and_a_quote_inside_a_cell_are_read(data: Data) -> None:
    data.put("店/a.csv", f'订单号,订单状态,快递公司\n {order_id(1)} ,待发货,圆通\n\u00a0{order_id(2)},待发货,5" 螺丝\n')
    assert data.build().refusals == []
    assert data.ask("select order_id, courier from marts.orders order by 1") == [
        (order_id(1), "圆通"),
        (order_id(2), '5" 螺丝'),
    ]


def test_our_own_template_typed_by_hand_without_a_last_line_end_is_read(data: Data) -> None:
    data.orders([f"{order_id(1)},待发货,杯,,,,,,,,2026-06-01"])
    data.put("店/登记.csv", f"订单编号,介入时间,发起方,结果,判定时间,备注\n{order_id(1)},2026-06-09 10:00,买家")
    assert data.build().refusals == []
    assert data.one("select count(*) from marts.interventions") == 1
