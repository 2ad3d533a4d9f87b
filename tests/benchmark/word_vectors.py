"""An embedder that costs next to nothing, to measure how the index grows: a text is the sum of its words' random vectors.

Texts that share words are near each other, so that known answers can be found; the time of the model, which grows with the
number of texts and nothing else, is measured apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from knowledge_base.models.embeddings import Spans, texts_and_parts

DIMENSION = 384
_WORD = re.compile(r"\w+")


class WordEmbedder:
    """What `knowledge_base.models.embeddings.Embedder` asks for, without a model."""

    model_id = "words@00000001"
    dimension = DIMENSION
    max_tokens = 256
    streams = 1

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Return one vector of unit length a text."""
        vectors = np.stack([_sum(text) for text in texts]) if texts else np.zeros((0, DIMENSION), dtype=np.float32)
        if progress is not None:
            progress(len(texts))
        return vectors

    def encode_with_parts(
        self, texts: Sequence[str], parts: Sequence[Spans], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        """Return one vector of unit length a text and, after it, one for each of its parts."""
        return self.encode(list(texts_and_parts(texts, parts)), progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return about as many word pieces as a model would."""
        return [sum(-(-len(word) // 4) for word in _WORD.findall(text)) for text in texts]


def _sum(text: str) -> NDArray[np.float32]:
    words = _WORD.findall(text.casefold()) or [""]
    total = np.sum([_vector(word) for word in words], axis=0, dtype=np.float32)
    return total / np.float32(max(float(np.linalg.norm(total)), 1e-12))


@cache
def _vector(word: str) -> NDArray[np.float32]:
    seed = int.from_bytes(sha256(word.encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return drawn / np.float32(1 + 4 / len(word or " "))  # short words are common ones, and say less
