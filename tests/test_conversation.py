"""What a follow-up question leans on."""

from __future__ import annotations

import pytest

from assistant.question.questions import context_of, leans_on_history

HISTORY = [
    {"role": "user", "content": "Who keeps the lamps?"},
    {"role": "assistant", "content": "The towns keep them.[1] They share the cost.[2]"},
]


@pytest.mark.parametrize(
    "question",
    [
        "And why?",
        "What does it cost?",
        "Quels sont leurs noms ?",
        "The cost?",
        "How about Brightwater?",
        "What is the reason for its long absence?",
        "Who rebuilt the lamps there?",
        "Que dit la charte qui en parle au conseil ?",
        "What is the deadline?",
        "What was decided?",
        "What does it mean?",
    ],
)
def test_a_question_that_points_back_or_says_little_leans_on_the_conversation(question: str) -> None:
    assert leans_on_history(question)
    assert context_of(question, HISTORY) == "Who keeps the lamps? The towns keep them. They share the cost."


@pytest.mark.parametrize(
    "question",
    [
        "When did the harbour board rebuild the oldest pier?",
        "Which papers should Saltholm publish on its harbour board?",
        "How many lamps are there in the harbour towns?",
        "Quels ports ont signé la charte en 1990 et en Norvège ?",
        "What is a fog horn?",
        "What are lamps?",
        "What is the HBC?",
        "What does HBC mean?",
        "Define lamp oil.",
        "Qu'est-ce que le phare ?",
    ],
)
def test_a_question_that_stands_alone_leaves_the_conversation_behind(question: str) -> None:
    assert context_of(question, HISTORY) == ""


def test_without_a_conversation_there_is_nothing_to_lean_on() -> None:
    assert context_of("And why?", []) == ""


def test_the_beginning_of_a_long_answer_is_enough() -> None:
    long = [HISTORY[0], {"role": "assistant", "content": "word " * 500}]
    assert len(context_of("And why?", long).split()) == 44
