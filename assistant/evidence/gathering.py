"""Gather the evidence for a question: the best passages and their sentences, weighed and ranked together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from assistant.evidence.cues import cue
from assistant.evidence.provisions import named_provisions, passage_at
from assistant.evidence.scoring import EvidenceWeights, Judgement, Sentence, is_foreign, names_title, score_sentences
from assistant.question.questions import Question, QuestionKind
from knowledge_base.logs import span
from knowledge_base.models.evidence import with_neighbours
from knowledge_base.passages import Passage, RetrievedPassage, passage_of
from knowledge_base.search.queries import match_expression, question_terms
from knowledge_base.search.retrieval import HybridRetriever
from knowledge_base.store.catalog import Catalog

if TYPE_CHECKING:
    from knowledge_base.models.evidence import EvidenceModel

CANDIDATES = 12  # passages whose sentences are weighed
SURVEYED = 24  # passages whose scores tell whether the best stand out
READ = 14  # sentences that the evidence model reads, each by itself
_DEFINING = 60  # passages that hold the subject of a definition and are looked through for it
_COLUMNS = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was found for a question: `passages` and `sentences`, each best first.

    `answered` is the highest probability, by the evidence model, that a sentence answers it (None without the model). `leading`
    are the best sentences of each part of a question that asks for several things, and `parts` the questions with what was
    found for each. `adapted`: similarities are those of a vector that the query adapter has moved. `scores` are those that the
    search gave the best passages, best first.
    """

    passages: list[RetrievedPassage]
    sentences: list[Sentence]
    answered: float | None = None
    leading: tuple[Sentence, ...] = ()
    parts: tuple[tuple[Question, Evidence], ...] = ()
    adapted: bool = False
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Gathers evidence from one index; `model` is None where there is no evidence model."""

    retriever: HybridRetriever
    catalog: Catalog
    model: EvidenceModel | None
    weights: EvidenceWeights

    def gather(self, parts: Sequence[Question]) -> Evidence:
        """Return the evidence for a question, or for each of its parts and put together."""
        each = [self._of_one(part, len(parts)) for part in parts]
        return each[0] if len(each) == 1 else replace(together(each), parts=tuple(zip(parts, each, strict=True)))

    def _of_one(self, question: Question, parts: int) -> Evidence:
        """Retrieve passages, weigh their sentences, and rank both."""
        named, _ = named_provisions(question, self.catalog)
        held = [p.id for f in named[:1] if (p := passage_at(self.catalog, f.source, f.provision))]
        also = [*held, *defining_passages(question, self.catalog), *counted_passages(question, self.catalog)]
        surveyed = self.retriever.search(question.query, SURVEYED, also)
        found = [r for rank, r in enumerate(surveyed) if rank < CANDIDATES or r.passage.id in also]
        similarities = self.retriever.sentence_similarities(question.query, [r.passage for r in found])
        read = read_sentences(self.model, question, found, similarities, READ // parts) if self.model else {}
        ranks = Judgement({identifier: rank for identifier, (rank, _) in read.items()})
        sentences = score_sentences(question, found, similarities, ranks, self.weights, named[:1])
        return Evidence(
            reranked(found, sentences, self.weights.reranking),
            sentences,
            max((answers for _, answers in read.values()), default=0.0) if self.model else None,
            adapted=self.retriever.adapts,
            scores=tuple(r.score for r in surveyed),
        )


def together(each: Sequence[Evidence]) -> Evidence:
    """Return the evidence for the parts of a question as one: passages by their scores for all parts, sentences by the best."""
    best: dict[str, Sentence] = {}
    for sentence in sorted((s for evidence in each for s in evidence.sentences), key=lambda s: -s.score):
        best.setdefault(sentence.id, sentence)
    answered = [evidence.answered for evidence in each if evidence.answered is not None]
    return Evidence(
        _passages_together(each),
        list(best.values()),
        max(answered, default=None),
        tuple(evidence.sentences[0] for evidence in each if evidence.sentences),
        adapted=each[0].adapted,
        scores=max((evidence.scores for evidence in each), key=lambda scores: scores[:1]),
    )


def _passages_together(each: Sequence[Evidence]) -> list[RetrievedPassage]:
    """Return the passages found for any part, by the sum of their scores; one not found for a part counts there as its last."""
    scores = [{r.passage.id: r.score for r in evidence.passages} for evidence in each]
    last = [min(of_part.values(), default=0.0) for of_part in scores]
    found = [r for evidence in each for r in evidence.passages]
    total = {r.passage.id: sum(s.get(r.passage.id, low) for s, low in zip(scores, last, strict=True)) for r in found}
    kept: dict[str, RetrievedPassage] = {}
    held: set[str] = set()  # what is kept, or said by a twin of it
    for retrieved in sorted(found, key=lambda r: -total[r.passage.id]):
        if retrieved.passage.id not in held:
            kept[retrieved.passage.id] = retrieved
            held.update((retrieved.passage.id, *(twin.id for twin in retrieved.twins)))
    return list(kept.values())


def defining_passages(question: Question, catalog: Catalog) -> list[str]:
    """Return the ids of passages with a sentence that defines what a question asks the meaning of."""
    if question.kind != QuestionKind.DEFINITION or not question.subject:
        return []
    roots = [root for roots in question_terms(question.subject, question.language).values() for root in roots]
    if not roots:
        return []
    holding = catalog.passages(catalog.search(match_expression(roots), _DEFINING, _COLUMNS))
    return [identifier for identifier, passage in holding.items() if _defines(question, passage)]


def counted_passages(question: Question, catalog: Catalog) -> list[str]:
    """Return the ids of passages with a list of as many items as a question names, in documents whose whole title it names.

    "The nine principles of the Paris Call" are the nine items of the list in the document "Paris Call", which need not say that
    they are principles.
    """
    if question.kind != QuestionKind.LIST or question.count is None:
        return []
    named = (source for source, title in catalog.titles().items() if names_title(question, *title))
    return [i for source in named for run in _lists(catalog.all_passages(source)) if len(run) == question.count for i in run]


def _lists(passages: Iterable[Passage]) -> Iterator[list[str]]:
    """Yield for each list of a document the id of the passage that holds each of its items."""
    spans = ((passage.id, span.kind, passage.ordinal) for passage in passages for span in passage.sentences)
    for (kind, _), run in groupby(spans, key=lambda span: span[1:]):
        if kind == "list_item":
            yield [identifier for identifier, *_ in run]


def _defines(question: Question, passage: Passage) -> bool:
    return any(cue(question, text) == 1 for text in passage.quotable_sentences.values())


def read_sentences(
    model: EvidenceModel, question: Question, found: Sequence[RetrievedPassage], similarities: Mapping[str, float], most: int
) -> dict[str, tuple[float, float]]:
    """Have the evidence model read the `most` sentences most like the question; return by sentence id what it says of each.

    That is a logit that ranks it among the others, and the probability that it answers. Beside sentences that are not in its
    language the question is read as its words in English.
    """
    texts = {i: text for r in found for i, text in r.passage.quotable_sentences.items() if i in similarities}
    scores = {i: similarities[i] + r.score for r in found for i in r.passage.quotable_sentences if i in similarities}
    chosen = sorted(texts, key=lambda identifier: -scores[identifier])[:most]
    foreign = {i for r in found if is_foreign(r.passage, question) for i in r.passage.quotable_sentences}
    read: dict[str, tuple[float, float]] = {}
    for asked, ids in (
        (question.query.text, [i for i in chosen if i not in foreign]),
        (question.query.in_english, [i for i in chosen if i in foreign]),
    ):
        marked = [with_neighbours("", texts[identifier], "") for identifier in ids]
        with span("read", sentences=len(ids), passages=len({passage_of(identifier) for identifier in ids})):
            ranks, answers = (model.score(asked, marked), model.answers(asked, marked)) if marked else ((), ())
        read |= dict(zip(ids, zip(map(float, ranks), map(float, answers), strict=True), strict=True))
    return read


def reranked(found: Sequence[RetrievedPassage], sentences: Sequence[Sentence], share: float) -> list[RetrievedPassage]:
    """Return passages by their score and, for `share` of the whole, that of their best sentence; best first."""
    best: dict[str, float] = {}
    for sentence in sentences:
        best.setdefault(sentence.passage.id, sentence.score)
    lowest = min(best.values(), default=0.0)
    scored = [replace(r, score=(1 - share) * r.score + share * best.get(r.passage.id, lowest)) for r in found]
    return sorted(scored, key=lambda r: -r.score)
