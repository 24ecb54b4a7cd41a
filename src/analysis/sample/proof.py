"""The proof files that the troubled shop keeps: small pictures and a paper, for some of its tickets, one of them no picture."""

import struct
import zlib
from pathlib import Path

import pandas as pd

from analysis.sample.world import World

NOTED_AT = pd.Timestamp("2026-09-15 09:10:00")
MOST_WON = 4
"""So many of the newest cases won have their proof on file: the shop began to keep it lately."""


def write(world: World, folder: Path) -> None:
    """What the shop kept for its parcels that buyers said they had not received, and one parcel's weighing.

    Of cases won the stub and the seal, of the newest one lost and of those that wait the stub alone; the track for a refund
    in transit; a paper beside them, and a saved picture that is none, as happens when a page's error is saved instead.
    """
    if not world.plan.is_slow_after:
        return
    shop = folder / world.plan.shop
    known = world.tickets[world.tickets["created_at"] <= NOTED_AT]
    received = known[known["title"] == "未收到货"]
    settled = received[received["closed_at"] <= NOTED_AT]
    won = settled.loc[settled["outcome"] == "merchant", "order_id"].tail(MOST_WON)
    lost = settled.loc[settled["outcome"] == "buyer", "order_id"].tail(1)
    waiting = received.loc[~(received["closed_at"] <= NOTED_AT), "order_id"]
    in_transit = known[(known["title"] == "在途无理由退款处理") & ~(known["closed_at"] <= NOTED_AT)]
    for order in won:
        _put(shop / order / "红章.png", _picture(f"seal {order}"))
    for order in pd.concat([won, lost, waiting]).drop_duplicates():
        _put(shop / order / "底单.png", _picture(f"stub {order}"))
    for order in in_transit["order_id"]:
        _put(shop / order / "物流轨迹.png", _picture(f"track {order}"))
    for order in lost:
        _put(shop / order / "聊天记录.jpg", b"<html><title>403 Forbidden</title></html>\n")
        _put(shop / order / "质检报告.pdf", _paper(f"inspection {order}"))
    parcel = world.orders[world.orders["shipped_at"] < NOTED_AT.normalize()].sort_values("shipped_at").iloc[-1]
    _put(folder / f"{parcel['tracking']}_发货称重.png", _picture(f"weight {parcel['tracking']}"))


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _picture(note: str) -> bytes:
    """A grey PNG of 16 × 16 with a note inside. Stored, not deflated: deflate differs between builds of zlib."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = b"".join(b"\0" + b"\xc8" * 16 for _ in range(16))
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(rows), len(rows) ^ 0xFFFF) + rows
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0))
        + chunk(b"tEXt", b"Comment\0made up: " + note.encode("ascii"))
        + chunk(b"IDAT", stored + struct.pack(">I", zlib.adler32(rows)))
        + chunk(b"IEND", b"")
    )


def _paper(note: str) -> bytes:
    """A PDF of one page with one line."""
    line = f"BT /F1 12 Tf 20 100 Td (made up: {note}) Tj ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(line), line),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    paper, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(paper))
        paper += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    entries = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, entries)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(paper))
    return paper + table + trailer
