"""Whether the evidence is good enough to answer."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

from assistant.evidence import Sentence
from assistant.questions import Question
from knowledge_base.passages import RetrievedPassage

THRESHOLD = 0.5


def signals(question: Question, sentences: Sequence[Sentence], passages: Sequence[RetrievedPassage]) -> dict[str, float]:
    """Return what the decision rests on, each between 0 and 1."""
    top = sentences[:4]
    total = sum(question.weights.values()) or 1.0
    return {
        "dense": max((s.dense for s in top), default=0.0),
        "passage": max((p.dense for p in passages), default=0.0),
        "lexical": max((s.lexical for s in top), default=0.0),
        "unknown": sum(question.weights[word] for word in question.unknown) / total,
        "score": top[0].score if top else 0.0,
    }


def confidence(question: Question, sentences: Sequence[Sentence], passages: Sequence[RetrievedPassage]) -> float:
    """Return how likely the evidence answers the question, between 0 and 1."""
    s = signals(question, sentences, passages)
    return 1 / (1 + exp(-(-4.0 + 4.0 * s["passage"] + 2.0 * s["dense"] + 3.0 * s["lexical"] - 4.0 * s["unknown"])))


def reason_for_refusal(question: Question, trust: float) -> str | None:
    """Return why the question is not answered, or None where it is."""
    if not question.terms:
        return "The question holds no word to search for."
    return "The documents hold too little on it." if trust < THRESHOLD else None
