"""Archives of parts of a data directory: a gzipped tar whose first member lists every file with its size and SHA-256.

What is read back is what was written, or it is refused: nothing but the regular files that the list names is taken out, each
no longer than listed, none outside the folder that it is unpacked into.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Any, Literal

from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import require_free_space, storage_errors, sync_directory

Kind = Literal["backup", "generation"]

LIST = "snapshot.json"
FORMAT = 1
_COMPRESSION = 1  # vectors hardly shrink; more effort only takes longer
_LONGEST_LIST = 256 << 20
_BLOCK = 1 << 20
_SPARE_BYTES = 64 << 20
_UNSOUND = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


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


def pack(target: Path, kind: Kind, name: str, files: Mapping[str, Path], replace: bool = False) -> Snapshot:
    """Write an archive of `files` (path in it -> file); databases in use are copied whole first. Return what it holds.

    The archive appears whole or not at all; one that is there is replaced only where `replace` says so.
    """
    if target.exists() and not replace:
        raise KnowledgeBaseError(f"{target} is there already.", "Choose another name, or replace it with --replace.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with storage_errors(target.parent), TemporaryDirectory(prefix=".snapshot-", dir=target.parent) as scratch:
        still = {path: _still(file, Path(scratch) / str(number)) for number, (path, file) in enumerate(files.items())}
        listed = {path: (file.stat().st_size, _digest(file)) for path, file in still.items()}
        snapshot = Snapshot(kind, name, datetime.now(UTC).isoformat(timespec="seconds"), listed)
        archive = Path(scratch) / "archive"
        _write(archive, snapshot, still)
        os.replace(archive, target)
    sync_directory(target.parent)
    return snapshot


def unpack(archive: Path, kind: Kind, folder: Path) -> Snapshot:
    """Write the archive's files into `folder`, which is there and empty, and return what it holds.

    Raise KnowledgeBaseError where it is no such archive, or differs in any byte from what was written; what has been written
    by then is for the caller to remove.
    """
    with storage_errors(folder), _opened(archive) as tar:
        snapshot = _read_list(tar, archive)
        if snapshot.kind != kind:
            raise KnowledgeBaseError(f"{archive} holds a {snapshot.kind}, not a {kind}.", _remedy(snapshot.kind))
        require_free_space(folder, _SPARE_BYTES + snapshot.bytes)
        missing = dict(snapshot.files)
        while (member := tar.next()) is not None:
            if not member.isreg() or member.name not in missing:
                raise _altered(archive, f"{member.name!r} is not in its list")
            _take_out(tar, member, folder / member.name, missing.pop(member.name), archive)
    if missing:
        raise _altered(archive, f"{next(iter(missing))} is missing")
    for path in {folder, *(file.parent for file in folder.rglob("*"))}:
        sync_directory(path)
    return snapshot


def archive_digest(archive: Path) -> str:
    """Return the SHA-256 of an archive, to be told beside it."""
    return _digest(archive)


# Write


def _still(file: Path, copy: Path) -> Path:
    """Return the file, or a copy of it where it is a database that others may be writing to."""
    if file.suffix != ".sqlite3" or file.name == "catalog.sqlite3":
        return file
    try:
        with closing(sqlite3.connect(file)) as reader, closing(sqlite3.connect(copy)) as writer:
            reader.backup(writer)
    except sqlite3.DatabaseError as error:
        raise KnowledgeBaseError(f"{file} cannot be copied: {error}.", "Mend it, or move it away.") from error
    return copy


def _write(archive: Path, snapshot: Snapshot, files: Mapping[str, Path]) -> None:
    with archive.open("wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=_COMPRESSION, format=tarfile.PAX_FORMAT) as tar:
            content = _as_json(snapshot)
            tar.addfile(_member(LIST, len(content)), io.BytesIO(content))
            for path, file in files.items():
                _put_in(tar, path, file, snapshot.files[path])
        raw.flush()
        os.fsync(raw.fileno())


def _put_in(tar: tarfile.TarFile, path: str, file: Path, listed: tuple[int, str]) -> None:
    with file.open("rb") as stream:
        reader = _Hashing(stream)
        try:
            tar.addfile(_member(path, listed[0]), reader)
        except OSError as error:
            if str(error) != "unexpected end of data":
                raise
        if reader.digest.hexdigest() != listed[1]:
            raise KnowledgeBaseError(f"{file} changed while it was read.", "Try again when nothing writes to it.")


class _Hashing:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = sha256()

    def read(self, size: int = -1) -> bytes:
        """Read as a file does."""
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _member(path: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(path)
    member.size, member.mode = size, 0o600
    return member


def _as_json(snapshot: Snapshot) -> bytes:
    """Return the list, with a checksum of its own."""
    fields = asdict(snapshot)
    return json.dumps(fields | {"seal": _seal(fields)}, indent=1).encode()


def _seal(fields: Mapping[str, Any]) -> str:
    return sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


# Read


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    try:
        with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r|gz") as tar:
            yield tar
    except _UNSOUND as error:
        raise _altered(archive, f"{type(error).__name__}: {error}") from error
    except FileNotFoundError as error:
        if str(error.filename) == str(archive):
            raise KnowledgeBaseError(f"There is no file {archive}.", "Name an archive that was made here.") from error
        raise


def _read_list(tar: tarfile.TarFile, archive: Path) -> Snapshot:
    member = tar.next()
    stream = tar.extractfile(member) if member and member.name == LIST and 0 < member.size <= _LONGEST_LIST else None
    if stream is None:
        raise _altered(archive, f"it does not begin with {LIST}")
    try:
        fields = json.loads(stream.read())
        seal = fields.pop("seal")
        if seal != _seal(fields):
            raise ValueError("its checksum differs")
        if fields["format"] != FORMAT:
            raise ValueError(f"its format is {fields['format']}; this program reads {FORMAT}")
        files = {_safe(path): (int(size), str(digest)) for path, (size, digest) in fields.pop("files").items()}
        return Snapshot(files=files, **fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _altered(archive, f"its list cannot be read: {error}") from error


def _safe(path: str) -> str:
    """Return the path; raise ValueError where it might lead out of a folder."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or "/".join(parts) != path or {"..", "."} & set(parts) or "\0" in path or "\\" in path:
        raise ValueError(f"the path {path!r} is not one of a file in a folder")
    return path


def _take_out(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path, listed: tuple[int, str], archive: Path) -> None:
    size, digest = listed
    stream = tar.extractfile(member)
    if stream is None or member.size != size:
        raise _altered(archive, f"{member.name} has another size than listed")
    target.parent.mkdir(parents=True, exist_ok=True)
    found = sha256()
    with target.open("xb") as file:
        while block := stream.read(_BLOCK):
            found.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    if found.hexdigest() != digest:
        raise _altered(archive, f"{member.name} differs from what was written")


def _altered(archive: Path, reason: str) -> KnowledgeBaseError:
    return KnowledgeBaseError(f"{archive} is not an archive as it was written ({reason}).", "Copy it again, or make a new one.")


def _remedy(kind: str) -> str:
    return "Use `python -m ingest restore`." if kind == "backup" else "Use `python -m ingest install`."


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
