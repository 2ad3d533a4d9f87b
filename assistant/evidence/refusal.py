"""Whether the evidence is good enough to answer: a calibrated probability from a few signals."""

from __future__ import annotations

from dataclasses import replace

from assistant.evidence.gathering import Evidence, log_odds, probability
from assistant.question.questions import Question
from knowledge_base.language.words import content_words

THRESHOLD = 0.4  # below it a question is refused
CERTAIN = 0.5  # below it an answer is marked as weak
SURE = 0.8  # below it no part's best sentence must be quoted, and `MOSTLY_UNKNOWN` is a reason to refuse
MOSTLY_UNKNOWN = 0.6  # share of a question's words, by weight, that no document holds; the three of 162 above it have no answer

# Logistic regressions on answerable and unanswerable questions, near misses among them, weighed alike: with the evidence
# model on 327 and 76 (the development questions, and our own on pages of the official documents that the model has not read),
# without on 117 and 27 (the development questions, and our own on the briefs but the held-out third). Area under the curve:
# .74 with the evidence model; without, cross-validated .77, on 280 and 67 that were not fitted on .65 (.61 without the query
# adapter, where similarities are higher, too), on the held-out third (37 and 10) .53. The nearest sentence's similarity added
# nothing to the model's word, nor did word overlap with the evidence, missing rare words, or the marks that a question's kind
# asks for: near misses hold all of them.
_WITH_MODEL = {"bias": 0.86, "answered": 0.575}
_WITH_ADAPTER = {"bias": -3.94, "passages": 11.8, "unknown": -1.98}
_WITHOUT_BOTH = {"bias": -3.68, "passages": 8.01, "unknown": -1.52}
_PASSAGES = 3


def signals(question: Question, evidence: Evidence) -> dict[str, float]:
    """Return what the decision rests on.

    `answered`: the evidence model's log-odds that the best sentences answer; `passages`: the mean similarity of the three
    nearest passages; `unknown`: the share of the question's weight in words that occur nowhere.
    """
    nearest = sorted((r.dense for r in evidence.passages), reverse=True)[:_PASSAGES]
    return {
        "bias": 1.0,
        "answered": log_odds(evidence.answered or 0.0),
        "passages": sum(nearest) / max(1, len(nearest)),
        "unknown": _unknown_share(question),
    }


def confidence(question: Question, evidence: Evidence) -> float:
    """Return the probability, between 0 and 1, that the evidence answers the question."""
    found = signals(question, evidence)
    without = _WITH_ADAPTER if evidence.adapted else _WITHOUT_BOTH
    weights = without if evidence.answered is None else _WITH_MODEL
    return probability(sum(weight * found[name] for name, weight in weights.items()))


def reason_for_refusal(question: Question, trust: float) -> str | None:
    """Return why the question is not answered, or None where it is."""
    if not question.terms:
        return "The question holds no word to search for."
    if trust < SURE and _unknown_share(question) >= MOSTLY_UNKNOWN:
        return "Most of what it asks for occurs in no document."
    return "The documents hold too little on it." if trust < THRESHOLD else None


def without_open_parts(evidence: Evidence) -> tuple[Evidence, list[str]]:
    """Return the evidence with what leads for the parts of the question that it surely answers, and those that it does not.

    Where it answers no part, nothing is taken away: whether the whole is answered is another decision. A part of one word ("in
    what format") is not named: what answers the others may hold it.
    """
    trusts = [confidence(part, found) for part, found in evidence.parts]
    left_open = [reason_for_refusal(part, trust) is not None for (part, _), trust in zip(evidence.parts, trusts, strict=True)]
    if all(left_open):
        return evidence, []
    leading = (f.sentences[0] for (_, f), trust in zip(evidence.parts, trusts, strict=True) if f.sentences and trust >= SURE)
    asked = [
        part.asked
        for (part, _), is_open in zip(evidence.parts, left_open, strict=True)
        if is_open and len(content_words(part.asked, part.language)) > 1
    ]
    return replace(evidence, leading=tuple(leading)), asked


def _unknown_share(question: Question) -> float:
    """Return the share of the question's weight in words that occur nowhere; 1 where it has no words."""
    total = sum(question.weights.values())
    return sum(question.weights[word] for word in question.unknown) / total if total else 1.0
