"""Opens one downloaded file, whatever it calls itself, and hands over its rows as text."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.exports import text
from analysis.exports.headers import Header, Recognised, recognise
from analysis.exports.stated import NOTHING, Stated, stated
from analysis.settings import UserError

if TYPE_CHECKING:
    import pandas as pd

INTERVENTION_FOLDER = "平台介入"
BLANK_LINE = re.compile(rb"\n\r?\n")
HEAD_ROWS = 30
LAST_ROWS = 30
UNFINISHED = (".crdownload", ".part", ".partial", ".download", ".tmp", ".opdownload", ".xltd")
PACKED = (".zip", ".rar", ".7z", ".gz")
ALWAYS_IGNORED = ("desktop.ini", "thumbs.db")


@dataclass(frozen=True)
class Found:
    """A file in the exports folder: which shop it belongs to, and whether its folder says that every row is an intervention."""

    path: Path
    shown: str
    shop_id: str
    is_intervention_list: bool


@dataclass(frozen=True)
class Export:
    """One opened file. Rows are text: CSV parts in UTF-8 without header (`parts`), or a `frame`.

    `first_row` is the first data row's number as a spreadsheet shows it. `positions` maps our columns to the file's,
    `width` is the header's number of cells, `skip` the physical lines before the first part's data. `stated` is what a
    ledger says about itself.
    """

    found: Found
    header: Header
    cells: tuple[str, ...]
    positions: dict[str, tuple[int, ...]]
    unknown: tuple[str, ...]
    first_row: int
    encoding: str
    delimiter: str = ","
    parts: tuple[Path, ...] = ()
    skip: int = 0
    frame: pd.DataFrame | None = None
    named_at: datetime | None = None
    is_day_only: bool = True
    stated: Stated = NOTHING

    @property
    def width(self) -> int:
        return len(self.cells)


def find(folder: Path) -> Iterator[Found]:
    """Every file below the exports folder, in a fixed order. The shop is the first folder; hidden files are left out."""
    files = (Path(place, name) for place, _, names in os.walk(folder, followlinks=True) for name in names)
    for path in sorted(files):
        inside = path.relative_to(folder).parts
        if any(part.startswith(("~$", ".")) for part in inside) or path.name.lower() in ALWAYS_IGNORED:
            continue
        shop = inside[0] if len(inside) > 1 else ""
        shown = path.relative_to(folder.parent).as_posix().encode("utf-8", "replace").decode()
        yield Found(path, shown, shop.encode("utf-8", "replace").decode(), INTERVENTION_FOLDER in inside[1:-1])


def digest(path: Path) -> tuple[str, bool]:
    """A file's SHA-256, and whether it holds blank lines (which the CSV reader would drop, moving the row numbers).

    Both are found at once: the digest is computed in a thread, which Python lets run beside the search.
    """
    sha, has_blank, tail = hashlib.sha256(), False, b"\n"
    with path.open("rb") as file, ThreadPoolExecutor(1) as pool:
        while block := file.read(4 << 20):
            updated = pool.submit(sha.update, block)
            edge = tail + block[:2]
            has_blank = has_blank or bool(BLANK_LINE.search(edge) or BLANK_LINE.search(block))
            tail = block[-2:]
            updated.result()
    return sha.hexdigest(), has_blank


def read(found: Found, has_blank: bool, work: Path, encoding: str | None = None) -> Export:
    """Opens a file: recognises what it is, finds its header row, and makes its rows readable.

    `work` takes temporary UTF-8 copies where one is needed; the caller removes it. `encoding` overrides the guess.
    Raises UserError for a file that is unfinished, encrypted, packed, not in a shop's folder, of no known kind, or that
    lacks a required column; the message names the file, the column, the aliases tried, and what to do.
    """
    _refuse_by_place(found)
    with found.path.open("rb") as file:
        magic = file.read(8)
    if not magic:
        raise _problem(found, "文件是空的，请重新下载", "the file is empty; download it again")
    if magic.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _from_workbook(found, magic)
    if text.looks_like_web_page(found.path):
        zh = "这其实是一个网页，不是表格。请用 WPS 或 Excel 打开后另存为 .xlsx"
        raise _problem(
            found,
            zh,
            "this is a web page, not a table; open it in a spreadsheet program and save it as .xlsx",
        )
    if magic.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        return _from_json(found)
    return _from_csv(found, has_blank, work, encoding)


def _refuse_by_place(found: Found) -> None:
    name = found.path.name.lower()
    if name.endswith(UNFINISHED):
        raise _problem(
            found,
            "还没有下载完，请等它下载完再运行",
            "still being downloaded; wait until it is complete, then run again",
        )
    if name.endswith(PACKED):
        raise _problem(found, "是压缩包，请先解压", "a packed file; unpack it first")
    if not found.shop_id:
        zh = "不在店铺文件夹里。请放进 data/exports/<店铺名>/"
        raise _problem(found, zh, "not in a shop's folder; put it into data/exports/<shop>/")


def _from_csv(found: Found, has_blank: bool, work: Path, encoding: str | None) -> Export:
    encoding = encoding or text.encoding_of(found.path)
    if encoding is None:
        raise _problem(
            found,
            "不是 UTF-8，也不是 GB18030/GBK 编码，无法读取。请重新下载原始文件",
            "neither UTF-8 nor GB18030/GBK; download the original file again",
        )
    head = text.head(found.path, encoding, HEAD_ROWS)
    guesses = [(delimiter, head.rows(delimiter)) for delimiter in (",", "\t", ";")]
    recognised = [(delimiter, rows, known) for delimiter, rows in guesses if (known := recognise(rows))]
    if not recognised:
        raise _unknown_kind(found, guesses[0][1])
    delimiter, _, known = max(recognised, key=lambda each: len(each[2].positions))
    _require_columns(found, known)
    is_typed_by_hand = known.header.kept_by_hand or known.header.kind in ("tickets", "appeals")
    if not is_typed_by_hand and text.is_cut_off(found.path, encoding, delimiter, len(known.cells)):
        raise _problem(
            found,
            "最后一行不完整，文件没有下载完。请重新下载",
            "the last row is incomplete, so the download was cut off; download it again",
        )
    after_header, line = head.end_of_row(known.row, delimiter)
    if encoding == "utf-8" and not has_blank and line == 1:
        rows: dict[str, Any] = {"parts": (found.path,), "skip": 1}
    else:
        rows = {"parts": text.rewritten(found.path, after_header, encoding, has_blank, work)}
    if known.header.kind == "ledger":
        rows["stated"] = stated(head.lines[:line], text.end(found.path, encoding))
    return _export(found, known, first_row=line + 1, encoding=encoding, delimiter=delimiter, **rows)


def _from_workbook(found: Found, magic: bytes) -> Export:
    import pandas as pd

    if magic.startswith(b"\xd0\xcf") and "EncryptedPackage".encode("utf-16-le") in found.path.read_bytes():
        zh = "有密码保护，无法读取。请在 WPS 或 Excel 里去掉密码后另存"
        raise _problem(found, zh, "protected by a password; save it without one")
    try:
        with found.path.open("rb") as file:
            sheets = pd.read_excel(file, sheet_name=None, header=None, dtype=object, na_filter=False, engine="calamine")
    except Exception as error:  # calamine has one error class a format; whatever it is, this file cannot be opened
        raise _problem(
            found,
            f"表格打不开，多半没有下载完或已损坏（{type(error).__name__}）。请重新下载",
            f"the workbook does not open; most likely the download was cut off ({type(error).__name__}); download it again",
        ) from error
    recognised: list[tuple[str, Recognised, pd.DataFrame]] = []
    first_rows: list[list[str]] = []
    for name, sheet in sheets.items():
        as_text = sheet.map(text.of_cell)
        rows = as_text.head(HEAD_ROWS).to_numpy().tolist()
        first_rows = first_rows or rows
        if (known := recognise(rows)) and len(as_text) > known.row + 1:
            recognised.append((str(name), known, as_text))
        elif known and not recognised:
            only_header = str(name), known, as_text
            recognised.append(only_header)
    with_rows = [each for each in recognised if len(each[2]) > each[1].row + 1] or recognised
    if not with_rows:
        raise _unknown_kind(found, first_rows)
    if len(with_rows) > 1:
        names = "、".join(name for name, _, _ in with_rows)
        raise _problem(
            found,
            f"有几个工作表都是数据（{names}），为免漏读，请把每个工作表另存为一个文件",
            f"several sheets hold data ({names}); save each as a file of its own, so that none is missed",
        )
    _, known, frame = with_rows[0]
    _require_columns(found, known)
    data = frame.iloc[known.row + 1 :]
    says = NOTHING
    if known.header.kind == "ledger":
        above, below = (part.agg(" ".join, axis="columns") for part in (frame.iloc[: known.row], data.tail(LAST_ROWS)))
        says = stated(above, below)
    return _export(found, known, first_row=known.row + 2, encoding="workbook", frame=data, stated=says)


def _from_json(found: Found) -> Export:
    import json

    import pandas as pd

    try:
        content = json.loads(found.path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        zh = f"JSON 不完整或已损坏（{error}）。请重新保存页面数据"
        raise _problem(found, zh, f"the JSON is cut off or damaged ({error}); save the page's data again") from error
    best: tuple[Recognised, list[dict[str, Any]]] | None = None
    for rows in text.tables_in_json(content):
        names = list(dict.fromkeys(name for row in rows for name in row))
        known = recognise([names])
        if known and (best is None or len(known.positions) > len(best[0].positions)):
            best = known, rows
    if best is None:
        raise _unknown_kind(found, [])
    known, rows = best
    _require_columns(found, known)
    frame = pd.DataFrame(rows, columns=list(known.cells), dtype=object)
    money = {
        known.cells[place]
        for c in known.header.columns
        if c.type == "yuan"
        for place in known.positions.get(c.name, ())
    }
    as_text = pd.DataFrame(
        {name: frame[name].map(text.of_fen if name in money else text.of_json) for name in frame.columns}
    )
    return _export(found, known, first_row=1, encoding="json", frame=as_text)


def _export(found: Found, known: Recognised, **rest: Any) -> Export:
    named_at, is_day_only = date_in_name(found.path.name)
    if known.header.kind == "ledger":
        named_at = None  # a ledger's name holds the period asked for, not the day of the export
    return Export(
        found=found,
        header=known.header,
        cells=known.cells,
        positions=known.positions,
        unknown=tuple(known.unknown),
        named_at=named_at,
        is_day_only=is_day_only,
        **rest,
    )


def date_in_name(name: str) -> tuple[datetime | None, bool]:
    """The moment that a file's name states, the last one if there are several, and whether it is a day without a time.

    The backend's names: `…orders_export2026-09-15.csv` and `<32 hex>_20260915222321.xlsx`.
    """
    found: list[tuple[int, datetime, bool]] = []
    patterns = (
        (r"(?<![0-9a-fA-F])(20\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?!\d)", False),
        (r"(?<!\d)(20\d{2})[-年.](\d{1,2})[-月.](\d{1,2})(?!\d)", True),
        (r"(?<![0-9a-fA-F])(20\d{2})(\d{2})(\d{2})(?!\d)", True),
    )
    for pattern, is_day_only in patterns:
        for match in re.finditer(pattern, name):
            try:
                moment = datetime(*(int(part) for part in match.groups()))  # type: ignore[arg-type]
            except ValueError:
                continue
            found.append((match.start(), moment, is_day_only))
    if not found:
        return None, True
    _, moment, is_day_only = max(found)
    return moment, is_day_only


def _require_columns(found: Found, known: Recognised) -> None:
    if not known.missing:
        return
    zh = "；".join(f"{column.aliases[0]}（试过：{'、'.join(column.aliases)}）" for column in known.missing)
    en = "; ".join(f"{column.aliases[0]} (tried: {', '.join(column.aliases)})" for column in known.missing)
    raise _problem(
        found,
        f"是{known.header.title_zh}文件，但缺少必需的列：{zh}。请在导出时勾选这些列，或检查表头是否被改名",
        f"looks like {known.header.title_en} but lacks a required column: {en}. "
        "Select it when exporting, or check whether the header was renamed",
    )


def _unknown_kind(found: Found, rows: list[list[str]]) -> UserError:
    widest = max(rows, key=lambda row: sum(bool(cell.strip()) for cell in row), default=[])
    seen = "、".join(text.masked(cell.strip()) for cell in widest[:8] if cell.strip()) or "-"
    return _problem(
        found,
        f"认不出是哪种导出文件（看到的内容：{seen}）。能读取的种类见 data/README.md",
        f"of no known kind (it shows: {seen}). data/README.md lists the kinds that can be read",
    )


def _problem(found: Found, zh: str, en: str) -> UserError:
    return UserError(f"{found.shown}：{zh}。", f"{found.shown}: {en}.", exit_code=3)
