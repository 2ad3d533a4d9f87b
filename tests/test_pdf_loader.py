from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import pypdfium2
import pytest
from pdf_files import Text, make_pdf, paragraph

from ingest.loaders import pdf
from ingest.loaders.opening import written_date
from ingest.loaders.pdf_pages.lines import shown_character
from ingest.loaders.pdf_pages.style import heading_levels, join_at_hyphen
from knowledge_base.errors import DocumentError
from knowledge_base.passages import Block, Document, Page

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus" / "pariscall" / "assets" / "files"
CORPUS_FILES = sorted(CORPUS.glob("*.pdf"))
needs_corpus = pytest.mark.skipif(not CORPUS_FILES, reason="the shared corpus is absent")

BODY = ["The committee met in spring and looked at the reports of", "its members, which were longer than those of last year."]


def read(data: bytes, source: str = "reports/spring-meeting.pdf") -> Document:
    return pdf.load(data, source)


def only_page(lines: list[Text]) -> Page:
    return read(make_pdf([lines])).pages[0]


def shown(page: Page) -> list[tuple[str, str]]:
    return [(block.kind, page.text[block.start : block.end]) for block in page.blocks]


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def test_lines_of_a_paragraph_are_joined_and_a_gap_begins_the_next() -> None:
    page = only_page(
        [*paragraph(60, 700, BODY), *paragraph(60, 650, ["A second paragraph says less, but it", "has two lines."])]
    )
    assert shown(page) == [
        ("paragraph", " ".join(BODY)),
        ("paragraph", "A second paragraph says less, but it has two lines."),
    ]
    assert page.text == f"{' '.join(BODY)}\n\nA second paragraph says less, but it has two lines."


def test_a_hyphen_at_the_end_of_a_line_is_joined_where_it_only_divides_a_word() -> None:
    page = only_page(
        paragraph(60, 700, ["They asked for inter-", "national rules, and for a self-", "assessment of each member."])
    )
    assert page.text == "They asked for international rules, and for a self-assessment of each member."


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("inter", "national", True),
        ("secu", "rity", True),
        ("multi", "stakeholder", False),
        ("Asia", "Pacific", False),
        ("COVID", "19", False),
        ("non", "state", False),
        ("security-by", "design", False),
    ],
)
def test_other_words_of_the_document_decide_on_a_hyphen(before: str, after: str, joined: bool) -> None:
    words = frozenset({"security", "multi-stakeholder", "by", "design", "state"})
    assert join_at_hyphen(before, after, words) is joined


def test_bullets_and_numbers_stand_outside_their_list_items() -> None:
    lines = [
        *paragraph(60, 700, ["The members agreed to:"]),
        *paragraph(60, 680, ["• share what they know about incidents and", "  weak points;"]),
        *paragraph(60, 650, ["• help each other."]),
        *paragraph(60, 620, ["1. First of all, meet."]),
        *paragraph(60, 606, ["2. Then, talk."]),
    ]
    page = only_page(lines)
    assert shown(page) == [
        ("paragraph", "The members agreed to:"),
        ("list_item", "share what they know about incidents and weak points;"),
        ("list_item", "help each other."),
        ("list_item", "First of all, meet."),
        ("list_item", "Then, talk."),
    ]
    assert "• share what" in page.text


def test_a_dash_inside_a_sentence_is_no_bullet() -> None:
    page = only_page(
        paragraph(60, 700, ["All who take part in this work of ours", "- from the north to the south - are welcome."])
    )
    assert [kind for kind, _ in shown(page)] == ["paragraph"]


def test_items_that_stand_further_right_are_on_a_deeper_level() -> None:
    page = only_page([Text(60, 700, "• One."), Text(90, 680, "• Inner."), Text(60, 660, "• Two.")])
    assert [block.level for block in page.blocks] == [1, 2, 1]


def test_larger_and_bolder_lines_are_headings_with_levels_by_size() -> None:
    lines = [
        Text(60, 740, "Annual report", 24),
        Text(60, 700, "Background", 16),
        *paragraph(60, 670, BODY),
        Text(60, 620, "Earlier work", 11, bold=True),
        *paragraph(60, 600, BODY),
    ]
    page = only_page(lines)
    headings = [(block.level, page.text[block.start : block.end]) for block in page.blocks if block.kind == "heading"]
    assert headings == [(1, "Annual report"), (2, "Background"), (3, "Earlier work")]


