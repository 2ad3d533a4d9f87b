"""Hybrid retrieval: BM25 and the vectors of passages and of sentences, fused by a weighted sum of normalised scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from knowledge_base.errors import ModelError
from knowledge_base.logs import span
from knowledge_base.models.embeddings import Embedder
from knowledge_base.models.multilingual import MultilingualEncoder
from knowledge_base.models.query_adapter import QueryAdapter
from knowledge_base.passages import Passage, RetrievedPassage, passage_of
from knowledge_base.search.queries import Query, QueryReader, Terms, match_expression
from knowledge_base.store.catalog import Remembered
from knowledge_base.store.generations import Generation
from knowledge_base.store.vectors import HeldVectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scores = dict[str, float]

_K1, _B = 1.2, 0.5
_USUAL_LENGTH = 100  # words that carry meaning in a passage
_OWNS = 0.6  # share of a name's passages from which on it names the document that holds them
_PER_SIDE = 2  # passages of each document named, among the first, where there are several
_FOLDED = 2  # times as many passages as are asked for are looked through for twins
_TWINS = 0.85  # share of their words from which on two passages say the same
_COMMON_NAME = 0.25  # share of the passages past which a name names no document
_PASSAGES_REMEMBERED = 2_000  # whose words are kept
_ASIDE = ThreadPoolExecutor(max_workers=4, thread_name_prefix="retrieval")


@dataclass(frozen=True, slots=True)
class PassageWords:
    """The stems of a passage: how often each occurs, weighed by column; those of its `body`; `damping` is for its length."""

    frequencies: Mapping[str, float]
    body: frozenset[str]
    damping: float

    @classmethod
    def of(cls, columns: Sequence[Sequence[str]], weights: Sequence[float]) -> Self:
        """Count the stems of the columns (title, headings, body), each as its weight says."""
        counted: dict[str, float] = {}
        for column, weight in zip(columns, weights, strict=True):
            for stem in column:
                counted[stem] = counted.get(stem, 0.0) + weight
        return cls(counted, frozenset(columns[-1]), _K1 * (1 - _B + _B * len(columns[-1]) / _USUAL_LENGTH))


def bm25(terms: Terms, rarity: Mapping[str, float], documents: Mapping[str, PassageWords]) -> dict[str, float]:
    """Return the BM25F score of each passage, as a share of the best possible, 0 to 1.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009). SQLite's own counts words
    that more than half of the passages hold as nothing, which in a library on one subject is most of a question.
    """
    possible = sum(rarity.values())
    if not possible:
        return dict.fromkeys(documents, 0.0)
    shares = [(rarity[word] / possible, stems) for word, stems in terms.items()]
    scores: dict[str, float] = {}
    for identifier, document in documents.items():
        frequencies, damping, total = document.frequencies, document.damping, 0.0
        for share, stems in shares:
            frequency = 0.0
            for stem in stems:
                frequency += frequencies.get(stem, 0.0)
            if frequency:
                total += share * frequency / (frequency + damping)
        scores[identifier] = total
    return scores


@dataclass(frozen=True, slots=True)
class RetrievalWeights:
    """How retrieval scores: `passage`, `sentence` and `lexical` weigh a passage's own similarity, that of its best sentence,
    and BM25; `named` is added where the question's names belong to its document. `title`, `heading` and `body` weigh BM25's
    columns. `candidates` are fetched of each kind.
    """

    passage: float = 0.25
    sentence: float = 0.25
    lexical: float = 0.5
    named: float = 0.05
    title: float = 2.0
    heading: float = 2.0
    body: float = 1.0
    candidates: int = 40

    @property
    def columns(self) -> tuple[float, float, float]:
        """Return the weights of BM25's columns."""
        return self.title, self.heading, self.body


class Retriever(Protocol):
    """Finds passages for a question."""

    def retrieve(self, question: str, top_k: int = 10) -> list[RetrievedPassage]:
        """Return the `top_k` best passages, best first."""
        ...


