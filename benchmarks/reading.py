"""Orders CSV → archive, everything included, against the plainest reading that polars and pandas offer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks import made_up
from benchmarks.timing import Line, Steps, child, compared, in_turn, same

PANDAS_ROWS_AT_ONCE = 1_000_000  # ten million rows as Python strings do not fit into memory

# What the rows say, whatever their order.
ANSWER = "select count(*), bit_xor(hash(order_id, paid_fen, quantity, tracking_no, dealt_at))"
TYPED_BY_SQL = {
    "order_id": '"订单号"',
    "paid_fen": """("用户实付金额(元)"::decimal(10, 2) * 100)::bigint""",
    "quantity": """replace("商品数量(件)"::varchar, chr(9), '')::bigint""",
    "tracking_no": """nullif(replace("快递单号", chr(9), ''), '')""",
    "dealt_at": '"订单成交时间"::timestamp',
}


def measure(folder: Path, rows: int, repeats: int) -> Iterator[Line]:
    """Raises AnswersDiffer where the archive and a peer do not hold the same orders."""
    utf8, gb18030, small = folder / "utf8.csv", folder / "gb18030.csv", folder / "small.csv"
    child("benchmarks.reading:write", str(utf8), rows)
    child("benchmarks.reading:write", str(small), rows // 4)
    child("benchmarks.reading:recode", str(utf8), str(gb18030))
    data, parquet = folder / "reading", folder / "polars.parquet"
    ours, of_gb18030, polars = in_turn(
        repeats,
        lambda: child("benchmarks.reading:archive", str(utf8), str(data)),
        lambda: child("benchmarks.reading:archive", str(gb18030), str(data)),
        lambda: child("benchmarks.reading:polars", str(utf8), str(parquet)),
    )
    pandas = [child("benchmarks.reading:pandas", str(utf8), str(folder / "pandas.parquet"))]
    same("rows", rows, pandas[0].answer, ours[0].answer[0])
    same("orders", *(run.answer for run in ours + of_gb18030 + polars))
    in_small = [child("benchmarks.reading:archive", str(small), str(data))]
    million = rows / 1e6
    yield compared(f"orders CSV → archive, {million:g} M rows", ours, "polars", polars, 1.3)
    yield compared("the same", ours[:1], "pandas, the same work,", pandas, 1 / 5)
    yield compared("the same in GB18030", of_gb18030, "our UTF-8", ours, 1.4)
    peak, small_peak = max(run.peak_mib for run in ours), in_small[0].peak_mib
    yield Line(
        f"peak memory, {million:g} M rows",
        f"{peak:.0f} MiB",
        f"a quarter of it {small_peak:.0f} MiB",
        peak / small_peak,
        1.25,
    )


def write(file: str, rows: str) -> Steps:
    yield
    made_up.write_orders(Path(file), int(rows))
    yield


def recode(file: str, target: str) -> Steps:
    yield
    made_up.recode(Path(file), Path(target), "gb18030")
    yield


def archive(file: str, data: str) -> Steps:
    """Loads the one file as the only export of a new data folder."""
    import duckdb

    from analysis import settings
    from analysis.cli import loading

    folder = Path(data)
    shutil.rmtree(folder, ignore_errors=True)
    shop = folder / "exports" / made_up.SHOPS[0]
    shop.mkdir(parents=True)
    os.link(file, shop / f"orders_export{made_up.LAST_DAY}.csv")
    yield
    manifest = loading.load(settings.load(folder), lambda _: None).manifest
    yield
    (record,) = manifest.records.values()
    same("every row kept", record.read, record.kept)
    yield duckdb.execute(f"{ANSWER} from read_parquet($file)", {"file": str(manifest.parquet(record))}).fetchone()


def polars(file: str, parquet: str) -> Steps:
    import duckdb
    import polars as pl

    yield
    pl.scan_csv(file).sink_parquet(parquet)
    yield
    typed = f"select {', '.join(f'{value} as {name}' for name, value in TYPED_BY_SQL.items())} from read_parquet($file)"
    yield duckdb.execute(f"{ANSWER} from ({typed})", {"file": parquet}).fetchone()


def pandas(file: str, parquet: str) -> Steps:
    """The same work as a pandas user would write it: strip, type, hide numbers, write; block by block."""
    import duckdb
    import pandas as pd

    yield
    rows = 0
    for part in pd.read_csv(file, dtype=str, chunksize=PANDAS_ROWS_AT_ONCE):
        text = part.apply(lambda column: column.str.strip("\t "))
        money = {name: pd.to_numeric(text[name], errors="coerce") for name in text if name.endswith("(元)")}
        times = {name: pd.to_datetime(text[name], errors="coerce") for name in text if name.endswith("时间")}
        hidden = {
            name: text[name].str.replace(r"(?<!\d)(1[3-9]\d{9}|\d{15}|\d{17}[\dXx])(?!\d)", "***", regex=True)
            for name in ("商品", "商品规格", "商家编码-规格维度", "商家编码-商品维度")
        }
        typed = text.assign(**money, **times, **hidden)[text["订单号"].str.fullmatch(r"\d{6}-\d{15}")]
        duckdb.execute("copy (select * from typed) to $file (format parquet)", {"file": f"{parquet}.{rows}"})
        rows += len(typed)
    yield
    yield rows
