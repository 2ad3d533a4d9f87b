from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from knowledge_base.errors import DamagedIndexError
from knowledge_base.passages import Block, Document, OriginRun, Page, Passage, RegisterRecord, SentenceSpan
from knowledge_base.store.catalog import Catalog, FailureRow, quoted_term

WEIGHTS = (1.0, 1.0, 1.0)


def document(source: str, text: str, record: RegisterRecord | None = None) -> Document:
    kind = "record" if record else "text"
    return Document(source, source.title(), f"hash of {text}", "en", (Page(None, None, text),), kind=kind, record=record)


def passage(source: str, text: str, start: int = 0, end: int | None = None) -> Passage:
    end = len(text) if end is None else end
    spans = (SentenceSpan(start, end, "paragraph"),)
    identifier = f"{source}:{start}:{text[start:end]}"
    return Passage(
        identifier, source, source.title(), None, start, end, "Above", text[start:end], language="en", sentences=spans
    )


def put(catalog: Catalog, source: str, text: str) -> None:
    catalog.put_document(document(source, text), [passage(source, text)], "text-1", "2026-01-02T03:04:05+00:00")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite3"


def test_what_was_put_is_read_back_from_the_closed_file(path: Path) -> None:
    text = "Ferries run at noon. Pilots rest."
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", text)
    with Catalog.read(path) as catalog:
        assert list(catalog.all_passages()) == [passage("a.txt", text)]
        assert catalog.page("a.txt", None) == Page(None, None, text)
        (row,) = catalog.documents()
        assert (row.source, row.title, row.kind, row.language) == ("a.txt", "A.Txt", "text", "en")
        assert (row.pages, row.passages, row.characters) == (1, 1, len(text))
        assert catalog.document("a.txt") == row
        assert catalog.document("b.txt") is None


