from __future__ import annotations

from collections.abc import Iterator

import pytest
from evaluation_fixtures import HARBOUR_QUESTIONS, LAMP, SIGNED, SIGNED_GOLD, SOURCE, item, unanswerable
from libraries import Library

from assistant.evaluation.matching import IndexedText, require_fit, why_stale
from assistant.evaluation.testset import GoldQuote, OtherPlace, TestSet, read_test_set
from knowledge_base.errors import EvaluationError
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import CATALOG


@pytest.fixture
def catalog(shared_library: Library) -> Iterator[Catalog]:
    with Catalog.read(shared_library.generation / CATALOG) as opened:
        yield opened


@pytest.fixture
def text(catalog: Catalog) -> IndexedText:
    return IndexedText(catalog)


def refused(catalog: Catalog, *items) -> str:
    with pytest.raises(EvaluationError) as raised:
        require_fit(TestSet("set.jsonl", "digest", items), catalog)
    return raised.value.message


def test_a_quote_is_held_by_its_page_whatever_its_typography(text: IndexedText):
    assert text.holds(SOURCE, None, "the HARBOUR charter — was signed in Bright\u00adwater")
    assert text.holds("survey.pdf", 2, "Replacing a rotten pier costs ninety thousand crowns.")
    assert not text.holds("survey.pdf", 1, "Replacing a rotten pier costs ninety thousand crowns.")
    assert not text.holds(SOURCE, None, "...") and not text.holds("none.md", None, SIGNED)


def test_the_test_set_of_the_harbour_fits_its_library(catalog: Catalog):
    require_fit(read_test_set(HARBOUR_QUESTIONS), catalog)


def test_an_item_whose_quote_is_gone_is_stale_with_the_reason(text: IndexedText):
    assert why_stale(item(), text) is None
    assert why_stale(item(gold=(GoldQuote(SOURCE, None, "It was signed by ten towns."),)), text) == (
        "'It was signed by ten towns.' does not stand in charter.md"
    )
    assert why_stale(item(gold=(GoldQuote("old.md", None, SIGNED),)), text) == "the index has no document old.md"
    assert why_stale(item(gold=(GoldQuote("survey.pdf", 9, SIGNED),)), text) == "the index has no page 9 of survey.pdf"


def test_an_item_fits_as_long_as_one_place_of_each_quote_stands(text: IndexedText):
    moved = GoldQuote("old.md", None, SIGNED, (OtherPlace(SOURCE),))
    assert why_stale(item(gold=(moved, SIGNED_GOLD)), text) is None
    assert why_stale(item(gold=(moved, GoldQuote("old.md", None, LAMP))), text) is not None


def test_a_question_without_quotes_fits_any_index(text: IndexedText):
    assert why_stale(unanswerable(), text) is None
    assert why_stale(item(category="register", gold=()), text) is None


def test_the_check_names_each_item_whose_source_or_quote_is_unknown(catalog: Catalog):
    other = GoldQuote(SOURCE, None, SIGNED, (OtherPlace("old.md"),))
    message = refused(
        catalog, item("q1", gold=(GoldQuote(SOURCE, None, "Ten towns."),), must_include=(("ten",),)), item("q2", gold=(other,))
    )
    assert "has 2 problems" in message
    assert "q1: 'Ten towns.' does not stand in charter.md" in message and "q2: the index has no document old.md" in message


def test_the_check_names_a_fact_that_no_quote_states(catalog: Catalog):
    assert "q1: no quote states the fact 'ten'" in refused(catalog, item(must_include=(("nine",), ("ten", "10"))))


def test_the_check_leaves_facts_alone_that_come_from_the_register(catalog: Catalog):
    require_fit(TestSet("set.jsonl", "digest", (item(must_include=(("1222",),), register={"count": 1222}),)), catalog)
