"""When the evidence is good enough to answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_catalogs import found

from assistant.evidence.gathering import Evidence
from assistant.evidence.refusal import CERTAIN, THRESHOLD, confidence, reason_for_refusal, signals, without_open_parts
from assistant.evidence.scoring import Sentence
from assistant.question.questions import Question, analyse
from knowledge_base.passages import Passage
from knowledge_base.search.queries import Query

PASSAGE = Passage("p1", "a.md", "A", None, 0, 5, "", "Text.")


def question(unknown: tuple[str, ...] = ()) -> Question:
    terms = {"lamp": ("lamp",), "zeppelin": ("zeppelin",)}
    return analyse(
        "Which lamp has a zeppelin?", Query("", terms=terms, weights={"lamp": 1.0, "zeppelin": 3.0}, unknown=unknown)
    )


def part_of(asked: str, answered: float, text: str) -> tuple[Question, Evidence]:
    sentence = Sentence(PASSAGE, 0, 1.0, 0, 0, len(text), "paragraph", text)
    return replace(question(), asked=asked), Evidence(found([PASSAGE]), [sentence], answered)


def evidence(answered: float | None, dense: float = 0.5) -> Evidence:
    return Evidence(found([PASSAGE], [dense]), [], answered)


def test_the_better_the_model_thinks_of_the_evidence_the_surer_the_answer() -> None:
    trust = [confidence(question(), evidence(answered)) for answered in (0.0, 0.1, 0.5, 0.9, 1.0)]
    assert trust == sorted(trust)
    assert 0 < trust[0] < THRESHOLD < CERTAIN < trust[-1] < 1


def test_without_the_model_nearness_and_unknown_words_decide() -> None:
    near, far = evidence(None, dense=0.7), evidence(None, dense=0.2)
    assert confidence(question(), far) < THRESHOLD < CERTAIN < confidence(question(), near)
    assert confidence(question(("zeppelin",)), near) < confidence(question(), near)


def test_signals_are_measured_on_the_question_and_its_evidence() -> None:
    measured = signals(question(("zeppelin",)), evidence(0.5))
    assert (measured["answered"], measured["unknown"], measured["passages"]) == (0.0, 0.75, 0.5)


@pytest.mark.parametrize(("trust", "refused"), [(THRESHOLD - 0.01, True), (THRESHOLD, False), (1.0, False)])
def test_what_is_not_sure_enough_is_refused_with_a_reason(trust: float, refused: bool) -> None:
    assert (reason_for_refusal(question(), trust) is not None) == refused


def test_the_more_the_best_passage_stands_out_the_surer_the_answer() -> None:
    flat, steep = (0.2, *[0.19] * 23), (0.6, *[0.3] * 23)
    assert confidence(question(), replace(evidence(0.3), scores=flat)) < THRESHOLD
    assert confidence(question(), replace(evidence(0.5), scores=steep)) > CERTAIN


def test_in_a_library_of_few_passages_and_for_a_part_the_model_decides() -> None:
    flat = (0.2, *[0.19] * 23)
    assert confidence(question(), replace(evidence(0.9), scores=flat[:9])) == confidence(question(), evidence(0.9))
    assert confidence(question(), replace(evidence(0.9), scores=flat), is_part=True) == confidence(question(), evidence(0.9))


def test_a_question_without_a_word_to_search_for_is_refused() -> None:
    assert reason_for_refusal(analyse("?", Query("?")), 1.0) == "The question holds no word to search for."
    assert reason_for_refusal(analyse("?", Query("?", language="fr")), 1.0) == "La question ne contient aucun mot à chercher."


def test_a_part_of_a_question_that_the_evidence_leaves_open_is_named_and_does_not_lead() -> None:
    parts = part_of("Which lamp?", 0.9, "A lamp."), part_of("What does a zeppelin cost?", 0.0, "A zeppelin.")
    both = Evidence([], [], leading=tuple(found.sentences[0] for _, found in parts), parts=parts)
    kept, left_open = without_open_parts(both)
    assert [sentence.text for sentence in kept.leading] == ["A lamp."]
    assert left_open == ["What does a zeppelin cost?"]


def test_an_open_part_of_one_word_is_not_named() -> None:
    parts = part_of("Which lamp is sold?", 0.9, "A red lamp."), part_of("in what colour", 0.0, "A zeppelin.")
    assert without_open_parts(Evidence([], [], parts=parts))[1] == []


def test_where_no_part_is_answered_or_there_are_none_nothing_is_taken_away() -> None:
    parts = part_of("Which lamp?", 0.0, "A lamp."), part_of("Which zeppelin?", 0.0, "A zeppelin.")
    for gathered in (Evidence([], [], leading=(parts[0][1].sentences[0],), parts=parts), evidence(0.9)):
        assert without_open_parts(gathered) == (gathered, [])


def test_a_moved_vector_has_a_scale_of_its_own() -> None:
    plain, moved = evidence(None, 0.4), replace(evidence(None, 0.4), adapted=True)
    assert confidence(question(), plain) < THRESHOLD < confidence(question(), moved)
    assert confidence(question(), replace(evidence(0.5), adapted=True)) == confidence(question(), evidence(0.5))
