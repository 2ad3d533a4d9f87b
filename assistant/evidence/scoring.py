"""Score the sentences of retrieved passages as evidence for a question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from assistant.evidence.cues import cue, field_cue
from assistant.evidence.provisions import Found, names_another, references_in
from assistant.question.questions import Question
from knowledge_base.language.words import stems, stems_of_all_words
from knowledge_base.passages import BlockKind, Passage, RetrievedPassage, SentenceSpan, sentence_id


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """How much each signal counts in a sentence's score; the signals lie between 0 and 1.

    `lexical` is the share of the question's words, `dense` the similarity, `passage` the passage's score, `cue` the form of an
    answer. Taken off are `foreign` for a sentence in another language than the question's, and `poor` for what makes a poor
    quote. `context` is the share that a word counts which the headings alone hold. `judged` weighs the evidence model's rank,
    `scale` is the difference in its logits that halves it; `reranking` is the share that a passage's best sentence has in its
    rank; `named` is added for what stands in a numbered part that
    the question names, and taken off for what names another of its kind.
    """

    lexical: float = 0.35
    dense: float = 0.45
    passage: float = 1.5
    cue: float = 0.2
    foreign: float = 0.2
    poor: float = 0.3
    context: float = 0.4
    judged: float = 0.2
    scale: float = 2.0
    reranking: float = 0.3
    named: float = 0.5


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
    named: Sequence[Found] = (),
) -> list[Sentence]:
    """Return the quotable sentences of the passages with their scores, best first.

    `similarities` are the sentences' with the question, by sentence id; what stands in a provision that the question has
    `named` comes first.
    """
    scorer = _Scorer(question, judgement, weights)
    scored = [
        replace(s, score=s.score + weights.named * any(f.holds(s.passage, s.start) for f in named))
        for rank, found in enumerate(retrieved)
        for s in scorer.scored(rank, found, similarities)
    ]
    return sorted(scored, key=lambda s: -s.score)


class _Scorer:
    """Weighs sentences for one question."""

    def __init__(self, question: Question, judgement: Judgement, weights: EvidenceWeights) -> None:
        self._question = question
        self._judgement = judgement
        self._weights = weights
        self._asked = references_in(question.asked, question.language)
        total = sum(question.weights.values()) or 1.0
        self._shares = [(question.weights[word] / total, stems) for word, stems in question.terms.items()]

    def scored(self, rank: int, found: RetrievedPassage, similarities: Mapping[str, float]) -> Iterator[Sentence]:
        """Yield the sentences of a passage that can be quoted, each with its score."""
        passage, question, weights = found.passage, self._question, self._weights
        above = stems_of_all_words(f"{passage.title} {passage.heading}", passage.language)
        of_passage = weights.passage * found.score - weights.foreign * is_foreign(passage, question)
        for position, (span, text) in enumerate(zip(passage.sentences, passage.sentence_texts, strict=True)):
            dense = similarities.get(sentence_id(passage.id, position))
            if dense is None or span.role == "scrap":
                continue
            lexical = self._share_held(stems_of_all_words(text, passage.language), above)
            score = (
                of_passage
                + weights.lexical * lexical
                + weights.dense * dense
                + weights.judged * self._judgement.standing(sentence_id(passage.id, position), weights.scale)
                + weights.cue * (cue(question, text) or float(span.role == "label" and field_cue(question, text)))
                - weights.poor * self._is_poor(span, text)
                - weights.named * (bool(self._asked) and names_another(self._asked, text, question.language))
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

    def _is_poor(self, span: SentenceSpan, text: str) -> bool:
        """Say whether a text makes a poor quote; a label or a row of contents does not where it has the form of the answer."""
        if span.role == "label":
            return not field_cue(self._question, text)
        if span.role == "contents":
            return cue(self._question, text) == 0
        return span.role in ("question", "broken", "note")


def names_title(question: Question, title: str, language: str | None) -> bool:
    """Say whether a question holds all words of a document's title."""
    asked = {root for roots in question.terms.values() for root in roots}
    named = set(stems(title, language))
    return bool(named) and named <= asked


def is_foreign(passage: Passage, question: Question) -> bool:
    """Say whether a passage is known to be in another language than the question."""
    return passage.language is not None and passage.language != question.spoken
