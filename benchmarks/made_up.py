"""Made-up exports of any size under the real headers; every value follows from the order's number, so runs repeat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

FIRST_DAY = date(2026, 5, 1)
DAYS = 120
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
SHOPS = ("甲店", "乙店")
REPEATED = 0.1  # of all orders stand in two exports
BLOCK_BYTES = 8 << 20

# An order's own 15 digits: distinct, and as hard to compress as real ones.
DIGITS = "lpad((((i + 1)::hugeint * 618033988749897) % 1000000000000000)::varchar, 15, '0')"


def write_orders(file: Path, of: int, first: int = 0, count: int | None = None, is_newest: bool = True) -> None:
    """`count` orders from number `first` on, of a shop that dealt `of` orders in DAYS days; the 27 columns of 2026."""
    moved_on = "true" if is_newest else "i % 3 = 0"
    dealt = _dealt(of)
    columns = {
        "商品": "case i % 40 when 0 then '保温杯,大容量' else '不锈钢保温杯大容量男女学生水杯便携' end || i % 200",
        "订单号": order_number(of),
        "订单状态": f"case when i % 50 = 0 then '已取消，退款成功' when {moved_on} then '已收货' else '已发货，待收货' end",
        "商品总价(元)": "(i * 7 % 30000 + 900)::decimal(10, 0)::decimal(10, 2) / 100 || chr(9)",
        "邮费(元)": "'0.00'",
        "店铺优惠折扣(元)": "(i % 7)::varchar || '.00'",
        "平台优惠折扣(元)": "'0.00'",
        "多多支付立减金额(元)": "case when i % 4 = 0 then '1.00' else '0.00' end",
        "用户实付金额(元)": "((i * 13 % 20000 + 100) // 100)::varchar || '.' || lpad((i * 13 % 100)::varchar, 2, '0')",
        "商家实收金额(元)": "((i * 13 % 20000 + 100) // 100)::varchar || '.00'",
        "商品数量(件)": "(1 + (i % 20 = 0)::int)::varchar || chr(9)",
        "发货时间": f"case when i % 50 = 0 then '' else strftime({dealt} + interval 20 hour, '%Y-%m-%d %H:%M:%S') end",
        # One in a thousand as a spreadsheet program writes it.
        "确认收货时间": f"case when i % 50 = 0 or not {moved_on} then '' when i % 1000 = 7 "
        f"then strftime({dealt} + interval 3 day, '%Y/%-m/%-d %-H:%M') "
        f"else strftime({dealt} + interval 3 day, '%Y-%m-%d %H:%M:%S') end",
        "商品id": "(610160070484 + i % 200)::varchar || chr(9)",
        "商品规格": "case when i % 1000 = 3 then '刻字13800138000' else '颜色:黑色;容量:500ml' end",
        "样式ID": "(1510160070484 + i % 800)::varchar || chr(9)",
        "商家编码-规格维度": "'SKU-' || i % 800",
        "商家编码-商品维度": "'SPU-' || i % 200",
        "商家备注": "case when i % 10 = 0 then '补寄单号YT12345678901' else '' end",
        "售后状态": "case when i % 50 = 0 then '退款成功' else '无售后或售后取消' end",
        "快递单号": "case when i % 50 = 0 then '' else 'YT' || ((i * 7368787 + 11) % 9999999999973)::varchar || chr(9) end",
        "快递公司": "case i % 5 when 0 then '圆通速递' when 1 then '韵达快递' else '中通快递' end",
        "订单成交时间": f"strftime({dealt}, '%Y-%m-%d %H:%M:%S')",
        "是否分期": "'否'",
        "分期期数": "''",
        "手续费承担方": "''",
        "分期方式": "''",
    }
    write_table(file, columns, f"range({first}, {first + (of - first if count is None else count)})")


def write_shop(folder: Path, of: int) -> None:
    """A shop's exports: orders in two overlapping files, and what belongs to them in the other kinds."""
    half = of // 2
    overlap = round(of * REPEATED / 2)
    early = _day(half + overlap, of) + timedelta(days=1)
    late = LAST_DAY + timedelta(days=1)
    write_orders(folder / f"orders_export{early}.csv", of, 0, half + overlap, is_newest=False)
    write_orders(folder / f"orders_export{late}.csv", of, half - overlap)
    requests = {
        "售后编号": "(9000000000 + i)::varchar || chr(9)",
        "订单编号": order_number(of),
        "售后状态": "case when i % 60 = 0 then '平台处理中' when i % 3 = 0 then '退款成功' else '买家撤销' end",
        "退款类型": "'仅退款'",
        "退款金额": "(i % 200)::varchar || '.00'",
        "申请时间": f"strftime({_dealt(of)} + interval 5 day, '%Y-%m-%d %H:%M:%S')",
        "售后原因": "case i % 4 when 0 then '质量问题' when 1 then '少件/漏发' when 2 then '不想要了' else '没收到货' end",
        "同意退款时间": "''",
        "同意退款人": "''",
    }
    write_table(folder / f"after_sales_{late:%Y%m%d}000000.csv", requests, f"range(0, {of * (DAYS - 6) // DAYS}, 20)")
    tickets = {
        "工单编号": "(700000000 + i)::varchar",
        "订单编号": order_number(of),
        "工单类型": "case i % 3 when 0 then '未收到货' else '少件' end",
        "工单状态": "case i % 7 when 0 then '已逾期' else '已完结' end",
        "创建时间": f"strftime({_dealt(of)} + interval 5 day, '%Y-%m-%d %H:%M:%S')",
        "截止时间": f"strftime({_dealt(of)} + interval 7 day, '%Y-%m-%d %H:%M:%S')",
    }
    write_table(folder / f"tickets{late}.csv", tickets, f"range(1, {of * (DAYS - 6) // DAYS}, 100)")
    ledger = {
        "商户订单号": order_number(of),
        "发生时间": f"strftime({_dealt(of)} + interval 6 day, '%Y-%m-%d %H:%M:%S')",
        "收入金额(+元)": "case when i % 9 = 0 then '0.00' else (i % 200)::varchar || '.00' end",
        "支出金额(-元)": "case when i % 9 = 0 then '-' || (i % 200)::varchar || '.00' else '0.00' end",
        "账务类型": "case when i % 9 = 0 then '退款' else '交易收入' end",
        "备注": "''",
        "业务描述": "case when i % 9 = 0 then '0020002|退款' else '0010002|交易收入-订单收入' end",
    }
    write_table(folder / f"ledger{late}.csv", ledger, f"range(0, {of}, 5)")


