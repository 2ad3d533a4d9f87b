"""Take chosen files out of a .tar.gz archive that is not trusted."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from knowledge_base.errors import FetchError

SUFFIXES = (".tar.gz", ".tgz")
_RATIO_COUNTS_FROM = 16 << 20  # a small archive of many tiny files packs well without being a bomb
_LARGEST_READ = 4 << 20  # file contents are copied in small pieces; only a hostile header asks for more at once
_PIECE = 1 << 20
_LONGEST_NAME = 255
_LONGEST_PATH = 1000
_REMEDY = "Nothing was taken out of it. Check the address in the list of sources, or ask whoever publishes the archive."
_UNREADABLE = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, OverflowError, RecursionError)
_CLASHING_NAMES = (FileExistsError, NotADirectoryError, IsADirectoryError)


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How large an archive may be: members, bytes of one that is taken, bytes unpacked in all and for each packed byte."""

    members: int = 50_000
    member_bytes: int = 200 << 20
    total_bytes: int = 1 << 30
    ratio: int = 100


def is_archive(name: str) -> bool:
    """Return whether a file is, by its name, an archive that `extract` reads."""
    return name.lower().endswith(SUFFIXES)


def extract(
    archive: Path,
    folder: Path,
    wanted: Callable[[str], bool],
    folders_dropped: int = 0,
    limits: ArchiveLimits | None = None,
) -> list[str]:
    """Write the wanted members below `folder`; return their paths, relative to it, in the archive's order.

    `folders_dropped` leading folders are taken off each name, then `wanted` is asked. Raise FetchError where any member,
    wanted or not, leads out of the folder or is a device, where a wanted one is no plain file, or where a limit is passed.
    """
    limits = limits or ArchiveLimits()
    taken: dict[str, None] = {}
    try:
        with gzip.open(archive) as plain:
            largest = min(limits.total_bytes, max(_RATIO_COUNTS_FROM, limits.ratio * archive.stat().st_size))
            bounded = cast(IO[bytes], _Bounded(cast(IO[bytes], plain), largest))
            with tarfile.open(fileobj=bounded, mode="r:") as tar:
                for number, member in enumerate(tar, 1):
                    if number > limits.members:
                        raise FetchError(f"The archive has more than {limits.members:,} members.", _REMEDY)
                    _require_safe(member, folder)
                    path = "/".join(PurePosixPath(member.name).parts[folders_dropped:])
                    if path and not member.isdir() and wanted(path):
                        _take(tar, member, folder / path, path in taken, limits)
                        taken[path] = None
            while bounded.read(_PIECE):  # the checksum of the whole stands at its end
                pass
    except _UNREADABLE as error:
        raise FetchError(f"The archive {archive.name} is damaged or no .tar.gz archive ({error}).", _REMEDY) from error
    except _CLASHING_NAMES as error:
        raise FetchError(f"The archive {archive.name} uses one name for a file and a folder.", _REMEDY) from error
    return list(taken)


def _require_safe(member: tarfile.TarInfo, folder: Path) -> None:
    """Raise FetchError for a member that no honest archive has."""
    name, parts = member.name, member.name.split("/")
    if (
        name.startswith("/")
        or ".." in parts
        or any(character in name for character in "\0\\")
        or len(name) > _LONGEST_PATH
        or any(len(part.encode("utf-8", "surrogateescape")) > _LONGEST_NAME for part in parts)
    ):
        raise FetchError(f"The archive has a member that leads out of its folder: {name[:200]!r}.", _REMEDY)
    try:
        tarfile.data_filter(member, str(folder))
    except tarfile.FilterError as error:
        raise FetchError(f"The archive has an unsafe member: {error}.", _REMEDY) from error


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, seen_before: bool, limits: ArchiveLimits) -> None:
    """Write a wanted member; raise FetchError where it is no plain file, is too large or stands there twice."""
    if seen_before:
        raise FetchError(f"The archive holds {member.name!r} twice.", _REMEDY)
    if not member.isreg() or member.issparse():
        raise FetchError(f"{member.name!r} in the archive is a link or a special file, not a document.", _REMEDY)
    if member.size > limits.member_bytes:
        announced, most = member.size / 1e6, limits.member_bytes / 1e6
        raise FetchError(f"{member.name!r} in the archive has {announced:,.0f} MB; at most {most:,.0f} MB are taken.", _REMEDY)
    content = tar.extractfile(member)
    if content is None:
        raise FetchError(f"{member.name!r} in the archive has no content.", _REMEDY)
    target.parent.mkdir(parents=True, exist_ok=True)
    with content, target.open("xb") as file:
        shutil.copyfileobj(content, file)


class _Bounded:
    """A file to read of which only the first `largest` bytes can be reached, a little at a time."""

    def __init__(self, file: IO[bytes], largest: int) -> None:
        self._file = file
        self._largest = largest

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes; raise FetchError for more than any honest header needs."""
        if not 0 <= size <= _LARGEST_READ:
            raise FetchError("The archive has a header of a size that no honest one has.", _REMEDY)
        data = self._file.read(size)
        self._require_within(self._file.tell())
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        """Go to `position`, counted from the beginning."""
        self._require_within(position)
        return self._file.seek(position, whence)

    def tell(self) -> int:
        """Return the position, counted from the beginning."""
        return self._file.tell()

    def _require_within(self, position: int) -> None:
        if position > self._largest:
            most = f"{self._largest / 1e6:,.0f} MB"
            raise FetchError(f"The archive unpacks to more than {most}, the most that is taken of one of its size.", _REMEDY)
