from __future__ import annotations

import datetime
import io
import zipfile

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import parse_xml

from ingest.loaders.docx import load
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def saved(word: WordDocument) -> bytes:
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def with_body(*paragraphs: str) -> bytes:
    word = docx.Document()
    for paragraph in paragraphs:
        word.element.body.insert(len(word.element.body) - 1, parse_xml(f"<w:p {W}>{paragraph}</w:p>"))
    return saved(word)


def changed(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as original, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in original.namelist():
            content = original.read(name)
            copy.writestr(name, content.replace(old, new, 1) if name == part else content)
    return buffer.getvalue()


def blocks(document: Document) -> list[tuple[str, int, str]]:
    page = document.pages[0]
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


def test_the_body_is_read_in_order() -> None:
    word = docx.Document()
    word.add_heading("The Call", 0)
    word.add_heading("Aims", 2)
    word.add_paragraph("A paragraph.")
    word.add_paragraph("An item", style="List Bullet")
    table = word.add_table(2, 2)
    for cell, text in zip(table._cells, ("Name", "Year", "Call", "2018"), strict=True):
        cell.text = text
    word.add_paragraph("The end.")
    assert blocks(load(saved(word), "a.docx")) == [
        ("heading", 1, "The Call"),
        ("heading", 2, "Aims"),
        ("paragraph", 0, "A paragraph."),
        ("list_item", 1, "An item"),
        ("table_row", 0, "Name | Year"),
        ("table_row", 0, "Call | 2018"),
        ("paragraph", 0, "The end."),
    ]


def test_properties_give_title_and_date() -> None:
    word = docx.Document()
    word.add_paragraph("Text.")
    word.core_properties.title = "A report"
    word.core_properties.modified = datetime.datetime(2021, 11, 12)
    document = load(saved(word), "a.docx")
    assert (document.title, document.date) == ("A report", "2021-11-12")


def test_hidden_and_deleted_text_is_left_out_and_inserted_text_kept() -> None:
    data = with_body(
        "<w:r><w:t xml:space='preserve'>Seen </w:t></w:r>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden </w:t></w:r>"
        "<w:r><w:rPr><w:vanish w:val='0'/></w:rPr><w:t xml:space='preserve'>shown </w:t></w:r>"
        "<w:del w:id='1' w:author='x'><w:r><w:delText>deleted </w:delText></w:r></w:del>"
        "<w:ins w:id='2' w:author='x'><w:r><w:t>inserted</w:t></w:r></w:ins>"
    )
    assert load(data, "a.docx").pages[0].text == "Seen shown inserted"


def test_tabs_breaks_links_and_content_controls_are_read() -> None:
    data = with_body(
        "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>",
        "<w:sdt><w:sdtContent><w:r><w:t>controlled</w:t></w:r></w:sdtContent></w:sdt>",
        "<w:hyperlink><w:r><w:t>linked</w:t></w:r></w:hyperlink>",
    )
    assert load(data, "a.docx").pages[0].text == "a b\nc\n\ncontrolled\n\nlinked"


def control(properties: str, text: str) -> str:
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent><w:r><w:t>{text}</w:t></w:r></w:sdtContent></w:sdt>"


def test_controls_that_nobody_filled_in_are_left_out() -> None:
    data = with_body(
        control("<w:showingPlcHdr/>", "Click here to enter text."),
        control('<w:alias w:val="subject[1]"/>', "Subject"),
        control('<w:tag w:val="town"/>', "Paris"),
        control('<w:showingPlcHdr w:val="0"/>', "12 November"),
    )
    assert blocks(load(data, "a.docx")) == [("paragraph", 0, "Paris"), ("paragraph", 0, "12 November")]
    with pytest.raises(DocumentError, match="no text"):
        load(with_body(control('<w:alias w:val="Title"/>', "Title")), "form.docx")


def test_numbered_paragraphs_are_items_at_their_depth() -> None:
    data = with_body("<w:pPr><w:numPr><w:ilvl w:val='1'/><w:numId w:val='3'/></w:numPr></w:pPr><w:r><w:t>deep</w:t></w:r>")
    assert blocks(load(data, "a.docx")) == [("list_item", 2, "deep")]


def test_a_text_box_is_read_once_after_its_paragraph() -> None:
    compatibility = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    data = with_body(
        f"<w:r><w:t>anchor</w:t></w:r><w:r><mc:AlternateContent {compatibility}><mc:Choice Requires='wps'>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert load(data, "a.docx").pages[0].text == "anchor\n\nboxed"


def test_a_document_type_is_refused() -> None:
    data = changed(with_body("<w:r><w:t>x</w:t></w:r>"), "word/document.xml", b"<w:document", b"<!DOCTYPE a><w:document")
    with pytest.raises(DocumentError, match=r"word/document\.xml declares a document type"):
        load(data, "a.docx")


def test_an_archive_that_expands_too_much_is_refused() -> None:
    text = b"<w:t>" + b"x" * (20 << 20)
    data = changed(with_body("<w:r><w:t>x</w:t></w:r>"), "word/document.xml", b"<w:t>", text)
    with pytest.raises(DocumentError, match=r"expands too much: 21 MB"):
        load(data, "a.docx")


def test_a_locked_or_old_document_is_told_from_a_damaged_one() -> None:
    with pytest.raises(DocumentError, match="password") as raised:
        load(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504), "a.docx")
    assert "without a password" in raised.value.remedy


def test_a_damaged_archive_is_an_error() -> None:
    data = with_body("<w:r><w:t>x</w:t></w:r>")
    with pytest.raises(DocumentError, match="damaged"):
        load(data[: len(data) // 2], "a.docx")


def test_no_text_is_an_error() -> None:
    with pytest.raises(DocumentError, match=r"a\.docx has no text"):
        load(saved(docx.Document()), "a.docx")
