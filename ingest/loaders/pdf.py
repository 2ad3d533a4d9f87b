"""Read PDF: the text of each page with its structure, and the way back to the characters on the page."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from time import process_time
from typing import TYPE_CHECKING, Any

from ingest.loaders import ocr
from ingest.loaders.characters import clean
from ingest.loaders.document import load_document
from ingest.loaders.opening import choose_date, is_junk_title, iso_date, opening_title, written_date
from ingest.loaders.pdf_pages.embedded import Embedded, EmbeddedFile, read_embedded, with_embedded
from ingest.loaders.pdf_pages.extractor import Annotation, Drawings, PdfiumPage
from ingest.loaders.pdf_pages.filled import with_annotations
from ingest.loaders.pdf_pages.legible import GARBLED, LeftOut, are_garbled, is_garbled, left_out_notices, listed, seen_lines
from ingest.loaders.pdf_pages.lines import Line, read_lines, running_lines, words_of
from ingest.loaders.pdf_pages.margins import join_initials, take_margin_numbers
from ingest.loaders.pdf_pages.marks import settle_marks
from ingest.loaders.pdf_pages.struck import find_covered, find_struck
from ingest.loaders.pdf_pages.structure import (
    carry_headers,
    largest_text,
    levels_of,
    page_units,
    part_words,
    plain_page,
    write_page,
)
from ingest.loaders.pdf_pages.style import letters, measure
from ingest.loaders.structure import one_line
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document, Page, read_by_ocr
from knowledge_base.platform_limits import processor_time_left

if TYPE_CHECKING:
    import pypdf

VERSION = 4
MOST_PAGES = 20_000
MOST_CHARACTERS_OF_A_PAGE = 1_000_000
MOST_CHARACTERS = 20_000_000
_MOST_OUTLINE_ENTRIES = 5_000
_OUTER_PAGES = 2
_PDF_DATE = re.compile(r"(?:D:)?(\d{4})(\d{2})?(\d{2})?")
_LONGEST_DATE = 60
_COVER = "The page is the cover of a collection of files; they are read."
_NO_TEXT = "The page has no text of its own; it may be a picture."
_FIRST_PICTURE = 4.0  # seconds of processor time that a picture may take
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _RawPage:
    """What was read of a page before the document's style is known: lines, or a second reader's text."""

    width: float = 0.0
    height: float = 0.0
    lines: list[Line] = field(default_factory=list)
    plain: str = ""
    problem: str | None = None
    drawn: Drawings = field(default_factory=Drawings)
    annotations: list[Annotation] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)
    ocr: float | None = None


@dataclass(frozen=True, slots=True)
class _Properties:
    """What the file says of itself: title, PDF date, page labels, and outline (letters of a title -> level)."""

    title: str = ""
    date: str = ""
    labels: Sequence[str] = ()
    outline: dict[str, int] = field(default_factory=dict)


def load(data: bytes, source: str) -> Document:
    """Read a PDF. Raise DocumentError if it needs a password, is broken, too large, or has no text on any page."""
    return _load(data, source, is_embedded=False)


def _load(data: bytes, source: str, *, is_embedded: bool) -> Document:
    """Read a PDF; of one that is embedded in another, the files embedded in it are not read."""
    reader = _second_reader(data, source)
    raw_pages = list(_read_pages(data, source, reader))
    _use_second_reader(raw_pages, reader)
    _read_pictures(data, raw_pages)
    embedded = Embedded() if is_embedded else read_embedded(_embedded_files(reader, source), _load_embedded)
    has_text = any(page.lines or page.plain.strip() or page.left_out.struck for page in raw_pages)
    if not has_text and not embedded.documents:
        raise DocumentError(
            f"{source} has no searchable text: it looks like a scan.",
            ocr.REMEDY,
        )
    if embedded.documents and _is_portfolio(reader):
        raw_pages = [_RawPage(problem=_COVER) for _ in raw_pages]
    document = _document(data, source, raw_pages, _properties(reader, len(raw_pages), source))
    pages = with_embedded(document.pages, embedded.documents)
    return replace(document, pages=tuple(pages), notices=(*_notices(pages, raw_pages), *embedded.notices()))


def _load_embedded(data: bytes, name: str) -> Document:
    return _load(data, name, is_embedded=True) if data.lstrip()[:5] == b"%PDF-" else load_document(data, name)


def _embedded_files(reader: pypdf.PdfReader | None, source: str) -> Iterator[EmbeddedFile]:
    """Yield the files that the second reader finds in the document."""
    try:
        for file in reader.attachment_list if reader is not None else ():
            yield EmbeddedFile(clean(file.alternative_name or file.name), file.size, partial(_content, file))
    except MemoryError:
        raise
    except Exception as error:  # see _second_reader
        _log.warning("%s: its embedded files cannot be read (%s: %s)", source, type(error).__name__, error)


def _content(file: Any) -> bytes:  # noqa: ANN401
    try:
        return bytes(file.content)
    except MemoryError:
        raise
    except Exception as error:  # see _second_reader
        raise DocumentError(f"{file.name} cannot be taken out of the document ({type(error).__name__}).") from error


def _is_portfolio(reader: pypdf.PdfReader | None) -> bool:
    """Tell whether the pages are but the cover of a collection of files."""
    return reader is not None and "/Collection" in reader.root_object


def _document(data: bytes, source: str, raw_pages: Sequence[_RawPage], properties: _Properties) -> Document:
    lines = _read_lines(raw_pages)
    style = measure(lines, properties.outline)
    units = [page_units(kept, style, page.drawn) for kept, page in zip(lines, raw_pages, strict=True)]
    carry_headers(units)
    levels = levels_of(units)
    labels = [*properties.labels, *[None] * len(raw_pages)]
    pages = []
    for number, (raw, page) in enumerate(zip(raw_pages, units, strict=True), 1):
        label = labels[number - 1]
        if page:
            written = write_page(page, style, levels, number, label)
            pages.append(written if raw.ocr is None else replace(written, problem=read_by_ocr(raw.ocr)))
        elif raw.plain.strip():
            pages.append(plain_page(raw.plain, number, label))
        else:
            pages.append(Page(number, label, "", problem=raw.problem or _NO_TEXT))
    cover = next(([unit for unit, _ in page] for page in units if page), [])
    first = next((page for page in pages if page.text.strip()), pages[0])
    title = one_line(clean(properties.title))
    if is_junk_title(title):
        title = one_line(largest_text(cover if lines[0] else [], style)) or opening_title(first, source)
    return Document(
        source=source,
        title=title,
        content_hash=sha256(data).hexdigest(),
        language=None,
        pages=tuple(part_words(pages, style)),
        kind="pdf",
        date=_date(properties.date, pages, first),
    )


def _read_lines(raw_pages: Sequence[_RawPage]) -> list[list[Line]]:
    """Return the lines of each page without what is no part of its text, and with what was filled in."""
    running = running_lines([page.lines for page in raw_pages], [page.height for page in raw_pages])
    lines = [
        [line for line in page.lines if line.order not in dropped] for page, dropped in zip(raw_pages, running, strict=True)
    ]
    settle_marks(lines)
    take_margin_numbers(lines)
    join_initials(lines)
    return [with_annotations(kept, page.annotations) for kept, page in zip(lines, raw_pages, strict=True)]


def _date(stated: str, pages: Sequence[Page], first: Page) -> str | None:
    """Return the ISO date that an outer block of its own states; of several or none, what the `first` page or the file says."""
    written = {written_date(block) for block in _outer_blocks(pages) if len(block) <= _LONGEST_DATE} - {None}
    found = _PDF_DATE.match(stated.strip())
    known = iso_date(int(found[1]), int(found[2] or 1), int(found[3] or 1)) if found else None
    return written.pop() if len(written) == 1 else choose_date(known, first)


def _outer_blocks(pages: Sequence[Page]) -> Iterator[str]:
    """Yield the blocks of the first and the last pages, where a document states its date."""
    outer = range(len(pages))
    for number in sorted({*outer[:_OUTER_PAGES], *outer[-_OUTER_PAGES:]}):
        yield from (pages[number].text[block.start : block.end] for block in pages[number].blocks)


def _notices(pages: Sequence[Page], raw_pages: Sequence[_RawPage]) -> Iterator[str]:
    read = [page.number for page in pages if page.ocr is not None]
    if read:
        yield f"{len(read)} of {len(pages)} pages were read from their pictures (OCR): {listed(read)}."
    without = [page.number for page in pages if page.problem and page.ocr is None]
    if without:
        yield f"{len(without)} of {len(pages)} pages have no text: {listed(without)}."
    yield from left_out_notices([page.left_out for page in raw_pages])


def _read_pages(data: bytes, source: str, reader: pypdf.PdfReader | None) -> Iterator[_RawPage]:
    """Yield the pages as pypdfium2 reads them; empty ones where it cannot open the file and the second reader can."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()
        count = len(document)
    except pypdfium2.PdfiumError as error:
        count = _pages_of_second_reader(reader, source, error)
        _log.warning("%s: pypdfium2 cannot open it (%s); pypdf reads its text", source, error)
        document = None
    if count > MOST_PAGES:
        raise DocumentError(f"{source} has {count} pages; the limit is {MOST_PAGES}.", "Split it into several files.")
    if document is None:
        yield from (_RawPage() for _ in range(count))
        return
    with document:
        characters = 0
        for number in range(count):
            page = _read_page(document, number)
            characters += sum(len(line.text) for line in page.lines)
            if characters > MOST_CHARACTERS:
                raise DocumentError(f"{source} has more than {MOST_CHARACTERS} characters.", "Split it into several files.")
            yield page


