"""Whether the evidence is good enough to answer: a calibrated probability from a few signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import exp, log

from assistant.evidence.gathering import Evidence
from assistant.messages import message
from assistant.question.questions import Question
from knowledge_base.language.words import content_words

THRESHOLD = 0.2  # below it a question is refused
CERTAIN = 0.5  # below it an answer is marked as weak
SURE = 0.8  # below it no part's best sentence must be quoted

# Logistic regressions, fitted by `python -m training refusal` on collections of strangers and on our own questions, each and
# both classes weighed alike; docs/evidence-model.md says how reliable they are. The second is for what leaves no scores to
# compare: a part of a question, a library of few passages.
_ANSWERED = {"bias": -3.5, "answered": 0.51, "peak": 9.07, "passages": 4.67}
_OF_FEW = {"bias": -2.36, "answered": 0.64, "passages": 5.71}
_WITH_ADAPTER = {"bias": -4.92, "passages": 11.8, "unknown": -1.98}
_WITHOUT_BOTH = {"bias": -4.66, "passages": 8.01, "unknown": -1.52}
_PASSAGES = 3
_ALL = 0.99
_LEADING = 8  # passages after which the scores are those of what a search finds for any question
_FEWEST = 16  # passages of which scores must be known to tell so


def signals(question: Question, evidence: Evidence) -> dict[str, float]:
    """Return what the decision rests on.

    `answered`: the highest log-odds, by the evidence model, that a sentence answers; `peak`: how far the best passage's score
    lies above the scores of the passages after the eighth; `passages`: the mean similarity of the three nearest passages;
    `unknown`: the share of the question's weight in words that occur nowhere.
    """
    nearest = sorted((r.dense for r in evidence.passages), reverse=True)[:_PASSAGES]
    rest = evidence.scores[_LEADING:]
    total = sum(question.weights.values())
    return {
        "bias": 1.0,
        "answered": _log_odds(evidence.answered or 0.0),
        "peak": max(evidence.scores) - sum(rest) / len(rest) if rest else 0.0,
        "passages": sum(nearest) / max(1, len(nearest)),
        "unknown": sum(question.weights[word] for word in question.unknown) / total if total else 1.0,
    }


def confidence(question: Question, evidence: Evidence, is_part: bool = False) -> float:
    """Return the probability, between 0 and 1, that the evidence answers the question."""
    if evidence.answered is None:
        weights: Mapping[str, float] = _WITH_ADAPTER if evidence.adapted else _WITHOUT_BOTH
    else:
        weights = _OF_FEW if is_part or len(evidence.scores) < _FEWEST else _ANSWERED
    found = signals(question, evidence)
    return 1 / (1 + exp(-sum(weight * found[name] for name, weight in weights.items())))


def _log_odds(probability: float) -> float:
    """Return ln(p / (1 - p)), for a p of 0 or 1 that of a millionth or of one less a millionth."""
    kept = min(max(probability, 1e-6), 1 - 1e-6)
    return log(kept / (1 - kept))


def reason_for_refusal(question: Question, trust: float) -> str | None:
    """Return why the question is not answered, in its language, or None where it is."""
    if not question.terms:
        return message(question.language, "refusal.no_words")
    return message(question.language, "refusal.too_little") if trust < THRESHOLD else None


def is_said_in_its_words(question: Question, evidence: Evidence) -> bool:
    """Say whether a sentence holds all words of a question in a language that the models know little of."""
    return question.query.other is not None and any(sentence.lexical >= _ALL for sentence in evidence.sentences)


def without_open_parts(evidence: Evidence) -> tuple[Evidence, list[str]]:
    """Return the evidence with what leads for the parts of the question that it surely answers, and those that it does not.

    Where it answers no part, nothing is taken away: whether the whole is answered is another decision. A part of one word ("in
    what format") is not named: what answers the others may hold it.
    """
    trusts = [confidence(part, found, is_part=True) for part, found in evidence.parts]
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
