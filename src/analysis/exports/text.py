"""Bytes to text: encodings, the first rows, cut-off ends, UTF-8 copies, and single cells as text."""

from __future__ import annotations

import codecs
import csv
import os
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

BLOCK_BYTES = 1 << 20
PARALLEL_FROM_BYTES = 16 << 20
BLANK_LINE = re.compile(rb"(?m)^(?=\r?\n)")
LONG_NUMBER = re.compile(r"\d{7,}")
FIRST_LOSSY_INTEGER = 1e15


def encoding_of(path: Path) -> str | None:
    """`utf-8` (with or without a byte order mark) or `gb18030` (which reads GBK too), judged by the first MiB; else None."""
    with path.open("rb") as file:
        sample = file.read(BLOCK_BYTES)
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)("strict").decode(sample, final=False)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def is_utf8(path: Path) -> bool:
    """Whether a whole file is UTF-8, read in blocks."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


@dataclass(frozen=True)
class Head:
    """A CSV file's first lines, and how many bytes lie before each of the lines that follow."""

    lines: tuple[str, ...]
    ends: tuple[int, ...]

    def rows(self, delimiter: str) -> list[list[str]]:
        return [cells for cells, _ in self._parsed(delimiter)]

    def end_of_row(self, row: int, delimiter: str) -> tuple[int, int]:
        """Where a row ends: the byte offset behind it and the number of physical lines up to there."""
        line = self._parsed(delimiter)[row][1]
        return self.ends[line - 1], line

    def _parsed(self, delimiter: str) -> list[tuple[list[str], int]]:
        reader = csv.reader(self.lines, delimiter=delimiter)
        return [(cells, reader.line_num) for cells in reader]


def head(path: Path, encoding: str, count: int) -> Head:
    """The first `count` physical lines of a text file."""
    lines, ends, offset = [], [], 0
    with path.open("rb") as file:
        for _ in range(count):
            raw = file.readline()
            if not raw:
                break
            offset += len(raw)
            lines.append(raw.decode(encoding, errors="replace").lstrip("\ufeff"))
            ends.append(offset)
    return Head(tuple(lines), tuple(ends))


def end(path: Path, encoding: str) -> list[str]:
    """A text file's last lines (those in its last 64 KiB); "" stands last where the file ends with a line end."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 65536))
        return [line.decode(encoding, errors="replace").rstrip("\r") for line in file.read().split(b"\n")]


def is_cut_off(path: Path, encoding: str, delimiter: str, width: int) -> bool:
    """Whether a file ends in the middle of a row: no line end, and fewer cells than the header has.

    A last line that starts with `#` is a footer and never counts.
    """
    cells = next(csv.reader([end(path, encoding)[-1]], delimiter=delimiter), [])
    return bool(cells) and not cells[0].lstrip().startswith("#") and len(cells) < width


def looks_like_web_page(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(512).lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return start.startswith((b"<html", b"<!doctype", b"<table", b"<meta", b"<?xml"))


def rewritten(path: Path, start: int, encoding: str, has_blank: bool, work: Path) -> tuple[Path, ...]:
    """UTF-8 copies of a file from byte `start` on, to be read one after the other; a blank line becomes a row of blanks.

    Large files are cut at line ends that lie outside quotes and copied by several processes. Raises UnicodeDecodeError
    where the encoding does not hold to the end.
    """
    size = path.stat().st_size
    count = min(os.cpu_count() or 1, 4) if size - start >= PARALLEL_FROM_BYTES else 1
    cuts = _cuts(path, start, size, count)
    jobs = [
        (path, low, high, encoding, has_blank, work / f"{path.stem[-40:]}.{number}.csv")
        for number, (low, high) in enumerate(pairwise(cuts))
    ]
    if len(jobs) == 1:
        _rewrite(*jobs[0])
    else:
        with ProcessPoolExecutor(len(jobs)) as pool:
            list(pool.map(_rewrite, *zip(*jobs, strict=True)))
    return tuple(job[-1] for job in jobs)


def _cuts(path: Path, start: int, size: int, count: int) -> list[int]:
    cuts, quotes = [start], 0
    with path.open("rb") as file:
        for number in range(1, count):
            goal = start + (size - start) * number // count
            file.seek(cuts[-1])
            left = goal - cuts[-1]
            while left > 0 and (block := file.read(min(left, BLOCK_BYTES))):
                quotes += block.count(b'"')
                left -= len(block)
            while line := file.readline():
                quotes += line.count(b'"')
                if quotes % 2 == 0:
                    break
            cuts.append(file.tell())
    return [*cuts, size]


def _rewrite(path: Path, start: int, end: int, encoding: str, has_blank: bool, target: Path) -> None:
    with path.open("rb") as source, target.open("wb") as copy:
        source.seek(start)
        left = end - start
        while left > 0:
            block = source.read(min(left, BLOCK_BYTES))
            left -= len(block)
            if left and not block.endswith(b"\n"):
                rest = source.readline(left)
                block += rest
                left -= len(rest)
            if has_blank:
                block = BLANK_LINE.sub(b",", block)
            copy.write(block if encoding == "utf-8" else block.decode(encoding).encode())


def of_cell(cell: Any) -> str:
    """A workbook's cell as text. A whole number keeps its digits; one too long for a spreadsheet shows as it was lost."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float | int):
        if abs(cell) >= FIRST_LOSSY_INTEGER:
            return f"{cell:.14E}"
        return str(int(cell)) if float(cell).is_integer() else repr(float(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def of_json(cell: Any) -> str:
    """A JSON value as text; nested values and null are blank."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return "" if cell != cell else (str(int(cell)) if cell.is_integer() else repr(cell))
    return "" if cell is None or isinstance(cell, dict | list) else str(cell)


def of_fen(cell: Any) -> str:
    """A JSON amount as yuan text: whole numbers are fen, texts are yuan already (domain notes 2.4 and 7.3)."""
    if isinstance(cell, int) and not isinstance(cell, bool):
        sign, fen = ("-" if cell < 0 else ""), abs(cell)
        return f"{sign}{fen // 100}.{fen % 100:02d}"
    return of_json(cell)


def tables_in_json(content: Any) -> Iterator[list[dict[str, Any]]]:
    """Every list of objects anywhere in a JSON document, and an object alone as a list of one."""
    if isinstance(content, list):
        rows = [each for each in content if isinstance(each, dict)]
        if rows:
            yield rows
        for each in content:
            yield from tables_in_json(each)
    elif isinstance(content, dict):
        yield [content]
        for each in content.values():
            if isinstance(each, dict | list):
                yield from tables_in_json(each)


def masked(value: str) -> str:
    """A text for a message: long numbers are hidden, because a refused file's cells may be anybody's."""
    return LONG_NUMBER.sub("***", value)[:40]