def _read_page(document: Any, number: int) -> _RawPage:
    import pypdfium2

    try:
        page = document[number]
        text_page = page.get_textpage()
        try:
            return _raw_page(PdfiumPage(page, text_page, MOST_CHARACTERS_OF_A_PAGE), document.formenv)
        finally:
            text_page.close()
            page.close()
    except (pypdfium2.PdfiumError, DocumentError, ValueError) as error:
        return _RawPage(problem=f"The page cannot be read: {error}")


def _raw_page(page: PdfiumPage, form: Any) -> _RawPage:  # noqa: ANN401
    drawn, annotations = page.drawings(), page.annotations(form)
    if are_garbled(page.codes):
        return _RawPage(page.width, page.height, problem=GARBLED)
    words = list(words_of(page))
    struck = find_struck(page, words, drawn.across, [note.box for note in annotations if note.kind == "struck"])
    covered = find_covered(page, words, drawn.dark)
    left_out = struck.indices | covered.indices
    seen = seen_lines(read_lines(page, words_of(page, left_out) if left_out else words), page, drawn)
    if is_garbled(" ".join(line.text for line in seen.lines)):
        return _RawPage(page.width, page.height, problem=GARBLED)
    counts = LeftOut(struck.passages, covered.passages, seen.hidden, seen.across)
    return _RawPage(page.width, page.height, seen.lines, "", None, drawn, annotations, counts)


