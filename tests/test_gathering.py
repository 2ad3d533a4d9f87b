"""Evidence for a question: candidates, the model's judgement of them, and their order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from libraries import Library
from small_catalogs import catalog_of, found

from assistant.evidence.gathering import (
    Evidence,
    Gatherer,
    counted_passages,
    defining_passages,
    read_sentences,
    reranked,
    together,
)
from assistant.evidence.scoring import EvidenceWeights, Sentence
from assistant.question.questions import analyse
from knowledge_base.models.embeddings import Embedder
from knowledge_base.search.queries import Query, question_terms
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import open_generation

GLOSSARY = """# Words

A fog horn is a horn that warns ships. Fog comes at dawn.
"""
NOTES = """# Notes

The fog horn of Brightwater was mended twice. Keepers sound the fog horn every minute.
"""


class PrefersTheWord:
    """Stands for the evidence model: a text scores by how often it holds one word."""

    model_id = "word@1"

    def __init__(self, word: str) -> None:
        self.word = word
        self.read: list[str] = []
        self.questions: list[str] = []

    def score(self, question: str, texts: Sequence[str]) -> np.ndarray:
        self.read = list(texts)
        self.questions.append(question)
        return np.array([4.0 * text.split("¶")[1].count(self.word) for text in texts], dtype=np.float32)

    def answers(self, question: str, texts: Sequence[str]) -> np.ndarray:
        return np.array([0.9 * (self.word in text) for text in texts], dtype=np.float32)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with catalog_of(tmp_path / "catalog.sqlite3", {"glossary.md": GLOSSARY, "notes.md": NOTES}) as opened:
        yield opened


def test_a_passage_that_defines_the_subject_is_looked_up(catalog: Catalog) -> None:
    (identifier,) = defining_passages(analyse("What is a fog horn?", Query("What is a fog horn?")), catalog)
    assert catalog.passages([identifier])[identifier].source == "glossary.md"


@pytest.mark.parametrize("question", ["Who mended the fog horn?", "What is it?", "What is a zeppelin?"])
def test_nothing_is_looked_up_where_no_definition_is_asked_for_or_held(question: str, catalog: Catalog) -> None:
    assert defining_passages(analyse(question, Query(question)), catalog) == []


LAMPS = """# Harbour lamps

The board will see to it that:

- oil is bought in spring;
- wicks are cut at noon;
- glass is cleaned by two;
"""


@pytest.mark.parametrize(
    ("question", "is_found"),
    [
        ("What are the three rules of the harbour lamps?", True),
        ("What are the four rules of the harbour lamps?", False),
        ("What are the three rules of the harbour?", False),
        ("Which rules hold for harbour lamps?", False),
        ("Who wrote the three rules of the harbour lamps?", False),
    ],
)
def test_a_list_of_as_many_items_as_asked_is_looked_up_in_the_document_named(
    question: str, is_found: bool, tmp_path: Path
) -> None:
    with catalog_of(tmp_path / "lamps.sqlite3", {"lamps.md": LAMPS, "notes.md": NOTES}) as opened:
        found_ids = counted_passages(analyse(question, Query(question, terms=question_terms(question))), opened)
        holding = {passage.source for passage in opened.passages(found_ids).values()}
    assert holding == ({"lamps.md"} if is_found else set())


def test_the_model_reads_each_sentence_by_itself(catalog: Catalog) -> None:
    model, passages = PrefersTheWord("twice"), list(catalog.all_passages())
    similarities = {i: 0.5 for p in passages for i in p.quotable_sentences}
    question = analyse("How often?", Query("How often?", context="Was the horn mended?"))
    read = read_sentences(model, question, found(passages), similarities, 99)
    assert read.keys() == similarities.keys()
    assert (max(read.values()), model.questions) == ((4.0, pytest.approx(0.9)), ["How often?"])
    assert "¶ The fog horn of Brightwater was mended twice. ¶" in model.read
    assert len(read_sentences(model, question, found(passages), similarities, 2)) == 2


def sentence_of(catalog: Catalog, source: str, score: float) -> Sentence:
    passage = next(p for p in catalog.all_passages() if p.source == source)
    return Sentence(passage, 0, 0.0, 1, passage.start, passage.end, "paragraph", passage.text, score=score)


def test_a_passage_rises_with_its_best_sentence(catalog: Catalog) -> None:
    passages = sorted(catalog.all_passages(), key=lambda p: p.source)
    retrieved, best = found(passages, [0.6, 0.5]), sentence_of(catalog, "notes.md", 1.0)
    assert [r.passage.source for r in reranked(retrieved, [best], 0.0)] == ["glossary.md", "notes.md"]
    other = sentence_of(catalog, "glossary.md", 0.2)
    assert [r.passage.source for r in reranked(retrieved, [best, other], 0.5)] == ["notes.md", "glossary.md"]


def test_the_model_s_choice_comes_first(shared_library: Library, embedder: Embedder) -> None:
    with open_generation(shared_library.data_dir) as generation:
        retriever = HybridRetriever(generation, embedder)
        question = analyse("What does a town do?", retriever.read("What does a town do?"))
        weights = EvidenceWeights(judged=2.0, reranking=0.8)
        plain = Gatherer(retriever, generation.catalog, None, weights).gather([question])
        judged = Gatherer(retriever, generation.catalog, PrefersTheWord("buoy"), weights).gather([question])
    assert "buoy" in judged.sentences[0].text
    assert judged.sentences[0].passage.id == judged.passages[0].passage.id
    assert (judged.answered, plain.answered) == (pytest.approx(0.9), None)
    assert {r.passage.id for r in plain.passages} == {r.passage.id for r in judged.passages}


def test_the_evidence_for_parts_is_put_together(catalog: Catalog) -> None:
    passages = found(sorted(catalog.all_passages(), key=lambda p: p.source), [0.6, 0.5])
    one, other = sentence_of(catalog, "glossary.md", 0.7), sentence_of(catalog, "notes.md", 0.9)
    first = Evidence(passages, [one, other], answered=0.2)
    second = Evidence(passages[::-1], [other], answered=0.1)
    both = together([first, second])
    assert [r.passage.source for r in both.passages] == ["glossary.md", "notes.md"]  # 0.6 and 0.6 to 0.5 and 0.5
    assert [s.score for s in both.sentences] == [0.9, 0.7]
    assert both.leading == (one, other)
    assert both.answered == 0.2
