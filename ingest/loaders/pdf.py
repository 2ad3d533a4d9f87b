"""Read PDF: the text of each page with its structure, and the way back to the characters on the page."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ctypes import create_string_buffer
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from math import hypot, pi
from typing import TYPE_CHECKING, Any

from ingest.loaders.characters import clean
from ingest.loaders.pdf_pages.lines import Box, Line, read_lines, running_lines
from ingest.loaders.pdf_pages.properties import choose_date, choose_title
from ingest.loaders.pdf_pages.structure import levels_of, page_units, plain_page, write_page
from ingest.loaders.pdf_pages.style import letters, measure
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document, Page

if TYPE_CHECKING:
    import pypdf

VERSION = 1
MOST_PAGES = 20_000
MOST_CHARACTERS_OF_A_PAGE = 1_000_000
MOST_CHARACTERS = 20_000_000
_MOST_OUTLINE_ENTRIES = 5_000
_ANGLES_SAMPLED = 50
_LONGEST_FONT_NAME = 128
_BOLD_NAME = re.compile(rb"bold|black|heavy", re.IGNORECASE)
_BOLD = 700
_OUTER_PAGES = 2
_NO_TEXT = "The page has no text of its own; it may be a picture."
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _RawPage:
    """What was read of a page before the document's style is known: lines, or a second reader's text."""

    width: float = 0.0
    height: float = 0.0
    lines: list[Line] = field(default_factory=list)
    plain: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Properties:
    """What the file says of itself: title, PDF date, page labels, and outline (letters of a title -> level)."""

    title: str = ""
    date: str = ""
    labels: Sequence[str] = ()
    outline: dict[str, int] = field(default_factory=dict)


def load(data: bytes, source: str) -> Document:
    """Read a PDF. Raise DocumentError if it needs a password, is broken, too large, or has no text on any page."""
    reader = _second_reader(data, source)
    raw_pages = list(_read_pages(data, source, reader))
    _use_second_reader(raw_pages, reader)
    if not any(page.lines or page.plain.strip() for page in raw_pages):
        raise DocumentError(
            f"{source} has no searchable text: it looks like a scan.",
            "Run OCR on it (ocrmypdf does that, for example) and add the result.",
        )
    return _document(data, source, raw_pages, _properties(reader, len(raw_pages), source))


def _document(data: bytes, source: str, raw_pages: Sequence[_RawPage], properties: _Properties) -> Document:
    running = running_lines([page.lines for page in raw_pages], [page.height for page in raw_pages])
    lines = [
        [line for line in page.lines if line.order not in dropped] for page, dropped in zip(raw_pages, running, strict=True)
    ]
    style = measure(lines, properties.outline)
    units = [page_units(kept, style, page.width) for kept, page in zip(lines, raw_pages, strict=True)]
    levels = levels_of(units)
    labels = [*properties.labels, *[None] * len(raw_pages)]
    pages = []
    for number, (raw, page) in enumerate(zip(raw_pages, units, strict=True), 1):
        label = labels[number - 1]
        if page:
            pages.append(write_page(page, style, levels, number, label))
        elif raw.plain.strip():
            pages.append(plain_page(raw.plain, number, label))
        else:
            pages.append(Page(number, label, "", problem=raw.problem or _NO_TEXT))
    cover = next(([unit for unit, _ in page] for page in units if page), [])
    return Document(
        source=source,
        title=choose_title(properties.title, cover if lines[0] else [], style, source),
        content_hash=sha256(data).hexdigest(),
        language=None,
        pages=tuple(pages),
        kind="pdf",
        date=choose_date(properties.date, _outer_blocks(pages)),
        notices=tuple(_notices(pages)),
    )


def _outer_blocks(pages: Sequence[Page]) -> Iterator[str]:
    """Yield the blocks of the first and the last pages, where a document states its date."""
    outer = range(len(pages))
    for number in sorted({*outer[:_OUTER_PAGES], *outer[-_OUTER_PAGES:]}):
        yield from (pages[number].text[block.start : block.end] for block in pages[number].blocks)


def _notices(pages: Sequence[Page]) -> Iterator[str]:
    without = [str(page.number) for page in pages if page.problem]
    if without:
        shown = ", ".join(without[:20]) + (", ..." if len(without) > 20 else "")
        yield f"{len(without)} of {len(pages)} pages have no text: {shown}."


def _read_pages(data: bytes, source: str, reader: pypdf.PdfReader | None) -> Iterator[_RawPage]:
    """Yield the pages as pypdfium2 reads them; empty ones where it cannot open the file and the second reader can."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
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
            characters = _Characters(page, text_page)
            return _RawPage(characters.width, characters.height, read_lines(characters))
        finally:
            text_page.close()
            page.close()
    except (pypdfium2.PdfiumError, DocumentError, ValueError) as error:
        return _RawPage(problem=f"The page cannot be read: {error}")


