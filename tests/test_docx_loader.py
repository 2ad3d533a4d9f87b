from __future__ import annotations

import datetime
import io
import zipfile

import docx
import pytest
from docx.document import Document as WordDocument
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

from ingest.loaders.docx import load
from ingest.loaders.docx_parts.numbering import Numbering
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Document

R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
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


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t xml:space='preserve'>{text}</w:t></w:r>"


def with_part(body: str, kind: str, content: str) -> bytes:
    """Return a document with another part, such as its notes; `body` refers to it by the id of its relationship, `part`."""
    word = docx.Document()
    for element in parse_xml(f"<w:body {W} {R}>{body}</w:body>"):
        word.element.body.insert(len(word.element.body) - 1, element)
    name = PackURI(f"/word/{kind}9.xml")
    part = Part(
        name, f"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml", content.encode(), word.part.package
    )
    word.part.rels.add_relationship(f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}", part, "part")
    return saved(word)


def test_automatic_numbers_are_labels_counted_as_word_counts_them() -> None:
    levels = ("decimal", "Article %1"), ("decimal", "%2."), ("lowerLetter", "(%3)")
    written = "".join(
        f"<w:lvl w:ilvl='{place}'><w:start w:val='1'/><w:numFmt w:val='{form}'/><w:lvlText w:val='{text}'/></w:lvl>"
        for place, (form, text) in enumerate(levels)
    )
    numbering = Numbering(
        parse_xml(
            f"<w:numbering {W}><w:abstractNum w:abstractNumId='1'>{written}</w:abstractNum>"
            "<w:num w:numId='1'><w:abstractNumId w:val='1'/></w:num>"
            "<w:num w:numId='2'><w:abstractNumId w:val='1'/><w:lvlOverride w:ilvl='1'><w:startOverride w:val='5'/>"
            "</w:lvlOverride></w:num>"
            "</w:numbering>"
        )
    )
    asked = [("1", 0), ("1", 1), ("1", 2), ("1", 2), ("1", 1), ("1", 0), ("1", 1), ("2", 1), ("2", 1), ("9", 0)]
    assert [numbering.label(*place) for place in asked] == [
        "Article 1", "1.", "(a)", "(b)", "2.", "Article 2", "1.", "5.", "6.", "",
    ]  # fmt: skip


def test_struck_text_and_tracked_deletions_are_left_out_and_counted() -> None:
    data = with_body(
        run("within ") + run("72", "<w:strike/>") + run("24") + run(" hours"),
        run("An old sentence.", "<w:dstrike/>"),
        run("Kept") + "<w:del w:id='1'><w:r><w:delText> gone</w:delText></w:r></w:del>",
    )
    document = load(data, "a.docx")
    assert document.pages[0].text == "within 24 hours\n\nKept"
    assert document.notices == ("2 struck passages and 1 tracked deletion are left out.",)


def test_raised_marks_stay_where_they_say_something_and_notes_are_blocks() -> None:
    reference = "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:footnoteReference w:id='2'/></w:r>"
    sentence = run("3 x 10") + run("6", "<w:vertAlign w:val='superscript'/>") + run(" in 2031") + reference + run(".")
    notes = f"<w:footnotes {W}><w:footnote w:id='2'><w:p>{run(' Counted by hand.')}</w:p></w:footnote></w:footnotes>"
    page = load(with_part(f"<w:p>{sentence}</w:p>", "footnotes", notes), "a.docx").pages[0]
    assert page.text == "3 x 10⁶ in 2031.\n\nCounted by hand."
    assert [block.label for block in page.blocks] == ["", "note 1"]


def test_a_head_is_read_once_where_it_says_more_than_the_page() -> None:
    number = f"<w:fldSimple w:instr=' PAGE '>{run('7')}</w:fldSimple>"
    head = f"<w:hdr {W}><w:p>{run('File HB-77/2031')}</w:p><w:p>{run('Page ')}{number}</w:p></w:hdr>"
    section = "<w:p><w:pPr><w:sectPr><w:headerReference w:type='default' r:id='part'/></w:sectPr></w:pPr></w:p>"
    assert (
        load(with_part(f"<w:p>{run('Text.')}</w:p>{section}", "header", head), "a.docx").pages[0].text
        == "File HB-77/2031\n\nText."
    )


def test_boxes_of_symbol_fonts_and_forms_are_shown() -> None:
    form = "<w:r><w:fldChar w:fldCharType='begin'><w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData></w:fldChar></w:r>"
    form += "<w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r>"
    data = with_body(
        "<w:r><w:sym w:font='Wingdings' w:char='F0A8'/></w:r>"
        + run(" Yes ")
        + "<w:r><w:sym w:font='Wingdings' w:char='F0FE'/></w:r>"
        + run(" No"),
        form + run(" Tested"),
        run("þ", "<w:rFonts w:ascii='Wingdings'/>") + run(" agreed"),
    )
    assert load(data, "a.docx").pages[0].text == "☐ Yes ☒ No\n\n☒ Tested\n\n☒ agreed"


def test_equations_are_read_on_one_line() -> None:
    def part(name: str, text: str) -> str:
        return f"<m:{name}><m:r><m:t>{text}</m:t></m:r></m:{name}>"

    math = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    data = with_body(f"<m:oMath {math}><m:r><m:t>R=</m:t></m:r><m:f>{part('num', 'L×I')}{part('den', 'a+b')}</m:f></m:oMath>")
    assert load(data, "a.docx").pages[0].text == "R = L × I / (a + b)"


def table(*rows: str) -> str:
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def cell(text: str, properties: str = "", inside: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p>{run(text)}</w:p>{inside}</w:tc>"


def read_table(markup: str) -> list[tuple[str, str, str]]:
    word = docx.Document()
    word.element.body.insert(0, parse_xml(markup.replace("<w:tbl>", f"<w:tbl {W}>", 1)))
    page = load(saved(word), "a.docx").pages[0]
    return [(block.kind, block.label, page.text[block.start : block.end]) for block in page.blocks]


def test_merged_cells_hold_for_all_of_their_rows() -> None:
    merged = cell("Energy", "<w:vMerge w:val='restart'/>"), cell("", "<w:vMerge/>")
    rows = table(
        cell("Sector") + cell("Entity") + cell("Deadline"),
        merged[0] + cell("Electricity") + cell("12 hours"),
        merged[1] + cell("Gas") + cell("24 hours"),
    )
    assert [text for _, _, text in read_table(rows)][2] == "Energy | Entity: Gas | Deadline: 24 hours"


def test_clauses_in_nested_layout_tables_are_read_in_order_with_their_labels() -> None:
    inner = table(cell("(a)") + cell("lights;"), cell("(b)") + cell("a horn."))
    rows = table(
        cell("1.") + cell("A tug has a master."),
        cell("2.") + cell("It carries:", inside=f"{inner}<w:p>{run('No more.')}</w:p>"),
    )
    assert read_table(rows) == [
        ("list_item", "1", "A tug has a master."),
        ("list_item", "2", "It carries:"),
        ("list_item", "(a)", "lights;"),
        ("list_item", "(b)", "a horn."),
        ("paragraph", "", "No more."),
    ]


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
