"""What somebody filled in, wrote over a page or put inside a PDF is read with it."""

from __future__ import annotations

from pdf_files import Mark, Text, make_pdf, paragraph

from ingest.loaders import pdf
from knowledge_base.passages import Document

BODY = ["The warden opens the gate at six and shuts it when the", "bell of the chapel has rung for the second time."]


def blocks(document: Document) -> list[tuple[str, str]]:
    page = document.pages[-1]
    return [(block.kind, page.text[block.start : block.end]) for block in page.blocks]


def test_the_value_of_a_field_stands_behind_its_label() -> None:
    lines = [Text(60, 700, "Name of the boat"), Text(60, 670, "Tonnage: ........"), *paragraph(60, 600, BODY)]
    marks = [Mark("Widget", 200, 695, 400, 713, "Grey Heron"), Mark("Widget", 200, 665, 400, 683, "412")]
    found = blocks(pdf.load(make_pdf([lines], marks=marks), "form.pdf"))
    assert found[:2] == [("field", "Name of the boat: Grey Heron"), ("field", "Tonnage: 412")]


def test_ticked_boxes_stand_before_their_words() -> None:
    lines = [Text(60, 700, "Is it insured?"), Text(220, 700, "yes"), Text(300, 700, "no"), *paragraph(60, 600, BODY)]
    marks = [
        Mark("Widget", 200, 697, 214, 711, ticked=False),
        Mark("Widget", 280, 697, 294, 711, ticked=True),
    ]
    assert blocks(pdf.load(make_pdf([lines], marks=marks), "form.pdf"))[0] == ("field", "Is it insured? ☐ yes ☒ no")


def test_a_ticked_box_may_stand_behind_its_word() -> None:
    lines = [Text(60, 700, "Is it insured?"), Text(220, 700, "Yes"), Text(280, 700, "No"), *paragraph(60, 600, BODY)]
    marks = [Mark("Widget", 245, 697, 259, 711, ticked=False), Mark("Widget", 300, 697, 314, 711, ticked=True)]
    assert blocks(pdf.load(make_pdf([lines], marks=marks), "form.pdf"))[0] == ("field", "Is it insured? Yes ☐ No ☒")


def test_an_empty_field_adds_nothing() -> None:
    lines = [Text(60, 700, "Name of the boat"), *paragraph(60, 600, BODY)]
    found = blocks(pdf.load(make_pdf([lines], marks=[Mark("Widget", 200, 695, 400, 713)]), "form.pdf"))
    assert found[0] == ("paragraph", "Name of the boat")


def test_text_that_is_written_over_a_page_is_read() -> None:
    mark = Mark("FreeText", 60, 500, 300, 520, "Moved to the ninth of June.")
    found = blocks(pdf.load(make_pdf([paragraph(60, 700, BODY)], marks=[mark]), "notice.pdf"))
    assert found == [("paragraph", " ".join(BODY)), ("paragraph", "Moved to the ninth of June.")]


def test_a_document_inside_is_read_under_its_name_and_another_file_is_named() -> None:
    inner = make_pdf([[Text(60, 700, "The fee for a berth is nine shillings.")]])
    data = make_pdf([paragraph(60, 700, BODY)], files={"fees.pdf": inner, "plan.dwg": b"\x00\x01"})
    document = pdf.load(data, "letter.pdf")
    assert blocks(document)[1:] == [("heading", "fees.pdf"), ("paragraph", "The fee for a berth is nine shillings.")]
    assert document.notices == (
        "Files in it are read with its last page: fees.pdf.",
        "Files in it are not read: plan.dwg. Save them and add them as documents of their own.",
    )


def test_a_document_inside_a_document_inside_is_not_read() -> None:
    innermost = make_pdf([[Text(60, 700, "The innermost page.")]])
    inner = make_pdf([[Text(60, 700, "The inner page.")]], files={"innermost.pdf": innermost})
    document = pdf.load(make_pdf([paragraph(60, 700, BODY)], files={"inner.pdf": inner}), "letter.pdf")
    assert "inner page" in document.pages[0].text
    assert "innermost page" not in document.pages[0].text


def test_the_cover_of_a_portfolio_is_no_text() -> None:
    inner = make_pdf([[Text(60, 700, "The fee for a berth is nine shillings.")]])
    data = make_pdf([[Text(60, 700, "Open this in another program.")]], files={"fees.pdf": inner}, is_portfolio=True)
    assert blocks(pdf.load(data, "letters.pdf")) == [
        ("heading", "fees.pdf"),
        ("paragraph", "The fee for a berth is nine shillings."),
    ]
