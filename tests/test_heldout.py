"""The sixty further questions on the corpus: their file's form, and that the documents they point to are there.

A place's `source` is a path relative to the corpus, its end cut short with `*` where the file's name is as long as a sentence.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus"
QUESTIONS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "heldout.jsonl").read_text(encoding="utf-8").splitlines()
]
FIELDS = {
    "id": str,
    "question": str,
    "history": list,
    "category": str,
    "answerable": bool,
    "gold": list,
    "must_include": list,
    "must_not_include": list,
    "note": str,
    "lang": str,
    "groups": list,
}
OPTIONAL = {"register", "accept_correction"}
PLACE = {"source", "page", "start", "end", "sha256"}


def places() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each question's id with each place that states its answer, the other places included."""
    for question in QUESTIONS:
        for gold in question["gold"]:
            yield question["id"], {name: value for name, value in gold.items() if name != "alt"}
            for other in gold.get("alt", []):
                yield question["id"], other


def test_the_ids_run_from_h001_to_h060_once_each() -> None:
    assert [question["id"] for question in QUESTIONS] == [f"h{number:03d}" for number in range(1, 61)]


def test_the_categories_are_those_of_the_development_set() -> None:
    counts = Counter(question["category"] for question in QUESTIONS)
    expected = {"factoid": 18, "definition": 9, "list": 9, "multi": 6, "followup": 5, "register": 6, "unanswerable": 7}
    assert counts == expected


def test_every_question_has_its_fields() -> None:
    for question in QUESTIONS:
        assert set(question) - OPTIONAL == set(FIELDS), question["id"]
        for name, kind in FIELDS.items():
            assert isinstance(question[name], kind), (question["id"], name)
        assert question["lang"] in {"en", "fr"}, question["id"]
        assert question["question"].strip(), question["id"]


def test_no_question_is_asked_twice() -> None:
    assert len({question["question"].casefold() for question in QUESTIONS}) == len(QUESTIONS)


def test_the_french_questions_are_five() -> None:
    assert Counter(question["lang"] for question in QUESTIONS) == {"en": 55, "fr": 5}


def test_the_unanswerable_questions_alone_have_no_answer() -> None:
    for question in QUESTIONS:
        assert question["answerable"] is (question["category"] != "unanswerable"), question["id"]
        if question["answerable"]:
            assert question["must_include"], question["id"]
        else:
            assert not question["gold"], question["id"]
            assert bool(question["must_include"]) is question.get("accept_correction", False), question["id"]


def test_an_answer_from_the_documents_has_a_place_and_one_from_several_has_two() -> None:
    for question in QUESTIONS:
        if question["category"] in {"factoid", "definition", "list", "followup"}:
            assert question["gold"], question["id"]
        if question["category"] == "multi":
            assert len({(gold["source"], gold["page"]) for gold in question["gold"]}) >= 2, question["id"]


def test_every_place_has_offsets_and_a_digest() -> None:
    for name, place in places():
        assert set(place) == PLACE, name
        assert place["page"] is None or (type(place["page"]) is int and place["page"] >= 1), name
        assert (place["page"] is not None) is place["source"].endswith(".pdf"), name
        assert type(place["start"]) is int and type(place["end"]) is int, name
        assert 0 <= place["start"] < place["end"], name
        assert re.fullmatch(r"[0-9a-f]{64}", place["sha256"]), name


def test_every_required_fact_is_a_list_of_short_wordings() -> None:
    for question in QUESTIONS:
        for fact in question["must_include"]:
            assert fact and all(isinstance(wording, str) and wording.strip() for wording in fact), question["id"]
            assert all(len(wording.split()) <= 6 for wording in fact), question["id"]


def test_followups_alone_have_a_history_and_it_ends_with_an_answer() -> None:
    for question in QUESTIONS:
        assert bool(question["history"]) is (question["category"] == "followup"), question["id"]
        roles = [turn["role"] for turn in question["history"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2), question["id"]
        assert all(set(turn) == {"role", "content"} and turn["content"].strip() for turn in question["history"]), question["id"]


def test_every_register_question_says_how_its_answer_was_counted() -> None:
    for question in QUESTIONS:
        if question["category"] != "register":
            continue
        counted = question["register"].get("compare") or [question["register"]]
        for selection in counted:
            assert set(selection) == {"filter", "count", "names"}, question["id"]
            assert selection["filter"] and type(selection["count"]) is int, question["id"]
            assert len(selection["names"]) in {0, selection["count"]}, question["id"]


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is absent")
def test_every_place_names_one_document_of_the_corpus() -> None:
    sources = {place["source"] for _, place in places()}
    found = {source: sum(path.is_file() for path in CORPUS.glob(source)) for source in sources}
    assert found == dict.fromkeys(sources, 1)
