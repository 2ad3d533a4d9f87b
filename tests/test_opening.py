"""The title and the date of a document: those of its own text before those of the file."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

import pytest
from docx import Document as WordDocument

from ingest.loaders.document import load_document


def word(*paragraphs: str, title: str = "Word Document", stated: datetime = datetime(2013, 12, 23)) -> bytes:
    document = WordDocument()
    document.core_properties.title = title
    document.core_properties.created = document.core_properties.modified = stated
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


BODY = "The committee adopted the budget. It asked the secretariat to report by June."


@pytest.mark.parametrize(
    ("lines", "date"),
    [
        (("Minutes of the committee", "Held in Lyon on 14 March 2025", BODY), "2025-03-14"),
        (("Compte rendu", "Paris, le 12 février 2025", BODY), "2025-02-12"),
        (("Minutes of the meeting of 14 March 2025 of the committee", BODY), "2025-03-14"),
        (("A study of the Paris Call of 12 November 2018", BODY), "2020-05-01"),
        (("Minutes", "12 March 2025", "3 May 2025", BODY), "2020-05-01"),
        (("Minutes", BODY), "2020-05-01"),
    ],
)
def test_a_date_in_the_opening_comes_before_that_of_the_file(lines: tuple[str, ...], date: str):
    assert load_document(word(*lines, stated=datetime(2020, 5, 1)), "uploads/minutes.docx").date == date


MINUTES, LONG = "Minutes of the committee", "the committee met, and it adopted the budget; it meets again."


@pytest.mark.parametrize(
    ("name", "title", "lines", "found"),
    [
        ("PV_final_v3 (2).docx", "Word Document", (MINUTES, "Lyon, 14 March 2025", BODY), MINUTES),
        ("scan0012.docx", "", ("12 March 2025", LONG), LONG),
        ("annual-report-of-the-office.docx", "", (BODY,), "Annual report of the office"),
        ("notes 12.docx", "Notes of the spring meeting", (BODY,), "Notes of the spring meeting"),
    ],
)
def test_a_title_is_what_the_text_begins_with_where_the_file_has_none(
    name: str, title: str, lines: tuple[str, ...], found: str
):
    assert load_document(word(*lines, title=title), f"uploads/{name}").title == found


def test_a_page_that_calls_itself_index_is_named_by_its_heading():
    page = "<html><head><title>index</title><meta name='date' content='2013-05-06'></head><body><h1>A statement</h1>"
    page += "<p>Published on 7 May 2024</p><p>The ministers agreed to share indicators within two days.</p></body></html>"
    found = load_document(page.encode(), "uploads/page.html")
    assert (found.title, found.date) == ("A statement", "2024-05-07")
