"""Keep vectors by text hash and model id, so that a re-ingest embeds only what is new."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from knowledge_base.files import Closing

if TYPE_CHECKING:
    from knowledge_base.models.embeddings import Embedder


Vector = NDArray[np.float32]
Result = TypeVar("Result")
Value = TypeVar("Value")

VERSION = 1
CHUNK = 64  # texts, which are passages with their sentences
_MOST_VALUES = 500  # of one statement of SQLite
SIDE_FILES = ("-journal", "-wal", "-shm")
SCHEMA = "CREATE TABLE vectors (text_hash TEXT, model_id TEXT, vector BLOB NOT NULL, PRIMARY KEY (text_hash, model_id))"

logger = logging.getLogger(__name__)


class VectorCache(Protocol):
    """Keeps vectors by model id and text hash."""

    def get(self, model_id: str, hashes: Iterable[str]) -> dict[str, Vector]:
        """Return the vectors of this model that are known, by text hash."""

    def put(self, model_id: str, hashes: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store one vector (a row of `vectors`) for each text hash."""


class EmbeddingCache(Closing):
    """Vectors in one SQLite file; a context manager.

    The cache never stops an ingest: a damaged file is renamed and a fresh one begun, and where the file cannot be used at all
    (no permission, no space) the vectors are kept in memory; both are logged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(self.path)
        except (sqlite3.Error, OSError) as error:
            self._connection = self._replacement(error)

    def close(self) -> None:
        """Close the file; the cache cannot be used afterwards."""
        self._connection.close()

    def get(self, model_id: str, hashes: Iterable[str]) -> dict[str, Vector]:
        """Return the vectors of this model that are known, by text hash."""
        wanted = list(hashes)

        def read(connection: sqlite3.Connection) -> dict[str, Vector]:
            found = {}
            for chunk in _chunks(wanted, _MOST_VALUES):
                marks = ",".join("?" * len(chunk))
                query = f"SELECT text_hash, vector FROM vectors WHERE model_id = ? AND text_hash IN ({marks})"
                for key, blob in connection.execute(query, (model_id, *chunk)):
                    if isinstance(blob, bytes) and len(blob) % 4 == 0:
                        found[key] = np.frombuffer(blob, dtype="<f4").astype(np.float32, copy=False)
            return found

        return self._attempt(read)

    def put(self, model_id: str, hashes: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store one vector (a row of `vectors`) for each text hash, replacing what was there."""
        if len(hashes) != len(vectors):
            raise ValueError(f"{len(hashes)} hashes were given with {len(vectors)} vectors; one vector per hash is needed")
        rows = [
            (text_hash, model_id, np.asarray(vector, dtype="<f4").tobytes())
            for text_hash, vector in zip(hashes, vectors, strict=True)
        ]
        self._write("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def count(self) -> int:
        """Return the number of vectors, of all models."""
        return self._attempt(lambda connection: int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0]))

    def forget(self, hashes: Iterable[str]) -> None:
        """Delete the vectors of these texts, of all models."""
        self._write("DELETE FROM vectors WHERE text_hash = ?", [(text_hash,) for text_hash in hashes])

    def keep_only(self, hashes: Iterable[str]) -> int:
        """Erase the vectors of all texts but these, of all models, and return how many; no byte of them is left in the file."""
        kept = [(text_hash,) for text_hash in set(hashes)]

        def erase(connection: sqlite3.Connection) -> int:
            with connection:
                connection.execute("CREATE TEMP TABLE IF NOT EXISTS kept (text_hash TEXT PRIMARY KEY)")
                connection.execute("DELETE FROM kept")
                connection.executemany("INSERT INTO kept VALUES (?)", kept)
                erased = connection.execute("DELETE FROM vectors WHERE text_hash NOT IN (SELECT text_hash FROM kept)").rowcount
            connection.execute("VACUUM")
            return erased

        return self._attempt(erase)

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany(statement, rows)

        self._attempt(write)

    def _attempt(self, operation: Callable[[sqlite3.Connection], Result]) -> Result:
        try:
            return operation(self._connection)
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.DatabaseError as error:
            self._connection.close()
            self._connection = self._replacement(error)
            return operation(self._connection)

    def _replacement(self, error: Exception) -> sqlite3.Connection:
        """Return a connection to use after `error`: to a fresh file where the old one is damaged, else to memory."""
        if type(error) is sqlite3.DatabaseError:  # its subclasses tell of locks, space and permission, not of damage
            try:
                names = (self.path.with_name(f"{self.path.name}.damaged-{number}") for number in count(1))
                renamed = next(name for name in names if not name.exists())
                self.path.rename(renamed)
                for suffix in SIDE_FILES:
                    self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
                logger.warning("The embedding cache is damaged (%s); renamed to %s; a new one is begun.", error, renamed)
                return _connect(self.path)
            except (sqlite3.Error, OSError) as second_error:
                error = second_error
        logger.warning("The embedding cache %s cannot be used (%s); nothing is kept after this run.", self.path, error)
        return _connect(":memory:")


