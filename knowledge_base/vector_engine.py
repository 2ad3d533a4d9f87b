"""Read a store of Chroma's through its engine, without its Python client.

The client hands on to the engine what it is asked; importing it takes 0.9 s of processor time and 35 MB, and it looks at each
vector that it reads in Python. Stores are made and written by the client alone (knowledge_base.vectors).
"""

from __future__ import annotations

import resource
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PLACE = ("default_tenant", "default_database")
_FILES_AN_INDEX = 5


class Engine:
    """Chroma's engine with the store in `path` open."""

    def __init__(self, path: Path) -> None:
        import chromadb_rust_bindings as rust

        place = path.resolve()
        database = rust.SqliteDBConfig(
            url=str(place / "chroma.sqlite3"), hash_type=rust.MigrationHash.MD5, migration_mode=rust.MigrationMode.Apply
        )
        self.bindings: Any = rust.Bindings(
            allow_reset=False,
            sqlite_db_config=database,
            persist_path=str(place),
            hnsw_cache_size=resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _FILES_AN_INDEX,
        )

    def get_collection(self, name: str) -> StoredCollection:
        """Return a collection to read; what the store says of its configuration is not looked at."""
        return StoredCollection(self, str(self.bindings.get_collection(name, *_PLACE).id))

    def close(self) -> None:
        """Close the files of the store."""
        self.bindings = None


class StoredCollection:
    """A collection of a store, read only; its methods are those of the client's Collection, and answer the same."""

    def __init__(self, engine: Engine, identifier: str) -> None:
        self._engine = engine
        self._id = identifier

    def query(self, query_embeddings: NDArray[np.float32], n_results: int, include: Sequence[str]) -> dict[str, Any]:
        """Return the nearest vectors of each query vector."""
        vectors = query_embeddings.tolist()
        found = self._engine.bindings.query(self._id, None, vectors, n_results, None, None, list(include), *_PLACE)
        return {"ids": found.ids, "distances": found.distances}

    def get(self, ids: Sequence[str] | None = None, include: Sequence[str] = ()) -> dict[str, Any]:
        """Return the vectors with these ids, or all."""
        found = self._engine.bindings.get(self._id, ids, None, None, 0, None, list(include), *_PLACE)
        return {"ids": found.ids, "embeddings": found.embeddings}

    def count(self) -> int:
        """Return the number of vectors."""
        return int(self._engine.bindings.count(self._id, *_PLACE))


def warm_up() -> None:
    """Import the engine."""
    import chromadb_rust_bindings  # noqa: F401
