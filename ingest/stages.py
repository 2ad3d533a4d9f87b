"""The stages that a file goes through on its way into the index: parse, cut, embed.

They are functions of their arguments, so that processes on this machine and workers on many give the same. A reader runs the
first two, and may run the third ahead of time, which fills the cache of vectors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ingest import chunking
from ingest.plan import FileToRead
from ingest.reading import Unread, read_documents
from knowledge_base.embeddings import Embedder
from knowledge_base.passages import Document, Passage
from knowledge_base.sandbox import Sandbox
from knowledge_base.settings import Settings

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
    """Reads with one child process a core; what is embedded is left to the build."""

    embedded = 0

    def read(self, settings: Settings, files: Sequence[FileToRead], embedder: Opened, count: Count) -> Iterator[ReadFile]:
        """Yield each file as it is done; `count` is told of as many."""
        workers = min(os.cpu_count() or 1, max(1, len(files)))
        with open_sandbox(settings, workers) as sandbox:
            for file, result in read_documents(files, sandbox, count):
                yield file, result, cut(result, embedder()) if isinstance(result, Document) else []


def open_sandbox(settings: Settings, workers: int) -> Sandbox:
    """Return child processes that parse within the limits of the settings."""
    return Sandbox(workers, settings.parse_seconds, settings.parse_memory_mb << 20)


def cut(document: Document, embedder: Embedder) -> list[Passage]:
    """Cut a document; a record of the register is a row, not text to search."""
    return [] if document.record else chunking.chunk(document, embedder.count_tokens, embedder.max_tokens)
