"""The parts of a question that asks for several things."""

import pytest

from assistant.question.questions import parts_of
from knowledge_base.language.words import question_language


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who built the lighthouse, and how tall is it?", ["Who built the lighthouse", "how tall is it"]),
        ("The old harbour: who owns it, and what does a berth cost?", [
            "The old harbour: who owns it",
            "The old harbour: what does a berth cost",
        ]),
        ("Qui tient le phare et où habite-t-il ?", ["Qui tient le phare", "où habite-t-il"]),
        ("Who keeps the fog horn? Where does the keeper live?", ["Who keeps the fog horn", "Where does the keeper live"]),
    ],
)  # fmt: skip
def test_each_thing_asked_for_is_a_part(question: str, parts: list[str]) -> None:
    assert parts_of(question, question_language(question)) == parts


@pytest.mark.parametrize(
    "question",
    [
        "Who built the lighthouse and the pier?",
        "When was the harbour charter signed, and where?",
        "Which ship, and of what year, is the oldest in the harbour?",
        "Ferries leave at noon. How long do they take?",
        "Who rows, and who steers, and who pays, and who watches?",
        "",
    ],
)
def test_what_asks_for_one_thing_stays_whole(question: str) -> None:
    assert parts_of(question, "en") == [question]
