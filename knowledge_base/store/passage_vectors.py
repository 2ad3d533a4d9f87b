"""The vectors of passages and of their sentences: made, looked for, and written anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from knowledge_base.models.embeddings import Embedder
from knowledge_base.passages import Passage
from knowledge_base.store.embedding_cache import VectorCache, embed_with_cache
from knowledge_base.store.vectors import VectorIndex, VectorStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    VectorsById = Mapping[str, NDArray[np.float32]]


PREFIX_TOKENS = 48

CountTokens = Callable[[Sequence[str]], list[int]]


def prefix_tokens(max_tokens: int) -> int:
    """Return how many of a model's word pieces are kept for title and headings: fewer where it takes few."""
    return min(PREFIX_TOKENS, max_tokens // 4)


def embedded_text(passage: Passage, count_tokens: CountTokens, max_tokens: int) -> str:
    """Return what is embedded for a passage: its title and headings, shortened to their share of the limit, then its text."""
    share = prefix_tokens(max_tokens) // 2
    title = _fitted(passage.title, count_tokens, share, keep="start")
    heading = _fitted(passage.heading, count_tokens, share, keep="end")
    return f"{' – '.join(filter(None, (title, heading)))}\n{passage.text}"


def _fitted(text: str, count: CountTokens, limit: int, keep: Literal["start", "end"]) -> str:
    """Return `text`, whole words left out at one end as far as needed to fit `limit` tokens."""
    words = text.split()
    while words and count([" ".join(words)])[0] >= limit:
        dropped = max(1, len(words) // 4)
        words = words[dropped:] if keep == "end" else words[:-dropped]
    return " ".join(words)


SAMPLE = 200
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """Vectors of passages and of their quotable sentences, each by id."""

    passages: VectorsById
    sentences: VectorsById

    def joined(self, other: PassageVectors) -> PassageVectors:
        """Return both together."""
        return PassageVectors({**self.passages, **other.passages}, {**self.sentences, **other.sentences})


@dataclass(frozen=True, slots=True)
class PassageEmbedding:
    """Embeds passages and their sentences, taking what it can from the cache."""

    embedder: Embedder
    cache: VectorCache

    def embed(self, passages: Sequence[Passage], progress: Callable[[int, int], None] = lambda *_: None) -> PassageVectors:
        """Return the vectors of passages and sentences; `progress` is called with the texts done, and their number."""
        ids, sentences = [p.id for p in passages], sentences_of(passages)
        texts = [*map(self._text, passages), *sentences.values()]
        vectors = embed_with_cache(self.embedder, self.cache, texts, lambda done: progress(done, len(texts)))
        first, rest = vectors[: len(ids)], vectors[len(ids) :]
        return PassageVectors(dict(zip(ids, first, strict=True)), dict(zip(sentences, rest, strict=True)))

    def probes(self, new: PassageVectors, current: Sequence[Passage]) -> tuple[list[str], NDArray[np.float32]]:
        """Return ids and vectors of the passages that are new, and of a sample of the other current ones."""
        import numpy as np

        others = [p for p in current if p.id not in new.passages]
        sample = others[:: max(1, len(others) // SAMPLE)]
        probes = {**new.passages, **self.embed(sample).passages}
        return list(probes), np.stack(list(probes.values())) if probes else np.zeros((0, 1), dtype=np.float32)

    def _text(self, passage: Passage) -> str:
        return embedded_text(passage, self.embedder.count_tokens, self.embedder.max_tokens)


NO_VECTORS = PassageVectors({}, {})


def sentences_of(passages: Sequence[Passage]) -> dict[str, str]:
    """Map the id of each quotable sentence of the passages to its text."""
    return {identifier: text for passage in passages for identifier, text in passage.quotable_sentences.items()}


def put_vectors(index: VectorIndex, vectors: VectorsById) -> None:
    """Add or replace the vectors in an index."""
    import numpy as np

    ids = list(vectors)
    for first in range(0, len(ids), _BATCH):
        part = ids[first : first + _BATCH]
        index.put(part, np.stack([vectors[identifier] for identifier in part]))


def write_vectors_anew(path: Path, vectors: PassageVectors) -> None:
    """Make the store in the directory `path` of these vectors alone, in place of what was there."""
    shutil.rmtree(path, ignore_errors=True)
    with VectorStore.create(path) as store:
        put_vectors(store.passages, vectors.passages)
        put_vectors(store.sentences, vectors.sentences)