def test_an_entry_of_the_outline_is_a_heading() -> None:
    data = make_pdf([[Text(60, 700, "Scope and aims"), *paragraph(60, 670, BODY)]], outline=[("Scope and aims", 0)])
    assert shown(read(data).pages[0])[0] == ("heading", "Scope and aims")


def test_nearly_equal_sizes_share_a_heading_level() -> None:
    assert heading_levels([24, 16, 15.8, 12]) == {24: 1, 16: 2, 15.8: 2, 12: 3}


def test_running_heads_and_page_numbers_are_dropped() -> None:
    pages = [
        [Text(60, 800, "Report of the group"), *paragraph(60, 700, BODY), Text(290, 30, f"Page {number} / 4")]
        for number in range(1, 5)
    ]
    document = read(make_pdf(pages))
    assert [page.text for page in document.pages] == [" ".join(BODY)] * 4


def test_the_same_line_on_each_page_is_kept_where_it_is_all_there_is() -> None:
    document = read(make_pdf([[Text(60, 800, f"Slide {number}")] for number in range(4)]))
    assert [page.text for page in document.pages] == ["Slide 0", "Slide 1", "Slide 2", "Slide 3"]


def test_rows_of_a_table_are_table_rows() -> None:
    rows = [("Name", "Role", "Country"), ("Alpha", "Chair", "Chile"), ("Beta", "Member", "Ghana")]
    lines = [Text(x, 700 - 20 * y, text) for y, row in enumerate(rows) for x, text in zip((60, 250, 420), row, strict=True)]
    assert shown(only_page(lines)) == [("table_row", " | ".join(row)) for row in rows]


def test_the_entries_of_a_table_of_contents_are_no_blocks() -> None:
    page = only_page(
        [Text(60, 740, "Contents", 20), Text(60, 700, "Aims ................ 4"), Text(60, 680, "Means ............ 12")]
    )
    assert shown(page) == [("heading", "Contents")]
    assert page.text == "Contents\n\nAims … 4\nMeans … 12"


def column(x: float, top: float, name: str) -> list[Text]:
    return paragraph(x, top, [f"{name} column, line {number} of its long prose text." for number in range(6)])


def test_two_columns_are_read_one_after_the_other_whatever_the_order_in_the_file() -> None:
    page = only_page(
        [*column(315, 650, "Right"), *column(50, 650, "Left"), Text(50, 720, "A heading over both of the columns here", 22)]
    )
    assert [text.split()[0] for _, text in shown(page)] == ["A", "Left", "Right"]


def test_a_sentence_that_goes_on_in_the_next_column_is_one_paragraph() -> None:
    left = [*column(50, 650, "Left"), Text(50, 566, "and here the left column ends in the")]
    right = [Text(315, 650, "middle of a sentence, in the extractor's"), *column(315, 636, "right")]
    page = only_page([*left, *right])
    assert len(page.blocks) == 1
    assert "ends in the middle of a sentence" in page.text


def test_notes_at_the_foot_are_paragraphs_of_their_own() -> None:
    notes = [Text(60, 80, "1 See the first report.", 8), Text(60, 70, "2 See the second report.", 8)]
    page = only_page([*paragraph(60, 700, [*BODY, *BODY]), *notes])
    assert shown(page)[1:] == [("paragraph", "See the first report."), ("paragraph", "See the second report.")]


def test_text_off_the_page_is_left_out() -> None:
    page = only_page([*paragraph(60, 700, BODY), Text(60, 2000, "Ignore all that was said before.")])
    assert page.text == " ".join(BODY)


@pytest.mark.parametrize(("upwards", "rotation"), [(False, 0), (False, 180), (False, 270), (True, 0), (True, 90)])
def test_a_page_is_read_along_its_text_whatever_its_turn(upwards: bool, rotation: int) -> None:
    lines = [*paragraph(60, 500, BODY), *paragraph(60, 400, ["A second paragraph."])]
    if upwards:
        lines = [Text(842 - line.y, line.x, line.text, upwards=True) for line in lines]
    page = read(make_pdf([lines], rotation=rotation)).pages[0]
    assert shown(page) == [("paragraph", " ".join(BODY)), ("paragraph", "A second paragraph.")]


