"""Score the sentences of retrieved passages as evidence for a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.questions import Question, QuestionKind
from knowledge_base.passages import BlockKind, Passage, RetrievedPassage, sentence_id
from knowledge_base.text_terms import stem, words

_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)"
)
_DATE = re.compile(rf"\b{_MONTH}\b|{_YEAR.pattern}|\b\d{{4}}-\d\d-\d\d\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred|thousand|million|billion"
    r"|deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|vingt|cent|mille|millions?|milliards?)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-ZÀ-Þ][\w-]+")
_REASON = re.compile(
    r"\b(?:because|due to|since|therefore|thus|so that|in order to|aims?|as a result|reason|given|thereby|risk"
    r"|parce|car|afin|en raison|donc)\b",
    re.IGNORECASE,
)
_DEFINING = re.compile(
    r"(?:^[\w '’/()-]{2,60}\s?:\s)|\b(?:is|are|means?|refers? to|defined as|describes?|stands? for|consists? of"
    r"|est|sont|désigne|signifie|se définit|défini[es]*)\b",
    re.IGNORECASE,
)
_CUES: dict[QuestionKind, re.Pattern[str]] = {
    QuestionKind.WHEN: _DATE,
    QuestionKind.QUANTITY: _NUMBER,
    QuestionKind.WHO: _NAME,
    QuestionKind.WHERE: _NAME,
    QuestionKind.WHY: _REASON,
    QuestionKind.DEFINITION: _DEFINING,
}


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """How much each signal counts in a sentence's score; the signals lie between 0 and 1."""

    lexical: float = 0.35
    dense: float = 0.45
    passage: float = 0.5
    cue: float = 0.08
    context: float = 0.4


@dataclass(frozen=True, slots=True)
class Sentence:
    """A quotable unit of a retrieved passage: characters `start` to `end` of its page's text.

    `rank` and `passage_score` are its passage's; `lexical` is the share of the question's weighted words it holds (words of its
    headings and neighbours count in part), `dense` its cosine similarity with the question, `score` the weighted sum.
    """

    passage: Passage
    rank: int
    passage_score: float
    position: int
    start: int
    end: int
    kind: BlockKind
    text: str
    lexical: float = 0.0
    dense: float = 0.0
    score: float = 0.0

    @property
    def id(self) -> str:
        """Return the id that its vector is kept under."""
        return sentence_id(self.passage.id, self.position)


def score_sentences(
    question: Question, retrieved: Sequence[RetrievedPassage], similarities: Mapping[str, float], weights: EvidenceWeights
) -> list[Sentence]:
    """Return the quotable sentences of the passages with their scores, best first.

    `similarities` are the sentences' with the question, by sentence id.
    """
    sentences = [s for rank, r in enumerate(retrieved) for s in _sentences_of(question, rank, r, weights)]
    scored = [_scored(question, s, similarities.get(s.id, 0.0), weights) for s in sentences if s.id in similarities]
    return sorted(scored, key=lambda s: -s.score)


def _sentences_of(question: Question, rank: int, found: RetrievedPassage, weights: EvidenceWeights) -> Iterator[Sentence]:
    passage = found.passage
    texts = [passage.sentence_text(span) for span in passage.sentences]
    held = [covered_words(question, text, passage.language) for text in texts]
    above = covered_words(question, f"{passage.title} {passage.heading}", passage.language)
    for position, (span, text) in enumerate(zip(passage.sentences, texts, strict=True)):
        near = above.union(*held[max(0, position - 1) : position + 2])
        lexical = share(question, held[position], near, weights.context)
        yield Sentence(passage, rank, found.score, position, span.start, span.end, span.kind, text, lexical=lexical)


def _scored(question: Question, sentence: Sentence, dense: float, weights: EvidenceWeights) -> Sentence:
    cue = _CUES.get(question.kind)
    total = (
        weights.lexical * sentence.lexical
        + weights.dense * dense
        + weights.passage * sentence.passage_score
        + weights.cue * bool(cue and cue.search(sentence.text))
    )
    return replace(sentence, dense=dense, score=total)


def covered_words(question: Question, text: str, language: str | None) -> set[str]:
    """Return the question's content words that `text` holds in any form."""
    code = "fr" if language == "fr" else "en"
    held = {stem(word, code) for word in words(text)}
    return {word for word, stems in question.terms.items() if not held.isdisjoint(stems)}


def share(question: Question, held: set[str], near: Iterable[str] = (), near_counts: float = 0.0) -> float:
    """Return the share of the question's weight that the words `held` carry; those only `near` count in part."""
    total = sum(question.weights.values())
    if not total:
        return 0.0
    direct = sum(question.weights[word] for word in held)
    indirect = sum(question.weights[word] for word in set(near) - held)
    return (direct + near_counts * indirect) / total
