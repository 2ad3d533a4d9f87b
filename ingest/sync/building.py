"""Make the next generation of a plan: read, embed, write beside the published one, verify, swap."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from ingest.sync import chunking
from ingest.sync.plan import FileToRead, SyncPlan
from ingest.sync.reading import Reader, read_plan
from ingest.sync.report import Progress, Reading
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import require_free_space
from knowledge_base.models.embeddings import Embedder, open_embedder
from knowledge_base.passages import Passage
from knowledge_base.settings import Settings
from knowledge_base.store import generations
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.embedding_cache import EmbeddingCache, VectorCache
from knowledge_base.store.generations import Generation
from knowledge_base.store.integrity import CATALOG, CHROMA
from knowledge_base.store.manifest import Manifest
from knowledge_base.store.passage_vectors import (
    NO_VECTORS,
    PassageEmbedding,
    PassageVectors,
    put_vectors,
    sentences_of,
    write_vectors_anew,
)
from knowledge_base.store.vectors import VectorIndex, VectorStore, warm_up
from knowledge_base.store.verification import Verifier, verifier
from knowledge_base.terminal_text import on_a_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    VectorsById = Mapping[str, NDArray[np.float32]]

log = logging.getLogger(__name__)


_MOST_STREAMS = 4
_SPARE_BYTES = 64 << 20
_BYTES_A_VECTOR = 8 << 10  # with its text, in Chroma, in the graph and in the cache
_WORN_OUT = 0.3  # share of deleted vectors past which the index is built anew, for Chroma never gives their place back


@dataclass(frozen=True, slots=True)
class Build:
    """What is to be built: the plan, on top of `base` (None: from nothing), of one `folder` or (None) the configured roots.

    `reader` reads the files. `judge` is given the id of the built generation before it is published, and raises where it
    must not be.
    """

    settings: Settings
    folder: Path | None
    base: Generation | None
    plan: SyncPlan
    reader: Reader
    judge: Callable[[str], None] = lambda _: None


def embed_into(cache: VectorCache, embedder: Embedder, passages: Sequence[Passage]) -> None:
    """Put the vectors of passages and of their sentences into the cache, embedding what it lacks."""
    PassageEmbedding(embedder, cache).embed(passages)


def build(task: Build, child: Verifier, progress: Progress) -> tuple[Manifest, Reading, int]:
    """Publish the next generation; return its manifest, what was read, and the number of texts that were embedded."""
    with _warming_up():
        with _aside() as aside:
            embedder = aside.submit(open_embedder, task.settings, streams=_streams(task.settings))
            reading = read_plan(task.settings, task.plan, task.reader, embedder.result, progress)
        _require_documents(task, reading)
        with EmbeddingCache(task.settings.data_dir / "embeddings.sqlite3") as cache:
            known = cache.count()
            manifest = _write(task, reading, PassageEmbedding(embedder.result(), cache), child, progress)
            return manifest, reading, task.reader.embedded + cache.count() - known


def _streams(settings: Settings) -> int:
    """Return how many threads are to embed at once; each takes memory for itself."""
    return min(settings.embedding_threads or os.cpu_count() or 1, _MOST_STREAMS)


def _aside() -> ThreadPoolExecutor:
    """Return what does something else meanwhile."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside")


@contextmanager
def _warming_up() -> Iterator[None]:
    """Import Chroma meanwhile; the thread never outlives the work, for an import cut off by the program's end fails aloud."""
    thread = Thread(target=_warm_up)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _warm_up() -> None:
    """Import Chroma while the files are read; where it cannot be imported, its first use says so."""
    with suppress(ImportError):
        warm_up()


def _require_documents(task: Build, reading: Reading) -> None:
    if task.base or reading.documents:
        return
    reasons = "".join(f"\n  {on_a_line(f'{f.source}: {f.reason}')}" for f in [*task.plan.failed, *reading.failed][:20])
    raise KnowledgeBaseError(
        f"None of the documents could be read; nothing was published.{reasons}\n",
        "Mend or remove these files, then run the sync again.",
    )


def keep_originals(data_dir: Path, files: Iterable[FileToRead]) -> None:
    """Keep the bytes that were ingested, by their SHA-256, so that a citation's page can be shown later."""
    folder = data_dir / "originals"
    folder.mkdir(exist_ok=True)
    for file in files:
        target = folder / file.content_hash
        if not _is_kept(target, file):
            _keep(file, target)


def _is_kept(target: Path, file: FileToRead) -> bool:
    """Say whether the bytes are there; a file of another size was cut short when the machine stopped."""
    try:
        return target.stat().st_size == file.path.stat().st_size
    except OSError:
        return False