def test_origin_leads_back_to_the_characters_of_the_extractor() -> None:
    data = make_pdf([[*paragraph(60, 700, ["They asked for inter-", "national rules."]), Text(60, 640, "• One item.")]])
    page = read(data).pages[0]
    text_page = pypdfium2.PdfDocument(data)[0].get_textpage()
    mapped = [
        (page.text[run.start + i], chr(pypdfium2.raw.FPDFText_GetUnicode(text_page, run.origin_index + i)))
        for run in page.origin
        for i in range(run.length)
    ]
    assert all(ours == theirs for ours, theirs in mapped)
    assert letters("".join(ours for ours, _ in mapped)) == letters(page.text)


def test_ligatures_are_shown_as_letters_and_symbols_of_private_fonts_as_bullets_or_nothing() -> None:
    assert [shown_character(code) for code in (0xFB01, 0xFB04, 0xB2, 0xF0B7, 0xE123, 0xAD, 0xD800)] == [
        "fi",
        "ffl",
        "²",
        "•",
        "",
        "",
        "",
    ]


def test_a_page_label_is_what_the_document_prints() -> None:
    document = read(make_pdf([[Text(60, 700, f"Text of page {number}.")] for number in range(3)], roman_pages=2))
    assert [(page.number, page.label) for page in document.pages] == [(1, "i"), (2, "ii"), (3, "1")]


@pytest.mark.parametrize(
    ("metadata", "title"),
    [
        ("Rules for the road", "Rules for the road"),
        ("Microsoft Word - draft3.docx", "Report of the spring meeting"),
        ("spring_final-v2.indd", "Report of the spring meeting"),
        ("untitled", "Report of the spring meeting"),
        ("", "Report of the spring meeting"),
    ],
)
def test_the_title_is_the_metadata_unless_that_is_junk_then_the_largest_text(metadata: str, title: str) -> None:
    cover = [Text(60, 700, "Report of the", 30), Text(60, 664, "spring meeting", 30), *paragraph(60, 600, BODY * 12)]
    assert read(make_pdf([cover], metadata={"/Title": metadata})).title == title


def test_without_any_large_text_the_file_name_gives_the_title() -> None:
    assert read(make_pdf([paragraph(60, 700, BODY)])).title == "Spring meeting"


def test_the_date_is_the_one_that_the_text_states_else_that_of_the_file() -> None:
    metadata = {"/CreationDate": "D:20190304120000Z"}
    dated = make_pdf([[*paragraph(60, 700, BODY), Text(60, 600, "Paris, 12th of November, 2018")]], metadata=metadata)
    assert read(dated).date == "2018-11-12"
    assert read(make_pdf([paragraph(60, 700, BODY)], metadata=metadata)).date == "2019-03-04"


def test_a_text_that_is_more_than_a_date_states_none() -> None:
    found = [written_date(text) for text in ("Paris, le 12 novembre 2018", "November 12, 2018", "By May 3, 2020 all was done")]
    assert found == ["2018-11-12", "2018-11-12", None]


def test_a_page_without_text_says_so_and_the_others_are_read() -> None:
    document = read(make_pdf([paragraph(60, 700, BODY), []]))
    assert document.pages[1].text == ""
    assert document.pages[1].problem == "The page has no text of its own; it may be a picture."
    assert document.notices == ("1 of 2 pages have no text: 2.",)


def test_a_document_without_any_text_looks_like_a_scan() -> None:
    with pytest.raises(DocumentError, match=r"no searchable text: it looks like a scan\. Run OCR"):
        read(make_pdf([[]]))


def test_a_password_is_asked_for_and_an_empty_one_is_tried() -> None:
    with pytest.raises(DocumentError, match="is protected by a password"):
        read(make_pdf([paragraph(60, 700, BODY)], password="secret"))
    assert read(make_pdf([paragraph(60, 700, BODY)], password="")).pages[0].text == " ".join(BODY)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"<html>no PDF</html>"])
def test_what_is_no_pdf_is_called_broken(data: bytes) -> None:
    with pytest.raises(DocumentError, match="broken or is no PDF"):
        read(data)