def test_a_changed_document_replaces_its_old_passages(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
        put(catalog, "a.txt", "Barges run at dusk.")
        assert [p.text for p in catalog.all_passages()] == ["Barges run at dusk."]
        assert catalog.search('"ferri"', 5, WEIGHTS) == []
        assert catalog.search('"barg"', 5, WEIGHTS) == ["a.txt:0:Barges run at dusk."]


def test_a_deleted_document_takes_its_pages_passages_and_record_along(path: Path) -> None:
    record = RegisterRecord("Port of Saltholm", "public-sector", "Port authority", "NOR", "2021-05-01")
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
        catalog.put_document(document("b.md", "Saltholm", record), [], "record-1", "2026-01-02T03:04:05+00:00")
        assert [row.record for row in catalog.register()] == [record]
        catalog.delete_document("a.txt")
        catalog.delete_document("b.md")
        catalog.delete_document("never there")
        assert catalog.counts() == {"documents": 0, "pages": 0, "passages": 0, "records": 0, "failures": 0}
        assert catalog.register() == []


def test_pages_keep_numbers_labels_origins_and_problems(path: Path) -> None:
    pages = (Page(1, "i", "First", (), (OriginRun(0, 10, 5),)), Page(2, None, "", problem="It has no text."))
    with Catalog.create(path) as catalog:
        catalog.put_document(Document("a.pdf", "A", "hash", None, pages, kind="pdf"), [], "pdf-1", "now")
        assert catalog.pages("a.pdf") == list(pages)
        assert catalog.page("a.pdf", 2) == pages[1]
        assert catalog.page("a.pdf", 3) is None
        assert catalog.pages("b.pdf") == []


def test_a_passage_is_the_characters_of_its_page_that_its_span_names(path: Path) -> None:
    text = "Ça déborde. Les phares brûlent. 🛟 Fin."
    with Catalog.create(path) as catalog:
        catalog.put_document(document("a.txt", text), [passage("a.txt", text, 12, 32)], "text-1", "now")
        (found,) = catalog.all_passages("a.txt")
    assert found.text == text[12:32] == "Les phares brûlent. "
    assert found.sentence_text(found.sentences[0]) == found.text


def test_passages_come_by_id_and_unknown_ids_are_left_out(path: Path) -> None:
    with Catalog.create(path) as catalog:
        for number in range(600):
            put(catalog, f"{number:03}.txt", f"Text {number}.")
        ids = [f"{number:03}.txt:0:Text {number}." for number in range(600)]
        assert set(catalog.passages([*ids, "unknown"])) == set(ids)
        assert catalog.passage_ids() == set(ids)


def test_passages_of_one_page_come_in_reading_order(path: Path) -> None:
    text = "One two three"
    with Catalog.create(path) as catalog:
        parts = [passage("a.txt", text, 8), passage("a.txt", text, 0, 3), passage("a.txt", text, 4, 7)]
        catalog.put_document(document("a.txt", text), parts, "text-1", "now")
        assert [p.text for p in catalog.passages_on_page("a.txt", 0)] == ["One", "two", "three"]
        assert catalog.passages_on_page("a.txt", 1) == []


def test_the_better_match_comes_first(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "A pilot meets a pilot and another pilot.")
        put(catalog, "b.txt", "A pilot drinks tea with the harbour master in the old tower by the sea.")
        put(catalog, "c.txt", "Nothing of the kind.")
        assert [identifier[:5] for identifier in catalog.search('"pilot"', 5, WEIGHTS)] == ["a.txt", "b.txt"]
        assert [identifier[:5] for identifier in catalog.search('"pilot"', 1, WEIGHTS)] == ["a.txt"]


def test_terms_are_the_stems_of_title_headings_and_body(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
        identifier = "a.txt:0:Ferries run at noon."
        assert catalog.terms([identifier, "unknown"]) == {identifier: (["txt"], [], ["ferri", "run", "noon"])}


@pytest.mark.parametrize("text", ['say "hello"', "a AND (b", "NEAR(x", "*", "col:umn", "-minus", "'; DROP TABLE documents; --"])
def test_no_character_of_a_quoted_term_is_read_as_syntax(text: str, path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
        assert catalog.search(quoted_term(text), 5, WEIGHTS) == []
        assert len(catalog.documents()) == 1


def test_document_frequency_counts_passages(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
        put(catalog, "b.txt", "Ferries rest.")
        assert catalog.document_frequency(["ferri", "noon", "pilot"]) == {"ferri": 2, "noon": 1, "pilot": 0}


def test_failures_are_replaced_and_a_file_that_can_be_read_again_is_taken_off(path: Path) -> None:
    with Catalog.create(path) as catalog:
        catalog.set_failures([FailureRow("old.pdf", "h", "v", "broken")])
        catalog.set_failures([FailureRow("a.txt", "h", "v", "broken"), FailureRow("b.txt", "h", "v", "locked")])
        put(catalog, "a.txt", "Ferries run at noon.")
        assert catalog.failures() == [FailureRow("b.txt", "h", "v", "locked")]


def test_dates_are_those_that_documents_state(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Undated.")
        dated = Document("b.txt", "B", "hash", "en", (Page(None, None, "Dated."),), date="2021-03-04")
        catalog.put_document(dated, [], "text-1", "now")
        assert catalog.dates(["a.txt", "b.txt", "c.txt"]) == {"b.txt": "2021-03-04"}


def test_a_published_catalog_is_never_written_to(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
    before = path.read_bytes()
    with Catalog.read(path) as catalog, pytest.raises(sqlite3.OperationalError, match="readonly"):
        catalog.delete_document("a.txt")
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["catalog.sqlite3"]


def test_a_compacted_catalog_still_answers(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
        put(catalog, "b.txt", "Barges rest.")
        catalog.delete_document("b.txt")
        catalog.compact()
        assert len(catalog.search('"ferri"', 5, WEIGHTS)) == 1


def test_a_catalog_of_another_schema_is_refused_with_the_remedy(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(DamagedIndexError, match="has schema 99.*--rebuild"):
        Catalog.read(path)


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"SQLite format 3\0 and no more"])
def test_a_damaged_catalog_is_refused(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(DamagedIndexError, match="cannot be opened"):
        Catalog.read(path)


def test_a_missing_catalog_is_refused(path: Path) -> None:
    with pytest.raises(DamagedIndexError, match="cannot be opened"):
        Catalog.read(path)
    assert not path.exists()


def test_a_published_catalog_counts_once_what_it_is_asked_again(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
        assert catalog.document_frequency(["ferri", "harbour"]) == {"ferri": 1, "harbour": 0}
    with Catalog.read(path) as catalog:
        asked: list[str] = []
        catalog._connection.set_trace_callback(asked.append)
        first = catalog.counts(), catalog.document_frequency(["ferri", "harbour"])
        spent = len(asked)
        assert spent and (catalog.counts(), catalog.document_frequency(["harbour", "ferri"])) == first
        assert len(asked) == spent
        catalog.counts()["passages"] = 99
        assert catalog.counts() == first[0] and first[1] == {"ferri": 1, "harbour": 0}


def test_a_catalog_that_is_written_counts_anew(path: Path) -> None:
    with Catalog.create(path) as catalog:
        assert (catalog.counts()["passages"], catalog.document_frequency(["ferri"])) == (0, {"ferri": 0})
        put(catalog, "a.txt", "Ferries run at noon.")
        assert (catalog.counts()["passages"], catalog.document_frequency(["ferri"])) == (1, {"ferri": 1})


def test_a_published_catalog_reads_a_passage_once_and_in_the_order_asked_for(path: Path) -> None:
    with Catalog.create(path) as catalog:
        for name in ("a.txt", "b.txt"):
            put(catalog, name, "Ferries.")
        ids = ["b.txt:0:Ferries.", "unknown", "a.txt:0:Ferries."]
        assert list(catalog.passages(ids)) == ids[::2]
        put(catalog, "unknown", "Now.")
        assert "unknown:0:Now." in catalog.passages(["unknown:0:Now."])
    with Catalog.read(path) as catalog:
        first = catalog.passages(ids)
        asked: list[str] = []
        catalog._connection.set_trace_callback(asked.append)
        assert list(first) == ids[::2] and catalog.passages(ids[::2]) == first and not asked
        first.clear()
        assert list(catalog.passages(ids)) == ids[::2]


def test_the_passages_of_a_page_are_read_once_however_often_they_are_asked_for(path: Path) -> None:
    text = "Ferries run at noon. " * 400
    pieces = [passage("a.txt", text, start, start + 20) for start in range(0, len(text), 21)]
    with Catalog.create(path) as catalog:
        catalog.put_document(document("a.txt", text), pieces, "text-1", "now")
    with Catalog.read(path) as catalog:
        queries: list[str] = []
        catalog._connection.set_trace_callback(queries.append)
        assert [catalog.passages_on_page("a.txt", 0) for _ in range(42)] == [pieces] * 42
        assert len(queries) == 2  # the rows, and the text of the page
        catalog.passages_on_page("a.txt", 0).clear()
        assert catalog.passages_on_page("a.txt", 0) == pieces
        assert list(catalog.all_passages()) == pieces
        assert list(catalog.passages([p.id for p in pieces]).values()) == pieces
        assert len(queries) == 6


def test_the_passages_of_a_page_that_changes_are_read_again(path: Path) -> None:
    with Catalog.create(path) as catalog:
        put(catalog, "a.txt", "Ferries run at noon.")
        assert [p.text for p in catalog.passages_on_page("a.txt", 0)] == ["Ferries run at noon."]
        put(catalog, "a.txt", "Ferries run at two.")
        assert [p.text for p in catalog.passages_on_page("a.txt", 0)] == ["Ferries run at two."]
        assert catalog.passages_on_page("a.txt", 1) == []


def test_a_catalog_without_provisions_is_read_and_gets_them_when_it_is_edited(path: Path) -> None:
    Catalog.create(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP TABLE provisions; PRAGMA user_version = 1")
    with Catalog.read(path) as catalog:
        assert catalog.provisions() == []
    page = Page(None, None, "Article 1\nBe kind.", (Block("heading", 1, 0, 9, "Article 1"), Block("paragraph", 0, 10, 18)))
    with Catalog.edit(path) as catalog:
        catalog.put_document(Document("a.md", "A", "0", "en", (page,)), [], "v", "2026-01-01")
    with Catalog.read(path) as catalog:
        [(source, provision)] = catalog.provisions()
    assert (source, provision.path, provision.parts, provision.end) == ("a.md", "Article 1", ("article 1",), 18)


def test_the_provisions_of_a_published_catalog_are_read_once(path: Path) -> None:
    page = Page(None, None, "Article 1\nBe kind.", (Block("heading", 1, 0, 9, "Article 1"), Block("paragraph", 0, 10, 18)))
    with Catalog.create(path) as catalog:
        catalog.put_document(Document("a.md", "A", "0", "en", (page,)), [], "v", "2026-01-01")
        assert [p.path for _, p in catalog.provisions()] == ["Article 1"]
        catalog.delete_document("a.md")
        assert catalog.provisions() == []  # one that is written to is read again
        catalog.put_document(Document("a.md", "A", "0", "en", (page,)), [], "v", "2026-01-01")
    with Catalog.read(path) as catalog:
        queries: list[str] = []
        catalog._connection.set_trace_callback(queries.append)
        assert [len(catalog.provisions(source)) for source in (None, "a.md", "b.md") * 3] == [1, 1, 0] * 3
        assert len(queries) == 6  # whether there are any, and which, for each of the three
