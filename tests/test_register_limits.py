"""A question that the built-in register of states cannot answer: what the documents say of it, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.answering import Assistant
from knowledge_base.settings import Settings

ALONE = "The built-in register lists only the states that support the Call (as of 25 December 2025)."


@pytest.fixture(scope="module")
def assistant(briefs_index: Path) -> Iterator[Assistant]:
    with Assistant.open(Settings(data_dir=briefs_index)) as opened:
        yield opened


@pytest.mark.parametrize(
    "question",
    [
        "How many Kenyan firms support the Call?",
        "List the NGOs from Ghana that signed",
        "Is Quillfeather Ltd on the list?",
    ],
)
def test_what_no_document_tells_is_refused_with_the_remedy(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(question)
    assert answer.abstained
    assert answer.refusal is not None
    assert answer.refusal.reason.startswith(ALONE)
    assert "which the page Documents brings in" in answer.text
    assert "python" not in answer.text


def test_it_is_said_in_french(assistant: Assistant) -> None:
    answer = assistant.ask("Combien d'entreprises kényanes soutiennent l'Appel ?")
    assert answer.abstained
    assert "Le registre intégré ne recense que les États" in answer.text


def test_what_the_documents_tell_is_quoted_and_the_rest_said(assistant: Assistant) -> None:
    answer = assistant.ask("Which Chinese companies are on the list of supporters?")
    assert not answer.abstained
    assert "Huawei, Lenovo, Tuya and Shudun Technology" in answer.text
    assert answer.parts[-1].text.startswith(ALONE)


def test_states_are_answered_as_ever(assistant: Assistant) -> None:
    assert ALONE not in assistant.ask("How many states support the Call?").text