def write_exports(exports: Path, rows: int, shops: Sequence[str] = SHOPS) -> None:
    """Shops with `rows` orders in all."""
    for shop in shops:
        (exports / shop).mkdir(parents=True)
        write_shop(exports / shop, rows // len(shops))


def recode(file: Path, target: Path, encoding: str) -> None:
    """A copy of a UTF-8 file in another encoding."""
    with file.open(encoding="utf-8", newline="") as source, target.open("w", encoding=encoding, newline="") as copy:
        while block := source.read(BLOCK_BYTES):
            copy.write(block)


def _dealt(of: int) -> str:
    return f"(timestamp '{FIRST_DAY}' + to_seconds(i * {DAYS * 86400} // {of}))"


def _day(number: int, of: int) -> date:
    return FIRST_DAY + timedelta(days=(number - 1) * DAYS // of)


def order_number(of: int) -> str:
    """The SQL of the number of order `i` of `of`."""
    return f"strftime({_dealt(of)}, '%y%m%d') || '-' || {DIGITS}"


def write_table(file: Path, columns: dict[str, str], numbers: str) -> None:
    """A CSV with one row for each `i` of `numbers`, its cells as SQL of `i`."""
    import duckdb

    listed = ", ".join(f'{value} as "{name}"' for name, value in columns.items())
    with duckdb.connect() as connection:
        connection.execute(f"copy (select {listed} from {numbers} as t(i)) to '{file}' (format csv, header)")
