"""What stands at the head and foot of every page of a Word document, read once where it says more than the page's number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ingest.loaders.docx_parts.blocks import BlockReader, Table, Text, write_items
from ingest.loaders.docx_parts.controls import drop_unfilled
from ingest.loaders.docx_parts.numbering import Numbering
from ingest.loaders.docx_parts.styles import Styles
from ingest.loaders.docx_parts.text import OFF, TextReader, W
from ingest.loaders.structure import PageWriter

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PAGE_WORDS = re.compile(r"(?:page|seite|p[áa]gina|pagina|of|de|sur|von|di|van|p)?[\W\d]*", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


class HeadsAndFeet:
    """The heads and feet that the sections of a document use; those that repeat what its text says are left out."""

    def __init__(self, word: WordDocument, styles: Styles, items: Sequence[Text | Table]) -> None:
        self._word = word
        self._styles = styles
        self._said = {_letters(text) for item in items for text in _texts(item)}

    def write_heads(self, writer: PageWriter) -> None:
        """Write what stands at the heads."""
        self._write(writer, "headerReference")

    def write_feet(self, writer: PageWriter) -> None:
        """Write what stands at the feet."""
        self._write(writer, "footerReference")

    def _write(self, writer: PageWriter, tag: str) -> None:
        for part in self._parts(tag):
            addresses = {key: one.target_ref for key, one in part.rels.items() if one.is_external}
            texts = TextReader(self._styles, addresses)
            root = _root(part)
            drop_unfilled(root)
            for item in BlockReader(self._styles, Numbering(None), texts, writer).items(root):
                if isinstance(item, Table):
                    if any(self._is_news(text) for text in _texts(item)):
                        write_items(writer, [item])
                elif self._is_news(item.text):
                    write_items(writer, [Text("paragraph", 0, "", item.text)])
                self._said.update(_letters(text) for text in _texts(item))

    def _parts(self, tag: str) -> Iterator[Any]:
        """Yield the parts that the sections refer to, each once; those of first pages only where such pages are set apart."""
        seen = set()
        for section in self._word.element.iter(f"{W}sectPr"):
            title_page = section.find(f"{W}titlePg")
            has_first = title_page is not None and title_page.get(f"{W}val") not in OFF
            for reference in section.iterchildren(f"{W}{tag}"):
                relationship = self._word.part.rels.get(reference.get(_R_ID))
                is_unused = reference.get(f"{W}type") == "first" and not has_first
                if relationship is None or relationship.is_external or is_unused or relationship.rId in seen:
                    continue
                seen.add(relationship.rId)
                yield relationship.target_part

    def _is_news(self, text: str) -> bool:
        """Tell whether a text says more than a page's number and stands nowhere else in the document."""
        words = [word for word in _WORD.findall(text) if not _PAGE_WORDS.fullmatch(word)]
        return bool(words) and _letters(text) not in self._said


def _root(part: Any) -> Any:  # noqa: ANN401
    from docx.oxml import parse_xml

    return parse_xml(part.blob)


def _texts(item: Text | Table) -> Iterator[str]:
    if isinstance(item, Text):
        yield item.text
        return
    for row in item.rows:
        for cell in row:
            yield from (text for inner in cell.items for text in _texts(inner))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
