"""Writing a pack: a zip or a folder that appears whole or not at all, and never in place of something that is not ours."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from analysis.settings import UserError

LIST = "sha256.txt"
"""Every file of a pack with its digest, as `sha256sum -c` reads it; by it a pack is known as ours."""
PIECE = 1 << 20
Opener = Callable[[], IO[bytes]]


@contextmanager
def replaced(target: Path, folder: Path) -> Iterator[Path]:
    """A place to write the pack at; what stands there at the end replaces the target.

    Raises UserError where the target lies in the evidence folder `folder`, is a link, or holds anything but a pack as it was
    written, so that nothing of the user's is ever overwritten.
    """
    if target.parent.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"不能写到举证材料的文件夹里：{target}。请换一个位置，例如 reports/packs/。",
            f"The pack cannot go into the evidence folder: {target}. Choose another place, such as reports/packs/.",
        )
    if target.is_symlink() or (target.exists() and not _is_ours(target)):
        raise UserError(
            f"{target} 已经存在，而且不是（或不再是）原样的举证包，不会覆盖它。请移走它，或换一个名字。",
            f"{target} is there already and is not, or no longer, a pack as it was written; it is left alone. Move it away or "
            "choose another name.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as aside:
        new, old = Path(aside) / "new", Path(aside) / "old"
        yield new
        if not target.is_dir():
            new.replace(target)
            return
        target.replace(old)
        try:
            new.replace(target)
        except OSError:
            old.replace(target)
            raise


class Writer:
    """Writes files one after the other into a zip or a folder, and their digests at the end."""

    def __init__(self, target: Path, is_zip: bool) -> None:
        self.target = target
        self.digests: dict[str, str] = {}
        self.zip = zipfile.ZipFile(target, "x") if is_zip else None
        if self.zip is None:
            target.mkdir()

    def add(self, name: str, source: IO[bytes], size: int) -> str:
        """Copies a stream and returns the digest of what was written. A zip gets the same bytes whenever it is written:
        one fixed time, one set of rights, nothing compressed (pictures and videos are already).
        """
        digest = hashlib.sha256()
        with self._open(name, size) as file:
            while piece := source.read(PIECE):
                digest.update(piece)
                file.write(piece)
        self.digests[name] = digest.hexdigest()
        return self.digests[name]

    def close(self) -> None:
        """Writes the list of digests and ends the pack."""
        lines = "".join(f"{digest}  {name}\n" for name, digest in self.digests.items()).encode()
        with self._open(LIST, len(lines)) as file:
            file.write(lines)
        self.abandon()

    def abandon(self) -> None:
        """Lets go of the file, whatever it holds."""
        if self.zip is not None:
            self.zip.close()

    def _open(self, name: str, size: int) -> IO[bytes]:
        if self.zip is None:
            return (self.target / name).open("xb")
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.create_system, entry.external_attr, entry.file_size = 3, 0o644 << 16, size
        return self.zip.open(entry, "w")


def _is_ours(target: Path) -> bool:
    """Whether a target holds exactly what its list of digests says; an empty folder holds nothing to lose."""
    if target.is_dir():
        entries = list(target.iterdir())
        plain = all(each.is_file() and not each.is_symlink() for each in entries)
        return plain and (not entries or _is_as_listed({each.name: _opener(each) for each in entries}))
    try:
        with zipfile.ZipFile(target) as held:
            return _is_as_listed({name: _member(held, name) for name in held.namelist()})
    except (zipfile.BadZipFile, OSError):
        return False


def _opener(file: Path) -> Opener:
    return lambda: file.open("rb")


def _member(held: zipfile.ZipFile, name: str) -> Opener:
    return lambda: held.open(name)


def _is_as_listed(files: dict[str, Opener]) -> bool:
    if LIST not in files:
        return False
    with files.pop(LIST)() as listed:
        lines = listed.read().decode("utf-8", "replace").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)} == {
        name: _digest(opener) for name, opener in files.items()
    }


def _digest(opener: Opener) -> str:
    with opener() as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