@dataclass(frozen=True, slots=True)
class TextToEmbed:
    """A text, and spans of its characters that get vectors of their own."""

    text: str
    parts: tuple[tuple[int, int], ...] = ()

    @property
    def keys(self) -> list[str]:
        """Return what its vector and those of its parts are kept under: a part's depends on the whole text."""
        whole = text_hash(self.text)
        return [whole, *(text_hash(f"{whole} {begin} {end}") for begin, end in self.parts)]


def embed_with_cache(
    embedder: Embedder, cache: VectorCache, texts: Sequence[TextToEmbed], progress: Callable[[int], None] = lambda _: None
) -> list[NDArray[np.float32]]:
    """Return the vectors of each text and its parts, shape (1 + parts, dimension), embedding only what the cache lacks.

    Equal texts are embedded once. New vectors are stored every 64 texts, so that a killed run keeps what it has done. Texts of
    near lengths are embedded together, which pads least, the longest first, so that at the end no thread waits long for
    another. `progress` is called with the number of vectors done.
    """
    vectors: dict[TextToEmbed, NDArray[np.float32]] = {}
    missing: list[TextToEmbed] = []
    for chunk in _chunks(dict.fromkeys(texts)):
        found = cache.get(embedder.model_id, [key for text in chunk for key in text.keys])
        for text in chunk:
            known = [found[key] for key in text.keys if key in found and _is_usable(found[key], embedder.dimension)]
            if len(known) == 1 + len(text.parts):
                vectors[text] = np.stack(known)
            else:
                missing.append(text)
    done, lock = sum(len(vectors[text]) for text in texts if text in vectors), Lock()
    progress(done)

    def encode(task: Sequence[TextToEmbed]) -> NDArray[np.float32]:
        encoded = 0

        def report(now: int) -> None:
            nonlocal done, encoded
            with lock:  # several threads encode
                done, encoded = done + now - encoded, now
                progress(done)

        return embedder.encode_with_parts([text.text for text in task], [text.parts for text in task], report)

    tasks = list(_chunks(sorted(missing, key=lambda text: -len(text.text))))
    with ThreadPoolExecutor(embedder.streams, thread_name_prefix="embed") as pool:
        for task, new in zip(tasks, pool.map(encode, tasks), strict=True):
            cache.put(embedder.model_id, [key for text in task for key in text.keys], new)
            bounds = np.cumsum([1 + len(text.parts) for text in task])[:-1]
            vectors |= dict(zip(task, np.split(new, bounds), strict=True))
    return [vectors[text] for text in texts]


def text_hash(text: str) -> str:
    """Return the SHA-256 of the text's UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _is_usable(vector: Vector, dimension: int) -> bool:
    """Return whether this can be a vector of the model: of its length, and of unit length (else bytes were altered)."""
    return len(vector) == dimension and abs(float(np.linalg.norm(vector)) - 1) < 1e-3


def _connect(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
    try:
        connection.execute("PRAGMA secure_delete = ON")
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                connection.execute(SCHEMA)
                connection.execute(f"PRAGMA user_version = {VERSION}")
            elif version != VERSION:
                raise sqlite3.DatabaseError(f"its version is {version}, expected {VERSION}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _chunks(values: Iterable[Value], size: int = CHUNK) -> Iterator[list[Value]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk


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
            table = pyarrow.parquet.read_table(file, partitioning=None)
            column = table.column("vector").combine_chunks().flatten().to_numpy(zero_copy_only=False)
            vectors = np.asarray(column, dtype=np.float32).reshape(len(table), -1)
            found |= dict(zip(table.column("text_hash").to_pylist(), vectors, strict=True))
        return found

    def _model_folder(self, model_id: str) -> Path:
        return self._folder / quote(model_id, safe="@")


def forget_vectors(folder: Path, keep: Iterable[str]) -> int:
    """Delete the files of all documents but those with a content hash in `keep`, and what was left half-written."""
    kept = set(keep)
    gone = [file for file in folder.glob("*/*") if file.name.partition("-")[0] not in kept]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)
