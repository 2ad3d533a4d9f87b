"""Learn the map from the multilingual encoder's vectors to the embedding model's: ridge regression over English texts."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.groups import Encode, Vectors

TEXTS = 12_000
LONGEST = 260  # characters: questions are short
KEPT_APART = 2_000
RIDGE = 1.0
FILES = ("squad2-dev", "nq-qed", "clapnq-dev", "tatqa", "admin-faq", "sharc-dev", "selqa", "wice", "climate-fever")


def english_texts(folder: Path, seed: int = 1) -> list[str]:
    """Return questions, claims and sentences of the public data, in a random order."""
    texts = sorted({text for name in FILES for text in _texts(folder / f"{name}.jsonl.gz") if 20 < len(text) < LONGEST})
    return random.Random(seed).sample(texts, min(len(texts), TEXTS))


def _texts(file: Path) -> Iterator[str]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["lang"] == "en":
                yield from (row[key] for key in ("question", "claim") if row.get(key))
                sentences = row.get("sentences") or row.get("evidence") or []
                yield from [sentences] if isinstance(sentences, str) else sentences


def learn_map(texts: list[str], multilingual: Encode, encode: Encode) -> tuple[Vectors, dict[str, float]]:
    """Return the map, shape (513, 384), and on texts kept apart its mean cosine similarity and how often it comes nearest."""
    ordered = sorted(texts, key=len)  # texts of like length are read together
    order = np.random.default_rng(0).permutation(len(ordered))
    read = multilingual(ordered)[order]
    given, wanted = np.c_[read, np.ones(len(read), dtype=np.float32)].astype(np.float64), encode(ordered)[order]
    fitted = slice(0, len(given) - min(KEPT_APART, len(given) // 4))
    apart = slice(fitted.stop, len(given))
    x = given[fitted]
    matrix: Vectors = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ wanted[fitted]).astype(np.float16)
    moved = given[apart] @ matrix.astype(np.float32)
    similarities = moved / np.linalg.norm(moved, axis=1, keepdims=True) @ wanted[apart].T
    nearest = similarities.argmax(axis=1) == np.arange(len(similarities))
    figures = {"cosine": similarities.diagonal().mean(), "nearest": nearest.mean(), "texts": len(texts)}
    return matrix, {name: round(float(value), 3) for name, value in figures.items()}
