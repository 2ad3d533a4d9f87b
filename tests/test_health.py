from __future__ import annotations

import pytest
from libraries import Library, ingest

from ingest.health import document_health, odd_share, page_health
from knowledge_base.passages import OriginRun, Page, Passage, SentenceSpan
from knowledge_base.settings import Settings

LONG = "\n\n".join(f"Harbour rule {number}: boats of class {number} moor at the pier of that number." for number in range(12))


def lines(length: int, count: int = 20) -> tuple[OriginRun, ...]:
    return tuple(OriginRun(i * length, i * (length + 2), length) for i in range(count))


@pytest.mark.parametrize(
    ("length", "columns", "tables"),
    [(90, False, False), (45, True, False), (15, False, True)],
    ids=["prose", "columns", "cells"],
)
def test_short_lines_are_taken_for_columns_and_very_short_ones_for_cells(length: int, columns: bool, tables: bool) -> None:
    found = page_health(Page(3, None, "x" * 2000, origin=lines(length)), [], "en")
    assert (found.page, found.characters, found.columns, found.tables) == (3, 2000, columns, tables)


def test_a_few_lines_tell_nothing() -> None:
    found = page_health(Page(1, None, "x" * 400, origin=lines(40, 5)), [], "en")
    assert not found.columns and not found.tables


def test_rows_that_were_read_are_a_table() -> None:
    rows = tuple(SentenceSpan(i, i + 1, "table_row") for i in range(3))
    passage = Passage("p", "a.docx", "A", None, 0, 9, "", "x" * 9, sentences=rows)
    assert page_health(Page(None, None, "x" * 400), [passage], None).tables


def test_a_page_without_text_needs_recognition_and_a_short_note_does_not() -> None:
    found = page_health(Page(2, None, "4"), [], None)
    assert found.needs_ocr and found.problem and "OCR" in found.problem
    assert page_health(Page(2, None, "", problem="it is a scan"), [], None).problem == "it is a scan"
    assert not page_health(Page(None, None, "4"), [], None).needs_ocr


@pytest.mark.parametrize(
    ("text", "share"), [("", 0.0), ("Plain text.\n\tÀ côté: 日本語", 0.0), ("ab\ufffd\ufffd", 0.5), ("a\ue000\x01b", 0.5)]
)
def test_odd_characters_are_those_that_no_text_has(text: str, share: float) -> None:
    assert odd_share(text) == share


@pytest.fixture(scope="module")
def examined(tmp_path_factory: pytest.TempPathFactory) -> Library:
    place = tmp_path_factory.mktemp("examined")
    library = Library(place / "documents", place / "data")
    library.documents.mkdir()
    texts = {
        "rules.txt": LONG,
        "copy of rules.txt": LONG,
        "rules, longer.md": LONG + "\n\nThe harbour master may set other rules for the winter season at any time.",
        "odd.txt": "The pilot\ue000\ue000\ue000\ue000 waits in the cabin by the lock.",
        "règles.txt": "Le pilote attend dans la cabine près de l'écluse, et le gardien allume la lampe.",
        "empty.pdf": "%PDF-1.4 no more",
    }
    for name, text in texts.items():
        (library.documents / name).write_text(text)
    assert library.sync().code == 1
    return library


def test_each_document_is_examined_and_the_failed_ones_are_named(examined: Library) -> None:
    rows = {row.source: row for row in document_health(Settings(data_dir=examined.data_dir))}
    assert rows["empty.pdf"].state == "failed" and rows["empty.pdf"].problem
    assert (rows["rules.txt"].language, rows["règles.txt"].language) == ("en", "fr")
    assert rows["rules.txt"].characters == len(LONG) == rows["rules.txt"].page_health[0].characters
    assert rows["odd.txt"].odd > 0.05 and "odd characters" in str(rows["odd.txt"].problem)
    assert rows["rules.txt"].odd == 0.0


def test_doubles_are_named_whole_ones_and_those_that_hold_the_same_passages(examined: Library) -> None:
    rows = {row.source: row for row in document_health(Settings(data_dir=examined.data_dir))}
    assert "copy of rules.txt" in rows["rules.txt"].duplicates
    assert "the same text as" in str(rows["rules.txt"].problem)
    assert rows["règles.txt"].duplicates == ()


def test_the_command_shows_the_same_in_a_table_and_in_json(examined: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    place = ("--data-dir", str(examined.data_dir))
    rows = {row["source"]: row for row in ingest("health", "--json", *place).json}
    assert {"odd", "columns", "tables", "needs_ocr", "duplicates", "page_health"} <= rows["rules.txt"].keys()
    assert rows["rules.txt"]["page_health"][0]["language"] == "en"
    table = ingest("health", *place).out
    assert "the same text as copy of rules.txt" in table and "failed:" in table and "odd characters" in table


def test_progress_is_told(examined: Library) -> None:
    seen: list[tuple[str, int, int]] = []
    document_health(Settings(data_dir=examined.data_dir), lambda *stage: seen.append(stage))
    assert seen[-1] == ("Examine", 5, 5)
