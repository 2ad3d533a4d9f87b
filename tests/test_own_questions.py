"""The project's own test set: every quote, fact and figure of it is found again in the briefs and in the built-in register."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import assistant
from ingest.loaders.markdown import load
from knowledge_base.language.places import LIBRARY, country
from knowledge_base.register.table import Supporter, built_in_states

Item = Mapping[str, Any]

QUESTIONS = Path(assistant.__file__).parent / "evaluation" / "questions.jsonl"
ITEMS: list[Item] = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
REQUIRED = {
    "id": str, "question": str, "history": list, "category": str, "lang": str, "answerable": bool, "held_out": bool,
    "gold": list, "must_include": list, "must_not_include": list, "note": str,
}  # fmt: skip
OPTIONAL = {"register": dict, "accept_correction": bool}
LEAST = {
    "factoid": 35, "definition": 15, "list": 20, "multi": 15, "followup": 12, "register": 12, "unanswerable": 22,
}  # fmt: skip
SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " ", "\u202f": " "})


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The text of each brief as the index stores it, by its source."""
    files = sorted((LIBRARY / "briefs").glob("*.md"))
    return {f"briefs/{file.name}": load(file.read_bytes(), f"briefs/{file.name}").pages[0].text for file in files}


def normalise(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(SAME).casefold().split())


def says(text: str, wordings: list[str]) -> bool:
    """Whether one of the wordings stands in `text`, whole words alone."""
    return any(re.search(rf"(?<!\w){re.escape(normalise(wording))}(?!\w)", normalise(text)) for wording in wordings)


def places(item: Item) -> Iterator[Item]:
    for gold in item["gold"]:
        yield from (gold, *gold.get("alt", []))


def of(category: str) -> list[Item]:
    return [item for item in ITEMS if item["category"] == category]


def long_words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3}


def overlap(item: Item) -> float:
    """Share of the question's longer words that stand in the gold quote most like it."""
    asked = long_words(item["question"])
    return max(len(asked & long_words(gold["quote"])) / max(1, len(asked)) for gold in item["gold"])


def rows(selected: Item) -> list[Supporter]:
    """Select the built-in states by ISO code ("nationality", one or several) and by the start of the joining date."""
    codes = selected.get("nationality", [])
    wanted = {codes} if isinstance(codes, str) else set(codes)
    return [
        state
        for state in built_in_states()
        if state.category == selected.get("category", "state")
        and (not wanted or state.country in wanted)
        and (state.joined or state.first_seen or "").startswith(selected.get("joined", ""))
    ]


def country_names(selected: Item) -> list[str]:
    codes = selected["nationality"]
    found = [country(code) for code in ([codes] if isinstance(codes, str) else codes)]
    return [name for place in found if place for name in (place.english, place.french)]


def test_every_item_has_the_fields_of_the_format() -> None:
    for item in ITEMS:
        assert set(REQUIRED) <= set(item) <= set(REQUIRED) | set(OPTIONAL), item["id"]
        for name, value in item.items():
            assert isinstance(value, (REQUIRED | OPTIONAL)[name]), (item["id"], name)
        assert all(set(place) <= {"source", "page", "quote", "alt"} for place in places(item)), item["id"]
        assert all(place["page"] is None for place in places(item)), item["id"]
        assert all(fact and all(isinstance(wording, str) for wording in fact) for fact in item["must_include"]), item["id"]


def test_ids_count_up() -> None:
    assert [item["id"] for item in ITEMS] == [f"q{number:03}" for number in range(1, len(ITEMS) + 1)]


def test_no_question_is_asked_twice() -> None:
    asked = Counter((normalise(item["question"]), json.dumps(item["history"])) for item in ITEMS)
    assert [question for question, times in asked.items() if times > 1] == []


def test_there_are_enough_questions_of_each_kind() -> None:
    assert len(ITEMS) >= 130
    counts = Counter(item["category"] for item in ITEMS)
    assert set(counts) == set(LEAST)
    assert {name: number for name, number in counts.items() if number < LEAST[name]} == {}
    french = [item for item in ITEMS if item["lang"] == "fr"]
    assert len(french) >= 18
    assert {item["category"] for item in french} == set(LEAST)
    assert sum("typo" in item["note"].lower() or "frappe" in item["note"] for item in ITEMS) >= 8


@pytest.mark.parametrize("field", ["category", "lang"])
def test_a_third_of_each_category_and_language_is_held_out(field: str) -> None:
    for value in {item[field] for item in ITEMS}:
        held_out = [item["held_out"] for item in ITEMS if item[field] == value]
        assert abs(sum(held_out) - len(held_out) / 3) <= 2, value
    assert sum(item["held_out"] for item in ITEMS) == pytest.approx(len(ITEMS) / 3, abs=1)


