"""The form of an answer in a sentence."""

from __future__ import annotations

import pytest

from assistant.evidence.cues import cue, field_cue, short_answer
from assistant.question.questions import analyse
from knowledge_base.language.words import question_language
from knowledge_base.search.queries import Query, question_terms


def cue_of(question: str, text: str) -> float:
    language = question_language(question)
    return cue(analyse(question, Query(question, language=language, terms=question_terms(question))), text)


@pytest.mark.parametrize(
    ("question", "better", "worse"),
    [
        ("When was it signed?", "It was signed on 4 March 2021.", "It was signed in 2021."),
        ("When was it signed?", "It was signed in 2021.", "It was signed by nine towns."),
        ("Who signed the charter?", "It was signed by Ada Marlow.", "It was signed in a hurry."),
        ("Who leads the School of Pilots?", "The school is led by Ada Marlow.", "The school of pilots is led well."),
        ("How many towns signed?", "In all, nine towns signed.", "Most towns signed."),
        ("How many towns are there?", "They met in 2018 in nine harbour towns.", "Towns 2, 3 and 4 have no lamp of 1874."),
        ("How many towns are there?", "There are 1,200 towns.", "Towns grew in 2018 and ships sank."),
        ("Combien de villes ont signé ?", "Neuf villes ont signé.", "Les villes ont signé deux fois."),
        ("How much does a lamp cost?", "A lamp costs 90 crowns.", "A lamp is dear."),
        ("Why do lamps go out?", "They go out because oil is short.", "They go out at dawn."),
        ("What is a fog horn?", "A fog horn is a horn that warns ships.", "Each town keeps a fog horn."),
        ("What is cyberspace?", "This space, the “cyberspace”, is a means of speech.", "All fear cyberspace."),
        ("What is cyberspace?", "This space, or “cyberspace”, is a means of speech.", "Threats in cyberspace are many."),
        ("What is a fog horn?", "A fog horn is a horn that warns ships.", "A fog horn is sounded in the fog."),
        ("What is a fog horn?", "A fog horn is sounded in the fog.", "Each town keeps a fog horn."),
        ("Qu'est-ce que le cyberespace ?", "Le cyberespace est un lieu d'échange.", "Il protège le cyberespace."),
    ],
)
def test_a_sentence_in_the_form_of_an_answer_scores_more(question: str, better: str, worse: str) -> None:
    assert 1 >= cue_of(question, better) > cue_of(question, worse) >= 0


def test_a_field_answers_by_its_key() -> None:
    question = analyse("Where and when does it take place?", Query("Where and when does it take place?"))
    found = [field_cue(question, text) for text in ("start_date: 2019-11-22", 'address: "Pier 4"', "hashtag: none")]
    assert found == [1, 1, 0]
    assert field_cue(analyse("Who speaks?", Query("Who speaks?")), "start_date: 2019-11-22") == 0


@pytest.mark.parametrize(
    ("question", "text", "short"),
    [
        ("When was the charter signed?", "The charter was signed on 4 March 2021 in the hall.", "4 March 2021"),
        ("Quand la charte a-t-elle été signée ?", "La charte a été signée le 4 août 2021.", "4 août 2021"),
        ("When in 2021 was it signed?", "In 2021 it was signed on 4 March.", "4 March"),
        ("When was it signed?", "It was signed in 2021 and again in 2022.", None),
        ("How many towns signed?", "In 2018, nine towns signed.", "nine"),
        ("How many towns signed?", "Nine towns signed, then 12 towns more.", None),
        ("How many towns signed?", "Ships signed twice.", None),
        ("Who signed the charter?", "Ada Marlow signed it on 4 March 2021.", None),
    ],
)
def test_the_one_date_or_number_that_is_asked_for_is_the_short_answer(question: str, text: str, short: str | None) -> None:
    language = question_language(question)
    span = short_answer(analyse(question, Query(question, language=language, terms=question_terms(question))), text)
    assert (text[slice(*span)] if span else None) == short
