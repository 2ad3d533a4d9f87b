"""Archives of parts of a data directory: a gzipped tar whose first member lists every file with its size and SHA-256.

What is read back is what was written, or it is refused: nothing but the regular files that the list names is taken out, each
no longer than listed, none outside the folder that it is unpacked into; no more is read of it than the list accounts for.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sqlite3
import tarfile
import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Literal, cast, get_args

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import require_free_space, require_inside, sha256, storage_errors, sync_directory
from knowledge_base.store.manifest import seal_of

Kind = Literal["backup", "generation"]

KINDS = get_args(Kind)
LIST = "snapshot.json"
FORMAT = 1
_COMPRESSION = 1  # vectors hardly shrink; more effort only takes longer
_BLOCK = 1 << 20
_SHRUNK_FROM = 64 << 20  # bytes of files
_LONGEST_LIST = 32 << 20
_MOST_FILES = 200_000
_LARGEST_FILE = 1 << 50
_LONGEST_HEADERS = 8 << 10  # bytes of what the format writes for a file before its content
_READ_AHEAD = 32 << 10
_ZIPPED_BLOCK = 64 << 10
_MOST_SHRUNK = 200  # times as long as the archive its files may be
_LONGEST_REASON = 300
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNSOUND = (tarfile.TarError, EOFError, zlib.error, ValueError, ArithmeticError, LookupError, RecursionError)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an archive holds: `files` maps each path to its size in bytes and its SHA-256; `name` is for people."""

    kind: Kind
    name: str
    created: str
    files: Mapping[str, tuple[int, str]]
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """Return the size of all files."""
        return sum(size for size, _ in self.files.values())


class _Hashing:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read as a file does."""
        data = self._stream.read(size)
        self.digest.update(data)
        return data


class _OddArchive(ValueError):
    """What in an archive is not as it was written."""


class _Unzipped:
    """A gzipped archive of which no more is unzipped than its list accounts for: a few bytes unzip to any length."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._unzip = zlib.decompressobj(wbits=31)
        self._left = _READ_AHEAD

    def allow(self, size: int) -> None:
        """Let so many bytes more be read, and the headers before them."""
        self._left += size + _LONGEST_HEADERS

    def read(self, size: int) -> bytes:
        """Read as a file does; raise where more than is allowed is asked for."""
        data = b""
        while len(data) < size and not self._unzip.eof:
            zipped = self._unzip.unconsumed_tail or self._stream.read(_ZIPPED_BLOCK)
            if not zipped:
                raise EOFError("it ends too early")
            data += self._unzip.decompress(zipped, size - len(data))
        self._left -= len(data)
        if self._left < 0:
            raise _OddArchive("it is longer than its list says")
        return data


def pack(target: Path, kind: Kind, name: str, files: Mapping[str, Path], replace: bool = False) -> Snapshot:
    """Write an archive of `files` (path in it -> file); databases in use are copied whole first. Return what it holds.

    The archive appears whole or not at all; one that is there is replaced only where `replace` says so.
    """
    if target.exists() and not replace:
        raise KnowledgeBaseError(f"{target} is there already.", "Choose another name, or replace it with --replace.")
    for path, file in files.items():
        try:
            require_inside(path)
        except ValueError as error:
            raise KnowledgeBaseError(f"{file} cannot be kept: {error}.", "Give it another name, or move it away.") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    with storage_errors(target.parent), TemporaryDirectory(prefix=".snapshot-", dir=target.parent) as scratch:
        still = {path: _still(file, Path(scratch) / str(number)) for number, (path, file) in enumerate(files.items())}
        listed = {path: (file.stat().st_size, sha256(file)) for path, file in still.items()}
        snapshot = Snapshot(kind, name, datetime.now(UTC).isoformat(timespec="seconds"), listed)
        archive = Path(scratch) / "archive"
        _write(archive, snapshot, still, _COMPRESSION)
        if _is_shrunk_too_far(snapshot, archive):
            _write(archive, snapshot, still, 0)
        os.replace(archive, target)
    sync_directory(target.parent)
    return snapshot


def unpack(archive: Path, kind: Kind, folder: Path) -> Snapshot:
    """Write the archive's files into `folder`, which is there and empty, and return what it holds.

    Raise KnowledgeBaseError where it is no such archive, or differs in any byte from what was written; what has been written
    by then is for the caller to remove.
    """
    if not archive.is_file():
        raise KnowledgeBaseError(f"There is no file {archive}.", "Name an archive that was made here.")
    try:
        raw = archive.open("rb")
    except OSError as error:
        raise KnowledgeBaseError(
            f"{archive} cannot be read: {error.strerror}.", "Give this user the right to read it."
        ) from error
    try:
        with raw, storage_errors(folder):
            stream = _Unzipped(raw)
            with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as tar:
                snapshot = _read_list(tar, stream)
                if snapshot.kind != kind:
                    remedy = f"Use `python -m ingest {'restore' if snapshot.kind == 'backup' else 'install'}`."
                    raise KnowledgeBaseError(f"{archive} holds a {snapshot.kind}, not a {kind}.", remedy)
                require_free_space(folder, snapshot.bytes)
                if _is_shrunk_too_far(snapshot, archive):
                    raise _OddArchive(f"the {snapshot.bytes:,} bytes of files in its list would not fit into it")
                _take_out(tar, stream, snapshot, folder)
    except _UNSOUND as error:
        reason = str(error) if isinstance(error, _OddArchive) else f"{type(error).__name__}: {error}"
        raise KnowledgeBaseError(
            f"{archive} is not an archive as it was written ({_short(reason)}).", "Copy it again, or make a new one."
        ) from error
    for path in {folder, *(file.parent for file in folder.rglob("*"))}:
        sync_directory(path)
    return snapshot


