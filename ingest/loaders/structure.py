"""Write the text of a page and the blocks over it; make a document of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from knowledge_base.errors import DocumentError
from knowledge_base.passages import Block, BlockKind, Document, Page, RegisterRecord

_LANGUAGE = re.compile(r"([A-Za-z]{2})(?:[-_].*)?")
_SAYS_LITTLE = re.compile(r"(?:index|readme|page|text|content|default|(?:.*\s)?\d{1,3})", re.IGNORECASE)
_TIGHT: frozenset[BlockKind] = frozenset({"field", "table_row", "list_item"})


class PageWriter:
    """Collects blocks in reading order; rows, items and fields that follow each other stand on adjacent lines."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parts: list[str] = []
        self._length = 0

    def add(self, kind: BlockKind, text: str, level: int = 0, label: str = "") -> None:
        """Append a block; white space around it is dropped, and a block without text is none."""
        text = text.strip()
        if not text:
            return
        self._write(self._separator(kind))
        self.blocks.append(Block(kind, level, self._length, self._length + len(text), label))
        self._write(text)

    def page(self) -> Page:
        """Return what was written as a page without number."""
        return Page(number=None, label=None, text="".join(self._parts), blocks=tuple(self.blocks))

    def _separator(self, kind: BlockKind) -> str:
        if not self.blocks:
            return ""
        return "\n" if kind in _TIGHT and self.blocks[-1].kind == kind else "\n\n"

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)


def make_document(
    data: bytes,
    source: str,
    page: Page,
    *,
    kind: str,
    title: str | None,
    language: str | None = None,
    date: str | None = None,
    links: Iterable[str] = (),
    record: RegisterRecord | None = None,
    notices: Iterable[str | None] = (),
) -> Document:
    """Return the document of one page; without a title the file's name speaks. Raise DocumentError where there is no text."""
    if not page.text.strip():
        raise DocumentError(f"{source} has no text.", "Check that the file is the one you meant; an empty file can be deleted.")
    return Document(
        source=source,
        title=one_line(title or "") or title_from_source(source),
        content_hash=hashlib.sha256(data).hexdigest(),
        language=language,
        pages=(page,),
        kind=kind,
        date=date,
        links=tuple(links),
        record=record,
        notices=tuple(notice for notice in notices if notice),
    )


def one_line(text: str, limit: int = 300) -> str:
    """Return `text` on one line, white space collapsed, cut at `limit` characters."""
    return " ".join(text.split())[:limit]


def title_from_source(source: str) -> str:
    """Return a readable title from the path; a name such as `principle-4` gets its folder's name in front."""
    path = PurePosixPath(source)
    name = _readable(path.stem)
    folder = _readable(path.parent.name)
    if folder and says_little(source):
        return f"{_capitalised(folder)}: {name}"
    return _capitalised(name) or source


def says_little(source: str) -> bool:
    """Tell whether the file's name alone is no title: a number at its end, `index`, `readme`."""
    return _SAYS_LITTLE.fullmatch(_readable(PurePosixPath(source).stem)) is not None


def language_code(value: object) -> str | None:
    """Return the ISO 639-1 code of a language tag such as `en-GB`, or None."""
    found = _LANGUAGE.fullmatch(str(value or "").strip())
    return found[1].lower() if found else None


def _readable(name: str) -> str:
    return " ".join(re.sub(r"[-_]+", " ", name).split())


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
