"""One run at a time writes below a data folder; a holder that died holds nothing, because the system lets go for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.settings import UserError

BUSY = 75  # EX_TEMPFAIL of sysexits.h: try again later


@contextmanager
def held(data: Path, doing: str) -> Iterator[None]:
    """Holds the data folder's lock. Raises UserError with exit code 75 that names the holder when another run has it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / ".lock").open("a+", encoding="utf-8") as file:
        file.seek(0)
        if not _take(file.fileno()):
            holder = file.read().strip() or "?"
            raise UserError(
                f"另一个运行正在写 {data}（{holder}）。请等它结束后再试。",
                f"Another run is writing to {data} ({holder}). Try again when it has finished.",
                exit_code=BUSY,
            )
        file.truncate(0)
        file.write(f"analysis {doing}, pid {os.getpid()}")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _take(descriptor: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            # Windows locks bytes, not files: one far behind the text, so that others can still read who holds it.
            os.lseek(descriptor, 1 << 30, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
