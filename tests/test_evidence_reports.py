"""Our own questions on the official documents: their form, and how places in an index become sentences that answer."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge_base.errors import NoIndexError
from knowledge_base.store.generations import open_generation
from tests.libraries import Library
from training.groups import GroupMaker, Recipe
from training.questions import REPORT, Document, QuestionData
from training.reports import REPORT_QUESTIONS, add_reports

ITEMS: list[dict[str, Any]] = [json.loads(line) for line in REPORT_QUESTIONS.read_text(encoding="utf-8").splitlines()]


def place_of(library: Library, source: str, quote: str) -> dict[str, Any]:
    with open_generation(library.data_dir) as generation:
        page = next(page for page in generation.catalog.pages(source) if quote in page.text)
    start = page.text.index(quote)
    digest = sha256(quote.encode()).hexdigest()
    return {"source": source, "page": page.number, "start": start, "end": start + len(quote), "sha256": digest}


def write(path: Path, *items: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(item) for item in items), encoding="utf-8")
    return path


def first_sentence(library: Library, source: str) -> str:
    with open_generation(library.data_dir) as generation:
        passage = next(iter(generation.catalog.all_passages(source)))
        return next(iter(passage.quotable_sentences.values()))


def added(library: Library, path: Path) -> tuple[int, list[tuple[str, list[str]]]]:
    training, dev = QuestionData(), QuestionData()
    missing = add_reports(training, dev, library.data_dir, path)
    document = training.documents[0]
    assert document.kind == REPORT
    asked = [(q.text, [document.sentences[i] for i in sorted(q.answers)]) for q in (*training.questions, *dev.questions)]
    return missing, asked


def test_a_place_becomes_the_sentence_there(library: Library, tmp_path: Path) -> None:
    sentence = first_sentence(library, "minutes.txt")
    item = {"question": "What is said first?", "answerable": True, "gold": [place_of(library, "minutes.txt", sentence)]}
    assert added(library, write(tmp_path / "q.jsonl", item)) == (0, [("What is said first?", [" ".join(sentence.split())])])


def test_a_page_that_changed_leaves_its_question_out(library: Library, tmp_path: Path) -> None:
    place = place_of(library, "minutes.txt", first_sentence(library, "minutes.txt"))
    items = [
        {"question": "Altered?", "answerable": True, "gold": [{**place, "sha256": "0" * 64}]},
        {"question": "Gone?", "answerable": True, "gold": [{**place, "source": "other.txt"}]},
    ]
    assert added(library, write(tmp_path / "q.jsonl", *items)) == (2, [])


def test_a_question_that_nothing_answers_is_trained_on(library: Library, tmp_path: Path) -> None:
    items = [{"question": f"Nothing {n}?", "answerable": False, "gold": []} for n in range(8)]
    training, dev = QuestionData(), QuestionData()
    assert add_reports(training, dev, library.data_dir, write(tmp_path / "q.jsonl", *items)) == 0
    assert training.questions
    assert not any(question.answers for question in training.questions)


def test_without_an_index_the_remedy_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        add_reports(QuestionData(), QuestionData(), tmp_path)


def test_what_says_the_same_elsewhere_is_no_negative() -> None:
    sentences = ("the ferry leaves at noon", "the ferry leaves at noon today", "dogs swim", "cats sleep", "hens lay")
    data = QuestionData()
    data.add(Document(REPORT, sentences, tuple(range(5))), [("when does the ferry leave", frozenset([0]))])

    def encode(texts: Sequence[str]) -> np.ndarray:
        vectors = np.eye(5, dtype=np.float32)[
            [("ferry" in t, "dogs" in t, "cats" in t, "hens" in t, True).index(True) for t in texts]
        ]
        return vectors

    [group] = GroupMaker(data, Recipe({REPORT: 9}, negatives=3, alone=1.0), encode, random.Random(0)).groups()
    assert "ferry" in group.texts[0]
    assert not any("ferry" in text for text in group.texts[1:])


def test_the_questions_have_their_form() -> None:
    assert len({item["question"] for item in ITEMS}) == len(ITEMS)
    counts = Counter(item["answerable"] for item in ITEMS)
    assert counts[True] > 300
    assert counts[False] > 50
    for item in ITEMS:
        assert item["lang"] in {"en", "fr"}
        assert bool(item["gold"]) is item["answerable"], item["question"]
        for place in item["gold"]:
            assert 0 <= place["start"] < place["end"]
            assert re.fullmatch(r"[0-9a-f]{64}", place["sha256"])
            assert (place["page"] is not None) is place["source"].endswith(".pdf")
