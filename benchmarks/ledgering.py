"""The ledger's bookings → what each is → costs by order and component: each step against a scan of what it reads.

Bookings only, two to three an order, in two overlapping exports a shop; one in a thousand belongs to the shop itself. The steps
run inside a real build, as in `building`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import building, made_up
from benchmarks.timing import Line, Run, Steps, child, compared, same

LIMIT = 3.0
MEMORY_LIMIT = 4.0  # of a quarter of the bookings: what grows with them and is spilled, never more than in proportion
STEPS = ("signs.ledger_kinds", "facts.ledger_order_components")
TABLES = ("staging.ledger_entries", *STEPS, "facts.ledger_file_kinds", "marts.ledger_files")

# 账务类型, 业务描述, whether it adds money, component; of the bookings of an order in turn.
KINDS = (
    ("交易收入", "0010002|交易收入-订单收入", True, "sale"),
    ("技术服务费", "0030002|技术服务费-基础技术服务费", False, "fee_charged"),
    ("退款", "0020002|交易退款-订单退款", False, "refund"),
    ("技术服务费", "0030002|技术服务费-基础技术服务费", True, "fee_returned"),
    ("其他", "0040004|售后费用-延迟发货", False, "late_shipping"),
    ("其他", "0040011|售后费用-小额打款", False, "small_payment"),
    ("其他收入", "0130002|其他收入-申诉补回", True, "appeal_recovery"),
    ("其他", "9990001|没有规则的业务", False, "unclassified"),
)
KIND = "case when n % 5 in (0, 3) then 1 when n % 5 in (1, 4) then 2 else 3 + (n // 5) % 6 end"
IS_SHOPS_OWN = "n % 1000 = 999"

SUMMED = """
    select count(*), bit_xor(hash(shop_id, order_id, component, amount_fen, ledger_rows, last_booked_at))
    from warehouse.facts.ledger_order_components
"""
SECOND_OPINION = """
    with bookings as (
        select distinct shop_id, order_id, occurred_at, income_fen, expense_fen, business
        from archive.ledger where fate is null and order_id is not null
    ),
    named as (select *, case {cases} end as component from bookings)
    select count(*), bit_xor(hash(shop_id, order_id, component, amount_fen, ledger_rows, booked_at)) from (
        select shop_id, order_id, component, (-sum(income_fen + expense_fen))::bigint as amount_fen,
            count(*) as ledger_rows, max(occurred_at) as booked_at
        from named group by all)
"""


def measure(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
    """Raises AnswersDiffer where the sums by order and component are not those found in another way."""
    data = prepared(folder, rows)
    runs = [child("benchmarks.building:build", str(data)) for _ in range(repeats)]
    same("costs by order and component", *child("benchmarks.ledgering:second_opinion", str(data)).answer)
    for table in TABLES:
        yield building.of_table(table, runs)
    built, scan = (
        [Run(*map(sum, zip(*(run.answer[table][side] for table in STEPS), strict=True))) for run in runs]
        for side in ("built", "scan")
    )
    yield compared(f"{rows} bookings classified and summed by order", built, "scan", scan, LIMIT)
    peak = max(run.peak_mib for run in runs)
    less = child("benchmarks.building:build", str(prepared(folder, rows // 4))).peak_mib
    yield Line(
        "peak memory of the build", f"{peak:.0f} MiB", f"a quarter of it {less:.0f} MiB", peak / less, MEMORY_LIMIT
    )


def prepared(folder: Path, rows: int) -> Path:
    """A data folder whose archive holds that many bookings, a tenth of them in two exports."""
    data = folder / f"ledger-{rows}"
    if not data.exists():
        child("benchmarks.ledgering:fill", str(data), rows)
    return data


def fill(data: str, rows: str) -> Steps:
    from analysis import settings
    from analysis.cli import loading

    yield
    for shop in made_up.SHOPS:
        folder = Path(data) / "exports" / shop
        folder.mkdir(parents=True)
        write_ledgers(folder, int(rows) // len(made_up.SHOPS))
    loaded = loading.load(settings.load(Path(data)), lambda _: None)
    same("refused files", [], [each.en for each in loaded.manifest.refusals])
    yield


def write_ledgers(folder: Path, of: int) -> None:
    """Two exports of a shop with that many bookings."""
    half, overlap = of // 2, round(of * made_up.REPEATED / 2)
    for name, first, end in (("a", 0, half + overlap), ("b", half - overlap, of)):
        numbers = f"(select n * 2 // 5, n from range({first}, {end}) as numbers(n))"
        made_up.write_table(folder / f"ledger-{name}.csv", _columns(max(of * 2 // 5, 1)), numbers)


def _columns(orders: int) -> dict[str, str]:
    texts = [[("转账", "0070004|转账-广告账户", False)[place], *(each[place] for each in KINDS)] for place in range(3)]
    types, words, directions = (f"[{', '.join(repr(each) for each in column)}]" for column in texts)
    kind = f"(case when {IS_SHOPS_OWN} then 0 else {KIND} end)"
    amount = "(n % 200)::varchar || '.' || lpad((n % 100)::varchar, 2, '0')"
    adds = f"{directions}[{kind} + 1]"
    dealt = f"timestamp '{made_up.FIRST_DAY}' + to_seconds(i * {made_up.DAYS * 86400} // {orders} + n % 5 * 86400)"
    return {
        "商户订单号": f"case when {IS_SHOPS_OWN} then '' else {made_up.order_number(orders)} end",
        "发生时间": f"strftime({dealt}, '%Y-%m-%d %H:%M:%S')",
        "收入金额（+元）": f"case when {adds} then {amount} else '0.00' end",
        "支出金额（-元）": f"case when {adds} then '0.00' else '-' || {amount} end",
        "账务类型": f"{types}[{kind} + 1]",
        "备注": "''",
        "业务描述": f"{words}[{kind} + 1]",
    }


def second_opinion(data: str) -> Steps:
    import duckdb

    from analysis import archive, exports, settings

    chosen = settings.load(Path(data))
    fee = "business like '0030002%' and income_fen > 0"
    cases = [f"when {fee} then 'fee_returned'", *(f"when business = '{each[1]}' then '{each[3]}'" for each in KINDS)]
    yield
    with duckdb.connect() as connection:
        archive.register(connection, archive.Manifest.load(chosen.archive), exports.kinds())
        connection.execute(f"attach '{chosen.warehouse}' as warehouse (read_only)")
        queries = SUMMED, SECOND_OPINION.format(cases=" ".join(cases))
        answers = [connection.execute(query).fetchone() for query in queries]
    yield
    yield answers
