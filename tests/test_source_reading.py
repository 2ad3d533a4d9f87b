from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from page_fixtures import QUOTE, TEXT, note, publish_documents
from pdf_files import Text, make_pdf

from assistant.page.views.source import page_picture, read_original, read_source, standing_spans
from ingest.loaders import pdf
from knowledge_base.errors import DocumentError, NoIndexError
from knowledge_base.passages import Document, Page
from knowledge_base.sandbox.sandbox import Sandbox


def document(pages: int) -> Document:
    return Document("a.pdf", "A", "0" * 64, "en", tuple(Page(n, None, f"page {n}") for n in range(1, pages + 1)), "pdf")


def test_a_page_is_read_with_its_place_among_all(tmp_path: Path):
    publish_documents(tmp_path, [document(3), note()])
    found = read_source(tmp_path, "a.pdf", 2)
    assert found is not None
    assert (found.page.text, found.position, found.page_numbers, found.notice) == ("page 2", 2, (1, 2, 3), None)


def test_a_document_without_pages_is_read_whole(tmp_path: Path):
    publish_documents(tmp_path, [note()])
    found = read_source(tmp_path, "notes/call.md", None)
    assert found is not None and found.page.text == TEXT and found.position == 1


@pytest.mark.parametrize(("source", "page"), [("a.pdf", 9), ("b.pdf", None), ("../a.pdf", 1)])
def test_what_is_not_in_the_index_is_none(tmp_path: Path, source: str, page: int | None):
    publish_documents(tmp_path, [document(1)])
    assert read_source(tmp_path, source, page) is None


def test_a_citation_of_an_earlier_index_shows_the_document_as_it_was(tmp_path: Path):
    publish_documents(tmp_path, [note("The old text.")], "000001")
    publish_documents(tmp_path, [note("The new text.")], "000002")
    older = read_source(tmp_path, "notes/call.md", None, "000001")
    assert older is not None and older.page.text == "The old text." and "earlier index" in str(older.notice)


@pytest.mark.parametrize("generation", ["000001", "../000002", "nonsense"])
def test_an_index_that_is_gone_leads_to_the_present_one_and_says_so(tmp_path: Path, generation: str):
    publish_documents(tmp_path, [note("The old text.")], "000001")
    publish_documents(tmp_path, [note("The new text.")], "000002")
    shutil.rmtree(tmp_path / "generations" / "000001")
    now = read_source(tmp_path, "notes/call.md", None, generation)
    assert now is not None and now.page.text == "The new text." and "no longer kept" in str(now.notice)


def test_without_an_index_the_error_says_so(tmp_path: Path):
    with pytest.raises(NoIndexError):
        read_source(tmp_path, "a.pdf", 1, "000001")


def test_a_kept_pdf_is_drawn_with_the_quote_highlighted(tmp_path: Path):
    data = make_pdf([[Text(60, 700, "One line."), Text(60, 600, "Another line.")]])
    content_hash = sha256(data).hexdigest()
    (tmp_path / content_hash).write_bytes(data)
    page = pdf.load(data, "a.pdf").pages[0]
    start = page.text.index("Another")
    with Sandbox(workers=1) as sandbox:
        plain = page_picture(sandbox, tmp_path / content_hash, content_hash, 1, (), page.origin)
        marked = page_picture(sandbox, tmp_path / content_hash, content_hash, 1, ((start, start + 13),), page.origin)
    assert plain.startswith(b"\x89PNG") and marked.startswith(b"\x89PNG") and plain != marked


def test_an_original_that_is_gone_or_altered_is_not_shown(tmp_path: Path):
    with pytest.raises(DocumentError, match="no longer kept"):
        read_original(tmp_path / "x", "0" * 64)
    (tmp_path / "x").write_bytes(b"altered")
    with pytest.raises(DocumentError, match="not the file that was indexed"):
        read_original(tmp_path / "x", "0" * 64)
    assert read_original(tmp_path / "x", sha256(b"altered").hexdigest()) == b"altered"


def test_spans_stand_only_where_the_quote_is_found():
    start = TEXT.index(QUOTE)
    spans = [(start, start + len(QUOTE)), (0, 5)]
    assert standing_spans(TEXT, spans, lambda quotes: quotes == [TEXT[:5], QUOTE]) == [(0, 5), spans[0]]
    assert standing_spans(TEXT, spans, lambda quotes: False) == []
    assert standing_spans(TEXT, [(0, 9999)], lambda quotes: True) == []
