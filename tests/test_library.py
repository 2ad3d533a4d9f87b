from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from page_fixtures import note, publish_documents

from assistant.page.document_list import Entry, PageRead, chosen, entries, read_holdings
from assistant.page.uploads import Upload
from knowledge_base.errors import NoIndexError
from knowledge_base.passages import RegisterRecord
from knowledge_base.store.catalog import DocumentRow, FailureRow


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    record = replace(note("Saltholm", "official/s.md", "Saltholm"), kind="record")
    record = replace(record, record=RegisterRecord("Saltholm", "state", "state", "DNK", None))
    publish_documents(tmp_path, [note(), note("Other.", "uploads/zebra.md", "Zebra"), record])
    return tmp_path


def listed(data_dir: Path) -> list[Entry]:
    holdings = replace(
        read_holdings(data_dir), failures=(FailureRow("uploads/bad.pdf", "1", "pdf-1", "It is broken. Print it anew."),)
    )
    uploads = [Upload("uploads/new.txt", "waiting"), Upload("uploads/zebra.md", "going")]
    health = [
        {
            "source": "notes/call.md",
            "problem": "1 of 1 pages without text",
            "page_problems": [
                {"page": 3, "problem": "it has no text"},
                {"page": None, "characters": 40, "language": "fr", "odd": 0.123, "columns": True},
            ],
        }
    ]
    return entries(holdings, uploads, health)


def test_failed_documents_come_first_then_those_that_wait(data_dir: Path) -> None:
    told = [(entry.state, entry.source) for entry in listed(data_dir)]
    assert told == [
        ("failed", "uploads/bad.pdf"),
        ("waiting", "uploads/new.txt"),
        ("going", "uploads/zebra.md"),
        ("indexed", "notes/call.md"),
        ("indexed", "official/s.md"),
    ]


def test_each_has_its_reason_and_its_health(data_dir: Path) -> None:
    found = {entry.source: entry for entry in listed(data_dir)}
    assert found["uploads/bad.pdf"].problem == "It is broken. Print it anew."
    assert found["notes/call.md"].problem == "1 of 1 pages without text"
    assert found["notes/call.md"].pages == (
        PageRead(3, None, None, ("it has no text",)),
        PageRead(None, 40, "fr", ("12% odd characters", "columns suspected")),
    )
    assert isinstance(found["notes/call.md"].document, DocumentRow)
    assert (found["uploads/new.txt"].title, found["uploads/new.txt"].root) == ("new.txt", "uploads")


def test_the_list_is_filtered_by_root_words_and_kind(data_dir: Path) -> None:
    every = listed(data_dir)
    assert [e.source for e in chosen(every, "uploads", "", records=False)] == [
        "uploads/bad.pdf",
        "uploads/new.txt",
        "uploads/zebra.md",
    ]
    assert [e.source for e in chosen(every, None, "CALL note", records=False)] == ["notes/call.md"]
    assert [e.source for e in chosen(every, None, "", records=True)] == ["official/s.md"]
    assert chosen(every, None, "call zebra", records=False) == []


def test_without_an_index_uploads_are_listed_all_the_same(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        read_holdings(tmp_path)
    assert [e.state for e in entries(None, [Upload("uploads/a.txt", "waiting")])] == ["waiting"]


def test_a_document_at_the_top_of_a_folder_has_no_root() -> None:
    assert Entry("a.txt", "A", "indexed").root == ""
