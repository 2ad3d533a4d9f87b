from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from evaluation_fixtures import LAMP, LAMP_GOLD, SIGNED, SIGNED_GOLD, quoting, refusing, unanswerable
from filelock import FileLock

from assistant.evaluation import testset as own_items
from assistant.evaluation.testset import (
    GoldQuote,
    Turn,
    add_item,
    item_from,
    place,
    read_items,
    read_test_set,
    remove_item,
    sentences_of,
)
from knowledge_base.errors import EvaluationError, LockedError
from knowledge_base.passages import Passage, RetrievedPassage, SentenceSpan

TURNS = (Turn("user", "What is the charter?"), Turn("assistant", "A charter of towns."))


def test_a_question_is_kept_under_the_next_free_id_and_can_be_exported_as_a_test_set(tmp_path: Path):
    assert read_items(tmp_path) is None
    first = add_item(tmp_path, item_from(quoting(LAMP), (), "en", [SIGNED_GOLD], ["nine | 9", "", "4 March 2021"]))
    second = add_item(tmp_path, item_from(refusing(), (), "fr", [], []))
    assert (first.id, second.id) == ("own-001", "own-002")
    assert first.must_include == (("nine", "9"), ("4 March 2021",)) and second.category == "unanswerable"
    assert read_test_set(place(tmp_path)).items == (first, second)
    remove_item(tmp_path, "own-001")
    assert add_item(tmp_path, unanswerable()).id == "own-003"
    remove_item(tmp_path, "own-002"), remove_item(tmp_path, "own-003")
    assert read_items(tmp_path) is None


def test_where_no_fact_is_given_the_quotes_are_the_facts(tmp_path: Path):
    made = item_from(quoting(LAMP), (), "en", [SIGNED_GOLD, LAMP_GOLD], [" "])
    assert made.must_include == ((SIGNED,), (LAMP,)) and made.answerable and made.category == "factoid"


def test_the_turns_before_it_are_kept_where_the_question_depends_on_them():
    leaning = item_from(quoting(LAMP, standalone="What does the charter ask?"), TURNS, "en", [LAMP_GOLD], [])
    assert leaning.history == TURNS and leaning.category == "followup"
    assert item_from(quoting(LAMP), TURNS, "en", [LAMP_GOLD], []).history == ()


def test_what_is_no_test_question_is_not_kept(tmp_path: Path):
    with pytest.raises(EvaluationError, match="needs at least one fact"):
        add_item(tmp_path, unanswerable(answerable=True, category="factoid", gold=(SIGNED_GOLD,)))
    assert read_items(tmp_path) is None


def test_the_sentences_to_choose_from_are_those_cited_then_those_retrieved_each_once():
    text = f"{SIGNED} {LAMP}"
    spans = (SentenceSpan(0, len(SIGNED), "paragraph"), SentenceSpan(len(SIGNED) + 1, len(text), "paragraph"))
    passage = Passage("p", "charter.md", "Charter", None, 0, len(text), "", text, sentences=spans)
    answer = quoting(LAMP)
    retrieved = (RetrievedPassage(passage, 1.0, 0.5, 0.5),)
    assert sentences_of(replace(answer, retrieved=retrieved)) == [LAMP_GOLD, GoldQuote("charter.md", None, SIGNED)]


def test_a_second_writer_waits_and_then_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    add_item(tmp_path, unanswerable())
    monkeypatch.setattr(own_items, "_LOCK_SECONDS", 0)
    with FileLock(place(tmp_path).with_suffix(".lock")), pytest.raises(LockedError, match="is being changed"):
        remove_item(tmp_path, "own-001")
