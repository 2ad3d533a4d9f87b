"""The vectors of passages and of their sentences: made, looked for, and rewritten."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge_base.models.embeddings import Embedder
from knowledge_base.passages import Passage, embedded_text, position_of
from knowledge_base.store.embedding_cache import TextToEmbed, VectorCache, embed_with_cache
from knowledge_base.store.vectors import VectorIndex, VectorStore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    VectorsById = Mapping[str, NDArray[np.float32]]


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
        """Return the vectors of passages and sentences; `progress` is called with the vectors done, and their number."""
        texts = [text_to_embed(passage, self.embedder) for passage in passages]
        total = sum(1 + len(text.parts) for text in texts)
        found = embed_with_cache(self.embedder, self.cache, texts, lambda done: progress(done, total))
        pairs = list(zip(passages, found, strict=True))
        sentences = {i: v for passage, rows in pairs for i, v in zip(passage.quotable_sentences, rows[1:], strict=True)}
        return PassageVectors({passage.id: rows[0] for passage, rows in pairs}, sentences)

    def probes(self, new: PassageVectors, current: Sequence[Passage]) -> tuple[list[str], NDArray[np.float32]]:
        """Return ids and vectors of the passages that are new, and of a sample of the other current ones."""
        import numpy as np

        others = [p for p in current if p.id not in new.passages]
        sample = others[:: max(1, len(others) // SAMPLE)]
        probes = {**new.passages, **self.embed(sample).passages}
        return list(probes), np.stack(list(probes.values())) if probes else np.zeros((0, 1), dtype=np.float32)


def text_to_embed(passage: Passage, embedder: Embedder) -> TextToEmbed:
    """Return what is embedded of a passage: its text after title and headings, and in it each sentence that can be quoted."""
    text = embedded_text(passage, embedder.count_tokens, embedder.max_tokens)
    before = len(text) - len(passage.text) - passage.start
    spans = [passage.sentences[position_of(identifier)] for identifier in passage.quotable_sentences]
    return TextToEmbed(text, tuple((before + span.start, before + span.end) for span in spans))


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


def rewrite_vectors(path: Path, vectors: PassageVectors) -> None:
    """Make the store in the directory `path` of these vectors only, in place of what was there."""
    shutil.rmtree(path, ignore_errors=True)
    with VectorStore.create(path) as store:
        put_vectors(store.passages, vectors.passages)
        put_vectors(store.sentences, vectors.sentences)
