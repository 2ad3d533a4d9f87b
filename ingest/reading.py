"""Parse files in child processes; one bad file costs only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ingest.documents import load_document
from ingest.plan import FileToRead
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document
from knowledge_base.sandbox import Sandbox, SandboxFailure

_SMALL_FILE = 32_768
_FILES_A_BATCH = 100


class Unread(NamedTuple):
    """Why a file gave no document: for what the moment brought, which the next sync may find gone, or at a parser's limits."""

    reason: str
    is_passing: bool = False
    is_limited: bool = False


def parse(files: Sequence[tuple[str, str, str]]) -> list[Document | Unread]:
    """Read each (source, path, content hash); a document, or why there is none. Runs in a child process."""
    return [_parse(*file) for file in files]


def _parse(source: str, path: str, content_hash: str) -> Document | Unread:
    try:
        data = Path(path).read_bytes()
        if sha256(data).hexdigest() != content_hash:
            return Unread("it changed while it was read; run the sync again", is_passing=True)
        return load_document(data, source)
    except DocumentError as error:
        return Unread(str(error))
    except OSError as error:
        return Unread(f"it cannot be read: {error.strerror}", is_passing=True)
    except MemoryError:
        return Unread("it needs more memory than one file is allowed", is_limited=True)
    except Exception as error:  # a parser's bug must not stop the other files; the reason names it
        return Unread(f"it cannot be read: {type(error).__name__}: {str(error)[:200]}")


def read_documents(
    files: Sequence[FileToRead], sandbox: Sandbox, progress: Callable[[int], None]
) -> Iterator[tuple[FileToRead, Document | Unread]]:
    """Yield each file with its document, or the reason why there is none, as they are done; `progress` counts files."""
    batches = list(file_batches(files))
    retry: list[FileToRead] = []
    for index, result in sandbox.map_unordered(parse, [_arguments(batch) for batch in batches]):
        batch = batches[index]
        if not isinstance(result, SandboxFailure):
            yield from zip(batch, result, strict=True)
            progress(len(batch))
        elif len(batch) == 1:
            yield batch[0], _stopped(result)
            progress(1)
        else:
            retry += batch
    if retry:
        yield from read_documents_one_by_one(retry, sandbox, progress)


def read_documents_one_by_one(
    files: Sequence[FileToRead], sandbox: Sandbox, progress: Callable[[int], None]
) -> Iterator[tuple[FileToRead, Document | Unread]]:
    """Read each file in a task of its own, to find the one that broke its batch."""
    for index, result in sandbox.map_unordered(parse, [_arguments([file]) for file in files]):
        yield files[index], _stopped(result) if isinstance(result, SandboxFailure) else result[0]
        progress(1)


def _arguments(batch: Sequence[FileToRead]) -> list[tuple[str, str, str]]:
    return [(file.source, str(file.path), file.content_hash) for file in batch]


def file_batches(files: Sequence[FileToRead], small_ones: int = _FILES_A_BATCH) -> Iterator[list[FileToRead]]:
    """Yield large files alone, the largest first, then small ones so many at a time."""
    sizes = {file.source: _size(file.path) for file in files}
    for file in sorted(files, key=lambda f: -sizes[f.source]):
        if sizes[file.source] > _SMALL_FILE:
            yield [file]
    small = [file for file in files if sizes[file.source] <= _SMALL_FILE]
    for first in range(0, len(small), small_ones):
        yield small[first : first + small_ones]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _stopped(failure: SandboxFailure) -> Unread:
    return Unread(f"{failure.message}. {failure.remedy}".strip(), failure.is_passing, not failure.is_passing)
