"""Which sentences an answer quotes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_catalogs import catalog_of

from assistant.evidence.gathering import Evidence
from assistant.evidence.provisions import named_provisions
from assistant.evidence.scoring import Sentence
from assistant.question.questions import Question, analyse
from assistant.quotes.composing import ExtractiveSettings, compose
from assistant.quotes.sections import by_heading
from knowledge_base.search.queries import QueryReader
from knowledge_base.store.catalog import Catalog

ENGLISH = (
    "---\nlang: en\n---\n# The lamp\n\n"
    "The keeper of the harbour lights the lamp at dusk. Oil for it is bought in March from a merchant.\n"
)
FRENCH = "---\nlang: fr\n---\n# La lampe\n\nLe gardien du port allume la lampe à la tombée de la nuit.\n"
ASKED = "Who lights the lamp?"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    path = tmp_path_factory.mktemp("extractive") / "catalog.sqlite3"
    with catalog_of(path, {"lamp.md": ENGLISH, "lampe.md": FRENCH, "watch.md": WATCH}) as opened:
        yield opened


def asked(catalog: Catalog, text: str = ASKED) -> Question:
    return analyse(text, QueryReader(catalog).read(text))


WATCH = "# Watch\n\nA watchman mends the lamp by night. He also wakes the pilots. Pilots sleep in the tower.\n"


def quoted(catalog: Catalog, question: Question, scores: dict[str, float], **settings: float) -> list[str]:
    """Compose an answer of the sentences that begin so, with those scores; return its quotes."""
    chosen = []
    for passage in catalog.all_passages():
        for position, span in enumerate(passage.sentences):
            text = passage.sentence_text(span)
            score = next((score for start, score in scores.items() if text.startswith(start)), None)
            if score is not None:
                place = (passage, 0, 1.0, position, span.start, span.end, span.kind, text)
                chosen.append(Sentence(*place, score=score))
    evidence = Evidence([], sorted(chosen, key=lambda s: -s.score))
    _, citations = compose(question, evidence, catalog, ExtractiveSettings(beside=0, **settings), {})  # type: ignore[arg-type]
    return [citation.quote for citation in citations]


def test_sentences_near_the_best_are_quoted_and_others_are_not(catalog: Catalog) -> None:
    scores = {"The keeper": 1.0, "Oil": 0.85}
    question = asked(catalog)
    assert "Oil" in quoted(catalog, question, scores, margin=0.2)[0]
    assert "Oil" not in quoted(catalog, question, scores, margin=0.1)[0]


@pytest.mark.parametrize(("best", "other"), [(1.0, 0.95), (0.95, 1.0)])
def test_beside_an_english_quote_there_is_none_in_another_language_for_an_english_question(
    catalog: Catalog, best: float, other: float
) -> None:
    assert quoted(catalog, asked(catalog), {"The keeper": best, "Le gardien": other}) == [
        "The keeper of the harbour lights the lamp at dusk."
    ]


@pytest.mark.parametrize(("best", "other"), [(1.0, 0.95), (0.95, 1.0)])
def test_a_french_question_keeps_a_better_english_quote_beside_a_french_one(
    catalog: Catalog, best: float, other: float
) -> None:
    quotes = quoted(catalog, asked(catalog, "Qui allume la lampe du port ?"), {"The keeper": best, "Le gardien": other})
    assert quotes[-1].startswith("Le gardien")
    assert len(quotes) == (2 if best > other else 1)


def test_where_only_another_language_answers_it_is_quoted(catalog: Catalog) -> None:
    assert quoted(catalog, asked(catalog), {"Le gardien": 1.0})[0].startswith("Le gardien")


@pytest.mark.parametrize(("question", "is_brought"), [("How is the lamp mended?", True), ("When is the lamp mended?", False)])
def test_what_leans_on_a_quote_comes_with_it_but_for_a_date(catalog: Catalog, question: str, is_brought: bool) -> None:
    scores = {"A watchman": 1.0, "He also": 0.6, "Pilots sleep": 0.6}
    (quote,) = quoted(catalog, asked(catalog, question), scores)
    assert ("He also wakes" in quote) is is_brought
    assert "Pilots sleep" not in quote


RULES = (
    "# Harbour lamps\n\nThe board sees to it that:\n\n- oil is bought in spring;\n- wicks are cut at noon;\n- glass is clean.\n"
)


@pytest.mark.parametrize(
    ("question", "is_quoted"),
    [("What are the three rules of the harbour lamps?", True), ("What are the two rules of the harbour lamps?", False)],
)
def test_a_list_with_as_many_items_as_asked_in_the_document_named_is_the_answer(
    question: str, is_quoted: bool, tmp_path: Path
) -> None:
    texts = {"rules.md": RULES, "lamp.md": ENGLISH}
    with catalog_of(tmp_path / "rules.sqlite3", texts) as opened:
        quotes = quoted(opened, asked(opened, question), {"The keeper": 1.2, "oil is bought": 0.2})
    assert any("wicks are cut" in quote for quote in quotes) == is_quoted
    assert any(quote.startswith("The keeper") for quote in quotes) != is_quoted


def test_a_number_of_another_document_is_no_item_of_a_list(tmp_path: Path) -> None:
    items = "".join(f"{number}. Count the ropes of quay {number} each week.\n" for number in range(1, 7))
    texts = {
        "three.md": f"# Report of Work Party 3\n\nIt met in May.\n\n## Recommendations\n\n{items}",
        "five.md": "# Report of Work Party 5\n\n## Recommendations of the year\n\nIt recommends two new cranes.\n",
    }
    with catalog_of(tmp_path / "catalog.sqlite3", texts) as parties:
        question = asked(parties, "What does Work Party 5 recommend?")
        assert named_provisions(question, parties) == ([], False)
        quotes = by_heading(question, [], parties, lambda _, passages: {i: 1.0 for p in passages for i in p.quotable_sentences})
        assert [quote.passage.source for quote in quotes] == ["five.md"]
