"""The files below a folder that somebody else fills: found and opened without ever following a link out of it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: Windows' link to a folder, which is_symlink() does not see
SYSTEM_FILES = {"thumbs.db", "desktop.ini"}


class Closed(Exception):
    """A path that is not opened; `problem` says why: outside, link, missing, not_a_file or unreadable."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True)
class Found:
    """One entry: its path relative to the folder, as text; its state where it is a plain file, else what is wrong."""

    path: str
    state: os.stat_result | None
    problem: str = ""


def to_text(path: str) -> str:
    r"""A path as text that any file and terminal can take: bytes that are no UTF-8 and control characters become %XX.

    Reversible: a `%` that would read as such an escape is written %25. Other names stay as they are.
    """
    literal = re.sub("%(?=[0-9A-F]{2})", "%25", path)
    return re.sub(
        "[\x00-\x1f\x7f-\x9f\ud800-\udfff]",
        lambda found: "".join(f"%{byte:02X}" for byte in os.fsencode(found[0])),
        literal,
    )


def from_text(text: str) -> str:
    """The path that `to_text` wrote down."""
    return os.fsdecode(re.sub(b"%([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()), os.fsencode(text)))


def walk(folder: Path) -> Iterator[Found]:
    """Every file below the folder, at any depth; links, pipes and what cannot be read come with a problem.

    Names that begin with a dot or `~$`, Thumbs.db and desktop.ini are the system's own and left out. A folder that is not
    there yields nothing.
    """
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(folder / inside) as listing:
                entries = sorted(listing, key=lambda each: each.name)
        except FileNotFoundError:
            continue
        except OSError:
            yield Found(to_text(inside), None, "unreadable")
            continue
        for entry in entries:
            if entry.name.startswith((".", "~$")) or entry.name.lower() in SYSTEM_FILES:
                continue
            path = f"{inside}/{entry.name}" if inside else entry.name
            state = entry.stat(follow_symlinks=False)
            if _is_link(state):
                yield Found(to_text(path), None, "link")
            elif stat.S_ISDIR(state.st_mode):
                waiting.append(path)
            elif stat.S_ISREG(state.st_mode):
                yield Found(to_text(path), state)
            else:
                yield Found(to_text(path), None, "not_a_file")


def opened(folder: Path, path: str) -> BinaryIO:
    """The file of that path (as `to_text` wrote it) for reading. Raises Closed where it is not a plain file inside.

    The folder itself may be a link, as the user chose it; nothing below it may. A pipe is refused, not waited for.
    """
    name = from_text(path)
    parts = name.split("/")
    if PurePath(name).is_absolute() or PurePath(name).drive or "\0" in name or {"", ".", ".."} & set(parts):
        raise Closed("outside")
    place = folder
    try:
        for part in parts:
            place = place / part
            if _is_link(place.lstat()):
                raise Closed("link")
        safely = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
        descriptor = os.open(place, os.O_RDONLY | safely)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Closed("missing") from error
    except OSError as error:
        raise Closed("unreadable") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Closed("not_a_file")
    return os.fdopen(descriptor, "rb")


def _is_link(state: os.stat_result) -> bool:
    return stat.S_ISLNK(state.st_mode) or getattr(state, "st_reparse_tag", 0) == JUNCTION