def test_every_quote_stands_in_its_brief_letter_for_letter(pages: dict[str, str]) -> None:
    missing = [
        (item["id"], place["source"], place["quote"])
        for item in ITEMS
        for place in places(item)
        if not place["quote"].strip() or place["quote"] not in pages.get(place["source"], "")
    ]
    assert missing == []


def test_no_place_is_named_twice_for_one_quote() -> None:
    for item in ITEMS:
        for gold in item["gold"]:
            named = [(place["source"], place["quote"]) for place in (gold, *gold.get("alt", []))]
            assert len(set(named)) == len(named), item["id"]


def test_every_fact_stands_in_a_gold_quote_and_every_gold_quote_bears_a_fact() -> None:
    for item in ITEMS:
        if item["answerable"] and item["category"] != "register":
            assert item["gold"], item["id"]
            assert item["must_include"], item["id"]
            quotes = [gold["quote"] for gold in item["gold"]]
            assert [fact for fact in item["must_include"] if not any(says(quote, fact) for quote in quotes)] == [], item["id"]
            assert [quote for quote in quotes if not any(says(quote, fact) for fact in item["must_include"])] == [], item["id"]


def test_no_wrong_wording_stands_in_a_gold_quote() -> None:
    wrong = [
        (item["id"], wording)
        for item in ITEMS
        for wording in item["must_not_include"]
        for place in places(item)
        if says(place["quote"], [wording])
    ]
    assert wrong == []


def test_several_passages_are_needed_where_the_category_says_so() -> None:
    assert [item["id"] for item in of("multi") if len({gold["quote"] for gold in item["gold"]}) < 2] == []


def test_only_follow_ups_have_a_history_and_it_ends_with_an_answer() -> None:
    for item in ITEMS:
        roles = [turn["role"] for turn in item["history"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2), item["id"]
        assert bool(roles) == (item["category"] == "followup"), item["id"]
        assert all(turn["content"].strip() for turn in item["history"]), item["id"]


def test_a_question_does_not_repeat_the_sentence_that_answers_it() -> None:
    shares = {item["id"]: overlap(item) for item in ITEMS if item["gold"] and not item["history"]}
    assert {name: share for name, share in shares.items() if share > 0.8} == {}
    assert sum(shares.values()) / len(shares) < 0.3


def test_what_has_no_answer_has_no_gold_and_says_why() -> None:
    for item in ITEMS:
        assert item["answerable"] == (item["category"] != "unanswerable"), item["id"]
    for item in of("unanswerable"):
        assert item["gold"] == [], item["id"]
        assert item["note"], item["id"]
        assert bool(item["must_include"]) == item.get("accept_correction", False), item["id"]


def test_a_correction_of_a_false_premise_can_be_read_in_the_briefs(pages: dict[str, str]) -> None:
    corrected = [item for item in ITEMS if item.get("accept_correction")]
    assert len(corrected) >= 5
    library = "\n".join(pages.values())
    assert [(item["id"], fact) for item in corrected for fact in item["must_include"] if not says(library, fact)] == []


def test_register_answers_are_recomputed_from_the_built_in_states() -> None:
    for item in of("register"):
        found, register = rows(item["register"]["filter"]), item["register"]
        assert register["count"] == len(found), item["id"]
        assert not register["names"] or sorted(register["names"]) == sorted(state.name for state in found), item["id"]
        if "compare" in register:
            assert register["compare"]["count"] == len(rows(register["compare"]["filter"])), item["id"]


def test_every_fact_of_a_register_answer_is_a_count_a_country_or_a_verdict() -> None:
    for item in of("register"):
        register = item["register"]
        counts = [register["count"], *([register["compare"]["count"]] if "compare" in register else [])]
        known = [*map(str, counts), *register["names"]]
        if isinstance(register["filter"].get("nationality"), str) or not register["count"]:
            known += country_names(register["filter"])
        verdicts = {"yes", "oui"} if register["count"] else {"no,", "non,"}
        assert item["must_include"], item["id"]
        for fact in item["must_include"]:
            assert verdicts & set(fact) or any(says(wording, [name]) for wording in fact for name in known), (item["id"], fact)


def test_a_register_list_names_all_of_its_rows() -> None:
    for item in of("register"):
        for name in item["register"]["names"]:
            assert any(says(name, fact) for fact in item["must_include"]) or item["lang"] == "fr", (item["id"], name)