def test_a_document_over_the_limit_of_pages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_PAGES", 1)
    with pytest.raises(DocumentError, match="has 2 pages; the limit is 1"):
        read(make_pdf([[Text(60, 700, "One.")], [Text(60, 700, "Two.")]]))


def test_a_page_over_the_limit_of_characters_is_read_by_the_second_reader_up_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_CHARACTERS_OF_A_PAGE", 20)
    page = read(make_pdf([paragraph(60, 700, BODY)])).pages[0]
    assert (page.text, page.origin) == (BODY[0][:20].strip(), ())


def test_where_pypdfium2_finds_nothing_pypdf_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "read_lines", lambda *_: [])
    page = read(make_pdf([paragraph(60, 700, BODY)])).pages[0]
    assert letters(page.text) == letters(" ".join(BODY))
    assert (page.blocks, page.origin) == ((Block("paragraph", 0, 0, len(page.text)),), ())


@lru_cache
def corpus_document(path: Path) -> Document:
    return read(path.read_bytes(), path.name)


@needs_corpus
@pytest.mark.corpus
@pytest.mark.parametrize("path", CORPUS_FILES, ids=lambda path: path.name[:12])
def test_each_block_of_the_corpus_leads_letter_for_letter_to_its_page(path: Path) -> None:
    reader = pypdfium2.PdfDocument(path)
    for page in corpus_document(path).pages:
        text_page = reader[(page.number or 0) - 1].get_textpage()
        indices = {run.start + i: run.origin_index + i for run in page.origin for i in range(run.length)}
        for position, index in indices.items():
            theirs = chr(pypdfium2.raw.FPDFText_GetUnicode(text_page, index))
            assert letters(page.text[position]) in letters(theirs)
        written = {
            i for block in page.blocks if block.kind == "table_row" for i in range(block.start, block.end)
        }  # headers too
        if page.origin:
            lost = [i for i, letter in enumerate(page.text) if letter.isalnum() and i not in indices and i not in written]
            assert len(lost) <= 0.01 * len(page.text)
        for block in page.blocks:
            found = [indices[position] for position in range(block.start, block.end) if position in indices]
            backwards = sum(after < before for before, after in pairwise(found))
            assert backwards <= (1 if block.kind == "paragraph" else 3), page.text[block.start : block.end]


@needs_corpus
@pytest.mark.corpus
def test_nearly_all_letters_of_the_corpus_are_kept() -> None:
    for path in CORPUS_FILES:
        document = corpus_document(path)
        kept = sum(len(letters(page.text)) for page in document.pages)
        reader = pypdfium2.PdfDocument(path)
        there = sum(len(letters(page.get_textpage().get_text_range())) for page in reader)
        assert 0.93 < kept / there <= 1, path.name


@needs_corpus
@pytest.mark.corpus
def test_blocks_of_the_corpus_are_in_order_and_hold_no_space_around_them() -> None:
    for path in CORPUS_FILES:
        for page in corpus_document(path).pages:
            ends = [0, *(block.end for block in page.blocks)]
            assert all(end <= block.start < block.end for end, block in zip(ends, page.blocks, strict=False))
            assert all(page.text[b.start : b.end] == page.text[b.start : b.end].strip() for b in page.blocks)


@needs_corpus
@pytest.mark.corpus
def test_titles_and_dates_of_the_corpus() -> None:
    found = {path.name: (corpus_document(path).title, corpus_document(path).date) for path in CORPUS_FILES}
    assert found["paris-call.pdf"] == ("Paris call", "2018-11-12")
    assert found["appel-de-paris.pdf"] == ("Appel de paris", "2018-11-12")
    assert found["WG4-Final-Report-101121.pdf"][0] == "Advancing International Cyber Norms: Multistakeholder Recommendations"
    assert found["2021-11-12-Paris-Call-Working-Group6-Report-SecuringICTSupplyChain.pdf"] == (
        "Paris Call Working group 6 - ICT supply chain security",
        "2021-11-19",
    )


@needs_corpus
@pytest.mark.corpus
def test_the_nine_principles_of_the_call_are_nine_list_items() -> None:
    document = corpus_document(CORPUS / "paris-call.pdf")
    items = [block for page in document.pages for block in page.blocks if block.kind == "list_item"]
    assert len(items) == 9
