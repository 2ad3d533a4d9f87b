"""Score the sentences of retrieved passages as evidence for a question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from assistant.evidence.cues import cue, field_cue
from assistant.question.questions import Question
from knowledge_base.language.sentences import SENTENCE_END
from knowledge_base.language.vocabulary import pattern
from knowledge_base.language.words import stems, stems_of_all_words
from knowledge_base.passages import BlockKind, Passage, RetrievedPassage, sentence_id

_NOTE = re.compile(r"^(?:\d{1,3}\s+(?:[A-ZÀ-Þ]|https?:)|[—–]{2},)")  # of foot notes, and of further works by one author
_HOLE = pattern(r"\b{sentences.before_hole}\s\[\d{1,3}\](?:$|[\s.,;:])")  # where a link's text was lost
_ASKS = re.compile(r"\?[”\"’'»)\]\s]*$")
_NUMBERED = re.compile(r"\|\s*\d{1,4}$")  # of a table of contents, where no number is asked for
_SCRAP = 5  # words at most of what is no sentence, where nothing ends it
_TITLE = 15  # words at most of what is set like a title: a line that nothing ends


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """How much each signal counts in a sentence's score; the signals lie between 0 and 1.

    `lexical` is the share of the question's words, `dense` the similarity, `passage` the passage's score, `cue` the form of an
    answer. Taken off are `foreign` for a sentence in another language than the question's, and `poor` for what makes a poor
    quote. `context` is the share that a word counts which the headings alone hold. `judged` weighs the evidence model's rank,
    `scale` is the difference in its logits that halves it; `reranking` is the share that a passage's best sentence has in its
    rank.
    """

    lexical: float = 0.35
    dense: float = 0.45
    passage: float = 0.5
    cue: float = 0.2
    foreign: float = 0.2
    poor: float = 0.3
    context: float = 0.4
    judged: float = 0.35
    scale: float = 2.0
    reranking: float = 0.3


@dataclass(frozen=True, slots=True)
class Judgement:
    """How the evidence model ranks sentences: its logits, by sentence id."""

    ranks: Mapping[str, float] = field(default_factory=dict)

    def standing(self, identifier: str, scale: float) -> float:
        """Return 1 for the sentence ranked best, less for others, 0 for one that was not read."""
        if identifier not in self.ranks:
            return 0.0
        return float(0.5 ** ((max(self.ranks.values()) - self.ranks[identifier]) / scale))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A quotable unit of a retrieved passage: characters `start` to `end` of its page's text.

    `rank` and `passage_score` are its passage's; `lexical` is the share of the question's weighted words it holds (those of its
    headings in part), `dense` its cosine similarity with the question, `score` the weighted sum.
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
    question: Question,
    retrieved: Sequence[RetrievedPassage],
    similarities: Mapping[str, float],
    judgement: Judgement,
    weights: EvidenceWeights,
) -> list[Sentence]:
    """Return the quotable sentences of the passages with their scores, best first.

    `similarities` are the sentences' with the question, by sentence id.
    """
    scorer = _Scorer(question, judgement, weights)
    scored = [s for rank, found in enumerate(retrieved) for s in scorer.scored(rank, found, similarities)]
    return sorted(scored, key=lambda s: -s.score)


class _Scorer:
    """Weighs sentences for one question."""

    def __init__(self, question: Question, judgement: Judgement, weights: EvidenceWeights) -> None:
        self._question = question
        self._judgement = judgement
        self._weights = weights
        total = sum(question.weights.values()) or 1.0
        self._shares = [(question.weights[word] / total, stems) for word, stems in question.terms.items()]

    def scored(self, rank: int, found: RetrievedPassage, similarities: Mapping[str, float]) -> Iterator[Sentence]:
        """Yield the sentences of a passage that can be quoted, each with its score."""
        passage, question, weights = found.passage, self._question, self._weights
        above = stems_of_all_words(f"{passage.title} {passage.heading}", passage.language)
        of_passage = weights.passage * found.score - weights.foreign * is_foreign(passage, question)
        for position, (span, text) in enumerate(zip(passage.sentences, passage.sentence_texts, strict=True)):
            dense = similarities.get(sentence_id(passage.id, position))
            if dense is None or is_scrap(span.kind, text):
                continue
            lexical = self._share_held(stems_of_all_words(text, passage.language), above)
            score = (
                of_passage
                + weights.lexical * lexical
                + weights.dense * dense
                + weights.judged * self._judgement.standing(sentence_id(passage.id, position), weights.scale)
                + weights.cue * cue(question, text)
                - weights.poor * self._is_poor(span.kind, text)
            )
            yield Sentence(passage, rank, found.score, position, span.start, span.end, span.kind, text, lexical, dense, score)

    def _share_held(self, held: Set[str], above: Set[str]) -> float:
        """Return the share of the weight of the question's words that a sentence holds, in part those of its headings."""
        direct = indirect = 0.0
        for share, roots in self._shares:
            if not held.isdisjoint(roots):
                direct += share
            elif not above.isdisjoint(roots):
                indirect += share
        return direct + self._weights.context * indirect

    def _is_poor(self, kind: BlockKind, text: str) -> bool:
        """Say whether a text makes a poor quote: a foot note, a question, a sentence that has lost a word, a mere label."""
        traits = _traits(text)
        return traits.asks or traits.has_hole or (kind == "paragraph" and traits.is_note) or self._is_label(kind, text)

    def _is_label(self, kind: BlockKind, text: str) -> bool:
        """Say whether a text only names a thing: a field or a caption that is no sentence, a title, a line of contents."""
        if kind == "table_row":
            return bool(_NUMBERED.search(text)) and cue(self._question, text) == 0
        if kind == "paragraph":
            return not _traits(text).ends and len(text.split()) <= _TITLE
        return kind in ("field", "caption") and not _traits(text).ends and not field_cue(self._question, text)


class _Traits(NamedTuple):
    """Whether a text ends as sentences do, begins as foot notes do, has lost a word, asks something."""

    ends: bool
    is_note: bool
    has_hole: bool
    asks: bool


@lru_cache(maxsize=5_000)
def _traits(text: str) -> _Traits:
    return _Traits(
        ends=bool(SENTENCE_END.search(text)),
        is_note=bool(_NOTE.match(text)),
        has_hole="[" in text and bool(_HOLE.search(text)),
        asks=bool(_ASKS.search(text)),
    )


def is_scrap(kind: BlockKind, text: str) -> bool:
    """Say whether a text is a piece of a sentence or a label: nothing ends it, and it is short or begins in the middle."""
    if kind != "paragraph" or _traits(text).ends:
        return False
    return text[:1].islower() or len(text.split()) <= _SCRAP


def names_title(question: Question, title: str, language: str | None) -> bool:
    """Say whether a question holds all words of a document's title."""
    asked = {root for roots in question.terms.values() for root in roots}
    named = set(stems(title, language))
    return bool(named) and named <= asked


def is_foreign(passage: Passage, question: Question) -> bool:
    """Say whether a passage is known to be in another language than the question."""
    return passage.language is not None and passage.language != question.language
