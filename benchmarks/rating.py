"""Warehouse → rolling rates of every shop for 90 window ends, against a scan of the order columns that they read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks import building, made_up
from benchmarks.scanning import columns_read, scans
from benchmarks.timing import Line, Steps, child, compared, in_turn, same

LIMIT = 2.0
STANDS_ON = """
    select shop_id, order_id, dealt_on, product_id, product_name, sku_id, sku_code, sku_name, courier, province
    from marts.orders"""
"""What `rate_events` reads of the orders."""

# The definition read aloud: distinct orders, window by window. Only the days' orders are counted beforehand.
SECOND_OPINION = """
    with ends as (select cast(day as date) as window_end from generate_series($first, $last, interval 1 day) as t(day)),
    days as (select shop_id, dealt_on, count(*) as orders from marts.orders where dealt_on is not null group by all)
    select shop_id, window_end,
        (select count(distinct order_id) from marts.interventions as i
         where i.shop_id = shops.shop_id and i.began_on between window_end - 29 and window_end
            and i.initiated_by <> 'platform' and not (i.outcome = 'withdrawn' and i.decided_at is null)),
        (select coalesce(sum(orders), 0)::bigint from days
         where days.shop_id = shops.shop_id and dealt_on between window_end - 29 and window_end)
    from ends cross join (select distinct shop_id from marts.shop_days) as shops
    order by shop_id, window_end
"""


def measure(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
    """Raises AnswersDiffer where a numerator or a denominator is not the one that plain SQL finds."""
    data = str(building.prepared(folder, rows))
    child("benchmarks.rating:build", data)
    ours, scan = in_turn(
        repeats, lambda: child("benchmarks.rating:rates", data), lambda: child("benchmarks.rating:scan", data)
    )
    same("rates", *(run.answer for run in ours), child("benchmarks.rating:second_opinion", data).answer)
    yield compared("rates of each shop, 90 window ends", ours, "scan", scan, LIMIT)


def build(data: str) -> Steps:
    from analysis import archive, settings
    from analysis.cli import loading

    chosen = settings.load(Path(data))
    yield
    loading.build(chosen, archive.Manifest.load(chosen.archive), lambda _: None)
    yield


def rates(data: str) -> Steps:
    from analysis import rates, rules, settings, warehouse

    chosen = settings.load(Path(data))
    as_of = made_up.LAST_DAY
    yield
    found = rates.rolling(
        warehouse.ask(chosen, "shop_days"),
        warehouse.ask(chosen, "rate_events", as_of=as_of, since=as_of - timedelta(days=150), kinds=["intervention"]),
        warehouse.ask(chosen, "covered_days"),
        warehouse.ask(chosen, "evidence_sources"),
        [rules.load(chosen.report.rule)],
        as_of,
        chosen.line,
    )
    yield
    complete = found.dropna(subset="numerator")
    yield [
        [shop, str(end), int(k), int(n)]
        for shop, end, k, n in complete[["shop_id", "window_end", "numerator", "denominator"]].itertuples(index=False)
    ]


def scan(data: str) -> Steps:
    from analysis import settings, warehouse

    chosen = settings.load(Path(data))
    with warehouse.connect(chosen) as connection:
        queries = scans(columns_read(connection, STANDS_ON))
    yield
    with warehouse.connect(chosen) as connection:
        for query in queries:
            connection.execute(query).fetchall()
    yield


def second_opinion(data: str) -> Steps:
    from analysis import rates, settings, warehouse

    days = timedelta(days=rates.DAYS_SHOWN - 1)
    yield
    with warehouse.connect(settings.load(Path(data))) as connection:
        rows = connection.execute(
            SECOND_OPINION, {"first": made_up.LAST_DAY - days, "last": made_up.LAST_DAY}
        ).fetchall()
    yield
    yield [[shop, str(end), k, n] for shop, end, k, n in rows]
