from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from page_fixtures import QUOTE, TEXT, note, publish_documents

from knowledge_base.store.saved_citations import KeptQuote, QuoteStanding, find_quote, standings

START = TEXT.index(QUOTE)
KEPT = KeptQuote("notes/call.md", "A note on the Call", None, START, START + len(QUOTE), QUOTE, "000001")
OTHER = "Nothing of that stands here."


def after(tmp_path: Path, *documents: object) -> QuoteStanding:
    publish_documents(tmp_path, [note()], "000001")
    publish_documents(tmp_path, list(documents), "000002")
    return standings(tmp_path, [KEPT])[0]


def test_a_quote_that_was_not_touched_is_still_there(tmp_path: Path) -> None:
    assert after(tmp_path, note(TEXT + " More.")) == QuoteStanding("there", KEPT.source, None, KEPT.start, KEPT.end)


def test_a_quote_that_stands_further_down_moved(tmp_path: Path) -> None:
    found = after(tmp_path, note("A new first line.\n\n" + TEXT))
    assert (found.standing, found.start, found.end) == ("moved", KEPT.start + 19, KEPT.end + 19)


def test_a_quote_that_is_broken_into_other_lines_moved(tmp_path: Path) -> None:
    text = TEXT.replace("nine principles", "nine\nprinciples")
    publish_documents(tmp_path, [note(text)], "000002")
    found = standings(tmp_path, [replace(KEPT, start=0, end=5)])[0]
    assert (found.standing, text[found.start : found.end]) == ("moved", QUOTE.replace("nine ", "nine\n"))


def test_of_several_places_the_nearest_is_taken(tmp_path: Path) -> None:
    found = after(tmp_path, note(f"{'x ' * 200}{QUOTE} A word. {QUOTE}"))
    assert found.start == 400


def test_a_quote_that_was_edited_away_is_gone(tmp_path: Path) -> None:
    assert after(tmp_path, note(TEXT.replace("nine", "ten"))) == QuoteStanding("gone")


def test_a_quote_of_a_removed_document_is_gone_even_where_another_says_the_same(tmp_path: Path) -> None:
    other = note(f"It says: {QUOTE}", "other.md", "Another title")
    assert after(tmp_path, other).standing == "gone"


def test_a_quote_follows_its_renamed_document(tmp_path: Path) -> None:
    found = after(tmp_path, note(source="moved/elsewhere.md", title="Another title"))
    assert (found.standing, found.source, found.start) == ("moved", "moved/elsewhere.md", KEPT.start)


def test_where_its_generation_is_not_kept_a_renamed_document_is_known_by_its_title(tmp_path: Path) -> None:
    publish_documents(tmp_path, [note(source="new.md"), note(OTHER, "other.md", "Other")], "000007")
    for generation in ("000001", None, "../000007"):
        assert standings(tmp_path, [replace(KEPT, generation=generation)])[0].source == "new.md"


@pytest.mark.parametrize("quote", ["", "   "])
def test_an_empty_quote_stands_nowhere(tmp_path: Path, quote: str) -> None:
    publish_documents(tmp_path, [note()])
    assert standings(tmp_path, [replace(KEPT, quote=quote)]) == [QuoteStanding("gone")]


def test_signs_in_a_quote_are_no_pattern(tmp_path: Path) -> None:
    from knowledge_base.store.generations import open_generation

    publish_documents(tmp_path, [note("A start. What (if) it [costs] $5.*?")])
    with open_generation(tmp_path) as generation:
        found = find_quote(replace(KEPT, quote="(if) it [costs] $5.*?"), generation.catalog)
    assert found.standing == "moved"
