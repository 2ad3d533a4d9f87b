from __future__ import annotations

import json
from pathlib import Path

import pytest
from evaluation_fixtures import HARBOUR_QUESTIONS, item

from assistant.evaluation.testset import GoldQuote, OtherPlace, Place, parse_test_set, read_test_set
from knowledge_base.errors import EvaluationError

GOOD = {
    "id": "q1",
    "question": "When was it signed?",
    "category": "factoid",
    "lang": "en",
    "answerable": True,
    "gold": [{"source": "charter.md", "page": None, "quote": "It was signed in 2021."}],
    "must_include": [["2021"]],
}


def read(*entries: dict | str):
    lines = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
    return parse_test_set(lines, "set.jsonl", "digest")


def problems(*entries: dict | str) -> str:
    with pytest.raises(EvaluationError) as raised:
        read(*entries)
    return raised.value.message


def test_a_test_set_is_read_with_what_its_fields_say():
    test_set = read_test_set(HARBOUR_QUESTIONS)
    assert len(test_set.items) == 23 and test_set.name == "harbour_questions.jsonl"
    followup = next(entry for entry in test_set.items if entry.category == "followup")
    assert [turn.role for turn in followup.history] == ["user", "assistant"]
    assert sum(entry.held_out for entry in test_set.items) == 5


def test_fields_that_are_not_known_and_empty_lines_are_passed_over():
    assert [entry.id for entry in read({**GOOD, "groups": ["x"]}, "", "  ").items] == ["q1"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"question": None}, "line 1: question: input should be a valid string, not null"),
        ({"answerable": "perhaps"}, "line 1: answerable: input should be a valid boolean"),
        ({"question": " "}, "line 1: the field 'question' is empty"),
        ({"must_include": []}, "needs at least one fact"),
        ({"gold": []}, "needs at least one quote in 'gold'"),
        ({"gold": [{"source": "charter.md", "page": None}]}, "line 1: the field 'gold.0.quote' is missing"),
        ({"gold": [{"source": "charter.md", "page": "two", "quote": "x"}]}, "gold.0.page"),
        ({"gold": [{"source": "charter.md", "page": None, "quote": " "}]}, "a quote of 'gold' is empty"),
        ({"must_include": [["2021"], []]}, "has no wording"),
        ({"must_not_include": [""]}, "holds an empty wording"),
        ({"category": "unanswerable"}, "answerable is true, but its category is 'unanswerable'"),
        ({"answerable": False}, "answerable is false, but its category is 'factoid'"),
        ({"answerable": False, "category": "unanswerable"}, "an unanswerable question has no 'gold'"),
        ({"history": [{"role": "robot", "content": "x"}]}, "history.0.role"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(change: dict, said: str):
    assert said in problems({**GOOD, **change})


@pytest.mark.parametrize("field", ["id", "question", "category", "lang", "answerable", "gold", "must_include"])
def test_a_field_that_is_missing_is_named(field: str):
    assert f"line 2: the field '{field}' is missing" in problems(GOOD, {k: v for k, v in GOOD.items() if k != field})


def test_all_bad_lines_are_named_at_once():
    message = problems("{", GOOD, GOOD, {**GOOD, "id": "q2", "lang": 3})
    assert message.startswith("The test set set.jsonl has 3 problems:")
    assert "line 1: not JSON" in message and "line 4: lang" in message and "the id 'q1' stands 2 times" in message


def test_a_long_list_of_problems_is_cut():
    assert "... and 11 more" in problems(*["{"] * 41)


def test_an_empty_file_is_no_test_set(tmp_path: Path):
    path = tmp_path / "none.jsonl"
    path.write_text("\n")
    with pytest.raises(EvaluationError, match="it holds no question"):
        read_test_set(path)


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path):
    with pytest.raises(EvaluationError, match="No such file"):
        read_test_set(tmp_path / "missing.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b"\xe9")
    with pytest.raises(EvaluationError, match="not UTF-8"):
        read_test_set(tmp_path / "latin.jsonl")


def test_another_place_has_the_same_words_where_it_names_none():
    gold = GoldQuote("a.md", None, "words", (OtherPlace("b.pdf", 2), OtherPlace("c.md", None, "others")))
    assert gold.places() == [Place("a.md", None, "words"), Place("b.pdf", 2, "words"), Place("c.md", None, "others")]


def test_the_fingerprint_of_an_item_follows_what_its_scores_depend_on():
    assert item().fingerprint == item(note="said otherwise", held_out=True).fingerprint
    assert item().fingerprint != item(question="Where was it signed?").fingerprint
    assert item().fingerprint != item(must_include=(("2021",),)).fingerprint