class HybridRetriever:
    """Retrieves from one generation; the embedder must be the one the generation was made with.

    `adapter` moves the vectors of questions, `multilingual` reads those that are not in English: both must be for it.
    """

    def __init__(
        self,
        generation: Generation,
        embedder: Embedder,
        weights: RetrievalWeights | None = None,
        adapter: QueryAdapter | None = None,
        multilingual: MultilingualEncoder | None = None,
    ) -> None:
        if generation.manifest.model_id != embedder.model_id:
            raise ModelError(
                f"The index was made with the embedding model {generation.manifest.model_id}, not with {embedder.model_id}.",
                "Set PARISCALL_EMBEDDING_MODEL to that model, or rebuild with `python -m ingest sync --rebuild`.",
            )
        self._generation = generation
        self._embedder = embedder
        self._reader = QueryReader(generation.catalog, lambda word: embedder.count_tokens([word])[0] == 1)
        self._weights = weights or RetrievalWeights()
        self._adapter = adapter
        self._multilingual = multilingual
        self._shares: dict[str, float] = {}  # of the passages in other languages, by language
        self._latest: tuple[tuple[str, ...], Future[NDArray[np.float32]]] | None = None
        self._passage_words: Remembered[PassageWords] = Remembered(_PASSAGES_REMEMBERED)
        self._passages = HeldVectors(generation.vectors.passages)
        self._sentences = HeldVectors(generation.vectors.sentences)

    @property
    def adapts(self) -> bool:
        """Return whether the vectors of questions are moved."""
        return self._adapter is not None

    def read(self, question: str, context: str = "", language: str | None = None) -> Query:
        """Read a question against the words of the documents; see `QueryReader.read`."""
        return self._reader.read(question, context, language)

    def respelt(self, question: str) -> str | None:
        """Return a question with most words misspelt as it is probably meant; see `QueryReader.respelt`."""
        return self._reader.respelt(question)

    def retrieve(self, question: str, top_k: int = 10) -> list[RetrievedPassage]:
        """Return the `top_k` best passages for the question, best first."""
        return self.search(self.read(question), top_k)

    @span("retrieve")
    def search(self, query: Query, top_k: int = 10, also: Sequence[str] = ()) -> list[RetrievedPassage]:
        """Return the `top_k` best passages for a query, best first; scores lie between 0 and 1, a little above for a name.

        Where the question names several documents, the best passages of each are among the first. Passages with the ids
        `also` come with the best, whatever their vectors and words.
        """
        begun = self.prepare(query)
        named = self._named(query)
        sides = [source for source, share in named.items() if share >= _OWNS]
        expression = match_expression(root for roots in query.terms.values() for root in roots)
        best = (
            self._generation.catalog.search(expression, self._weights.candidates, self._weights.columns) if expression else []
        )
        matching = self._words(best)
        vector = begun.result()
        own, sentence = self._nearest(vector)
        within = {i for source in sides for i in self._generation.catalog.passage_ids(source)} if len(sides) > 1 else set()
        own |= {i: float(found @ vector) for i, found in self._passages.get([*within, *also]).items()}
        lexical = bm25(query.terms, query.weights, matching | self._words([*(own | sentence)])) if query.terms else {}
        weights, last, last_sentence = self._weights, _floor(own), _floor(sentence)
        fused = {  # what is not among the nearest of a kind counts as its last
            i: weights.passage * own.get(i, last)
            + weights.sentence * sentence.get(i, last_sentence)
            + weights.lexical * lexical.get(i, 0.0)
            for i in own | sentence | lexical
        }
        passages = self._generation.catalog.passages(list(fused))
        for identifier, passage in passages.items():
            fused[identifier] += weights.named * named.get(passage.source, 0.0)
        if len(sides) > 1:  # the best passages of each document named are raised above the best of all others
            of_sides = [{i: value for i, value in fused.items() if passages[i].source == side} for side in sides]
            best = [identifier for scores in of_sides for identifier in _first(scores, _PER_SIDE)]
            gap = max(fused.values(), default=0.0) - min((fused[i] for i in best), default=0.0)
            for identifier in best:
                fused[identifier] += gap
        wanted = {i: fused[i] for i in also if i in passages}
        looked_through = dict.fromkeys([*_first(fused, _FOLDED * top_k), *_first(wanted, len(wanted))])
        folded = self._folded(list(looked_through), passages)
        kept = [
            i for rank, (i, twins) in enumerate(folded.items()) if rank < top_k or not wanted.keys().isdisjoint((i, *twins))
        ]
        return [
            RetrievedPassage(
                passages[i], fused[i], own.get(i, last), lexical.get(i, 0.0), tuple(passages[t] for t in folded[i])
            )
            for i in kept
        ]

    def _folded(self, ids: Sequence[str], passages: Mapping[str, Passage]) -> dict[str, list[str]]:
        """Return the ids in their order, those that say what an earlier one of another document says gathered under that."""
        folded: dict[str, list[str]] = {}
        seen: list[tuple[str, str, frozenset[str]]] = []
        for identifier, words in self._words(ids).items():
            source, body = passages[identifier].source, words.body
            fewest, most = _TWINS * len(body), len(body) / _TWINS
            near = (
                (i, other)
                for i, its_source, other in seen
                if fewest <= len(other) <= most and its_source != source  # most others are not: seen at a glance
            )
            twin = next((i for i, other in near if len(body & other) >= _TWINS * max(len(body), len(other), 1)), None)
            if twin is None:
                folded[identifier] = []
                seen.append((identifier, source, body))
            else:
                folded[twin].append(identifier)
        return folded

    def sentence_similarities(self, query: Query, passages: Sequence[Passage]) -> Scores:
        """Return the cosine similarity of each quotable sentence with the query, by sentence id."""
        vector = self.prepare(query).result()
        ids = [identifier for passage in passages for identifier in passage.quotable_sentences]
        return {i: float(sentence @ vector) for i, sentence in self._sentences.get(ids).items()}

    def prepare(self, query: Query) -> Future[NDArray[np.float32]]:
        """Begin to embed a query in a thread, while something else is done; for the latest one nothing is computed again.

        Its vector is the mean of the question's and of that with what it depends on. How the multilingual encoder reads the
        latter is added for one that is not in English, at the share of the passages that are in another language.
        """
        texts = (query.text, *([f"{query.context} {query.text}"] if query.context else ()))
        latest = self._latest
        if latest and latest[0] == texts and not (latest[1].done() and latest[1].exception()):
            return latest[1]

        def embedded() -> NDArray[np.float32]:
            mean: NDArray[np.float32] = self._embedder.encode(texts).mean(axis=0)
            vector: NDArray[np.float32] = mean / np.linalg.norm(mean)
            share = self._share_in_other_languages(query.language)
            if self._multilingual and share:
                vector = vector + share * self._multilingual.encode(texts[-1])
                vector /= np.linalg.norm(vector)
            return self._adapter.adapted(vector) if self._adapter else vector

        self._latest = texts, _ASIDE.submit(embedded)
        return self._latest[1]

    def _share_in_other_languages(self, language: str) -> float:
        """Return the share of the passages that a question in this language can only find with the multilingual encoder."""
        if language not in self._shares:
            self._shares[language] = 0.0 if language == "en" else self._generation.catalog.share_in_other_languages(language)
        return self._shares[language]

    def _nearest(self, vector: NDArray[np.float32]) -> tuple[Scores, Scores]:
        """Return the similarities of the nearest passages, and those of the passages with the nearest sentences, by id."""
        count = self._weights.candidates
        sentences = _ASIDE.submit(self._sentences.nearest, vector, 2 * count)
        try:
            passages = self._passages.nearest(vector, count)
        finally:
            wait([sentences])  # no search goes on in an index that its owner may close
        best: Scores = {}
        for identifier, score in sentences.result().items():
            passage = passage_of(identifier)
            best[passage] = max(score, best.get(passage, -1.0))
        return passages, best

    def _words(self, ids: Sequence[str]) -> dict[str, PassageWords]:
        """Return the counted words of passages, by id."""
        catalog, weights = self._generation.catalog, self._weights.columns
        return self._passage_words.get(
            ids, lambda new: {i: PassageWords.of(columns, weights) for i, columns in catalog.terms(new).items()}
        )

    def _named(self, query: Query) -> Scores:
        """Return how far the question's names name a document, by source: the largest share of a name's passages it holds."""
        named: Scores = {}
        total = self._generation.catalog.counts()["passages"]
        for expression in query.names.values():
            held = self._generation.catalog.sources_holding(expression)
            count = sum(held.values())
            if count <= _COMMON_NAME * total:
                for source, passages in held.items():
                    named[source] = max(named.get(source, 0.0), passages / count)
        return named


def _first(scores: Scores, count: int) -> list[str]:
    """Return the ids with the best `count` scores, best first; of equals the lower id."""
    return sorted(scores, key=lambda identifier: (-scores[identifier], identifier))[:count]


def _floor(scores: Scores) -> float:
    return min(scores.values(), default=0.0)