def _keep(file: FileToRead, target: Path) -> None:
    try:
        data = file.path.read_bytes()
    except OSError as error:
        data = b""
        log.debug("%s: %s", file.source, error)
    if sha256(data).hexdigest() != file.content_hash:
        log.warning("%s changed after it was read; its pages cannot be shown until the next sync.", file.source)
        return
    temporary = target.with_suffix(".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, target)


# Write


def _write(task: Build, reading: Reading, embedding: PassageEmbedding, child: Verifier, progress: Progress) -> Manifest:
    data_dir, base = task.settings.data_dir, task.base
    size = generations.size_on_disk(base.path) if base else 0
    vectors = len(reading.passages) + len(sentences_of(reading.passages))
    require_free_space(data_dir, _SPARE_BYTES + 2 * size + _BYTES_A_VECTOR * vectors)
    with generations.building(data_dir, base.id if base else None) as path:
        before, new = _write_texts(task, path, reading, embedding, progress)
        worn, probes = _write_vectors(path, base, before, reading.passages, new, embedding)
        manifest = _sealed(task, path, embedding.embedder, worn)
        progress("Verify", 0, 1)
        if problem := child.problem(path, *probes):
            manifest = _made_anew(task, path, embedding, problem)
        progress("Verify", 1, 1)
        task.judge(manifest.id)
        generations.publish(data_dir, path, manifest)
    return manifest


def _made_anew(task: Build, path: Path, embedding: PassageEmbedding, problem: str) -> Manifest:
    """Write the vectors anew, since the index is not sound; raise DamagedIndexError where it is not sound then, either.

    A graph that threads built, or that vectors were taken out of, can leave one out of reach, and would do so at each sync.
    """
    log.warning("The new index is not sound (%s); its vectors are written anew.", problem)
    with Catalog.edit(path / CATALOG) as catalog:
        current = list(catalog.all_passages())
    write_vectors_anew(path / CHROMA, embedding.embed(current))
    manifest = _sealed(task, path, embedding.embedder, worn=0)
    with verifier() as child:
        child.verify(path, *embedding.probes(NO_VECTORS, current))
    return manifest


def _write_texts(
    task: Build, path: Path, reading: Reading, embedding: PassageEmbedding, progress: Progress
) -> tuple[list[Passage], PassageVectors]:
    """Embed what was read while the catalog and the originals are written.

    Return the passages that its documents had before, and the vectors of those that they have now.
    """
    with _aside() as aside:
        kept = aside.submit(keep_originals, task.settings.data_dir, [file for file, _, _ in reading.documents])
        before = aside.submit(_write_catalog, path, task.plan, reading)
        vectors = embedding.embed(reading.passages, lambda done, total: progress("Embed", done, total))
        kept.result()
        return before.result(), vectors


def _write_catalog(path: Path, plan: SyncPlan, reading: Reading) -> list[Passage]:
    """Write the delta into the catalog built in `path`; return the passages that its documents had before."""
    file = path / CATALOG
    with Catalog.edit(file) if file.exists() else Catalog.create(file) as catalog:
        out = [*plan.deleted, *(old for _, old in plan.renamed), *(found.source for found, _, _ in reading.documents)]
        before = [passage for source in out for passage in catalog.all_passages(source)]
        for source in out:
            catalog.delete_document(source)
        indexed_at = generations.now()
        for found, document, passages in reading.documents:
            catalog.put_document(document, passages, found.version, indexed_at)
        catalog.set_failures([*plan.failed, *reading.failed])
    return before


def _write_vectors(
    path: Path,
    base: Generation | None,
    before: Sequence[Passage],
    after: Sequence[Passage],
    new: PassageVectors,
    embedding: PassageEmbedding,
) -> tuple[int, tuple[list[str], NDArray[np.float32]]]:
    """Write the delta into the vectors, or all of them anew; return their wear and what the check is to look for."""
    with Catalog.edit(path / CATALOG) as catalog:
        current = list(catalog.all_passages())
    gone = len({p.id for p in before} - {p.id for p in after}) + len(sentences_of(before).keys() - sentences_of(after).keys())
    worn = base.manifest.worn + gone if base else 0
    size = len(current) + len(sentences_of(current))
    if base is None or not _same_make(base.manifest, embedding.embedder) or worn > _WORN_OUT * size:
        new = new.joined(embedding.embed([p for p in current if p.id not in new.passages]))
        worn = 0
        write_vectors_anew(path / CHROMA, new)
    else:
        _change_vectors(path, before, after, new)
    return worn, embedding.probes(new, current)


def _same_make(manifest: Manifest, embedder: Embedder) -> bool:
    """Say whether vectors of a generation can stand beside new ones."""
    return manifest.model_id == embedder.model_id and manifest.chunking == chunking.VERSION


def _change_vectors(path: Path, before: Sequence[Passage], after: Sequence[Passage], new: PassageVectors) -> None:
    with VectorStore.open(path / CHROMA) as store:
        _change(store.passages, {p.id: p.text for p in before}, {p.id: p.text for p in after}, new.passages)
        _change(store.sentences, sentences_of(before), sentences_of(after), new.sentences)


def _change(index: VectorIndex, before: Mapping[str, str], after: Mapping[str, str], vectors: VectorsById) -> None:
    """Take out what is gone and put in what is new or reads otherwise; what stayed is not touched."""
    index.delete(identifier for identifier in before if identifier not in after)
    put_vectors(
        index, {identifier: vectors[identifier] for identifier, text in after.items() if before.get(identifier) != text}
    )


def _sealed(task: Build, path: Path, embedder: Embedder, worn: int) -> Manifest:
    with Catalog.edit(path / CATALOG) as catalog:
        counts = catalog.counts()
    manifest = Manifest(
        id=generations.next_id(task.settings.data_dir),
        created=generations.now(),
        folder=str(task.folder.resolve()) if task.folder else None,
        model_id=embedder.model_id,
        dimension=embedder.dimension,
        chunking=chunking.VERSION,
        counts=counts,
        worn=worn,
    )
    return generations.seal(path, manifest)
