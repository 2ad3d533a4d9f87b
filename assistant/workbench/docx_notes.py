"""A Word document with real footnotes: their part, styles and settings, which python-docx has no functions for."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.workbench.notes import Block, Footnote, Note

_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_TEXT, _MARK, _LINK = "footnote text", "footnote reference", "Hyperlink"
_SEPARATORS = ((-1, "separator"), (0, "continuationSeparator"))
_AFTER_FOOTNOTES = ("endnotePr", "compat", "docVars", "rsids", "mathPr", "themeFontLang", "clrSchemeMapping")


def as_docx(note: Note) -> bytes:
    """Return the answers as DOCX: each question a heading, each use of a citation a footnote."""
    from docx import Document
    from docx.shared import Mm

    document = Document()
    for section in document.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
    properties = document.core_properties
    properties.title, properties.author, properties.comments, properties.language = note.title, "", "", note.language
    _add_styles(document)
    footnotes = _Footnotes(document)
    document.add_heading(note.title, 0)
    document.add_paragraph(note.about)
    for entry in note.entries:
        document.add_heading(entry.question, 1)
        for remark in entry.remarks:
            document.add_paragraph().add_run(remark).bold = True
        for block in entry.blocks:
            _write(document, block, footnotes)
        if entry.table:
            _write_table(document, entry.table)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _add_styles(document: Any) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    text = document.styles.add_style(_TEXT, WD_STYLE_TYPE.PARAGRAPH, builtin=True)
    text.base_style = document.styles["Normal"]
    text.font.size = Pt(9)
    text.paragraph_format.space_after = Pt(2)
    document.styles.add_style(_MARK, WD_STYLE_TYPE.CHARACTER, builtin=True).font.superscript = True
    link = document.styles.add_style(_LINK, WD_STYLE_TYPE.CHARACTER, builtin=True)
    link.font.color.rgb, link.font.underline = RGBColor(0x05, 0x63, 0xC1), True


def _write(document: Any, block: Block, footnotes: _Footnotes) -> None:
    paragraph = document.add_paragraph(style="List Bullet" if block.kind == "list_item" else None)
    run = paragraph.add_run(block.text)
    run.italic = True if block.kind == "note" else None
    run.font.strike = True if block.support == "unsupported" else None
    if block.mark:
        paragraph.add_run(f" {block.mark}").italic = True
    for position, footnote in enumerate(block.footnotes):
        if position:
            paragraph.add_run(", ", style=_MARK)
        paragraph.add_run(style=_MARK)._r.append(_element("w:footnoteReference", {"w:id": str(footnote.number)}))
        footnotes.add(footnote)


def _write_table(document: Any, rows: Sequence[Mapping[str, str]]) -> None:
    """Write rows with a header that is repeated on each page; cells are reached by their XML, which is fast."""
    from docx.text.paragraph import Paragraph

    cells = [list(rows[0]), *(list(row.values()) for row in rows)]
    table = document.add_table(len(cells), len(cells[0]), style="Table Grid")
    for number, (row, texts) in enumerate(zip(table._tbl.tr_lst, cells, strict=True)):
        for cell, text in zip(row.tc_lst, texts, strict=False):
            Paragraph(cell.p_lst[0], table).add_run(text).bold = True if number == 0 else None
    table._tbl.tr_lst[0].get_or_add_trPr().append(_element("w:tblHeader"))


class _Footnotes:
    """The part of a package that holds its footnotes, related to the document and named in its settings."""

    def __init__(self, document: Any) -> None:
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.opc.packuri import PackURI
        from docx.opc.part import XmlPart

        self._styles = {style: document.styles[style].style_id for style in (_TEXT, _MARK, _LINK)}
        self._root = _element("w:footnotes")
        for identifier, kind in _SEPARATORS:
            footnote = _element("w:footnote", {"w:type": kind, "w:id": str(identifier)})
            footnote.append(_paragraph(None, _run(_element(f"w:{kind}"))))
            self._root.append(footnote)
        package = document.part.package
        self._part = XmlPart(PackURI("/word/footnotes.xml"), _CONTENT_TYPE, self._root, package)
        document.part.relate_to(self._part, RELATIONSHIP_TYPE.FOOTNOTES)
        named = _element("w:footnotePr")
        for identifier, _ in _SEPARATORS:
            named.append(_element("w:footnote", {"w:id": str(identifier)}))
        settings = document.settings.element
        later = [child for child in settings if child.tag.rpartition("}")[2] in _AFTER_FOOTNOTES]
        settings.insert(list(settings).index(later[0]) if later else len(settings), named)

    def add(self, footnote: Footnote) -> None:
        """Add a footnote: its mark, the place, the quote, and the link where the document can be read."""
        from docx.opc.constants import RELATIONSHIP_TYPE

        told = f" {footnote.place}: {footnote.quote} ({footnote.source})"
        mark = _run(_element("w:footnoteRef"), self._styles[_MARK])
        paragraph = _paragraph(self._styles[_TEXT], mark, _run(_text(told)))
        if footnote.address:
            identifier = self._part.relate_to(footnote.address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
            link = _element("w:hyperlink", {"r:id": identifier})
            link.append(_run(_text(footnote.address), self._styles[_LINK]))
            paragraph.append(_run(_text(" ")))
            paragraph.append(link)
        holder = _element("w:footnote", {"w:id": str(footnote.number)})
        holder.append(paragraph)
        self._root.append(holder)


def _element(tag: str, attributes: Mapping[str, str] | None = None) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import nsmap, qn

    element = OxmlElement(tag, nsdecls={prefix: nsmap[prefix] for prefix in ("w", "r")})
    for name, value in (attributes or {}).items():
        element.set(qn(name), value)
    return element


def _run(content: Any, style: str | None = None) -> Any:
    run = _element("w:r")
    if style:
        run.append(_element("w:rPr"))
        run[0].append(_element("w:rStyle", {"w:val": style}))
    run.append(content)
    return run


def _text(text: str) -> Any:
    element = _element("w:t", {"xml:space": "preserve"})
    element.text = text
    return element


def _paragraph(style: str | None, *runs: Any) -> Any:
    paragraph = _element("w:p")
    if style:
        paragraph.append(_element("w:pPr"))
        paragraph[0].append(_element("w:pStyle", {"w:val": style}))
    for run in runs:
        paragraph.append(run)
    return paragraph
