"""Small characters above the line of a PDF: exponents, and the marks of notes."""

from __future__ import annotations

import pytest
from pdf_files import Text, make_pdf, paragraph, text_width

from ingest.loaders import pdf
from knowledge_base.passages import Page

BODY = ["The society keeps its accounts in silver and has", "them read aloud to all members once a year."]


def page_of(before: str, raised: str, after: str, notes: list[str], gap: float = 0.0) -> Page:
    """Return a page with one line of three pieces, the second one small and raised, and notes at its foot."""
    x, line = 60.0, []
    for text, size, rise in ((before, 11, 0), (raised, 7, 4), (after, 11, 0)):
        line.append(Text(x, 700, text, size, rise=rise))
        x += text_width(text, size) + gap
    foot = [Text(60, 80 - 10 * number, note, 8) for number, note in enumerate(notes)]
    return pdf.load(make_pdf([[*line, *paragraph(60, 660, BODY * 3), *foot]]), "notes.pdf").pages[0]


@pytest.mark.parametrize(
    ("before", "raised", "after", "shown"),
    [
        ("They sold 4 x 10", "6", " pots", "They sold 4 x 10\u2076 pots"),
        ("It weighs 2 x 10", "-3", " grams", "It weighs 2 x 10\u207b\u00b3 grams"),
        ("A field of 300 m", "2", " was sold", "A field of 300 m\u00b2 was sold"),
        ("where y = x", "2", " holds", "where y = x\u00b2 holds"),
    ],
)
def test_an_exponent_is_shown_raised(before: str, raised: str, after: str, shown: str) -> None:
    assert page_of(before, raised, after, ["1 See the first report."]).text.startswith(shown)


@pytest.mark.parametrize(
    ("before", "raised", "after", "shown"),
    [
        ("It was founded in 1987", "4", " by nine clerks", "It was founded in 1987\u2060⁴ by nine clerks"),
        ("Of the pots 19", "4", " were broken", "Of the pots 19\u2060⁴ were broken"),
        ("The oath was sworn.", "4", " Then they left", "The oath was sworn.\u2060⁴ Then they left"),
        ("The oath was sworn", "4", ", and they left", "The oath was sworn\u2060⁴, and they left"),
        ("The oath was sworn", "4", ".", "The oath was sworn\u2060⁴."),
        ("The oath was sworn", "*", " by all", "The oath was sworn by all"),
    ],
)
def test_the_number_of_a_note_is_raised_and_another_mark_taken_out(before: str, raised: str, after: str, shown: str) -> None:
    page = page_of(before, raised, after, ["4 See the fourth report.", "* Not by the clerks."])
    assert page.text.startswith(shown)


def test_an_accent_that_is_drawn_over_a_letter_joins_it() -> None:
    drawn = "BT /R 11 Tf 60 700 Td [(La r´) 333 (egion est ferm´) 333 (ee)] TJ ET"  # as TeX sets it
    page = pdf.load(make_pdf([[Text(60, 660, "A lone ´ stays.")]], drawn=drawn), "accents.pdf").pages[0]
    assert page.text == "La région est fermée\n\nA lone ´ stays."


def test_an_ordinal_stays() -> None:
    assert page_of("on the 3", "rd", " of May", []).text.startswith("on the 3rd of May")


def test_a_note_is_a_block_with_its_mark_as_label() -> None:
    page = page_of("It was founded in 1987", "4", " by nine", ["4 See the fourth report."])
    note = page.blocks[-1]
    assert (page.text[note.start : note.end], note.label) == ("See the fourth report.", "note 4")


def test_the_number_of_a_house_in_a_letter_s_head_is_no_note() -> None:
    head = [Text(400, 760, "Lock House", 8), Text(400, 750, "12 Towpath", 8)]
    page = pdf.load(make_pdf([[*head, *paragraph(60, 700, BODY * 3)]]), "letter.pdf").pages[0]
    assert "12 Towpath" in [page.text[block.start : block.end] for block in page.blocks]


def test_paragraphs_with_a_typed_number_of_several_parts_are_labelled() -> None:
    page = pdf.load(make_pdf([[Text(60, 700, "2.1 Skis count as one."), Text(60, 660, "2.2 Sledges do not.")]]), "t.pdf").pages[
        0
    ]
    assert [block.label for block in page.blocks] == ["2.1", "2.2"]


def test_a_mark_that_stands_apart_leaves_one_space() -> None:
    page = page_of("The oath was sworn", "4", "by all of them", ["4 See the fourth report."], gap=2.0)
    assert page.text.startswith("The oath was sworn\u2060⁴ by all of them")


def test_what_is_left_leads_back_to_its_characters() -> None:
    import pypdfium2

    x = 60 + text_width("Sworn in 1987")
    line = [Text(60, 700, "Sworn in 1987"), Text(x, 700, "4", 7, rise=4), Text(x + 4, 700, " by nine of them.")]
    data = make_pdf([line])
    page = pdf.load(data, "notes.pdf").pages[0]
    text_page = pypdfium2.PdfDocument(data)[0].get_textpage()
    for run in page.origin:
        for i in range(run.length):
            original = chr(pypdfium2.raw.FPDFText_GetUnicode(text_page, run.origin_index + i))
            assert page.text[run.start + i] == original.replace("4", "⁴")
    assert page.text == "Sworn in 1987\u2060⁴ by nine of them."
