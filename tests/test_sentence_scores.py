"""How sentences are weighed as evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from small_catalogs import catalog_of, found, pages_of

from assistant.evidence.scoring import EvidenceWeights, Judgement, Sentence, score_sentences
from assistant.question.questions import analyse
from knowledge_base.passages import BlockKind
from knowledge_base.search.queries import QueryReader
from knowledge_base.store.catalog import Catalog

CHARTER = """---
language: en
---

# Charter

The harbour charter was signed by nine towns. Each town keeps a lamp burning from dusk to dawn. Oil is dear in all of them

drawn by hand

The chart
"""
CHARTE = """---
language: fr
---

# Charte

La charte du port a été signée par neuf villes. Chaque ville garde une lampe allumée toute la nuit.
"""
EVEN = EvidenceWeights(lexical=0, dense=0, passage=0, cue=0, foreign=0, poor=0, judged=0)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    texts = {"charter.md": CHARTER, "charte.md": CHARTE}
    with catalog_of(tmp_path_factory.mktemp("scores") / "catalog.sqlite3", texts) as opened:
        yield opened


def scored(
    catalog: Catalog, question: str, weights: EvidenceWeights, judgement: Judgement | None = None, context: str = ""
) -> list[Sentence]:
    passages = list(catalog.all_passages())
    similarities = {i: 0.5 for p in passages for i in p.quotable_sentences}
    query = QueryReader(catalog).read(question, context)
    return score_sentences(analyse(question, query), found(passages), similarities, judgement or Judgement(), weights)


def first(catalog: Catalog, question: str, weights: Mapping[str, float]) -> str:
    settings = EvidenceWeights(**{name: weights.get(name, 0.0) for name in ("lexical", "passage", "cue", "foreign")})
    return scored(catalog, question, settings)[0].text


def test_the_share_of_the_question_s_words_counts(catalog: Catalog) -> None:
    assert first(catalog, "Which lamp burns from dusk?", {"lexical": 1}).startswith("Each town keeps a lamp")


def test_a_sentence_in_another_language_counts_less(catalog: Catalog) -> None:
    assert {s.passage.language for s in scored(catalog, "Qui a signé la charte ?", EVEN)} == {"en", "fr"}
    best = scored(catalog, "Qui a signé la charte du port ?", EvidenceWeights(foreign=0.5))[0]
    assert best.passage.language == "fr"


def test_a_word_that_the_headings_alone_hold_counts_in_part(tmp_path: Path) -> None:
    page = "# Lanterns\n\nEach is lit at dusk by its keeper.\n\nThe lanterns are lit at dusk by a keeper.\n"
    with catalog_of(tmp_path / "catalog.sqlite3", {"lanterns.md": page}) as opened:
        weights = replace(EVEN, lexical=1, context=0.4)
        scores = {s.text[:4]: s.score for s in scored(opened, "Lanterns?", weights)}
    assert scores == {"Each": pytest.approx(0.4), "The ": pytest.approx(1.0)}


def test_labels_and_pieces_of_sentences_are_no_evidence(catalog: Catalog) -> None:
    texts = {s.text for s in scored(catalog, "Is oil dear?", EVEN)}
    assert "Oil is dear in all of them" in texts
    assert not texts & {"drawn by hand", "The chart"}


@pytest.mark.parametrize("note", ["7 Harbour Board, Final Report, p. 13.", "——, The Board That Met, Harbour Press, 1990."])
def test_a_foot_note_and_a_bibliography_s_entry_count_less_than_a_sentence(note: str, tmp_path: Path) -> None:
    page = f"{note}\n\nThe board met in May.\n"
    with catalog_of(tmp_path / "catalog.sqlite3", {"notes.md": page}) as opened:
        entry, sentence = sorted(scored(opened, "When did the board meet?", replace(EVEN, poor=1)), key=lambda s: s.start)
    assert entry.score < sentence.score


def test_the_model_s_ranks_count_by_their_distance_from_the_best(catalog: Catalog) -> None:
    ids = [s.id for s in scored(catalog, "Who?", EVEN)]
    judgement = Judgement({ids[2]: 5.0, ids[1]: 3.0, ids[0]: -5.0})
    ranked = scored(catalog, "Who?", replace(EVEN, judged=1), judgement)
    assert [s.id for s in ranked[:2]] == [ids[2], ids[1]]
    assert judgement.standing(ids[2], 2.0) == 1.0
    assert judgement.standing(ids[1], 2.0) == 0.5
    assert judgement.standing("unread", 2.0) == 0.0


def test_sentences_without_a_similarity_are_not_weighed(catalog: Catalog) -> None:
    passages = list(catalog.all_passages())
    assert score_sentences(analyse("Who?", QueryReader(catalog).read("Who?")), found(passages), {}, Judgement(), EVEN) == []


@pytest.mark.parametrize(
    ("kind", "poor"),
    [
        ("paragraph", "Association of the Harbour Boards of the North – Havnelaget (AHB)"),
        ("paragraph", "The board of elders, grey and slow, is organised around [3]."),
        ("paragraph", "“But how could the board of elders meet in a tower at noon?”"),
        ("field", "Download how the board and its elders meet each year"),
        ("table_row", "How the board and its elders meet | 12"),
    ],
)
def test_a_text_that_makes_a_poor_quote_counts_less(kind: BlockKind, poor: str, tmp_path: Path) -> None:
    whole = "The board met in the tower with all its elders, at noon."
    with catalog_of(tmp_path / "catalog.sqlite3", {}, pages_of("notes.pdf", [(kind, poor), ("paragraph", whole)])) as opened:
        weighed = scored(opened, "How does the board meet?", replace(EVEN, poor=0.5))
    assert {s.text: s.score for s in weighed} == {whole: 0.0, poor: -0.5}


def test_a_field_that_is_asked_for_is_no_mere_label(tmp_path: Path) -> None:
    with catalog_of(tmp_path / "catalog.sqlite3", {}, pages_of("notes.pdf", [("field", "date: 12 May, at noon")])) as opened:
        (field,) = scored(opened, "When does the board meet?", replace(EVEN, poor=0.5))
    assert field.score == 0.0
