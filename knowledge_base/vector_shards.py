"""Vectors of one document's texts in Parquet files, so that workers on several machines write without a common database.

    <folder>/<model id>/<content hash>-<number>.parquet        columns: text_hash, vector

A file appears whole or not at all: a worker that is killed loses only what it had not yet written.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

SHARDS = "shards"
"""The folder of a data directory that holds them; whatever is in it can be made anew."""

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


class DocumentVectors:
    """The vectors of a document with this content hash; what `embed_with_cache` takes for its cache."""

    def __init__(self, folder: Path, content_hash: str) -> None:
        self._folder = folder
        self._content_hash = content_hash
        self.added = 0

    def get(self, model_id: str, hashes: Iterable[str]) -> dict[str, Vector]:
        """Return the vectors of this model that are known, by text hash."""
        wanted = set(hashes)
        return {key: vector for key, vector in self.all(model_id).items() if key in wanted}

    def put(self, model_id: str, hashes: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store one vector (a row of `vectors`) for each text hash."""
        import pyarrow
        import pyarrow.parquet

        folder = self._model_folder(model_id)
        folder.mkdir(parents=True, exist_ok=True)
        rows = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(vectors.reshape(-1)), vectors.shape[1])
        table = pyarrow.table({"text_hash": pyarrow.array(list(hashes), pyarrow.string()), "vector": rows})
        name = f"{self._content_hash}-{secrets.token_hex(8)}.parquet"
        partial = folder / f".{name}.tmp"
        pyarrow.parquet.write_table(table, partial, compression="none")
        os.replace(partial, folder / name)
        self.added += len(hashes)

    def all(self, model_id: str) -> dict[str, Vector]:
        """Return all vectors of this model, by text hash."""
        import pyarrow.parquet

        found: dict[str, Vector] = {}
        for file in sorted(self._model_folder(model_id).glob(f"{self._content_hash}-*.parquet")):
            found |= _rows(pyarrow.parquet.read_table(file, partitioning=None))
        return found

    def _model_folder(self, model_id: str) -> Path:
        return self._folder / quote(model_id, safe="@")


def _rows(table: Any) -> dict[str, Vector]:
    column = table.column("vector").combine_chunks()
    vectors = np.asarray(column.flatten().to_numpy(zero_copy_only=False), dtype=np.float32).reshape(len(table), -1)
    return dict(zip(table.column("text_hash").to_pylist(), vectors, strict=True))


def forget_vectors(folder: Path, keep: Iterable[str]) -> int:
    """Delete the files of all documents but those with a content hash in `keep`, and what was left half-written."""
    kept = set(keep)
    gone = [file for file in folder.glob("*/*") if file.name.partition("-")[0] not in kept]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)
