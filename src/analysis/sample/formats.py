"""Writes tables as the files that backends and spreadsheets leave behind, the same bytes every time."""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd

Cell = str | int | float | datetime | None

_ANY_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')
_CREATED_AT = datetime(2026, 9, 15, 8, 0, 0)


def csv_text(table: pd.DataFrame, line_end: str = "\r\n") -> str:
    """The table with its header as comma-separated text."""
    return table.to_csv(index=False, lineterminator=line_end)


def write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Text exactly as given: line ends are not touched."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


def rows_of(table: pd.DataFrame) -> list[list[Cell]]:
    """Header and rows as plain Python values; missing becomes an empty cell."""
    body = table.astype(object).where(table.notna(), None)
    return [list(table.columns), *body.to_numpy().tolist()]


def write_xlsx(
    path: Path,
    rows: Sequence[Sequence[Cell]],
    sheet: str = "Sheet1",
    date_format: str = "yyyy-mm-dd hh:mm:ss",
    has_broken_dimension: bool = False,
) -> None:
    """One worksheet. A broken dimension (`A1:A1`, as the backend writes) shows careless readers one cell."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": date_format})
    book.set_properties({"created": _CREATED_AT})
    page = book.add_worksheet(sheet)
    for place, row in enumerate(rows):
        page.write_row(place, 0, row)
    book.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_repacked(buffer.getvalue(), has_broken_dimension))


def _repacked(workbook: bytes, has_broken_dimension: bool) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if has_broken_dimension and name.startswith("xl/worksheets/"):
                content = _ANY_DIMENSION.sub(b'<dimension ref="A1:A1"/>', content, count=1)
            member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 0
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, content, compresslevel=9)
    return packed.getvalue()


def yuan(fen: pd.Series) -> pd.Series:
    """Integer fen as yuan with two decimals."""
    whole, rest = fen.abs() // 100, fen.abs() % 100
    sign = pd.Series("", index=fen.index, dtype="str").mask(fen < 0, "-")
    return sign + whole.astype("str") + "." + rest.astype("str").str.zfill(2)


def clock(moments: pd.Series) -> pd.Series:
    """Moments as the backend prints them; empty where there is none."""
    text: pd.Series[str] = moments.dt.strftime("%Y-%m-%d %H:%M:%S")
    return text.fillna("").astype("str")
