"""Whether the evidence is good enough to answer: a calibrated probability from a few signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from assistant.evidence.gathering import Evidence, log_odds, probability
from assistant.question.questions import Question
from knowledge_base.language.words import content_words

THRESHOLD = 0.4  # below it a question is refused
CERTAIN = 0.5  # below it an answer is marked as weak
SURE = 0.8  # below it no part's best sentence must be quoted

# Two calibrated probabilities, the lower of which decides. What the evidence model says tells on documents like those that it
# has read; how far the best passage stands out in the search tells on any. On five collections of strangers (517 questions with
# an answer, 180 without) the area under the curve is .76 to .93 for the latter (.65 on French pages), .5 to .7 for the former;
# on the official documents .55 to .67 and .84. The second was fitted on these five, each left out in turn.
_ANSWERED = {"bias": 0.86, "answered": 0.575}
_STANDS_OUT = {"bias": -3.22, "best": 7.26, "peak": 7.53}
_WITH_ADAPTER = {"bias": -3.94, "passages": 11.8, "unknown": -1.98}
_WITHOUT_BOTH = {"bias": -3.68, "passages": 8.01, "unknown": -1.52}
_PASSAGES = 3
_LEADING = 8  # passages after which the scores are those of what a search finds for any question
_FEWEST = 16  # passages of which scores must be known to tell so


def signals(question: Question, evidence: Evidence) -> dict[str, float]:
    """Return what the decision rests on.

    `answered`: the evidence model's log-odds that the best sentences answer; `best`: the best passage's score in the search;
    `peak`: how far it lies above the scores of the passages after the eighth; `passages`: the mean similarity of the three
    nearest passages; `unknown`: the share of the question's weight in words that occur nowhere.
    """
    nearest = sorted((r.dense for r in evidence.passages), reverse=True)[:_PASSAGES]
    best, rest = max(evidence.scores, default=0.0), evidence.scores[_LEADING:]
    total = sum(question.weights.values())
    return {
        "bias": 1.0,
        "answered": log_odds(evidence.answered or 0.0),
        "best": best,
        "peak": best - sum(rest) / len(rest) if rest else 0.0,
        "passages": sum(nearest) / max(1, len(nearest)),
        "unknown": sum(question.weights[word] for word in question.unknown) / total if total else 1.0,
    }


def confidence(question: Question, evidence: Evidence, is_part: bool = False) -> float:
    """Return the probability, between 0 and 1, that the evidence answers the question.

    How far passages stand out does not count for a part of a question, which is few words, nor in a library of few passages.
    """
    found = signals(question, evidence)

    def probability_by(weights: Mapping[str, float]) -> float:
        return probability(sum(weight * found[name] for name, weight in weights.items()))

    if evidence.answered is None:
        return probability_by(_WITH_ADAPTER if evidence.adapted else _WITHOUT_BOTH)
    if is_part or len(evidence.scores) < _FEWEST:
        return probability_by(_ANSWERED)
    return min(probability_by(_ANSWERED), probability_by(_STANDS_OUT))


def reason_for_refusal(question: Question, trust: float) -> str | None:
    """Return why the question is not answered, or None where it is."""
    if not question.terms:
        return "The question holds no word to search for."
    return "The documents hold too little on it." if trust < THRESHOLD else None


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
