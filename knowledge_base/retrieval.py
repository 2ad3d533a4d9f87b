"""Hybrid retrieval: FTS5 BM25 and dense vectors, fused by a weighted sum of normalised scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge_base.catalog import quoted_term
from knowledge_base.embeddings import Embedder
from knowledge_base.errors import ModelError
from knowledge_base.generations import Generation
from knowledge_base.passages import RetrievedPassage
from knowledge_base.text_terms import content_words, question_language, stem


@dataclass(frozen=True, slots=True)
class RetrievalWeights:
    """How retrieval scores: `dense` is the share of the dense score in the sum; the others weigh BM25's columns."""

    dense: float = 0.55
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
        dense = self._dense_scores(question)
        lexical = self._lexical_scores(question)
        passages = self._generation.catalog.passages(list(dense | lexical))
        found = [
            RetrievedPassage(passage, self._fused(dense.get(i), lexical.get(i)), dense.get(i, 0.0), lexical.get(i, 0.0))
            for i, passage in passages.items()
        ]
        return sorted(found, key=lambda r: (-r.score, r.passage.id))[:top_k]

    def _fused(self, dense: float | None, lexical: float | None) -> float:
        share = self._weights.dense
        return share * (dense or 0.0) + (1 - share) * (lexical or 0.0)

    def _dense_scores(self, question: str) -> dict[str, float]:
        """Return cosine similarities of the nearest passages, by id."""
        vectors = self._embedder.encode([question])
        return dict(self._generation.vectors.query(vectors, self._weights.candidates)[0])

    def _lexical_scores(self, question: str) -> dict[str, float]:
        """Return BM25 scores of the best matches, by id, each divided by the best."""
        expression = match_expression(question_terms(question))
        if not expression:
            return {}
        weights = (self._weights.title, self._weights.heading, self._weights.body)
        found = self._generation.catalog.search(expression, self._weights.candidates, weights)
        best = found[0][1] if found else 1.0
        return {identifier: score / best for identifier, score in found} if best > 0 else {}


def question_terms(question: str) -> dict[str, tuple[str, ...]]:
    """Map each content word of a question, folded, to its stems as documents in English and in French hold them."""
    content = content_words(question, question_language(question))
    return {word: tuple(dict.fromkeys((stem(word, "en"), stem(word, "fr")))) for word in content}


def match_expression(terms: Mapping[str, Sequence[str]]) -> str:
    """Return the FTS5 expression that matches passages with any of the terms."""
    return " OR ".join(dict.fromkeys(quoted_term(s) for stems in terms.values() for s in stems))