class _Characters:
    """The characters of a page as pypdfium2 has them, their boxes turned as the page is read."""

    def __init__(self, page: Any, text_page: Any) -> None:
        import pypdfium2.raw

        self._raw, self._text_page = pypdfium2.raw, text_page
        self._name = create_string_buffer(_LONGEST_FONT_NAME)
        self._rectangle, self._matrix = pypdfium2.raw.FS_RECTF(), pypdfium2.raw.FS_MATRIX()
        self._left, self._bottom, right, top = page.get_bbox()
        self._across, self._up = right - self._left, top - self._bottom
        self.codes = self._read_codes()
        self._quarter_turns = self._text_direction()
        self.width, self.height = (self._up, self._across) if self._quarter_turns % 2 else (self._across, self._up)

    def _read_codes(self) -> Sequence[int]:
        count = self._text_page.count_chars()
        if count > MOST_CHARACTERS_OF_A_PAGE:
            raise DocumentError(f"it has {count} characters; the limit is {MOST_CHARACTERS_OF_A_PAGE}.")
        unicode_at, text_page = self._raw.FPDFText_GetUnicode, self._text_page
        codes = [unicode_at(text_page, index) for index in range(count)]
        return [code if code < 0x110000 else 0 for code in codes]

    def _text_direction(self) -> int:
        """Return the quarter turns, to the left, in which most of the text is set; the page's own turn says less."""
        sample = range(0, len(self.codes), max(1, len(self.codes) // _ANGLES_SAMPLED))
        angles = (self._raw.FPDFText_GetCharAngle(self._text_page, index) for index in sample if self.codes[index] > 32)
        turns = Counter(-round(angle / (pi / 2)) % 4 for angle in angles if angle >= 0)
        return turns.most_common(1)[0][0] if turns else 0

    def box(self, index: int) -> Box:
        """Return the box of a character in points, the page turned so that its text runs from left to right."""
        rectangle = self._rectangle
        if not self._raw.FPDFText_GetLooseCharBox(self._text_page, index, rectangle):
            return Box(0.0, 0.0, 0.0, 0.0)
        left, right = rectangle.left - self._left, rectangle.right - self._left
        bottom, top = rectangle.bottom - self._bottom, rectangle.top - self._bottom
        if self._quarter_turns == 1:
            return Box(bottom, self._across - right, top, self._across - left)
        if self._quarter_turns == 2:
            return Box(self._across - right, self._up - top, self._across - left, self._up - bottom)
        if self._quarter_turns == 3:
            return Box(self._up - top, left, self._up - bottom, right)
        return Box(left, bottom, right, top)

    def size(self, index: int) -> float:
        """Return the size of a character's font in points, as set on the page."""
        size = float(self._raw.FPDFText_GetFontSize(self._text_page, index))
        if not self._raw.FPDFText_GetMatrix(self._text_page, index, self._matrix):
            return size
        return size * hypot(self._matrix.c, self._matrix.d)

    def weight(self, index: int) -> int:
        """Return the weight of a character's font; a name such as `Helvetica-Bold` counts where the file gives none."""
        length = self._raw.FPDFText_GetFontInfo(self._text_page, index, self._name, len(self._name), None)
        named = _BOLD_NAME.search(self._name.raw[:length]) is not None
        weight = int(self._raw.FPDFText_GetFontWeight(self._text_page, index))
        return max(weight, _BOLD) if named else weight


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
        page.plain = _second_text(reader, number)
        page.problem = None if page.plain.strip() else page.problem or _NO_TEXT


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
