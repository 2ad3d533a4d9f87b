"""Read and embed with Ray Data, on this machine or on a cluster; the only module that imports ray.

Workers parse, cut and embed; vectors go to Parquet files below DATA_DIR/shards, keyed by content hash and model, so that a run
that was cut short, or is run again, embeds only what is new. Only this process writes the index. On a cluster every machine
sees the documents and the data directory under the same paths.
"""

from __future__ import annotations

import logging
import os
import pickle
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.fetch.sources import as_listed, listed_files
from ingest.sync.plan import FileToRead
from ingest.sync.reading import Count, Opened, ReadFile, cut, file_batches, open_sandbox, read_documents
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import SHARDS
from knowledge_base.models.embeddings import open_embedder
from knowledge_base.passages import Document, Passage
from knowledge_base.settings import Settings
from knowledge_base.store.embedding_cache import DocumentVectors, EmbeddingCache, forget_vectors
from knowledge_base.store.passage_vectors import PassageEmbedding

Row = dict[str, Any]

_SHARE_OF_A_CORE = 0.5  # each core runs one worker of either stage
_FILES_A_TASK = 10
_PATIENCE = 10.0  # seconds until a cluster has to answer
_OBJECT_STORE_BYTES = 512 << 20
_SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_DEDUP_LOGS": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


class ParseFiles:
    """A worker that parses batches of files, each in a child process with limits."""

    def __init__(self, settings: Settings) -> None:
        self._sandbox = open_sandbox(settings, 1)

    def __del__(self) -> None:
        """End the child process with the worker."""
        self._sandbox.close()

    def __call__(self, row: Row) -> Iterator[Row]:
        """Yield a row per file: the file, and its document or the reason why there is none."""
        for file, result in read_documents(pickle.loads(row["files"]), self._sandbox, lambda _: None):
            yield {"file": pickle.dumps(file), "result": pickle.dumps(result)}


class CutAndEmbed:
    """A worker that cuts documents, and embeds of each what no run before has embedded."""

    def __init__(self, settings: Settings, shards: str) -> None:
        self._embedder = open_embedder(settings.model_copy(update={"embedding_threads": 1}))
        self._shards = Path(shards)
        self._listed = listed_files(settings)

    def __call__(self, row: Row) -> Row:
        """Add a document's passages, and the number of texts that were embedded."""
        file, result = pickle.loads(row["file"]), pickle.loads(row["result"])
        passages: list[Passage] = []
        vectors = DocumentVectors(self._shards, file.content_hash)
        if isinstance(result, Document):
            result = as_listed(result, self._listed)
            passages = cut(result, self._embedder)
            PassageEmbedding(self._embedder, vectors).embed(passages)
        return row | {"result": pickle.dumps(result), "passages": pickle.dumps(passages), "embedded": vectors.added}


class RayReader:
    """Reads with Ray: a cluster at `address`, or (None) workers on this machine."""

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self.embedded = 0
        self._address = address
        self._workers = workers

    def read(self, settings: Settings, files: Sequence[FileToRead], embedder: Opened, count: Count) -> Iterator[ReadFile]:
        """Yield each file as it is done, its vectors in the cache by then; `count` is told of as many."""
        import numpy as np

        if not files:
            return
        # Paths that hold wherever a worker is started.
        paths = {"data_dir": settings.data_dir.resolve(), "cache_dir": settings.cache_dir.resolve()}
        settings = settings.model_copy(update=paths)
        located = [replace(file, path=file.path.resolve()) for file in files]
        shards = settings.data_dir / SHARDS
        forget_vectors(shards, {file.content_hash for file in files})
        work = [{"files": pickle.dumps(batch)} for batch in file_batches(located, _FILES_A_TASK)]
        with _ray(self._address, self._workers) as ray, EmbeddingCache(settings.data_dir / "embeddings.sqlite3") as cache:
            size = min(max(1, int(ray.cluster_resources().get("CPU", 1))), len(work))
            options = {"num_cpus": _SHARE_OF_A_CORE, "compute": ray.data.ActorPoolStrategy(size=size)}
            rows = ray.data.from_items(work, override_num_blocks=len(work))
            rows = rows.flat_map(ParseFiles, fn_constructor_args=(settings,), **options)
            rows = rows.map(CutAndEmbed, fn_constructor_args=(settings, str(shards)), **options)
            for row in rows.iter_rows():
                file: FileToRead = pickle.loads(row["file"])
                passages: list[Passage] = pickle.loads(row["passages"])
                self.embedded += int(row["embedded"])
                vectors = DocumentVectors(shards, file.content_hash).all(embedder().model_id) if passages else {}
                if vectors:
                    cache.put(embedder().model_id, list(vectors), np.stack(list(vectors.values())))
                count(1)
                yield file, pickle.loads(row["result"]), passages


@contextmanager
def _ray(address: str | None, workers: int | None) -> Iterator[Any]:
    """Give a connected ray, silent and without reports to its makers; disconnect afterwards."""
    os.environ |= _SILENT
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise KnowledgeBaseError("Ray is not installed.", "Install it: pip install '.[scale]'") from error
    if address:
        _require_listener(address)
    local = {} if address else {"num_cpus": workers, "object_store_memory": _OBJECT_STORE_BYTES, "include_dashboard": False}
    paths = os.pathsep.join(path for path in sys.path if path)
    try:
        ray.init(
            address=address or "local",
            log_to_driver=False,
            logging_level=logging.ERROR,
            runtime_env={"env_vars": {"PYTHONPATH": paths, **_SILENT}},
            **local,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = f"at {address}" if address else "on this machine"
        raise KnowledgeBaseError(
            f"Ray cannot be used {where}: {error}.", "Check --ray-address, or leave --engine out."
        ) from error
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        for name in ("ray", "ray.data"):
            logging.getLogger(name).setLevel(logging.ERROR)
        with redirect_stdout(sys.stderr):  # Ray tells there of workers that died; our standard output is the report's
            yield ray
    finally:
        ray.shutdown()


def _require_listener(address: str) -> None:
    """Raise where nothing listens at HOST:PORT: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise KnowledgeBaseError(f"{address!r} is no address of a Ray cluster.", "Give HOST:PORT, such as 10.0.0.5:6379.")
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
    except OSError as error:
        raise KnowledgeBaseError(
            f"No Ray cluster answers at {address}: {error.strerror or error}.", "Check --ray-address, or leave it out."
        ) from error
