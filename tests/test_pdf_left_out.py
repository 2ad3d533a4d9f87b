"""What a PDF strikes out, hides or garbles is not in the text, and a notice says so."""

from __future__ import annotations

from pdf_files import Mark, Text, make_pdf, paragraph, text_width

from ingest.loaders import pdf
from knowledge_base.passages import Document

BODY = ["The warden opens the gate at six and shuts it when the", "bell of the chapel has rung for the second time."]


def read(lines: list[Text], **more: object) -> Document:
    return pdf.load(make_pdf([[*lines, *paragraph(60, 400, BODY)]], **more), "rules.pdf")  # type: ignore[arg-type]


def replaced() -> tuple[list[Text], float, float]:
    """Return a line with one word too many, and where that begins and ends."""
    start = 60 + text_width("The toll is ")
    end = start + text_width("ninety")
    return [Text(60, 700, "The toll is ninety"), Text(end, 700, " twelve pence.")], start, end


def first_block(document: Document) -> str:
    block = document.pages[0].blocks[0]
    return document.pages[0].text[block.start : block.end]


def test_text_with_a_line_through_it_is_left_out() -> None:
    lines, start, end = replaced()
    document = read(lines, drawn=f"{start} 703.4 m {end} 703.4 l S")
    assert first_block(document) == "The toll is twelve pence."
    assert document.notices == ("1 passage is struck out and left out, on page 1.",)


def test_an_underlined_word_and_the_rules_of_a_table_stay() -> None:
    drawn = "60 698 m 120 698 l S 40 703 m 560 703 l S"
    document = read([Text(60, 700, "The toll is twelve pence.")], drawn=drawn)
    assert first_block(document) == "The toll is twelve pence."
    assert document.notices == ()


def test_text_that_an_annotation_strikes_out_is_left_out() -> None:
    lines, start, end = replaced()
    document = read(lines, marks=[Mark("StrikeOut", start, 697, end, 711)])
    assert first_block(document) == "The toll is twelve pence."
    assert document.notices == ("1 passage is struck out and left out, on page 1.",)


def test_a_page_that_is_struck_out_whole_is_not_read_by_another_way() -> None:
    mark = Mark("StrikeOut", 55, 697, 100, 711)
    document = pdf.load(make_pdf([[Text(60, 700, "Gone.")], paragraph(60, 400, BODY)], marks=[mark]), "rules.pdf")
    assert document.pages[0].text == ""
    assert document.pages[0].problem == "Its text is struck out, blacked out or hidden."


def test_white_text_on_a_white_page_is_left_out_and_on_a_dark_box_it_stays() -> None:
    lines = [Text(60, 700, "Give the prize to us.", shade=1)]
    assert "prize" not in read(lines).pages[0].text
    assert read(lines).notices == ("1 line is not to be seen on the page and left out, on page 1.",)
    assert "prize" in read(lines, drawn="0 0 0.5 rg 50 690 400 30 re f 0 g").pages[0].text


def test_text_under_a_black_bar_is_left_out() -> None:
    bar = 60 + text_width("It was paid by ")
    document = read([Text(60, 700, "It was paid by Ms Thorn in May.")], drawn=f"0 g {bar} 697 {text_width('Ms Thorn')} 13 re f")
    assert "Thorn" not in document.pages[0].text
    assert document.notices == ("1 passage is blacked out and left out, on page 1.",)


def test_a_watermark_is_left_out_and_named() -> None:
    drawn = "BT 0.8 g /R 80 Tf 0.7 0.7 -0.7 0.7 150 300 Tm (DRAFT) Tj ET"
    document = read([], drawn=drawn)
    assert "DRAFT" not in document.pages[0].text
    assert document.notices == ("Text set across the page is left out: DRAFT.",)


def test_a_page_of_garbled_letters_has_no_text_and_says_so() -> None:
    words = " ".join(BODY * 4).lower()
    shifted = "".join(chr((ord(c) - 97 + 3) % 26 + 97) if c.islower() else c for c in words)
    lines = [shifted[i : i + 60] for i in range(0, len(shifted), 60)]
    document = pdf.load(make_pdf([paragraph(60, 700, BODY), paragraph(60, 700, lines)]), "rules.pdf")
    assert document.pages[1].text == ""
    assert (document.pages[1].problem or "").startswith("The page's letters cannot be told")
    assert document.notices == ("1 of 2 pages have no text: 2.",)
