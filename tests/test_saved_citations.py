from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from page_fixtures import QUOTE, quoted_answer, refused_answer

from assistant.page.conversations import FILE_NAME as ASSISTANTS_FILE
from assistant.page.conversations import ConversationStore
from knowledge_base.errors import StorageError
from knowledge_base.store.saved_citations import FILE_NAME, answers_that_hold, erase_answers

SOURCE = "notes/call.md"


def of_call(source: str, text: str) -> bool:
    return source == SOURCE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ConversationStore]:
    with ConversationStore.open(tmp_path) as opened:
        yield opened


def converse(store: ConversationStore) -> str:
    """Keep a conversation: an answer that quotes the note, a refusal that came near it, an answer that does not touch it."""
    begun = store.begin("How many principles?")
    other = replace(quoted_answer("Other?"), citations=(replace(quoted_answer().citations[0], source="other.md"),))
    for answer in (quoted_answer(), refused_answer(), other):
        store.add_question(begun.id, answer.question)
        message = store.add_answer(begun.id, answer)
        store.save_answer(message)
    return begun.id


def test_the_file_is_the_assistants() -> None:
    assert FILE_NAME == ASSISTANTS_FILE


def test_answers_that_quote_or_came_near_a_document_are_found(store: ConversationStore, tmp_path: Path) -> None:
    begun = converse(store)
    found = answers_that_hold(tmp_path, of_call)
    assert [(a.place, a.conversation, a.question, a.cites) for a in found] == [
        ("saved", begun, "How many principles?", True),
        ("saved", begun, "How many kangaroos?", False),
        ("conversation", begun, "How many principles?", True),
        ("conversation", begun, "How many kangaroos?", False),
    ]


def test_the_text_that_is_held_is_asked_about_too(store: ConversationStore, tmp_path: Path) -> None:
    converse(store)
    assert {a.question for a in answers_that_hold(tmp_path, lambda source, text: text == QUOTE and source == "other.md")} == {
        "Other?"
    }


def test_erased_answers_leave_no_byte_and_the_others_stay(store: ConversationStore, tmp_path: Path) -> None:
    begun = converse(store)
    gone = [a for a in answers_that_hold(tmp_path, of_call) if not a.cites]
    assert erase_answers(tmp_path, gone) == 2
    assert [m.content for m in store.messages(begun) if m.role == "user"] == ["How many principles?", "Other?"]
    assert len(store.saved_answers()) == 2
    assert not any(b"kangaroos" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_conversation_of_which_nothing_is_left_goes(store: ConversationStore, tmp_path: Path) -> None:
    begun = store.begin("How many principles?")
    store.add_question(begun.id, "How many principles?")
    store.add_answer(begun.id, quoted_answer())
    erase_answers(tmp_path, answers_that_hold(tmp_path, of_call))
    assert store.conversations() == []
    assert not any(QUOTE.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_without_conversations_there_is_nothing_to_find_or_erase(tmp_path: Path) -> None:
    assert answers_that_hold(tmp_path, of_call) == []
    assert erase_answers(tmp_path, []) == 0
    assert list(tmp_path.iterdir()) == []


def test_an_answer_of_another_form_holds_nothing(store: ConversationStore, tmp_path: Path) -> None:
    converse(store)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("UPDATE saved_answers SET answer = 'no JSON'")
        connection.execute("UPDATE messages SET answer = '[]'")
    connection.close()
    assert answers_that_hold(tmp_path, of_call) == []


def test_a_damaged_file_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError) as raised:
        answers_that_hold(tmp_path, of_call)
    assert raised.value.remedy
