"""What the source view shows: a document's page as it was indexed, and the picture of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from knowledge_base.errors import DamagedIndexError, DocumentError, NoIndexError
from knowledge_base.passages import OriginRun, Page
from knowledge_base.sandbox.page_images import render_page
from knowledge_base.sandbox.sandbox import Sandbox
from knowledge_base.store.catalog import DocumentRow
from knowledge_base.store.generations import Generation, current_id, open_generation

log = logging.getLogger(__name__)

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class SourcePage:
    """One page of a document, as one generation of the index holds it.

    `position` counts from 1 among `page_numbers`, the physical numbers of all pages (None: a format without pages).
    `notice` says what a reader must know, such as that the index of the citation is gone.
    """

    document: DocumentRow
    page: Page
    page_numbers: tuple[int | None, ...]
    generation: str
    notice: str | None = None

    @property
    def position(self) -> int:
        """Return the page's place among all pages, from 1."""
        return self.page_numbers.index(self.page.number) + 1


def read_source(data_dir: Path, source: str, page: int | None, generation: str | None = None) -> SourcePage | None:
    """Return a page of a document from the generation named, else from the published one; None where it has none.

    Without a page, that is the first one. Raise NoIndexError or DamagedIndexError where nothing can be read.
    """
    opened, notice = _opened(data_dir, generation)
    with opened:
        document = opened.catalog.document(source)
        pages = opened.catalog.pages(source) if document else []
    shown = next((p for p in pages if page is None or p.number == page), None)
    if document is None or shown is None:
        return None
    return SourcePage(document, shown, tuple(p.number for p in pages), opened.id, notice)


def _opened(data_dir: Path, generation: str | None) -> tuple[Generation, str | None]:
    if generation is None or generation == current_id(data_dir):
        return open_generation(data_dir), None
    try:
        if generation.isalnum():
            return open_generation(data_dir, generation), "This is the document as an earlier index held it."
    except (DamagedIndexError, NoIndexError) as error:
        log.info("%s The published generation is shown.", error)
    return open_generation(data_dir), "The index of this citation is no longer kept; this is the document as it is now."


def page_picture(
    sandbox: Sandbox, original: Path, content_hash: str, page: int, spans: Spans, origin: Sequence[OriginRun]
) -> bytes:
    """Return the page of a kept PDF as PNG with the spans highlighted; raise DocumentError where that cannot be had."""
    return sandbox.run(render_page, read_original(original, content_hash), page, list(spans), list(origin))


def read_original(path: Path, content_hash: str) -> bytes:
    """Return the bytes that were indexed; raise DocumentError where they are gone or altered."""
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = "is no longer kept" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise DocumentError(f"The original file {reason}.") from error
    if sha256(data).hexdigest() != content_hash:
        raise DocumentError("The kept original is not the file that was indexed.")
    return data


def standing_spans(text: str, spans: Spans, is_quoted: Callable[[list[str]], bool]) -> list[tuple[int, int]]:
    """Return the spans, in order, where they lie within the text and hold what was quoted; else none."""
    ordered = sorted(spans)
    inside = all(0 <= start < end <= len(text) for start, end in ordered)
    return ordered if inside and is_quoted([text[start:end] for start, end in ordered]) else []
