"""DOCX: the body in order, with headings, lists and tables; hidden and deleted text and unfilled controls are left out."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ingest.loaders.characters import clean
from ingest.loaders.docx_archive import check_archive
from ingest.loaders.docx_styles import Styles
from ingest.loaders.structure import PageWriter, make_document
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

VERSION = 2
_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_W = f"{{{_MAIN}}}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_PARAGRAPH, _TABLE, _ROW, _CELL, _RUN = (f"{_W}{name}" for name in ("p", "tbl", "tr", "tc", "r"))
_TEXT_BOX, _TEXT, _BODY = f"{_W}txbxContent", f"{_W}t", f"{_W}body"
_LEFT_OUT = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}sdtPr", _FALLBACK})
_CHARACTERS = {f"{_W}tab": " ", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_CONTROL, _CONTROL_PROPERTIES, _PLACEHOLDER = f"{_W}sdt", f"{_W}sdtPr", f"{_W}showingPlcHdr"
_NAMES, _VALUE, _INDEX = (f"{_W}alias", f"{_W}tag"), f"{_W}val", re.compile(r"\[.*")
_OFF = ("0", "false", "off")
_NOTES = ("/footnotes", "/endnotes")


def load(data: bytes, source: str) -> Document:
    """Return the document of a DOCX file. Raise DocumentError where it is damaged, unsafe, or has no text."""
    check_archive(data, source)
    word = _open(data, source)
    properties = word.core_properties
    writer = PageWriter()
    styles = Styles(word)
    for body in word.element.iter(_BODY):
        _drop_unfilled(body)
        _write_blocks(writer, body, styles)
    for notes in _notes(word):
        _drop_unfilled(notes)
        _write_blocks(writer, notes, styles)
    page = writer.page()
    first = next((page.text[b.start : b.end] for b in page.blocks if b.kind == "heading"), None)
    date = properties.modified or properties.created
    return make_document(
        data,
        source,
        page,
        kind="docx",
        title=clean(properties.title or "") or first,
        date=date.date().isoformat() if date else None,
    )


def _open(data: bytes, source: str) -> WordDocument:
    import io
    from zipfile import BadZipFile

    import docx
    from docx.opc.exceptions import OpcError
    from lxml import etree

    try:
        return docx.Document(io.BytesIO(data))
    except (BadZipFile, OpcError, etree.LxmlError, zlib.error, KeyError, ValueError, AttributeError, OSError) as error:
        reason = f"{type(error).__name__}: {error}"[:150]
        raise DocumentError(f"{source} is damaged ({reason}).", "Open it in a word processor and save it again.") from error


def _notes(word: WordDocument) -> Iterator[Any]:
    """Yield the roots of footnotes and endnotes."""
    from docx.oxml import parse_xml

    for relationship in word.part.rels.values():
        if relationship.reltype.endswith(_NOTES) and not relationship.is_external:
            yield parse_xml(relationship.target_part.blob)


def _drop_unfilled(root: Any) -> None:  # noqa: ANN401
    """Take out the content controls that nobody filled in: they show a placeholder, or nothing but their own name."""
    for control in list(root.iter(_CONTROL)):
        if _is_unfilled(control):
            control.getparent().remove(control)


def _is_unfilled(control: Any) -> bool:  # noqa: ANN401
    properties = control.find(_CONTROL_PROPERTIES)
    if properties is None:
        return False
    shown = "".join(text.text or "" for text in control.iter(_TEXT)).strip().casefold()
    names = [_INDEX.sub("", name.get(_VALUE, "")).strip().casefold() for tag in _NAMES for name in properties.iter(tag)]
    placeholder = properties.find(_PLACEHOLDER)
    is_placeholder = placeholder is not None and placeholder.get(_VALUE) not in _OFF
    return is_placeholder or (bool(shown) and shown in names)


def _write_blocks(writer: PageWriter, container: Any, styles: Styles) -> None:  # noqa: ANN401
    """Write paragraphs and tables under `container` in order, wherever wrappers such as content controls put them."""
    from lxml import etree

    walk = etree.iterwalk(container, events=("start",), tag=(_PARAGRAPH, _TABLE, *_LEFT_OUT))
    for _, element in walk:
        walk.skip_subtree()
        if element.tag == _TABLE:
            _write_table(writer, element, styles)
        elif element.tag == _PARAGRAPH:
            kind, level = styles.kind(element)
            writer.add(kind, _text(element, styles), level)
            for box in _boxes(element):
                _write_blocks(writer, box, styles)


def _boxes(paragraph: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the text boxes anchored in a paragraph, without their doubles for old programs."""
    from lxml import etree

    walk = etree.iterwalk(paragraph, events=("start",), tag=(_TEXT_BOX, _FALLBACK))
    for _, element in walk:
        walk.skip_subtree()
        if element.tag == _TEXT_BOX:
            yield element


def _write_table(writer: PageWriter, table: Any, styles: Styles) -> None:  # noqa: ANN401
    from lxml import etree

    walk = etree.iterwalk(table, events=("start",), tag=(_ROW, *_LEFT_OUT))
    for _, row in walk:
        walk.skip_subtree()
        if row.tag == _ROW:
            cells = (" ".join(_cell_texts(cell, styles)) for cell in row.iter(_CELL))
            writer.add("table_row", " | ".join(filter(None, cells)))


def _cell_texts(cell: Any, styles: Styles) -> Iterator[str]:  # noqa: ANN401
    """Yield the paragraphs of a cell; those of a table inside it come with that table's own cells."""
    from lxml import etree

    walk = etree.iterwalk(cell, events=("start",), tag=(_PARAGRAPH, _TABLE, *_LEFT_OUT))
    for _, element in walk:
        walk.skip_subtree()
        if element.tag == _PARAGRAPH:
            yield " ".join(_text(element, styles).split())


def _text(paragraph: Any, styles: Styles) -> str:  # noqa: ANN401
    """Return the visible text of a paragraph, its text boxes aside."""
    from lxml import etree

    if styles.hides_paragraph(paragraph):
        return ""
    parts: list[str] = []
    walk = etree.iterwalk(paragraph, events=("start",))
    for _, element in walk:
        if element.tag in _LEFT_OUT or element.tag == _TEXT_BOX or (element.tag == _RUN and styles.hides_run(element)):
            walk.skip_subtree()
        elif element.tag == _TEXT:
            parts.append(element.text or "")
        elif element.tag in _CHARACTERS:
            parts.append(_CHARACTERS[element.tag])
    return clean("".join(parts))
