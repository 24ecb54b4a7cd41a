"""Tickets → types, deadlines, states, worklist: from the warehouse's answers to the list that a team reads in the morning.

One ticket for ten orders; a third of their texts are written freely, each in its own words, and no pattern names their type.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import made_up
from benchmarks.timing import Line, Steps, child, median_seconds, same, shown

LIMIT_SECONDS = 30.0
TICKETS = 100_000
OPENINGS = ("买家说", "顾客反映", "客户来电称", "消费者表示", "用户留言", "买家再次催促并称")
CLAIMS = (
    "包裹一直没送到手上",
    "收到的东西和图片不一样",
    "少了一件配件",
    "衣服有破洞",
    "快递几天没动了",
    "想退掉不要了",
)
ENDINGS = ("请尽快核实", "希望给个说法", "要求今天答复", "麻烦处理一下", "请于24小时内回复", "限48小时内提供凭证")
TITLES = ("未收到货", "少发漏发", "物流异常主动服务", "消费者担忧货物无法送达", "异常网点预警", "其他问题")


def measure(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
    """Raises AnswersDiffer where the list is not the same at every run, or does not hold every open ticket."""
    tickets = min(TICKETS, max(rows // 10, 100))
    data = str(prepared(folder, tickets))
    runs = [child("benchmarks.ticketing:rank", data) for _ in range(repeats)]
    same("the worklist", *(run.answer for run in runs), child("benchmarks.ticketing:waiting", data).answer)
    seconds = median_seconds(runs)
    yield Line(f"{tickets} tickets ranked", shown(runs), f"limit {LIMIT_SECONDS:g} s", seconds / LIMIT_SECONDS, 1.0)


def prepared(folder: Path, tickets: int) -> Path:
    """A data folder with a warehouse of so many tickets, half of them open."""
    data = folder / f"tickets-{tickets}"
    if not data.exists():
        child("benchmarks.ticketing:fill", str(data), tickets)
    return data


def fill(data: str, tickets: str) -> Steps:
    from analysis import settings
    from analysis.cli import loading

    count = int(tickets)
    shop = Path(data) / "exports" / made_up.SHOPS[0]
    shop.mkdir(parents=True)
    made_up.write_orders(shop / f"orders_export{made_up.LAST_DAY}.csv", count)
    made_up.write_table(
        shop / f"工单_{made_up.LAST_DAY:%Y%m%d}235959.csv",
        {
            "工单编号": "(500010000000000 + i)::varchar",
            "订单编号": made_up.order_number(count),
            "工单类型": f"case when i % 3 = 0 then '' else {_one_of(TITLES, 'i')} end",
            "工单状态": "case i % 4 when 0 then '已完结' when 1 then '处理中' else '待处理' end",
            "创建时间": f"strftime(timestamp '{made_up.LAST_DAY}' - to_hours(i % 90), '%Y-%m-%d %H:%M:%S')",
            "工单内容": f"{_one_of(OPENINGS, 'i')} || {_one_of(CLAIMS, 'i // 7')} || ',' || {_one_of(ENDINGS, 'i // 11')} || '（' || i || '）'",
            "是否判责商家": "case i % 8 when 0 then '是' when 4 then '否' else '' end",
            "关闭时间": f"case when i % 4 = 0 then '{made_up.LAST_DAY} 12:00:00' else '' end",
        },
        f"range({count})",
    )
    chosen = settings.load(Path(data))
    yield
    loaded = loading.load(chosen, lambda _: None)
    assert not loaded.manifest.refusals
    loading.build(chosen, loaded.manifest, lambda _: None)
    yield


def rank(data: str) -> Steps:
    from analysis import settings
    from analysis.findings import Findings

    found = Findings(settings.load(Path(data)), made_up.LAST_DAY)
    yield
    listed = found.worklist
    yield
    yield sorted(listed["ticket_id"])


def waiting(data: str) -> Steps:
    """The tickets that an answer can still help, told from the statuses alone."""
    from analysis import settings, warehouse

    yield
    yield
    with warehouse.connect(settings.load(Path(data))) as connection:
        rows = connection.execute(
            "select ticket_id from marts.tickets where ticket_status = '待处理' order by ticket_id"
        ).fetchall()
    yield [ticket_id for (ticket_id,) in rows]


def _one_of(words: tuple[str, ...], number: str) -> str:
    listed = ", ".join(f"'{word}'" for word in words)
    return f"[{listed}][1 + ({number}) % {len(words)}]"
