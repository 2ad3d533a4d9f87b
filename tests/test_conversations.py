from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from page_fixtures import quoted_answer, refused_answer

from assistant.page.conversations import FILE_NAME, ConversationStore, decoded, encoded, title_from
from knowledge_base.errors import StorageError


@pytest.fixture
def store(tmp_path: Path):
    with ConversationStore.open(tmp_path) as opened:
        yield opened


def test_questions_and_answers_come_back_in_order_with_their_citations(store: ConversationStore):
    begun = store.begin("How many principles?")
    store.add_question(begun.id, "How many principles?")
    store.add_answer(begun.id, quoted_answer())
    question, answer = store.messages(begun.id)
    assert (question.role, question.content, question.answer) == ("user", "How many principles?", None)
    assert (answer.role, answer.answer) == ("assistant", quoted_answer())


@pytest.mark.parametrize("answer", [quoted_answer(), refused_answer()])
def test_an_answer_is_the_same_after_it_was_written_and_read(answer):
    assert decoded(encoded(answer)) == answer


def test_a_record_of_another_form_reads_as_no_answer(caplog):
    assert decoded('{"question": 1}') is None
    assert "cannot be read" in caplog.text


def test_a_field_that_a_later_version_adds_does_not_make_an_answer_unreadable():
    later = encoded(quoted_answer()).replace("{", '{"added_later": 1, ', 1)
    assert decoded(later) == quoted_answer()


def test_conversations_return_when_the_store_is_opened_again(tmp_path: Path):
    with ConversationStore.open(tmp_path) as first:
        begun = first.begin("One?")
        first.add_question(begun.id, "One?")
    with ConversationStore.open(tmp_path) as second:
        assert [conversation.id for conversation in second.conversations()] == [begun.id]
        assert [message.content for message in second.messages(begun.id)] == ["One?"]


def test_the_conversation_with_the_latest_message_comes_first(store: ConversationStore):
    older, newer = store.begin("older"), store.begin("newer")
    assert [c.id for c in store.conversations()] == [newer.id, older.id]
    with store._transaction() as connection:
        connection.execute("UPDATE conversations SET updated = '2001-01-01T00:00:00.000+00:00'")
    store.add_question(older.id, "again")
    assert [c.id for c in store.conversations()] == [older.id, newer.id]


def test_a_title_is_one_line_of_limited_length():
    assert title_from("  What\n is   this? ") == "What is this?"
    assert title_from("word " * 40) == ("word " * 16)[:79].rstrip() + "…"


def test_renaming_changes_the_title_and_an_empty_name_does_not(store: ConversationStore):
    begun = store.begin("One?")
    store.rename(begun.id, " Another  name ")
    store.rename(begun.id, "   ")
    found = store.conversation(begun.id)
    assert found is not None and found.title == "Another name"


def test_a_deleted_conversation_takes_its_messages_and_leaves_what_was_saved(store: ConversationStore):
    begun = store.begin("One?")
    message = store.add_answer(begun.id, quoted_answer())
    store.save_answer(message)
    store.delete(begun.id)
    assert store.conversation(begun.id) is None and store.messages(begun.id) == []
    saved = store.saved_answers()
    assert [(entry.answer, entry.conversation) for entry in saved] == [(quoted_answer(), None)]


def test_saving_twice_keeps_one_and_removing_takes_it_out(store: ConversationStore):
    begun = store.begin("One?")
    message = store.add_answer(begun.id, quoted_answer())
    store.save_answer(message)
    store.save_answer(message)
    assert store.saved_messages() == {message} and len(store.saved_answers()) == 1
    store.remove_saved(message)
    assert store.saved_messages() == set()


def test_a_question_is_no_saved_answer(store: ConversationStore):
    begun = store.begin("One?")
    store.save_answer(store.add_question(begun.id, "One?"))
    assert store.saved_answers() == []


def test_an_answer_to_a_conversation_deleted_meanwhile_is_refused(store: ConversationStore):
    begun = store.begin("One?")
    store.delete(begun.id)
    with pytest.raises(StorageError, match="deleted meanwhile"):
        store.add_answer(begun.id, quoted_answer())


