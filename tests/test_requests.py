"""Greetings, questions on the assistant and on the library itself are told from questions on the documents, and answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from libraries import Library, ingest

from assistant.answering import Assistant
from assistant.answers import Answer
from assistant.evidence.provisions import names_another, references_in
from assistant.question.requests import read_request, without_small_talk
from knowledge_base.settings import Settings

RULES = """# Harbour Rules

## Article 1

Ships keep to the right.

## Article 2

1. Each ship carries a light.

2. The light is white at night.

## Article 3

Fines are paid in silver.
"""
NOTES = """# Notes on lamps

A ransom was asked for the lamps in 1931. The lamps came back.
"""


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("harbour")
    library = Library(folder / "documents", folder / "data")
    library.documents.mkdir()
    (library.documents / "rules.md").write_text(RULES, encoding="utf-8")
    (library.documents / "lamps.md").write_text(NOTES, encoding="utf-8")
    assert ingest("sync", str(library.documents), "--data-dir", str(library.data_dir)).code == 0
    with Assistant.open(Settings(data_dir=library.data_dir)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hello!", "greeting"), ("Bonjour", "greeting"), ("thanks, that was helpful", "thanks"), ("Merci beaucoup !", "thanks"),
        ("Who are you?", "assistant"), ("Qui êtes-vous ?", "assistant"), ("What can you do?", "assistant"),
        ("What documents do you have?", "documents"), ("Quels documents avez-vous ?", "documents"),
        ("What is new since last week?", "news"), ("Which documents mention lamps?", "mentions"),
        ("Y a-t-il une mention de lampes ?", "mentions"), ("How many pages has the report?", "pages"),
    ],
)  # fmt: skip
def test_a_request_is_told_by_all_of_its_words(text: str, kind: str) -> None:
    request = read_request(text)
    assert request is not None and request.kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "Hello, who launched the call?", "Who wrote this document?", "Which documents must a ship keep?", "attribution",
        "How long is a permit valid?", "What do you think of the reports on lamps?", "Quel est le rôle de la capitainerie ?",
    ],
)  # fmt: skip
def test_a_question_is_no_request(text: str) -> None:
    assert read_request(text) is None


def test_the_questions_of_the_project_are_no_requests() -> None:
    file = Path(__file__).parents[1] / "assistant" / "evaluation" / "questions.jsonl"
    questions = [json.loads(line)["question"] for line in file.read_text(encoding="utf-8").splitlines()]
    taken = [q for q in questions if (r := read_request(q)) and not r.subject]
    assert len(questions) > 100 and taken == []


def test_a_conversation_is_read_without_its_small_talk() -> None:
    turns = [("user", "Who pays fines?"), ("assistant", "In silver."), ("user", "Thanks!"), ("assistant", "You are welcome.")]
    history = [{"role": role, "content": content} for role, content in turns]
    assert without_small_talk(history) == history[:2]


def lines(answer: Answer) -> list[str]:
    assert not answer.abstained
    return answer.text.splitlines()


def test_a_greeting_gets_a_friendly_line_and_two_questions_to_try(harbour: Assistant) -> None:
    answer = harbour.ask("Hello!")
    assert answer.text.startswith("Hello.") and "You could ask" in answer.text and not answer.citations


def test_the_documents_are_listed_by_title(harbour: Assistant) -> None:
    assert lines(harbour.ask("Which documents do you have?")) == [
        "2 documents are indexed.",
        "- Harbour Rules",
        "- Notes on lamps",
    ]
    assert harbour.ask("Quels documents avez-vous ?").text.startswith("2 documents sont indexés.")


def test_the_headings_of_a_document_that_is_named(harbour: Assistant) -> None:
    found = lines(harbour.ask("What are the main headings of the Harbour Rules?"))
    assert found[0] == "The headings of “Harbour Rules”:" and "- Article 2" in found


def test_what_mentions_a_term_is_quoted_from_each_document(harbour: Assistant) -> None:
    answer = harbour.ask("Which documents mention lights?")
    assert answer.text.startswith("“lights” occurs in 1 of 2 documents:")
    assert [c.quote for c in answer.citations] == ["Each ship carries a light."]


def test_no_mention_says_what_was_searched(harbour: Assistant) -> None:
    assert harbour.ask("Is there any mention of whales?").text == (
        "None of the 2 documents mentions “whales”. Searched for, in any form: whales."
    )


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        ("What does Article 3 say?", ["Fines are paid in silver."]),
        ("Give me the exact wording of Article 2(2)", ["The light is white at night."]),
        ("What is article 1 of the Harbour Rules?", ["Ships keep to the right."]),
    ],
)
def test_a_numbered_part_is_quoted_whole_with_its_label(harbour: Assistant, question: str, quotes: list[str]) -> None:
    answer = harbour.ask(question)
    assert [c.quote for c in answer.citations] == quotes
    assert answer.citations[0].label.startswith("Article")


def test_numbered_parts_are_counted(harbour: Assistant) -> None:
    assert "“Harbour Rules” has 3 articles, from “Article 1” to “Article 3”." in harbour.ask("How many articles has it?").text


def test_a_sentence_on_another_number_is_no_evidence_for_the_number_asked_for() -> None:
    asked = references_in("What does principle 3 ask for?", "en")
    assert names_another(asked, "Principle 4 is about theft.", "en")
    assert not names_another(asked, "Principles 4 and principle 3 belong together.", "en")
    assert not names_another(asked, "It has nine principles, says section 4.", "en")
    assert not names_another([], "Principle 4 is about theft.", "en")
