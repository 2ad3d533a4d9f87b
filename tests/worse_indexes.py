"""An index made worse on purpose: half of its passages dropped, or its questions embedded as noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge_base.models.embeddings import Embedder, Spans, texts_and_parts
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.generations import CATALOG, CHROMA, seal
from knowledge_base.store.manifest import MANIFEST, read_manifest
from knowledge_base.store.vectors import VectorStore


class NoiseEmbedder:
    """Stands for another embedder: its vectors have nothing to do with the texts, though the same text has the same one."""

    def __init__(self, other: Embedder) -> None:
        self._other = other

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)

    def encode(self, texts: Sequence[str], progress: object = None) -> NDArray[np.float32]:
        seeds = (int.from_bytes(sha256(text.encode()).digest()[:4], "big") for text in texts)
        drawn = np.array([np.random.default_rng(seed).normal(size=self._other.dimension) for seed in seeds], dtype=np.float32)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    def encode_with_parts(self, texts: Sequence[str], parts: Sequence[Spans], progress: object = None) -> NDArray[np.float32]:
        return self.encode(list(texts_and_parts(texts, parts)), progress)


def drop_half(generation: Path) -> None:
    """Drop every second passage of a generation, from the catalog and from the vectors; the pages stay."""
    with Catalog.edit(generation / CATALOG) as catalog:
        dropped = list(catalog.all_passages())[::2]
        connection = catalog._connection
        rows = [(row,) for p in dropped for (row,) in connection.execute("SELECT row FROM passages WHERE id = ?", (p.id,))]
        connection.executemany("DELETE FROM passage_terms WHERE rowid = ?", rows)
        connection.executemany("DELETE FROM passages WHERE row = ?", rows)
    with VectorStore.open(generation / CHROMA) as store:
        store.passages.delete([p.id for p in dropped])
        store.sentences.delete([identifier for p in dropped for identifier in p.quotable_sentences])
    seal(generation, replace(read_manifest(generation), checksums={}))
    assert json.loads((generation / MANIFEST).read_text())["checksums"]
