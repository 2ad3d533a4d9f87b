"""DOCX: the body in order, with numbers, notes and tables; what is hidden, struck, deleted or not filled in is left out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ingest.loaders.characters import clean
from ingest.loaders.docx_parts.blocks import BlockReader, write_items
from ingest.loaders.docx_parts.controls import drop_unfilled
from ingest.loaders.docx_parts.notes import write_notes
from ingest.loaders.docx_parts.numbering import Numbering
from ingest.loaders.docx_parts.page_heads import HeadsAndFeet
from ingest.loaders.docx_parts.styles import Styles
from ingest.loaders.docx_parts.text import TextReader, W
from ingest.loaders.opening import is_junk_title
from ingest.loaders.structure import PageWriter, make_document, struck_notice
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document
from knowledge_base.sandbox.office_archive import check_archive

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.opc.coreprops import CoreProperties

VERSION = 4
_BODY = f"{W}body"
_PROPERTIES = "/core-properties"
_UNREAD = frozenset({"chart", "diagramData", "oleObject", "package", "aFChunk"})
_NUMBERING = "/numbering"


def load(data: bytes, source: str) -> Document:
    """Return the document of a DOCX file. Raise DocumentError where it is damaged, unsafe, or has no text."""
    check_archive(data, source)
    word = _open(data, source)
    writer = PageWriter()
    styles = Styles(word)
    texts = TextReader(styles, _addresses(word))
    reader = BlockReader(styles, Numbering(_numbering(word)), texts, writer)
    items = []
    for body in word.element.iter(_BODY):
        drop_unfilled(body)
        items += reader.items(body)
    around = HeadsAndFeet(word, styles, items)
    around.write_heads(writer)
    write_items(writer, items)
    around.write_feet(writer)
    write_notes(writer, word, texts, reader)
    properties = _properties(word)
    title = clean(properties.title or "") if properties else ""
    title = (writer.first_heading() or "") if is_junk_title(title) else title
    left_out = writer.add_links()
    date = properties.modified or properties.created if properties else None
    return make_document(
        data,
        source,
        writer.page(),
        kind="docx",
        title=title,
        date=date.date().isoformat() if date else None,
        notices=(
            struck_notice(texts.struck + writer.struck, texts.deleted),
            _unknown(texts.unknown_symbols),
            _unread(word),
            left_out,
        ),
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


def _properties(word: WordDocument) -> CoreProperties | None:
    """Return title and dates, or None where the file has none: python-docx then makes them up."""
    kinds = (relationship.reltype for relationship in word.part.package.rels.values())
    return word.core_properties if any(kind.endswith(_PROPERTIES) for kind in kinds) else None


def _addresses(word: WordDocument) -> dict[str, str]:
    """Return the addresses of links outside the document, by the id of their relationship."""
    return {key: one.target_ref for key, one in word.part.rels.items() if one.is_external}


def _numbering(word: WordDocument) -> Any | None:  # noqa: ANN401
    return next(_related(word, _NUMBERING), None)


def _related(word: WordDocument, kind: str) -> Iterator[Any]:
    """Yield the roots of the parts of a kind."""
    from docx.oxml import parse_xml

    for relationship in word.part.rels.values():
        if relationship.reltype.endswith(kind) and not relationship.is_external:
            yield parse_xml(relationship.target_part.blob)


def _unread(word: WordDocument) -> str | None:
    """Say how many charts, diagrams and embedded files the document has: they are not read."""
    kinds = [one.reltype.rsplit("/", 1)[-1] for one in word.part.rels.values()]
    unread = sum(kind in _UNREAD for kind in kinds)
    return f"{unread} charts, diagrams or embedded files in it are not read." if unread else None


def _unknown(symbols: int) -> str | None:
    return f"{symbols} signs of symbol fonts are not known and left out." if symbols else None
