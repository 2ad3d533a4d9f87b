"""Test questions of the reader's own, made of answers on the page and kept in DATA_DIR/evaluations/questions.jsonl."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.answers import Answer
from assistant.evaluation.testset import UNANSWERABLE, GoldQuote, TestItem, TestSet, Turn, parse_test_set, read_test_set
from knowledge_base.errors import LockedError
from knowledge_base.files import replace_file, storage_errors
from knowledge_base.passages import Passage

FILE_NAME = "questions.jsonl"
_LOCK_SECONDS = 10


def place(data_dir: Path) -> Path:
    """Return where the test questions are kept."""
    return data_dir / "evaluations" / FILE_NAME


def read_items(data_dir: Path) -> TestSet | None:
    """Return the test questions, or None where there are none; raise EvaluationError where the file was damaged by hand."""
    path = place(data_dir)
    return read_test_set(path) if path.exists() and path.read_bytes().strip() else None


def add_item(data_dir: Path, item: TestItem) -> TestItem:
    """Keep a test question, under the next free id; return it as kept. Raise EvaluationError where it is not usable."""
    with _changing(data_dir) as items:
        numbers = [int(number) for kept in items if (number := kept.id.removeprefix("own-")).isdigit()]
        named = replace(item, id=f"own-{max(numbers, default=0) + 1:03d}")
        parse_test_set([as_line(named)], "the new question", "")
        items.append(named)
    return named


def remove_item(data_dir: Path, identifier: str) -> None:
    """Remove a test question; nothing happens where it is gone."""
    with _changing(data_dir) as items:
        items[:] = [item for item in items if item.id != identifier]


def as_line(item: TestItem) -> str:
    """Return an item as a line of a test set."""
    return json.dumps({name: value for name, value in asdict(item).items() if name != "register" or value}, ensure_ascii=False)


@contextmanager
def _changing(data_dir: Path) -> Iterator[list[TestItem]]:
    """Give the items to change, and keep what they were changed to; one writer at a time."""
    path = place(data_dir)
    with storage_errors(data_dir):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                kept = read_items(data_dir)
                items = list(kept.items) if kept else []
                yield items
                replace_file(path, "".join(f"{as_line(item)}\n" for item in items).encode())
        except Timeout as error:
            raise LockedError(f"{path} is being changed by another process.", "Try again in a moment.") from error


def sentences_of(answer: Answer) -> list[GoldQuote]:
    """Return the sentences that an answer quoted, then those of the passages that were retrieved, each once."""
    cited = [GoldQuote(c.source, c.page, c.quote) for c in answer.citations]
    passages = [found.passage for found in answer.retrieved]
    return list(dict.fromkeys([*cited, *(quote for passage in passages for quote in _quotes(passage))]))


def _quotes(passage: Passage) -> list[GoldQuote]:
    return [GoldQuote(passage.source, passage.page, text) for text in passage.quotable_sentences.values()]


def item_from(
    answer: Answer, history: Sequence[Turn], language: str, gold: Sequence[GoldQuote], facts: Sequence[str], note: str = ""
) -> TestItem:
    """Return the test question that an answer makes: with gold quotes, or (none) as one that the documents do not answer.

    A fact is written as its accepted wordings, parted by "|"; where none is given, each gold quote is a fact. The turns before
    it are kept where the question leans on them.
    """
    wordings = [tuple(filter(None, (word.strip() for word in fact.split("|")))) for fact in facts if fact.strip()]
    return TestItem(
        id="new",
        question=answer.question,
        category=("followup" if answer.standalone and history else "factoid") if gold else UNANSWERABLE,
        lang=language,
        answerable=bool(gold),
        gold=tuple(gold),
        must_include=tuple(wordings or [(quote.quote,) for quote in gold]) if gold else (),
        history=tuple(history) if answer.standalone else (),
        note=note,
    )
