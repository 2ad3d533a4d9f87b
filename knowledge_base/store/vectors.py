"""Vectors of passages and sentences in Chroma, one directory a generation; the only module that imports its client.

Chroma holds ids and vectors, nothing else; the catalog is the store of record. A published directory is never written to.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from knowledge_base.errors import DamagedIndexError, StorageError
from knowledge_base.files import Closing
from knowledge_base.platform_limits import most_open_files
from knowledge_base.store.catalog import Remembered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

log = logging.getLogger(__name__)

MOST_HELD = 10_000  # vectors, 15 MB: comparing with all of them takes a millisecond, the graph two
_REMEMBERED = 5_000
_PLACE = ("default_tenant", "default_database")
_FILES_AN_INDEX = 5
_COLLECTIONS = ("passages", "sentences")
# Wide enough that the approximate index misses nothing at the sizes measured (see tests/test_vectors.py).
_HNSW = {
    "space": "cosine",
    "ef_construction": 200,
    "ef_search": 160,
    "max_neighbors": 32,
    "sync_threshold": 100,
    "batch_size": 100,
}
_BATCH = 2000
_QUERIES = 500  # of a call, for each number of a vector is an object on its way to the engine
_PATIENCE = 30.0  # seconds that another process may keep the file locked
_COUNT_OPENINGS = (b"acquire_write", b"maintenance_log")


@dataclass(frozen=True, slots=True)
class _Held:
    """All vectors of an index, a row each, and the row of each id."""

    ids: Sequence[str]
    rows: dict[str, int]
    matrix: Vector

    def nearest(self, vector: Vector, top_k: int) -> dict[str, float]:
        import numpy as np

        similarities = self.matrix @ vector
        best = np.argpartition(-similarities, top_k)[:top_k] if top_k < len(similarities) else np.arange(len(similarities))
        return {self.ids[row]: float(similarities[row]) for row in best[np.argsort(-similarities[best], kind="stable")]}


class HeldVectors:
    """Looks for the nearest of an index's vectors, and reads them; one question alone loads nothing. Threads may share it."""

    def __init__(self, index: VectorIndex, most: int = MOST_HELD) -> None:
        self._index, self._most = index, most
        self._held: _Held | None = None
        self._searched = False
        self._lock = Lock()
        self._remembered: Remembered[Vector] = Remembered(_REMEMBERED)

    def nearest(self, vector: Vector, top_k: int) -> dict[str, float]:
        """Return the cosine similarities of the `top_k` nearest with a unit vector, by id, best first."""
        with self._lock:  # all are read at the second search, unless there are too many or none
            if self._held is None and self._searched and self._most:
                if 0 < self._index.count() <= self._most:
                    ids, matrix = self._index.all()
                    self._held = _Held(ids, {identifier: row for row, identifier in enumerate(ids)}, matrix)
                self._most = 0
            self._searched = True
            held = self._held
        return held.nearest(vector, top_k) if held else dict(self._index.query(vector.reshape(1, -1), top_k)[0])

    def get(self, ids: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors with these ids, by id; ids that are not there are left out."""
        if held := self._held:
            return {i: held.matrix[held.rows[i]] for i in ids if i in held.rows}
        return self._remembered.get(ids, self._index.get)


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
            hnsw_cache_size=most_open_files() // _FILES_AN_INDEX,
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


class VectorIndex:
    """Ids and unit vectors of one kind under cosine similarity."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    def put(self, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Add or replace vectors, shape (len(ids), dimension)."""
        if len(ids) != len(vectors):
            raise ValueError(f"{len(ids)} ids but {len(vectors)} vectors")
        for first in range(0, len(ids), _BATCH):
            part = slice(first, first + _BATCH)
            with _damage("written"):
                self._collection.upsert(ids=list(ids[part]), embeddings=vectors[part])

    def delete(self, ids: Iterable[str]) -> None:
        """Take vectors out; unknown ids are no error."""
        listed = list(ids)
        for first in range(0, len(listed), _BATCH):
            with _damage("written"):
                self._collection.delete(ids=listed[first : first + _BATCH])

    def query(self, vectors: NDArray[np.float32], top_k: int) -> list[list[tuple[str, float]]]:
        """Return for each query vector, shape (n, dimension), its `top_k` nearest as (id, cosine similarity), best first."""
        nearest: list[list[tuple[str, float]]] = []
        for first in range(0, len(vectors), _QUERIES):
            part = vectors[first : first + _QUERIES]
            with _damage("searched"):
                found = self._collection.query(query_embeddings=part, n_results=top_k, include=["distances"])
            for ids, distances in zip(found["ids"], found["distances"], strict=True):
                nearest.append([(i, 1.0 - float(d)) for i, d in zip(ids, distances, strict=True)])
        return nearest

    def get(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors with these ids, by id; ids that are not there are left out."""
        if not ids:
            return {}
        import numpy as np

        with _damage("read"):
            found = self._collection.get(ids=list(ids), include=["embeddings"])
        return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))

    def all(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return all ids, and their vectors in the same order, shape (len(ids), dimension)."""
        import numpy as np

        with _damage("read"):
            found = self._collection.get(include=["embeddings"])
        return list(found["ids"]), np.asarray(found["embeddings"], dtype=np.float32)

    def ids(self) -> set[str]:
        """Return all ids."""
        return set(self._collection.get(include=[])["ids"])

    def count(self) -> int:
        """Return the number of vectors."""
        return int(self._collection.count())


class VectorStore(Closing):
    """The vectors of a generation: those of `passages` and those of their `sentences`; a context manager that closes it."""

    def __init__(self, client: Any, passages: VectorIndex, sentences: VectorIndex) -> None:
        self._client = client
        self.passages = passages
        self.sentences = sentences
        self._scratch: TemporaryDirectory[str] | None = None

    @classmethod
    def create(cls, path: Path) -> Self:
        """Begin an empty store in the directory `path`."""
        client = _client(path)
        options = {"embedding_function": None, "configuration": {"hnsw": _HNSW}}
        return cls(client, *(VectorIndex(client.create_collection(name, **options)) for name in _COLLECTIONS))

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store in `path` to write; a directory without its files is an error, never a new empty store."""
        return cls._opened(path, _client, embedding_function=None)

    @classmethod
    def search(cls, path: Path) -> Self:
        """Open the store in `path` to search it: a copy of it where this user may not write there, for Chroma always writes."""
        if all(os.access(file, os.W_OK, effective_ids=True) for file in (path, path / "chroma.sqlite3")):
            return cls._opened(path, Engine)
        scratch = TemporaryDirectory(prefix="paris-call-")
        log.info("%s is read-only; its vectors are searched in the copy %s.", path, scratch.name)
        try:
            copy = Path(scratch.name) / path.name
            copy_files(path, copy)
            store = cls._opened(copy, Engine)
        except BaseException:
            scratch.cleanup()
            raise
        store._scratch = scratch
        return store

    @classmethod
    def _opened(cls, path: Path, open_client: Callable[[Path], Any], **options: None) -> Self:
        if not (path / "chroma.sqlite3").is_file():
            raise DamagedIndexError(f"The vector index {path} has no chroma.sqlite3.")
        with _damage("opened"):
            client = open_client(path)
        try:
            with _damage("opened"):
                found = [VectorIndex(client.get_collection(name, **options)) for name in _COLLECTIONS]
            return cls(client, *found)
        except DamagedIndexError:
            client.close()
            raise

    def close(self) -> None:
        """Close Chroma's files, so that the directory can be copied or replaced."""
        self._client.close()
        if self._scratch is not None:
            self._scratch.cleanup()


def copy_files(path: Path, copy: Path, leave_out: str = "") -> None:
    """Copy a folder's files, but those whose names begin with `leave_out`, and not who may read and write them."""
    for source in (path, *path.rglob("*")):
        target = copy / source.relative_to(path)
        if source.is_dir():
            target.mkdir()
        elif not (leave_out and source.name.startswith(leave_out)):
            shutil.copyfile(source, target)


@contextmanager
def _damage(what: str) -> Iterator[None]:
    """Name a failure of Chroma's, which raises many kinds for a damaged store."""
    try:
        yield
    except Exception as error:
        raise DamagedIndexError(f"The vector index cannot be {what}: {error}.") from error


def _client(path: Path) -> Any:
    import chromadb
    from chromadb.config import Settings

    # Chroma's settings would read ./.env of whatever directory the program was started in.
    settings = Settings(_env_file=None, anonymized_telemetry=False, allow_reset=False, is_persistent=True)
    return chromadb.PersistentClient(path=str(path.resolve()), settings=settings)


@dataclass(frozen=True, slots=True)
class Listing:
    """What chroma.sqlite3 lists: the number of `vectors` of all kinds, and the SHA-256 of the `rows` that do not change."""

    vectors: int
    rows: str


def listing(path: Path) -> Listing:
    """Read what chroma.sqlite3 in `path` lists, without Chroma; raise DamagedIndexError where it is not sound.

    SQLite's own check runs first: Chroma would take an altered file for a smaller store, or crash. Chroma rewrites the file
    at every opening, but of its rows only those that count openings; the vectors written last are nowhere but in these rows.
    """
    file = path / "chroma.sqlite3"
    if not file.is_file():
        raise DamagedIndexError(f"The index is damaged: {file} is missing.")
    place = f"file:{quote(str(file.resolve()))}?mode=rw"
    try:
        with closing(sqlite3.connect(place, uri=True, timeout=_PATIENCE)) as connection:
            connection.text_factory = bytes  # damaged text need not be UTF-8
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0].decode(errors="replace")
            if found == "ok":
                vectors = int(connection.execute("SELECT count(*) FROM embeddings").fetchone()[0])
                return Listing(vectors, _digest_of_rows(connection))
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise StorageError(f"{file} is in use by another program.", "Try again in a moment.") from error
        found = str(error)
    raise DamagedIndexError(f"The index is damaged: {file} is not what was published ({found}).")


def _digest_of_rows(connection: sqlite3.Connection) -> str:
    digest = sha256()
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
        if name not in _COUNT_OPENINGS and not name.startswith(b"embedding_fulltext"):
            digest.update(name)
            table = name.decode(errors="replace").replace('"', '""')
            for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):
                digest.update(repr(row).encode())
    return digest.hexdigest()


def lasting_files(path: Path) -> list[Path]:
    """Return the files of the store in `path` that Chroma does not rewrite when it is opened.

    chroma.sqlite3 is rewritten at every opening. An index that was never flushed (fewer vectors than the threshold) has no
    metadata yet; its files hold whatever was in memory, and Chroma reads the vectors from SQLite.
    """
    flushed = {file.parent for file in path.rglob("index_metadata.pickle")}
    return sorted(file for folder in flushed for file in folder.iterdir() if file.is_file())


def warm_up() -> None:
    """Import Chroma's client, which takes most of a second, before the first store is written."""
    import chromadb  # noqa: F401


def warm_up_in_thread() -> Thread:
    """Import what searches a store in a thread, while the rest is opened; where that fails, its first use says so."""

    def attempt() -> None:
        with suppress(ImportError):
            import chromadb_rust_bindings  # noqa: F401

    thread = Thread(target=attempt, name="import-chroma")
    thread.start()
    return thread
