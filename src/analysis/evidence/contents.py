"""What is in a file, by its bytes: its type, its digest, and whether its end is missing. Nothing is decoded or run."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

PIECE = 1 << 20
FAMILIES = {
    "picture": ("jpg", "jpeg", "png", "gif", "webp", "bmp", "heic", "heif"),
    "video": ("mp4", "mov", "m4v", "avi", "webm", "mkv"),
    "pdf": ("pdf",),
}
TYPES = {"picture": "image/", "video": "video/", "pdf": "application/pdf"}
MAGIC = [
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF.{4}WEBP", "image/webp"),
    (rb"RIFF.{4}AVI ", "video/x-msvideo"),
    (rb"BM.{4}\0{4}", "image/bmp"),
    (rb".{4}ftyp(heic|heix|heim|heis|hevc|hevx|mif1|msf1)", "image/heic"),
    (rb".{4}ftypavi[fs]", "image/avif"),
    (rb".{4}ftypqt  ", "video/quicktime"),
    (rb".{4}ftyp", "video/mp4"),
    (rb".{4}(moov|mdat|wide)", "video/quicktime"),
    (rb"\x1aE\xdf\xa3", "video/webm"),
    (rb"%PDF-", "application/pdf"),
    (rb"PK(\x03\x04|\x05\x06)", "application/zip"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
]


@dataclass(frozen=True)
class Content:
    """A file's bytes in short. `problem`: empty where nothing is wrong, else empty, not_a_picture, not_a_video, not_a_pdf
    or truncated.
    """

    size: int
    sha256: str
    content_type: str
    problem: str


def examine(file: BinaryIO, name: str) -> Content:
    """Reads the file once to its end; `name` is what its type is held against."""
    digest, size = hashlib.sha256(), 0
    head = b""
    while piece := file.read(PIECE):
        head = head or piece[:4096]
        digest.update(piece)
        size += len(piece)
    found = content_type(head)
    return Content(size, digest.hexdigest(), found, _problem(file, name, found, size))


def content_type(head: bytes) -> str:
    """The MIME type that the first bytes tell; a zip may be an xlsx. `application/octet-stream` where they tell nothing."""
    for pattern, name in MAGIC:
        if re.match(pattern, head, re.DOTALL):
            return name
    return "text/plain" if head and _is_text(head) else "application/octet-stream"


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _problem(file: BinaryIO, name: str, found: str, size: int) -> str:
    if not size:
        return "empty"
    suffix = PurePosixPath(name).suffix.lower().removeprefix(".")
    for family, suffixes in FAMILIES.items():
        if suffix in suffixes and not found.startswith(TYPES[family]):
            return f"not_a_{family}"
    is_whole = {
        "image/jpeg": _is_whole_jpeg,
        "image/png": _is_whole_png,
        "image/webp": _is_whole_riff,
        "video/mp4": _is_whole_video,
        "video/quicktime": _is_whole_video,
    }.get(found)
    return "truncated" if is_whole and not is_whole(file, size) else ""


def _is_whole_jpeg(file: BinaryIO, size: int) -> bool:
    """Has the image its end marker (ITU T.81, B.1)? The one of a preview inside a segment is skipped; bytes after are fine."""
    place = 2
    while True:
        file.seek(place)
        segment = file.read(4)
        if len(segment) < 4 or segment[0] != 0xFF:
            return False
        if segment[1] == 0xFF:
            place += 1
        elif segment[1] == 0xDA:
            break
        else:
            place += 2 + int.from_bytes(segment[2:], "big")
    last = b""
    while piece := file.read(PIECE):
        if b"\xff\xd9" in last + piece:
            return True
        last = piece[-1:]
    return False


def _is_whole_png(file: BinaryIO, size: int) -> bool:
    """Does the chain of chunks (PNG specification, 5.3) lead to a complete IEND?"""
    place = 8
    while place + 12 <= size:
        file.seek(place)
        chunk = file.read(8)
        place += 12 + int.from_bytes(chunk[:4], "big")
        if chunk[4:] == b"IEND":
            return place <= size
    return False


def _is_whole_riff(file: BinaryIO, size: int) -> bool:
    file.seek(4)
    return 8 + int.from_bytes(file.read(4), "little") <= size


def _is_whole_video(file: BinaryIO, size: int) -> bool:
    """Do the boxes (ISO 14496-12, 4.2) fit, and is the index `moov` among them? Without it nothing plays the file."""
    place, has_index = 0, False
    while place + 8 <= size:
        file.seek(place)
        box = file.read(16)
        length = int.from_bytes(box[:4], "big")
        if length == 1:
            length = int.from_bytes(box[8:16], "big")
        has_index |= box[4:8] == b"moov"
        if length == 0:
            return has_index
        if length < 8:
            return False
        place += length
    return has_index and place <= size
