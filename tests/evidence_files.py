"""Small real files as proof, and the frames around them."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis import evidence
from analysis.rules import evidence as evidence_rules

RULES = evidence_rules.load()
SHOP, ORDER, PARCEL = "店", "260601-000000000000001", "YT1234567890123"
OTHER = "260602-000000000000002"


def png() -> bytes:
    """One white pixel."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\xff")) + chunk(b"IEND", b"")
    )


def jpeg(note: bytes = b"", preview: bytes = b"") -> bytes:
    """The segments of a one-pixel picture; `preview` lies inside an APP1 segment as phones' previews do."""

    def segment(marker: int, content: bytes) -> bytes:
        return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content

    tables = segment(0xDB, b"\0" + bytes([1] * 64)) + segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0")
    frame = segment(0xC0, bytes([8, 0, 1, 0, 1, 1, 1, 0x11, 0]))
    scan = segment(0xDA, bytes([1, 1, 0, 0, 63, 0])) + b"\x3f\xff\x00\x12"
    return b"\xff\xd8" + segment(0xE1, preview) + segment(0xFE, note) + tables + frame + scan + b"\xff\xd9"


def video(content: bytes = b"film") -> bytes:
    """The boxes of an mp4."""

    def box(name: bytes, inside: bytes) -> bytes:
        return struct.pack(">I", len(inside) + 8) + name + inside

    return box(b"ftyp", b"isom\0\0\2\0isom") + box(b"mdat", content) + box(b"moov", b"\0" * 8)


class Kept:
    """A data folder with an evidence folder in it."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.folder = data / "evidence"
        self.folder.mkdir(parents=True)
        self.register_file = data / "evidence-register.json"

    def put(self, path: str, content: bytes | None = None) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(path.encode("utf-8", "surrogateescape")) if content is None else content)
        return file

    def register(self, orders: pd.DataFrame | None = None) -> pd.DataFrame:
        known = orders_of((SHOP, ORDER, PARCEL)) if orders is None else orders
        return evidence.register(self.folder, known, RULES.kinds, self.register_file)

    def only(self, path: str, content: bytes | None = None, orders: pd.DataFrame | None = None) -> pd.Series:
        """The row of the only file there is."""
        self.put(path, content)
        frame = self.register(orders)
        assert len(frame) == 1
        return frame.iloc[0]


def orders_of(*orders: tuple[str, str, str | None], required: Sequence[tuple[str, ...]] = ()) -> pd.DataFrame:
    frame = pd.DataFrame(orders, columns=["shop_id", "order_id", "tracking_no"]).astype("str")
    return frame.assign(required=pd.Series(list(required) or [()] * len(orders), dtype="object"))


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


ORDERS = orders_of(
    (SHOP, ORDER, PARCEL),
    (SHOP, OTHER, "SF0000000002"),
    ("乙", "260603-000000000000003", "JDVA123456-1-1-"),
    ("乙", "260603-000000000000004", "SF0000000077"),
    ("乙", "260603-000000000000005", "SF0000000077"),
    ("乙", "260603-000000000000006", None),
)
