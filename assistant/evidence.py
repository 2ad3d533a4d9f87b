"""Score the sentences of retrieved passages as evidence for a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from assistant.cues import cue, field_cue
from assistant.questions import Question, QuestionKind
from knowledge_base.passages import BlockKind, Passage, RetrievedPassage, sentence_id
from knowledge_base.text_terms import iter_stems, stems, stems_of_all_words

_TOLD = 0.6  # share of its words from which on a sentence repeats what was said
_ENDS = re.compile(r"[.!?;:…][”\"’»)\]]*\d{0,3}$")
_NOTE = re.compile(r"^(?:\d{1,3}\s+(?:[A-ZÀ-Þ]|https?:)|[—–]{2},)")  # of foot notes, and of further works by one author
_HOLE = re.compile(r"\b(?:an?|the|of|to|by|on|with|around)\s\[\d{1,3}\](?:$|[\s.,;:])")  # where a link's text was lost
_ASKS = re.compile(r"\?[”\"’'»)\]\s]*$")
_NUMBERED = re.compile(r"\|\s*\d{1,4}$")  # of a table of contents, where no number is asked for
_LITTLE = 3  # words below which a text adds nothing to the question's own
_SCRAP = 5  # words at most of what is no sentence, where nothing ends it


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """How much each signal counts in a sentence's score; the signals lie between 0 and 1.

    `lead` is for the sentence that opens a document, `definition` for one in the form of the definition asked, `defining` for
    one that opens a document so. Taken off are `foreign` for one in another language than the question's, `told` for one that
    the conversation has just given, `fragment` for one that does not end as sentences do, `note` for one that begins as foot
    notes or bibliographies do, `label` for one that only names something, `hole` for one that has lost a word, `little` for one
    that holds little but the question's words, `asking` for one that asks something itself. `context` is the share that a word
    counts which only headings or neighbours hold. `judged` weighs the evidence model's rank, `scale` is the difference in its
    logits that halves it; `reranking` is the share that a passage's best sentence has in its rank.
    """

    lexical: float = 0.35
    dense: float = 0.45
    passage: float = 0.5
    cue: float = 0.2
    lead: float = 0.05
    definition: float = 0.25
    defining: float = 0.45
    foreign: float = 0.2
    told: float = 0.15
    fragment: float = 0.03
    note: float = 0.1
    label: float = 0.5
    hole: float = 0.35
    little: float = 0.2
    asking: float = 0.3
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
    question: Question,
    retrieved: Sequence[RetrievedPassage],
    similarities: Mapping[str, float],
    judgement: Judgement,
    weights: EvidenceWeights,
) -> list[Sentence]:
    """Return the quotable sentences of the passages with their scores, best first.

    `similarities` are the sentences' with the question, by sentence id.
    """
    sentences = [s for rank, r in enumerate(retrieved) for s in _sentences_of(question, rank, r, similarities, weights)]
    scored = [_scored(question, s, judgement, weights) for s in sentences if not is_scrap(s)]
    return sorted(_with_fields(question, scored), key=lambda s: -s.score)


def _with_fields(question: Question, scored: Sequence[Sentence]) -> Iterator[Sentence]:
    """Give a field whose key is what the question asks for (a date, a place) the score of the best sentence beside it."""
    best: dict[str, float] = {}
    for sentence in scored:
        best[sentence.passage.id] = max(sentence.score, best.get(sentence.passage.id, sentence.score))
    for sentence in scored:
        asked = sentence.kind == "field" and field_cue(question, sentence.text)
        yield replace(sentence, score=best[sentence.passage.id]) if asked else sentence


def _sentences_of(
    question: Question, rank: int, found: RetrievedPassage, similarities: Mapping[str, float], weights: EvidenceWeights
) -> Iterator[Sentence]:
    """Yield the sentences of a passage that can be quoted."""
    passage = found.passage
    texts = [passage.sentence_text(span) for span in passage.sentences]
    held = [covered_words(question, text, passage.language) for text in texts]
    above = covered_words(question, f"{passage.title} {passage.heading}", passage.language)
    for position, (span, text) in enumerate(zip(passage.sentences, texts, strict=True)):
        dense = similarities.get(sentence_id(passage.id, position))
        if dense is not None:
            near = above.union(*held[max(0, position - 1) : position + 2])
            lexical = share(question, held[position], near, weights.context)
            yield Sentence(
                passage, rank, found.score, position, span.start, span.end, span.kind, text, lexical=lexical, dense=dense
            )


def _scored(question: Question, sentence: Sentence, judgement: Judgement, weights: EvidenceWeights) -> Sentence:
    form, opens = cue(question, sentence.text), sentence.passage.ordinal == 0 and sentence.start == 0
    defines = form == 1 and question.kind == QuestionKind.DEFINITION
    total = (
        weights.judged * judgement.standing(sentence.id, weights.scale)
        + weights.lexical * sentence.lexical
        + weights.dense * sentence.dense
        + weights.passage * sentence.passage_score
        + weights.cue * form
        + weights.lead * opens
        + weights.definition * defines
        + weights.defining * (opens and defines)
        - weights.foreign * is_foreign(sentence.passage, question)
        - weights.told * _is_told(sentence, question)
        - _flaws(question, sentence, weights)
    )
    return replace(sentence, score=total)


def _flaws(question: Question, sentence: Sentence, weights: EvidenceWeights) -> float:
    """Return what is taken off for the form of a text: what is no whole sentence, or says nothing new, is a poor quote."""
    ends, is_paragraph = bool(_ENDS.search(sentence.text)), sentence.kind == "paragraph"
    return (
        weights.fragment * (is_paragraph and not ends)
        + weights.note * (is_paragraph and bool(_NOTE.match(sentence.text)))
        + weights.label * _is_label(question, sentence)
        + weights.hole * ("[" in sentence.text and bool(_HOLE.search(sentence.text)))
        + weights.asking * bool(_ASKS.search(sentence.text))
        + weights.little * _says_little(question, sentence)
    )


def _is_label(question: Question, sentence: Sentence) -> bool:
    """Say whether a text names a thing and says nothing of it: a field or a caption that is no sentence, a line of contents."""
    if sentence.kind == "table_row":
        return bool(_NUMBERED.search(sentence.text)) and cue(question, sentence.text) == 0
    is_named = sentence.kind in ("field", "caption") and not _ENDS.search(sentence.text)
    return is_named and not field_cue(question, sentence.text)


def _says_little(question: Question, sentence: Sentence) -> bool:
    """Say whether a text holds few words but those of the question; a number, a date or a name can be the whole answer."""
    own = {root for roots in question.terms.values() for root in roots}
    new = (root for root in iter_stems(sentence.text, sentence.passage.language) if root not in own)
    return len(list(islice(new, _LITTLE))) < _LITTLE and cue(question, sentence.text) == 0


def _is_told(sentence: Sentence, question: Question) -> bool:
    """Say whether a sentence tells little that the conversation has not told: its words are those of what came before."""
    if not question.told:
        return False
    held = set(stems(sentence.text, sentence.passage.language))
    return bool(held) and len(held & question.told) >= _TOLD * len(held)


def is_scrap(sentence: Sentence) -> bool:
    """Say whether a text is a piece of a sentence or a label: nothing ends it, and it is short or begins in the middle."""
    if sentence.kind != "paragraph" or _ENDS.search(sentence.text):
        return False
    return sentence.text[:1].islower() or len(sentence.text.split()) <= _SCRAP


def is_foreign(passage: Passage, question: Question) -> bool:
    """Say whether a passage is known to be in another language than the question."""
    return passage.language is not None and passage.language != question.language


def covered_words(question: Question, text: str, language: str | None) -> set[str]:
    """Return the question's content words that `text` holds in any form."""
    held = stems_of_all_words(text, language)
    return {word for word, stems in question.terms.items() if not held.isdisjoint(stems)}


def share(question: Question, held: set[str], near: Iterable[str] = (), near_counts: float = 0.0) -> float:
    """Return the share of the question's weight that the words `held` carry; those only `near` count in part."""
    total = sum(question.weights.values())
    if not total:
        return 0.0
    direct = sum(question.weights[word] for word in held)
    indirect = sum(question.weights[word] for word in set(near) - held)
    return (direct + near_counts * indirect) / total
