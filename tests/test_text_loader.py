from __future__ import annotations

import pytest

from ingest.loaders.text import load
from knowledge_base.errors import DocumentError
from knowledge_base.language.dates import date_line
from knowledge_base.passages import Document


def read(text: str, source: str = "notes.txt") -> Document:
    return load(text.encode(), source)


def blocks(document: Document) -> list[tuple[str, int, str]]:
    page = document.pages[0]
    return [(block.kind, block.level, page.text[block.start : block.end]) for block in page.blocks]


LONG = "This line of a wrapped paragraph is longer than sixty characters, and"


def test_paragraphs_headings_and_items_are_told_apart() -> None:
    text = f"A Title\n\n    {LONG}\n    goes on.\n\nWhat is New?\n\n  • One\n    item\n  • Two\n1. Three\n\nEnds here.\n"
    assert blocks(read(text)) == [
        ("heading", 1, "A Title"),
        ("paragraph", 0, f"{LONG} goes on."),
        ("heading", 2, "What is New?"),
        ("list_item", 1, "One\nitem"),
        ("list_item", 1, "Two"),
        ("list_item", 1, "Three"),
        ("paragraph", 0, "Ends here."),
    ]


def test_short_lines_of_an_address_stay_apart() -> None:
    assert blocks(read("37 Quai d'Orsay\n75007 Paris")) == [("paragraph", 0, "37 Quai d'Orsay\n75007 Paris")]


def test_the_title_is_the_heading_that_the_name_speaks_of() -> None:
    text = f"You are here\n\nParis Call: Another Missed Call?\n\n{LONG}.\n"
    assert read(text, "idsa-paris-call-another-missed-call.txt").title == "Paris Call: Another Missed Call?"
    assert read(text, "a.txt").title == "You are here"
    assert read(f"{LONG}.\n", "some_notes.txt").title == "Some notes"


def test_a_line_that_is_a_date_dates_the_document() -> None:
    assert read("Title\n\n  • December 18, 2018\n\nText follows here.").date == "2018-12-18"
    assert read("It happened on December 18, 2018.").date is None


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("12 novembre 2018", "2018-11-12"),
        ("1er août 2021", "2021-08-01"),
        ("March 3rd 2020", "2020-03-03"),
        ("2021-11-12", "2021-11-12"),
        ("31 February 2020", None),
        ("in 2020", None),
    ],
)
def test_dates_in_english_and_french(line: str, date: str | None) -> None:
    assert date_line(line) == date


def test_a_million_empty_lines_are_no_hindrance() -> None:
    assert read("\n" * 1_000_000 + "Text.").pages[0].text == "Text."


def test_no_text_is_an_error() -> None:
    with pytest.raises(DocumentError, match=r"notes\.txt has no text"):
        read(" \n\t\n")
