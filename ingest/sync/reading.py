"""Read the files of a plan: each is parsed in a child process with limits, so that a bad file costs only itself, and cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol

from ingest.fetch.sources import as_listed, listed_files
from ingest.loaders import ocr
from ingest.loaders.document import load_document
from ingest.sync import chunking
from ingest.sync.plan import FileToRead, SyncPlan, limited_version, limits_of, with_earlier_version
from ingest.sync.report import Progress, Reading
from knowledge_base.errors import DocumentError
from knowledge_base.models.embeddings import Embedder
from knowledge_base.passages import Document, Passage
from knowledge_base.sandbox.sandbox import Sandbox, SandboxFailure
from knowledge_base.settings import Settings
from knowledge_base.store.catalog import FailureRow

_SMALL_FILE = 32_768
_FILES_A_BATCH = 100
_LEAST_TEXT = 5  # characters; less is what is left of a broken file, and would look as if it had been read


class Unread(NamedTuple):
    """Why a file gave no document: for what the moment brought, which the next sync may find gone, or at a parser's limits."""

    reason: str
    is_passing: bool = False
    is_limited: bool = False


Count = Callable[[int], None]
Opened = Callable[[], Embedder]
ReadFile = tuple[FileToRead, Document | Unread, list[Passage]]
"""A file, its document or why there is none, and the document's passages."""


class Reader(Protocol):
    """Reads files; `embedded` is the number of texts that it has embedded meanwhile."""

    embedded: int

    def read(self, settings: Settings, files: Sequence[FileToRead], embedder: Opened, count: Count) -> Iterator[ReadFile]:
        """Yield each file as it is done; `count` is told of as many."""
        ...


class LocalReader:
    """Reads with one child process per core; what is embedded is left to the build."""

    embedded = 0

    def read(self, settings: Settings, files: Sequence[FileToRead], embedder: Opened, count: Count) -> Iterator[ReadFile]:
        """Yield each file as it is done; `count` is told of as many."""
        listed = listed_files(settings)
        with open_sandbox(settings, workers=min(os.cpu_count() or 1, max(1, len(files)))) as sandbox:
            for file, result in read_documents(files, sandbox, count, settings.data_dir / ocr.FOLDER):
                if isinstance(result, Document):
                    document = as_listed(result, listed)
                    yield file, document, cut(document, embedder())
                else:
                    yield file, result, []


def read_plan(settings: Settings, plan: SyncPlan, reader: Reader, embedder: Opened, progress: Progress) -> Reading:
    """Read and cut the files of a plan; the failed ones are listed with their reasons.

    `embedder` is called to count tokens, so that the model may be opened meanwhile.
    """
    reading, done = Reading(), 0
    total, updated = len(plan.to_read), {file.source for file in plan.updated}

    def count(files: int) -> None:
        nonlocal done
        done += files
        progress("Read", done, total)

    for file, result, passages in reader.read(settings, plan.to_read, embedder, count):
        if isinstance(result, Document):
            characters = sum(len(page.text.strip()) for page in result.pages)
            if result.record or (passages and characters >= _LEAST_TEXT):
                reading.documents.append((file, result, passages))
                continue
            problems = "; ".join(dict.fromkeys(page.problem for page in result.pages if page.problem))
            nothing = "it has no searchable text" + (f" ({problems})" if problems else "")
            result = Unread(f"it has hardly any text ({characters} characters)" if characters else nothing)
        version = limited_version(file.version, limits_of(settings)) if result.is_limited else file.version
        content_hash = "" if result.is_passing else file.content_hash  # no file has this one, so that it is read again
        reason = with_earlier_version(result.reason, file.source in updated)
        reading.failed.append(FailureRow(file.source, content_hash, version, reason))
    reading.documents.sort(key=lambda entry: entry[0].source)
    return reading


def read_documents(
    files: Sequence[FileToRead], sandbox: Sandbox, progress: Count, pictures: Path | None = None
) -> Iterator[tuple[FileToRead, Document | Unread]]:
    """Yield each file with its document, or the reason why there is none, as they are done; `progress` counts files.

    The files of a batch that failed are read one by one, and a file that the machine was too busy for is tried once more. What
    is read of pictures is kept in the folder `pictures`; a file with more of them than its time allows is read on from there.
    """
    batches, tried, left = list(file_batches(files)), set[str](), dict[str, int]()
    while batches:
        again = []
        arguments = [[(file.source, str(file.path), file.content_hash) for file in batch] for batch in batches]
        for index, result in sandbox.map_unordered(partial(parse, pictures=pictures), arguments):
            batch = batches[index]
            if not isinstance(result, SandboxFailure):
                for file, document in zip(batch, result, strict=True):
                    waiting = _pictures_left(document) if pictures else 0
                    if waiting and waiting < left.get(file.source, waiting + 1):
                        left[file.source] = waiting
                        again.append([file])
                    else:
                        yield file, document
                        progress(1)
            elif len(batch) > 1:
                again += [[file] for file in batch]
            elif result.is_passing and batch[0].source not in tried:
                tried.add(batch[0].source)
                again.append(batch)
            else:
                reason = f"{result.message}. {result.remedy}".strip()
                yield batch[0], Unread(reason, result.is_passing, not result.is_passing)
                progress(1)
        batches = again


def _pictures_left(document: Document | Unread) -> int:
    """Count the pages that the time of one task was too short to read."""
    if isinstance(document, Unread):
        return 0
    return sum(page.problem == ocr.NO_TIME for page in document.pages)


def file_batches(files: Sequence[FileToRead], small_ones: int = _FILES_A_BATCH) -> Iterator[list[FileToRead]]:
    """Yield each large file by itself, the largest first, then small ones so many at a time."""
    sizes = {}
    for file in files:
        try:
            sizes[file.source] = file.path.stat().st_size
        except OSError:
            sizes[file.source] = 0
    large = [file for file in files if sizes[file.source] > _SMALL_FILE]
    yield from ([file] for file in sorted(large, key=lambda f: -sizes[f.source]))
    small = [file for file in files if sizes[file.source] <= _SMALL_FILE]
    for first in range(0, len(small), small_ones):
        yield small[first : first + small_ones]


def parse(files: Sequence[tuple[str, str, str]], pictures: Path | None = None) -> list[Document | Unread]:
    """Read each (source, path, content hash); a document, or why there is none. Runs in a child process."""
    ocr.KEPT_IN.set(pictures)
    found: list[Document | Unread] = []
    for source, path, content_hash in files:
        try:
            data = Path(path).read_bytes()
            if sha256(data).hexdigest() == content_hash:
                found.append(load_document(data, source))
            else:
                found.append(Unread("it changed while it was read; run the sync again", is_passing=True))
        except DocumentError as error:
            found.append(Unread(str(error)))
        except OSError as error:
            found.append(Unread(f"it cannot be read: {error.strerror}", is_passing=True))
        except MemoryError:
            found.append(Unread("it needs more memory than one file is allowed", is_limited=True))
        except Exception as error:  # a parser's bug must not stop the other files; the reason names it
            found.append(Unread(f"it cannot be read: {type(error).__name__}: {str(error)[:200]}"))
    return found


def open_sandbox(settings: Settings, workers: int) -> Sandbox:
    """Return child processes that parse within the limits of the settings."""
    return Sandbox(workers, settings.parse_seconds, settings.parse_memory_mb << 20)


def cut(document: Document, embedder: Embedder) -> list[Passage]:
    """Cut a document; a record of the register is a row, not text to search."""
    return [] if document.record else chunking.chunk(document, embedder.count_tokens, embedder.max_tokens)
