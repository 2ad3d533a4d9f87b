"""What the tests of evaluation share: items, answers and records made by hand, and the text of a small index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assistant.answers import Answer, AnswerPart, Citation
from assistant.evaluation.metrics import Scores
from assistant.evaluation.records import EvaluationRecord
from assistant.evaluation.testset import GoldQuote, TestItem
from knowledge_base.passages import Passage, RetrievedPassage

HARBOUR_QUESTIONS = Path(__file__).parent / "data" / "harbour_questions.jsonl"
SOURCE = "charter.md"
SIGNED = "The Harbour Charter was signed in Brightwater on 4 March 2021 by nine coastal towns."
LAMP = "Each town keeps a lamp burning from dusk to dawn."
SIGNED_GOLD = GoldQuote(SOURCE, None, SIGNED)
LAMP_GOLD = GoldQuote(SOURCE, None, LAMP)


class FakeText:
    """Stands for an index that holds some quotes, whatever the page."""

    def __init__(self, *held: str) -> None:
        self._held = held

    def holds(self, source: str, page: int | None, quote: str) -> bool:
        return quote in self._held


def item(identifier: str = "q1", **fields: Any) -> TestItem:
    """Return an item that asks when the charter was signed, with some fields otherwise."""
    usual: dict[str, Any] = {
        "question": "When was the charter signed?",
        "category": "factoid",
        "lang": "en",
        "answerable": True,
        "gold": (SIGNED_GOLD,),
        "must_include": (("4 March 2021", "4/3/2021"), ("nine", "9")),
    }
    return TestItem(identifier, **{**usual, **fields})


def unanswerable(identifier: str = "u1", **fields: Any) -> TestItem:
    """Return an item that no document answers."""
    return item(identifier, **{"category": "unanswerable", "answerable": False, "gold": (), "must_include": (), **fields})


def quoting(*quotes: str, retrieved: Sequence[str] = (), **fields: Any) -> Answer:
    """Return an answer of one sentence for each quote, each with its citation."""
    citations = tuple(Citation(n, SOURCE, "Charter", None, 0, len(q), q) for n, q in enumerate(quotes, start=1))
    parts = tuple(AnswerPart(quote, (number,)) for number, quote in enumerate(quotes, start=1))
    usual: dict[str, Any] = {"text": " ".join(quotes), "citations": citations, "parts": parts, "seconds": 0.25}
    return Answer(
        **{"question": "?", "mode": "extractive", "abstained": False, "retrieved": found(*retrieved), **usual, **fields}
    )


def refusing(**fields: Any) -> Answer:
    """Return a refusal."""
    return quoting(**{"text": "The documents do not answer this question.", "abstained": True, **fields})


def found(*texts: str) -> tuple[RetrievedPassage, ...]:
    """Return passages of the source with these texts, best first."""
    return tuple(
        RetrievedPassage(Passage(f"p{n}", SOURCE, "Charter", None, 0, len(text), "", text), 1 / (n + 1), 0.5, 0.5)
        for n, text in enumerate(texts)
    )


def record(
    identifier: str, strict: float | None = 1.0, *, seconds: float = 0.1, **scores: tuple[float, float]
) -> EvaluationRecord:
    """Return a record whose scores are given: `strict` of an answerable item (None: an unanswerable one)."""
    given: Scores = {"false_refused": (0.0, 1.0), "strict": (strict, 1.0)} if strict is not None else {"refused": (1.0, 1.0)}
    made = item(identifier) if strict is not None else unanswerable(identifier)
    answer = {"id": identifier, "question": made.question, "answer": "Yes.", "abstained": False, "seconds": seconds}
    right = given.get("strict", given.get("refused"))
    assert right is not None
    return EvaluationRecord(made, None, answer, right[0] == 1.0, (), (), 0, {**given, **scores})