def _second_reader(data: bytes, source: str) -> pypdf.PdfReader | None:
    """Open the file with pypdf, with the empty password if it is encrypted; None where pypdf cannot."""
    import pypdf

    try:
        reader = pypdf.PdfReader(BytesIO(data))
        opened = not reader.is_encrypted or bool(reader.decrypt(""))
        return reader if opened and len(reader.pages) >= 0 else None
    except MemoryError:
        raise
    except Exception as error:  # pypdf raises far more than its own errors for broken files
        _log.warning("%s: pypdf cannot open it (%s: %s)", source, type(error).__name__, error)
        return None


def _pages_of_second_reader(reader: pypdf.PdfReader | None, source: str, error: Exception) -> int:
    from pypdfium2.raw import FPDF_ERR_PASSWORD

    if reader is not None:
        return len(reader.pages)
    if getattr(error, "err_code", None) == FPDF_ERR_PASSWORD:
        raise DocumentError(f"{source} is protected by a password.", "Save a copy without the password and add that.")
    raise DocumentError(f"{source} is broken or is no PDF.", "Open it in a PDF viewer; if that works, print it to a new PDF.")


def _use_second_reader(pages: Sequence[_RawPage], reader: pypdf.PdfReader | None) -> None:
    """Fill in the pages without text what pypdf finds there, or say that there is none."""
    for number, page in enumerate(pages):
        if page.lines:
            continue
        if page.left_out.any():
            page.problem = "Its text is struck out, blacked out or hidden."
            continue
        page.plain = _second_text(reader, number)
        if is_garbled(page.plain):
            page.plain, page.problem = "", GARBLED
        page.problem = None if page.plain.strip() else page.problem or _NO_TEXT


