"""Files: their SHA-256, how they are replaced whole, and the writer's lock."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import socket
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from knowledge_base.errors import KnowledgeBaseError, LockedError, StorageError
from knowledge_base.platform_limits import lock

SHARDS = "shards"  # folder of vectors that wait to be put into the cache

log = logging.getLogger(__name__)

_SPARE_BYTES = 64 << 20
_SAYS_SOON = 2.0  # seconds
_A_MOMENT = 0.02
_LONGEST_NAME, _LONGEST_PATH = 255, 2048  # bytes
_ELSEWHERE = "Choose another place with --data-dir or PARISCALL_DATA_DIR."
_STORAGE_REMEDIES = {
    errno.ENOSPC: "Free some space on that disk, then try again; nothing was lost.",
    errno.EFBIG: "Raise the limit on file sizes (ulimit -f), then try again; nothing was lost.",
    errno.EDQUOT: "Free some of your quota, then try again; nothing was lost.",
    errno.EIO: "Check that disk, or choose another place with --data-dir or PARISCALL_DATA_DIR.",
    errno.EPERM: _ELSEWHERE,
    errno.EROFS: _ELSEWHERE,
    errno.ENAMETOOLONG: "Choose a place with a shorter path with --data-dir or PARISCALL_DATA_DIR.",
    errno.EACCES: "Give this user the right to write there, or choose another place with --data-dir or PARISCALL_DATA_DIR.",
    errno.ENOTDIR: "Choose a folder with --data-dir or PARISCALL_DATA_DIR.",
    errno.EEXIST: "Choose a folder with --data-dir or PARISCALL_DATA_DIR.",
}
_SQLITE_REMEDIES = {
    sqlite3.SQLITE_FULL: _STORAGE_REMEDIES[errno.ENOSPC],
    sqlite3.SQLITE_IOERR: "Check that disk has space and is sound, then try again; nothing was lost.",
    sqlite3.SQLITE_READONLY: _STORAGE_REMEDIES[errno.EACCES],
    sqlite3.SQLITE_CANTOPEN: _STORAGE_REMEDIES[errno.EACCES],
}


class Closing(ABC):
    """A context manager that closes itself at its end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""


def keep_private() -> None:
    """Have all files and folders that this process and its children make from now on readable by their owner only."""
    os.umask(0o077)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def require_inside(path: str) -> None:
    """Raise ValueError where a relative path, with "/" between its parts, might lead out of a folder or cannot be written."""
    raw = os.fsencode(path[: _LONGEST_PATH + 1])
    parts = raw.split(b"/")
    odd = {b"", b".", b".."} & set(parts) or b"\0" in raw or b"\\" in raw
    if odd or len(raw) > _LONGEST_PATH or max(map(len, parts)) > _LONGEST_NAME:
        raise ValueError(f"the path {path[:80]!r} is not one of a file in a folder")


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to a file next to `path`, flush it, and rename it to `path`: a reader sees the old bytes or the new ones."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)


def write_output(path: Path, data: bytes) -> None:
    """Write a file that somebody named; raise KnowledgeBaseError where it cannot be written."""
    try:
        replace_file(path, data)
    except OSError as error:
        raise KnowledgeBaseError(f"{path} cannot be written: {error.strerror}.", "Name another file with --output.") from error


def sync_directory(path: Path) -> None:
    """Flush a directory's entries to disk; Windows, which opens none, does so by itself."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writer_lock(data_dir: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the data directory for writing; raise LockedError, naming the holder, where another does for `patience` seconds."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        remedy = _STORAGE_REMEDIES.get(error.errno or 0, _ELSEWHERE)
        raise StorageError(f"The data directory {data_dir} cannot be made: {error.strerror}.", remedy) from error
    writing = FileLock(data_dir / "lock", timeout=patience, mode=0o600)
    holder = data_dir / "lock.holder"
    try:
        with storage_errors(data_dir):
            writing.acquire()
    except Timeout as error:
        raise LockedError(
            f"Another ingest is writing to {data_dir} ({_holder(holder)}).", "Wait until it has ended, then try again."
        ) from error
    try:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        told = {"process": os.getpid(), "machine": socket.gethostname(), "since": since}
        replace_file(holder, json.dumps(told).encode())
        yield
    finally:
        holder.unlink(missing_ok=True)
        writing.release()


def writer_at_work(data_dir: Path) -> str | None:
    """Return who holds the writer's lock, in words, or None; a note that a killed process left behind is none."""
    holder = data_dir / "lock.holder"
    if not holder.exists():
        return None
    try:
        with (data_dir / "lock").open("rb") as file:
            return None if lock(file.fileno(), shared=True) else _holder(holder)
    except OSError as error:
        log.info("%s cannot be looked at: %s", data_dir / "lock", error)
    return None


def _holder(path: Path, patience: float = _SAYS_SOON) -> str:
    """Return who holds the lock, in words; one that has just taken it is given `patience` seconds to say so."""
    last = time.monotonic() + patience
    while True:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return f"process {found['process']} on {found['machine']}, since {found['since']}"
        except (OSError, ValueError, KeyError):
            if time.monotonic() >= last:
                return "it has not said who it is"
        time.sleep(_A_MOMENT)


@contextmanager
def storage_errors(data_dir: Path) -> Iterator[None]:
    """Turn the system's refusals to write (no space, no permission, read-only) into a StorageError with the remedy."""
    try:
        yield
    except OSError as error:
        if isinstance(error, Timeout) or error.errno not in _STORAGE_REMEDIES:
            raise
        raise StorageError(
            f"The data directory {data_dir} cannot be written: {error.strerror}.", _STORAGE_REMEDIES[error.errno]
        ) from error
    except sqlite3.OperationalError as error:
        remedy = _SQLITE_REMEDIES.get(error.sqlite_errorcode & 0xFF)
        if remedy is None:
            raise
        raise StorageError(f"The data directory {data_dir} cannot be written: {error}.", remedy) from error


def require_free_space(data_dir: Path, needed: int) -> None:
    """Raise StorageError where the disk of `data_dir` has fewer than `needed` bytes left, and some to spare."""
    needed += _SPARE_BYTES
    free = shutil.disk_usage(data_dir).free
    if free < needed:
        raise StorageError(
            f"The disk of {data_dir} has {free / 1e6:.0f} MB left; about {needed / 1e6:.0f} MB are needed.",
            _STORAGE_REMEDIES[errno.ENOSPC],
        )
