"""Hybrid retrieval: BM25 and the vectors of passages and of sentences, fused by a weighted sum of normalised scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Protocol

from knowledge_base.catalog import Catalog, quoted_term
from knowledge_base.embeddings import Embedder
from knowledge_base.errors import ModelError
from knowledge_base.generations import Generation
from knowledge_base.passages import Passage, RetrievedPassage, passage_of
from knowledge_base.text_terms import content_words, question_language, stem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from knowledge_base.vectors import VectorIndex

Scores = dict[str, float]

_K1, _B = 1.2, 0.5
_USUAL_LENGTH = 100  # words that carry meaning in a passage


@dataclass(frozen=True, slots=True)
class RetrievalWeights:
    """How retrieval scores: `passage`, `sentence` and `lexical` weigh a passage's own similarity, that of its best sentence,
    and BM25; `title`, `heading` and `body` weigh BM25's columns. `candidates` are fetched of each kind.
    """

    passage: float = 0.35
    sentence: float = 0.35
    lexical: float = 0.3
    title: float = 2.0
    heading: float = 2.0
    body: float = 1.0
    candidates: int = 60


class Retriever(Protocol):
    """Finds passages for a question."""

    def retrieve(self, question: str, top_k: int = 10) -> list[RetrievedPassage]:
        """Return the `top_k` best passages, best first."""
        ...


class HybridRetriever:
    """Retrieves from one generation; the embedder must be the one the generation was made with."""

    def __init__(self, generation: Generation, embedder: Embedder, weights: RetrievalWeights | None = None) -> None:
        if generation.manifest.model_id != embedder.model_id:
            raise ModelError(
                f"The index was made with the embedding model {generation.manifest.model_id}, not with {embedder.model_id}.",
                "Set PARISCALL_EMBEDDING_MODEL to that model, or rebuild with `python -m ingest sync --rebuild`.",
            )
        self._generation = generation
        self._embedder = embedder
        self._weights = weights or RetrievalWeights()

    def retrieve(self, question: str, top_k: int = 10) -> list[RetrievedPassage]:
        """Return the `top_k` best passages for the question, best first; scores lie between 0 and 1."""
        query = self._embedder.encode([question])
        own = _nearest(self._generation.vectors.passages, query, self._weights.candidates)
        sentence = _best_by_passage(_nearest(self._generation.vectors.sentences, query, 2 * self._weights.candidates))
        lexical = self._lexical_scores(question, own | sentence)
        fused = self._fused(own, sentence, lexical)
        best = sorted(fused, key=lambda identifier: (-fused[identifier], identifier))[:top_k]
        passages = self._generation.catalog.passages(best)
        return [RetrievedPassage(passages[i], fused[i], own.get(i, _floor(own)), lexical.get(i, 0.0)) for i in best]

    def _fused(self, own: Scores, sentence: Scores, lexical: Scores) -> Scores:
        """Return the weighted sum by passage; what is not among the nearest of a kind counts as its last."""
        weights = self._weights
        return {
            i: weights.passage * own.get(i, _floor(own))
            + weights.sentence * sentence.get(i, _floor(sentence))
            + weights.lexical * lexical.get(i, 0.0)
            for i in own | sentence | lexical
        }

    def sentence_similarities(self, questions: Sequence[str], passages: Sequence[Passage]) -> Scores:
        """Return the cosine similarity of each quotable sentence, by its id, with the mean of the questions' vectors."""
        query = self._embedder.encode(list(questions)).mean(axis=0)
        ids = [identifier for passage in passages for identifier in passage.quotable_sentences()]
        return {i: float(vector @ query) for i, vector in self._generation.vectors.sentences.get(ids).items()}

    def _lexical_scores(self, question: str, others: Iterable[str]) -> Scores:
        """Return the share of the best possible BM25 score that the best matches, and `others`, have, by id."""
        terms = question_terms(question)
        if not terms:
            return {}
        catalog, weights = self._generation.catalog, self._weights
        columns = (weights.title, weights.heading, weights.body)
        found = catalog.search(match_expression(terms), weights.candidates, columns)
        rarity = rarities(terms, catalog)
        documents = catalog.terms(list(dict.fromkeys([*found, *others])))
        return {i: bm25(terms, rarity, document, columns) for i, document in documents.items()}


def _nearest(index: VectorIndex, query: NDArray[np.float32], count: int) -> Scores:
    return dict(index.query(query, count)[0])


def _best_by_passage(sentences: Scores) -> Scores:
    best: Scores = {}
    for identifier, score in sentences.items():
        passage = passage_of(identifier)
        best[passage] = max(score, best.get(passage, -1.0))
    return best


def _floor(scores: Scores) -> float:
    return min(scores.values(), default=0.0)


def question_terms(question: str) -> dict[str, tuple[str, ...]]:
    """Map each content word of a question, folded, to its stems as documents in English and in French hold them."""
    content = content_words(question, question_language(question))
    return {word: tuple(dict.fromkeys((stem(word, "en"), stem(word, "fr")))) for word in content}


def rarities(terms: Mapping[str, Sequence[str]], catalog: Catalog) -> dict[str, float]:
    """Return the inverse document frequency of each word among the passages, as Lucene defines it: never below 0."""
    total = catalog.counts()["passages"]
    frequency = catalog.document_frequency([s for stems in terms.values() for s in stems])
    held = {word: max(frequency[s] for s in stems) for word, stems in terms.items()}
    return {word: log(1 + (total - count + 0.5) / (count + 0.5)) for word, count in held.items()}


def bm25(
    terms: Mapping[str, Sequence[str]],
    rarity: Mapping[str, float],
    document: Sequence[Sequence[str]],
    columns: Sequence[float],
) -> float:
    """Return the BM25F score of a document's columns (title, headings, body), as a share of the best possible, 0 to 1.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009). SQLite's own counts words
    that more than half of the passages hold as nothing, which in a library on one subject is most of a question.
    """
    possible = sum(rarity.values()) * (_K1 + 1)
    length = _K1 * (1 - _B + _B * len(document[-1]) / _USUAL_LENGTH)
    total = 0.0
    for word, stems in terms.items():
        frequency = sum(w * sum(column.count(s) for s in stems) for w, column in zip(columns, document, strict=True))
        total += rarity[word] * frequency * (_K1 + 1) / (frequency + length)
    return total / possible if possible else 0.0


def match_expression(terms: Mapping[str, Sequence[str]]) -> str:
    """Return the FTS5 expression that matches passages with any of the terms."""
    return " OR ".join(dict.fromkeys(quoted_term(s) for stems in terms.values() for s in stems))
