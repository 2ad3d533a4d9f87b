"""Files that a PDF carries inside: documents are read as part of it, others are named in a notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from knowledge_base.errors import DocumentError
from knowledge_base.passages import Block, Document, Page

_MOST_FILES = 20
_LARGEST_FILE = 4 << 20
_MOST_CHARACTERS = 400_000


class EmbeddedFile(NamedTuple):
    """A file inside another; `read` returns its bytes."""

    name: str
    size: int | None
    read: Callable[[], bytes]


@dataclass(slots=True)
class Embedded:
    """The documents that were read, each with its file's name, and the names of files that were not."""

    documents: list[tuple[str, Document]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def notices(self) -> Iterable[str]:
        """Yield what a reader of the document should know of the files in it."""
        if self.documents:
            yield f"Files in it are read with its last page: {_named([name for name, _ in self.documents])}."
        if self.unread:
            yield f"Files in it are not read: {_named(self.unread)}. Save them and add them as documents of their own."


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:_MOST_FILES])
    return shown + (f" and {len(names) - _MOST_FILES} more" if len(names) > _MOST_FILES else "")


def read_embedded(files: Iterable[EmbeddedFile], load: Callable[[bytes, str], Document]) -> Embedded:
    """Read the files that are small and of a type that `load` knows."""
    found = Embedded()
    characters = 0
    for file in files:
        document = _read(file, load) if len(found.documents) < _MOST_FILES else None
        length = sum(len(page.text) for page in document.pages) if document else 0
        if document is None or characters + length > _MOST_CHARACTERS:
            found.unread.append(file.name)
        else:
            found.documents.append((file.name, document))
            characters += length
    return found


def _read(file: EmbeddedFile, load: Callable[[bytes, str], Document]) -> Document | None:
    if (file.size or 0) > _LARGEST_FILE:
        return None
    try:
        data = file.read()
        return load(data, file.name) if len(data) <= _LARGEST_FILE else None
    except DocumentError:
        return None


def with_embedded(pages: Sequence[Page], documents: Sequence[tuple[str, Document]]) -> list[Page]:
    """Return the pages with the text of `documents` behind the last one, each under its file's name."""
    if not documents or not pages:
        return list(pages)
    last = pages[-1]
    text, blocks = last.text, list(last.blocks)
    for name, document in documents:
        parts = [Page(None, None, name, (Block("heading", 1, 0, len(name)),)), *document.pages]
        for part in parts:
            if not part.text:
                continue
            text += "\n\n" if text else ""
            blocks += [block._replace(start=len(text) + block.start, end=len(text) + block.end) for block in part.blocks]
            text += part.text
    return [*pages[:-1], replace(last, text=text, blocks=tuple(blocks), problem=None)]
