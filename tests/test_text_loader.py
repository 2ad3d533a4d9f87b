from __future__ import annotations

import unicodedata

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
        ("list_item", 1, "1. Three"),
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


def labels(document: Document) -> list[tuple[str, str]]:
    page = document.pages[0]
    return [(block.label, page.text[block.start : block.end]) for block in page.blocks]


@pytest.mark.parametrize("end", ["\f", ""])
def test_a_sentence_goes_on_over_heads_and_feet_of_pages(end: str) -> None:
    pages = (
        "A keeper lights the lamp at dusk and rings the",
        "bell every two minutes until somebody has come.",
        "The clerk signs.",
    )
    text = "".join(
        f"Handbook of Lamps      June 2031\n\n{body}\n\nLamp Service           Page {number} of 3\n{end}"
        for number, body in enumerate(pages, 1)
    )
    assert [block[2] for block in blocks(read(text))] == [
        "A keeper lights the lamp at dusk and rings the bell every two minutes until somebody has come.", "The clerk signs.",
    ]  # fmt: skip


def test_pages_that_say_the_same_are_not_emptied() -> None:
    assert "The same text." in read("The same text.\n\f" * 4).pages[0].text


def test_a_hyphen_at_the_end_of_a_line_goes_where_the_word_has_none() -> None:
    text = "The rule on anchoring was read aloud at the meeting, the well-\nknown rule on anchor-\ning too; it is well-known\n"
    assert "the well-known rule on anchoring too" in read(text).pages[0].text


def test_columns_of_prose_are_read_one_after_the_other() -> None:
    left = (
        "The beacon that fails twice is",
        "replaced within forty days at",
        "the cost of its maker, or is",
        "taken down by the guard.",
    )
    right = (
        "La balise qui tombe en panne",
        "deux fois est remplacée dans",
        "un délai de quarante jours ou",
        "enlevée par la garde côtière.",
    )
    text = "\n".join(f"{one:40}{other}" for one, other in zip(left, right, strict=True))
    assert [block[2] for block in blocks(read(text))] == [" ".join(left), " ".join(right)]


def test_a_table_made_with_spaces_is_read_by_rows() -> None:
    text = "Sector     Entity    Deadline\n------     ------    --------\nEnergy     Gas       24 hours\nRail\n"
    assert [block[2] for block in blocks(read(text))][1:] == [
        "Energy | Entity: Gas | Deadline: 24 hours",
        "Rail | Entity: — | Deadline: —",
    ]


def test_the_ruled_headers_of_a_table_are_no_heading() -> None:
    text = "Station   Altitude  First train\n-------------------------------\nGrund     940 m     06:12\nHalsegg   1,760 m\n"
    assert [block[2] for block in blocks(read(text))][1:] == [
        "Grund | Altitude: 940 m | First train: 06:12",
        "Halsegg | Altitude: 1,760 m | First train: —",
    ]
    assert blocks(read("Chapter 1   The lake\n--------------------\nIt is deep and cold.\n"))[0][0] == "heading"


def test_letters_and_their_accents_are_composed() -> None:
    assert read(unicodedata.normalize("NFD", "Le musée est fermé.")).pages[0].text == "Le musée est fermé."


def test_numbers_of_paragraphs_are_labels() -> None:
    text = f"1.  Scope\n\n{LONG} ends.\n\n"
    text += "  17. The appeal\n      was late.\n  18. It is rejected:\n      (a) at once.\n\nArticle 5\nNets\n"
    assert labels(read(text)) == [
        ("1", "1. Scope"), ("", f"{LONG} ends."), ("17", "17. The appeal\nwas late."), ("18", "18. It is rejected:"),
        ("(a)", "(a) at once."),
        ("Article 5", "Article 5"), ("", "Nets"),
    ]  # fmt: skip


def test_a_number_at_the_start_of_a_line_by_chance_is_no_item() -> None:
    assert blocks(read(f"{LONG} so on in section\n3. of the law.")) == [
        ("paragraph", 0, f"{LONG} so on in section 3. of the law.")
    ]


def test_rules_and_leaders_are_not_read() -> None:
    text = "A title\n-------\n\nIntroduction ........ 1\nRules ............... 14\n\n* * *\n\nEnds here.\n"
    assert [block[2] for block in blocks(read(text))] == ["A title", "Introduction | 1", "Rules | 14", "Ends here."]


def test_a_million_empty_lines_are_no_hindrance() -> None:
    assert read("\n" * 1_000_000 + "Text.").pages[0].text == "Text."


def test_no_text_is_an_error() -> None:
    with pytest.raises(DocumentError, match=r"notes\.txt has no text"):
        read(" \n\t\n")


def test_a_typed_number_stays_in_the_text_so_that_a_quote_of_several_items_stands_there_letter_for_letter() -> None:
    text = "The keeper sees to it that:\n(a) the lamp burns;\n(b) the log is kept.\n"
    assert read(text).pages[0].text == "The keeper sees to it that:\n\n(a) the lamp burns;\n(b) the log is kept."
    assert [block.label for block in read(text).pages[0].blocks] == ["", "(a)", "(b)"]