def _read_pictures(data: bytes, pages: Sequence[_RawPage]) -> None:
    """Read the pictures of pages without text, and those whose letters cannot be told, as far as the processor time allows."""
    waiting = [
        number
        for number, page in enumerate(pages)
        if not (page.lines or page.plain.strip() or page.left_out.any()) and (page.drawn.pictures or page.problem == GARBLED)
    ]
    if not waiting:
        return
    if not ocr.is_installed():
        for number in waiting:
            pages[number].problem = f"{pages[number].problem or _NO_TEXT} {ocr.REMEDY}"
        return
    import pypdfium2

    slowest, file = _FIRST_PICTURE, sha256(data).hexdigest()
    with pypdfium2.PdfDocument(data) as document:
        for number in waiting:
            name = f"page-{file}-{number + 1}"
            picture = ocr.kept_reading(name)
            if picture is None and processor_time_left() < 2 * slowest:
                pages[number].problem = ocr.NO_TIME
                continue
            start = process_time()
            pages[number].lines, confidence = picture or ocr.read_once(document[number], name)
            slowest = max(slowest, process_time() - start)
            if pages[number].lines:
                pages[number].ocr, pages[number].problem = confidence, None


def _second_text(reader: pypdf.PdfReader | None, number: int) -> str:
    if reader is None:
        return ""
    try:
        return clean(reader.pages[number].extract_text())[:MOST_CHARACTERS_OF_A_PAGE]
    except MemoryError:
        raise
    except Exception as error:  # see _second_reader
        _log.warning("page %d: pypdf cannot read it (%s: %s)", number + 1, type(error).__name__, error)
        return ""


def _properties(reader: pypdf.PdfReader | None, pages: int, source: str) -> _Properties:
    if reader is None:
        return _Properties()
    try:
        metadata: Mapping[str, object] = reader.metadata or {}
        labels = reader.page_labels
        return _Properties(
            title=str(metadata.get("/Title") or ""),
            date=str(metadata.get("/CreationDate") or ""),
            labels=labels if len(labels) == pages else (),
            outline=dict(_outline(reader.outline)),
        )
    except MemoryError:
        raise
    except Exception as error:  # see _second_reader
        _log.warning("%s: its properties cannot be read (%s: %s)", source, type(error).__name__, error)
        return _Properties()


def _outline(entries: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """Yield the letters and the level of each entry of the outline."""
    pending = [(entry, 1) for entry in reversed(entries)]
    for _ in range(_MOST_OUTLINE_ENTRIES):
        if not pending:
            return
        entry, level = pending.pop()
        if isinstance(entry, list):
            pending += [(child, level + 1) for child in reversed(entry)]
        elif folded := letters(str(entry.title or "")):
            yield folded, level