def _still(file: Path, copy: Path) -> Path:
    """Return the file, or a copy of it where it is a database that others may be writing to."""
    if file.suffix != ".sqlite3" or file.name == "catalog.sqlite3":
        return file
    try:
        with closing(sqlite3.connect(file)) as reader, closing(sqlite3.connect(copy)) as writer:
            reader.backup(writer)
    except sqlite3.DatabaseError as error:
        raise KnowledgeBaseError(f"{file} cannot be copied: {error}.", "Repair it, or move it away.") from error
    return copy


def _write(archive: Path, snapshot: Snapshot, files: Mapping[str, Path], compression: int) -> None:
    """Write the list, with a checksum of its own, then the files; raise where one is not what was listed any more."""
    fields = asdict(snapshot)
    content = json.dumps(fields | {"seal": seal_of(fields)}).encode()
    if len(files) > _MOST_FILES or len(content) > _LONGEST_LIST:
        raise KnowledgeBaseError(f"{len(files):,} files are more than an archive can hold.", "Copy the folder itself.")
    with archive.open("wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=compression, format=tarfile.PAX_FORMAT) as tar:
            tar.addfile(_member(LIST, len(content)), io.BytesIO(content))
            for path, file in files.items():
                size, digest = snapshot.files[path]
                with file.open("rb") as stream:
                    reader = _Hashing(stream)
                    try:
                        tar.addfile(_member(path, size), reader)
                    except OSError as error:
                        if str(error) != "unexpected end of data":
                            raise
                if reader.digest.hexdigest() != digest:
                    raise KnowledgeBaseError(f"{file} changed while it was read.", "Try again when nothing writes to it.")
        raw.flush()
        os.fsync(raw.fileno())


def _is_shrunk_too_far(snapshot: Snapshot, archive: Path) -> bool:
    """Return whether an archive is shorter than it should be, so that nobody waits for what a few bytes unzip to."""
    return snapshot.bytes > _SHRUNK_FROM + _MOST_SHRUNK * archive.stat().st_size


def _member(path: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.size, member.mode = size, 0o600
    return member


def _read_list(tar: tarfile.TarFile, stream: _Unzipped) -> Snapshot:
    """Read the list of files; raise where it is not one that `_write` could have written."""
    stream.allow(0)
    member = tar.next()
    content = None
    if member and member.name == LIST and _is_plain(member) and 0 < member.size <= _LONGEST_LIST:
        stream.allow(member.size)
        content = tar.extractfile(member)
    if content is None:
        raise _OddArchive(f"it does not begin with {LIST}")
    try:
        fields = json.loads(content.read())
        seal = fields.pop("seal")
        if seal != seal_of(fields):
            raise _OddArchive("its checksum differs")
        if fields["format"] != FORMAT:
            raise _OddArchive(f"its format is {fields['format']}; this program reads {FORMAT}")
        files = {path: (size, digest) for path, (size, digest) in fields.pop("files").items()}
        _require_files(files)
        if any(not isinstance(fields[name], str) for name in ("kind", "name", "created")) or fields["kind"] not in KINDS:
            raise _OddArchive("its kind, name or date is none")
        return Snapshot(files=files, **fields)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
        raise _OddArchive(f"its list cannot be read: {error}") from error


def _require_files(files: Mapping[str, tuple[object, object]]) -> None:
    """Raise unless each path stays in the folder and is no folder of another, and has a size and a SHA-256."""
    if len(files) > _MOST_FILES:
        raise _OddArchive(f"{len(files):,} files are more than an archive can hold")
    for path, (size, digest) in files.items():
        require_inside(path)
        if type(size) is not int or not 0 <= size <= _LARGEST_FILE:
            raise _OddArchive(f"{path[:80]!r} has no size")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise _OddArchive(f"{path[:80]!r} has no SHA-256")
    ordered = sorted(files, key=lambda path: path.replace("/", "\0"))  # what lies in a folder comes right after its name
    for path, following in pairwise(ordered):
        if following.startswith(f"{path}/"):
            raise _OddArchive(f"{path[:80]!r} is a file and a folder")


def _is_plain(member: tarfile.TarInfo) -> bool:
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and member.sparse is None


def _take_out(tar: tarfile.TarFile, stream: _Unzipped, snapshot: Snapshot, folder: Path) -> None:
    """Write the listed files into the folder; raise where a member is not listed, differs from the list, or is missing."""
    missing = dict(snapshot.files)
    while True:
        stream.allow(0)
        member = tar.next()
        if member is None:
            break
        if not _is_plain(member) or member.name not in missing:
            raise _OddArchive(f"{_short(member.name)!r} is not in its list")
        size, digest = missing.pop(member.name)
        content = tar.extractfile(member)
        if content is None or member.size != size:
            raise _OddArchive(f"{member.name} has another size than listed")
        stream.allow(size)
        target = folder / member.name
        target.parent.mkdir(parents=True, exist_ok=True)
        found = hashlib.sha256()
        with target.open("xb") as file:
            while block := content.read(_BLOCK):
                found.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if found.hexdigest() != digest:
            raise _OddArchive(f"{member.name} differs from what was written")
    if missing:
        raise _OddArchive(f"{next(iter(missing))} is missing")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
