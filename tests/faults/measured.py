"""What a child process runs to find out how much memory one file takes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ingest.loaders.document import load_document
from knowledge_base.errors import DocumentError
from knowledge_base.platform_limits import most_memory_held


def measured(path: str, source: str) -> int:
    """Read a document; return the most memory, in bytes, that the process held meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the files before
    with suppress(DocumentError):
        load_document(Path(path).read_bytes(), source)
    return most_memory_held()
