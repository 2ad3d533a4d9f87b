"""Saved questions asked again: what changed in their answers, kept, shown, and told as JSON and as an Atom feed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from libraries import Library, assistant
from lxml import etree
from page_fixtures import HOSTILE, QUOTE, quoted_answer, refused_answer, register_answer
from reference import DIGEST

from assistant.answers import Answer
from assistant.page.conversations import ConversationStore
from assistant.workbench import digest
from assistant.workbench.digest import as_atom, ask_again, changes_one_by_one, changes_since_saved, compare
from knowledge_base.store.saved_citations import erase_asked_again

ATOM = "{http://www.w3.org/2005/Atom}"
OTHER = "It was launched in Paris."


def states_of(before: Answer, after: Answer) -> tuple[str, list[str]]:
    change = compare(1, before, after, "2026-01-01", "2026-01-02")
    return change.state, [quote.kind for quote in change.quotes]


def test_an_answer_with_the_same_quotes_is_the_same() -> None:
    assert states_of(quoted_answer(), quoted_answer()) == ("same", [])
    elsewhere = replace(quoted_answer(), citations=(replace(quoted_answer().citations[0], source="renamed.md"),))
    assert states_of(quoted_answer(), elsewhere) == ("same", [])
    paged = replace(quoted_answer(), citations=(replace(quoted_answer().citations[0], page=3),))
    assert states_of(quoted_answer(), paged) == ("same", ["moved"])


def test_new_gone_and_reworded_quotes_are_told() -> None:
    assert states_of(quoted_answer(), quoted_answer(quote=OTHER)) == ("changed", ["gone", "new"])
    reworded = quoted_answer(quote="The Call has ten principles.")
    change = compare(1, quoted_answer(), reworded, "", "")
    assert [quote.kind for quote in change.quotes] == ["changed"]
    assert [(run.kind, run.text) for run in change.quotes[0].words if run.kind != "same"] == [("out", "nine"), ("in", "ten")]
    assert "<del>nine</del>" in digest.change_html(change)


def test_a_refusal_that_comes_or_goes_is_told() -> None:
    assert states_of(quoted_answer(), refused_answer())[0] == "refused"
    assert states_of(refused_answer(), quoted_answer())[0] == "answered"


def test_a_count_that_differs_is_a_change() -> None:
    assert states_of(register_answer(), replace(register_answer(), text="3 companies are in the register."))[0] == "changed"
    assert states_of(register_answer(), register_answer())[0] == "same"


class Asked:
    """Answers as told, and keeps what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.questions: list[tuple[str, int]] = []

    def __call__(self, question: str, history: Sequence[Mapping[str, str]]) -> Answer:
        self.questions.append((question, len(history)))
        return self.answers.pop(0)


@pytest.fixture
def store(tmp_path: Path) -> ConversationStore:
    store = ConversationStore.open(tmp_path)
    begun = store.begin("How many principles?")
    for answer in (refused_answer(), quoted_answer()):
        store.add_question(begun.id, answer.question)
        store.save_answer(store.add_answer(begun.id, answer))
    return store


def test_saved_questions_are_asked_once_a_generation_and_changes_are_kept(store: ConversationStore) -> None:
    second = replace(quoted_answer(quote=OTHER), generation="000002")
    refused = replace(refused_answer(), generation="000002")
    asked = Asked(second, refused)
    assert [change.state for change in ask_again(store, asked, "000002")] == ["changed", "same"]
    assert asked.questions == [("How many principles?", 2), ("How many kangaroos?", 0)]
    assert [change.state for change in ask_again(store, Asked(), "000002")] == ["same", "same"]
    third = [replace(second, generation="000003"), replace(quoted_answer("How many kangaroos?"), generation="000003")]
    assert [change.state for change in ask_again(store, Asked(*third), "000003")] == ["same", "answered"]
    assert [change.state for change in changes_since_saved(store)] == ["changed", "answered"]
    assert [(change.saved, change.state) for change in changes_one_by_one(store)] == [(1, "answered"), (2, "changed")]
    assert len(store.asked_again()) == 3
    assert all(not again.answer.retrieved for again in store.asked_again())


def test_a_later_answer_goes_with_the_saved_one_and_with_its_document(store: ConversationStore, tmp_path: Path) -> None:
    later = [replace(quoted_answer(quote=OTHER), generation="000002"), replace(refused_answer(), generation="000002")]
    list(ask_again(store, Asked(*later), "000002"))
    erase_asked_again(tmp_path, lambda source, text: source == "notes/call.md" and text == OTHER)
    assert [again.saved for again in store.asked_again()] == [1]
    store.remove_saved_answer(1)
    assert store.asked_again() == []


def test_the_feed_is_an_atom_feed_that_stays_the_same(store: ConversationStore) -> None:
    odd = replace(quoted_answer(HOSTILE, quote=OTHER), generation="000002")
    list(ask_again(store, Asked(odd, replace(quoted_answer(), generation="000002")), "000002"))
    changes = changes_one_by_one(store)
    feed = etree.fromstring(as_atom(changes, "/data"))
    assert feed.tag == f"{ATOM}feed" and as_atom(changes, "/data") == as_atom(changes, "/data")
    for element in (feed, *feed.iter(f"{ATOM}entry")):
        assert [len(element.findall(f"{ATOM}{name}")) for name in ("id", "title", "updated")] == [1, 1, 1]
        assert element.findtext(f"{ATOM}id", "").startswith("urn:uuid:")
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated", "")).tzinfo
    assert feed.findtext(f"{ATOM}author/{ATOM}name") and len(feed.findall(f"{ATOM}entry")) == 2
    assert len({entry.findtext(f"{ATOM}id") for entry in feed.iter(f"{ATOM}entry")}) == 2
    contents = [entry.find(f"{ATOM}content") for entry in feed.iter(f"{ATOM}entry")]
    assert all(content is not None and content.get("type") == "html" for content in contents)
    assert etree.fromstring(as_atom([], "/data")).findall(f"{ATOM}entry") == []


def test_the_command_asks_again_after_a_change(library: Library, tmp_path: Path) -> None:
    question = "Who signed the Harbour Charter?"
    options = ("--data-dir", str(library.data_dir))
    assert "0 of 0" in assistant("digest", *options).out
    answer = library.ask(question).json
    assert not answer["abstained"]
    with ConversationStore.open(library.data_dir) as store:
        from assistant.workbench.notes import answer_of

        begun = store.begin(question)
        store.add_question(begun.id, question)
        store.save_answer(store.add_answer(begun.id, answer_of(json.dumps(answer).encode())))
    charter = library.documents / "charter.md"
    charter.write_text(charter.read_text(encoding="utf-8").replace("nine coastal", "eleven coastal"), encoding="utf-8")
    assert library.sync().code == 0
    found = assistant("digest", "--json", "--atom", str(tmp_path / "feed.xml"), *options)
    assert (found.code, found.json["asked"], found.json["changed"]) == (0, 1, 1), found.error
    (entry,) = found.json["answers"]
    assert "eleven" in entry["changed"][0]["after"]["quote"] and "nine" in entry["changed"][0]["before"]["quote"]
    assert sorted([*found.json, *(f"answers[].{name}" for name in entry)]) == sorted(DIGEST)
    assert b"eleven" in (tmp_path / "feed.xml").read_bytes()
    assert "0 of 1" in assistant("digest", *options).out
    assert QUOTE not in found.out