def test_two_stores_on_one_file_lose_nothing(tmp_path: Path):
    with ConversationStore.open(tmp_path) as first, ConversationStore.open(tmp_path) as second:
        begun = first.begin("One?")
        with ThreadPoolExecutor(4) as pool:
            stores = [first, second] * 40
            list(pool.map(lambda item: item[1].add_question(begun.id, f"question {item[0]}"), enumerate(stores)))
        contents = {message.content for message in second.messages(begun.id)}
    assert contents == {f"question {number}" for number in range(80)}


def test_what_was_added_before_a_kill_is_there_after_it(tmp_path: Path):
    script = (
        "import os, signal, sys; from pathlib import Path; from assistant.page.conversations import ConversationStore\n"
        "store = ConversationStore.open(Path(sys.argv[1])); begun = store.begin('One?')\n"
        "store.add_question(begun.id, 'One?'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    with ConversationStore.open(tmp_path) as store:
        listed = store.conversations()
        assert [message.content for message in store.messages(listed[0].id)] == ["One?"]


@pytest.mark.parametrize("damage", ["no database", "a page overwritten"])
def test_a_damaged_file_is_renamed_with_a_notice(tmp_path: Path, damage: str):
    path = tmp_path / FILE_NAME
    with ConversationStore.open(tmp_path) as store:
        begun = store.begin("One?")
        for number in range(200):
            store.add_question(begun.id, f"question {number} " + "x" * 200)
    data = path.read_bytes()
    bad = b"no database at all" * 100 if damage == "no database" else data[:4096] + b"\xff" * 8192 + data[12288:]
    path.write_bytes(bad)
    with ConversationStore.open(tmp_path) as store:
        assert store.notice is not None and "renamed to" in store.notice
        assert store.conversations() == []
    aside = list(tmp_path.glob("conversations.damaged-*.sqlite3"))
    assert [file.read_bytes() for file in aside] == [bad]


def test_a_place_that_cannot_be_written_is_named_with_the_remedy(tmp_path: Path):
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StorageError) as caught:
        ConversationStore.open(tmp_path / "data")
    assert str(tmp_path / "data") in caught.value.message and "--data-dir" in caught.value.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named_with_the_remedy(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="cannot be"):
        ConversationStore.open(tmp_path)


def test_a_file_that_another_program_locks_for_long_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("assistant.page.conversations.BUSY_SECONDS", 0.05)
    with ConversationStore.open(tmp_path) as store:
        other = sqlite3.connect(tmp_path / FILE_NAME)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="cannot be kept"):
            store.begin("One?")
        other.rollback()
        other.close()
        assert store.begin("Two?").title == "Two?"


def test_a_store_that_is_not_kept_works_and_says_so():
    with ConversationStore.unkept("It ends with the program.") as store:
        begun = store.begin("One?")
        store.add_question(begun.id, "One?")
        assert store.notice == "It ends with the program." and len(store.messages(begun.id)) == 1


def test_what_a_reader_thinks_of_an_answer_is_kept_changed_taken_back_and_goes_with_it(store: ConversationStore):
    begun = store.begin("How many principles?")
    question = store.add_question(begun.id, "How many principles?")
    answer, other = store.add_answer(begun.id, quoted_answer()), store.add_answer(begun.id, quoted_answer())
    store.rate(answer, good=False)
    store.rate(other, good=True)
    store.rate(question, good=True)
    assert store.ratings() == {answer: False, other: True}
    store.rate(answer, good=True)
    store.rate(other, good=None)
    assert store.ratings() == {answer: True}
    store.delete(begun.id)
    assert store.ratings() == {}


def test_all_conversations_are_deleted_at_once_and_saved_answers_stay(store: ConversationStore):
    first, second = store.begin("How many principles?"), store.begin("Who launched it?")
    store.add_question(first.id, "How many principles?")
    store.save_answer(store.add_answer(first.id, quoted_answer()))
    store.delete_all()
    assert store.conversations() == [] and store.messages(second.id) == []
    assert len(store.saved_answers()) == 1
