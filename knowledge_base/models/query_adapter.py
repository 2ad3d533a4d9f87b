"""A linear map that moves a question's vector towards the vectors of what answers it.

A question is worded otherwise than its answer, and the embedding model places it near whatever speaks of the same. The map is
learnt from questions and the sentences that answer them (`training.adapter`); the vectors of the index
stay as they are. Query-side fine-tuning (Lee et al., Learning Dense Representations of Phrases at Scale, 2021), of one matrix.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge_base.models.packaged_model import MINILM, ShippedFile
from knowledge_base.settings import Settings

Vectors = NDArray[np.float32]

REMEDY = "Reinstall paris-call-assistant (`make install`), or set PARISCALL_QUERY_ADAPTER=off to search without it."


@dataclass(frozen=True, slots=True)
class AdapterPackage:
    """The matrix that ships: a NumPy file, its SHA-256 (hex), and the id of the embedding model that it was learnt for."""

    file: Path
    file_hash: str
    model_id: str

    def read(self) -> Vectors:
        """Return the matrix, shape (dimension, dimension); raises ModelError where the file is missing or altered."""
        file = ShippedFile(self.file, self.file_hash, "the query adapter", REMEDY).check()
        matrix: Vectors = np.load(file, allow_pickle=False).astype(np.float32)
        return matrix


ADAPTER = AdapterPackage(
    file=Path(__file__).parent / "query_adapter_model" / "adapter.npy",
    file_hash="da7fcf6d59b1d3301f752270313180b1bd4f4f6b505aeb414cbe144d8b82daa2",
    model_id=MINILM.model_id,
)


@dataclass(frozen=True, slots=True)
class QueryAdapter:
    """Moves vectors of questions by `matrix`, shape (dimension, dimension)."""

    matrix: Vectors

    def adapted(self, vectors: Vectors) -> Vectors:
        """Return the vectors (the last axis is the dimension) moved and of unit length."""
        moved = vectors + vectors @ self.matrix
        unit: Vectors = moved / np.linalg.norm(moved, axis=-1, keepdims=True)
        return unit


def open_query_adapter(settings: Settings, model_id: str, package: AdapterPackage = ADAPTER) -> QueryAdapter | None:
    """Return the adapter for the embedding model with this id; None where it is turned off, or was learnt for another.

    Raises ModelError where its file is missing or altered.
    """
    if not settings.query_adapter or model_id != package.model_id:
        return None
    return QueryAdapter(package.read())
