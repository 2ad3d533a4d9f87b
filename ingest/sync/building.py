"""Make the next generation of a plan: read, embed, write a copy, verify it, swap."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
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
from knowledge_base.store.embedding_cache import EmbeddingCache
from knowledge_base.store.generations import Generation
from knowledge_base.store.manifest import CATALOG, CHROMA, Manifest
from knowledge_base.store.passage_vectors import (
    NO_VECTORS,
    PassageEmbedding,
    PassageVectors,
    put_vectors,
    rewrite_vectors,
    sentences_of,
)
from knowledge_base.store.vectors import VectorStore, warm_up
from knowledge_base.store.verification import Verifier, verifier
from knowledge_base.terminal_text import on_a_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
log = logging.getLogger(__name__)

_MOST_STREAMS = 4  # threads that embed at once; each takes memory for itself
_BYTES_A_VECTOR = 8 << 10  # with its text, in Chroma, in the graph and in the cache
_WORN_OUT = 0.3  # share of deleted vectors past which the index is built from nothing, for Chroma never gives their place back


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


def build(task: Build, child: Verifier, progress: Progress) -> tuple[Manifest, Reading, int]:
    """Publish the next generation; return its manifest, what was read, and the number of texts that were embedded."""
    streams = min(task.settings.embedding_threads or os.cpu_count() or 1, _MOST_STREAMS)
    with ThreadPoolExecutor(max_workers=2) as meanwhile:  # its threads end with the build: an import cut off fails aloud
        meanwhile.submit(warm_up)  # where Chroma cannot be imported, its first use says so
        embedder = meanwhile.submit(open_embedder, task.settings, streams=streams)
        reading = read_plan(task.settings, task.plan, task.reader, embedder.result, progress)
        if not (task.base or reading.documents):
            failed = [*task.plan.failed, *reading.failed][:20]
            reasons = "".join(f"\n  {on_a_line(f'{f.source}: {f.reason}')}" for f in failed)
            raise KnowledgeBaseError(
                f"None of the documents could be read; nothing was published.{reasons}\n",
                "Repair or remove these files, then run the sync again.",
            )
        with EmbeddingCache(task.settings.data_dir / "embeddings.sqlite3") as cache:
            known = cache.count()
            manifest = _write(task, reading, PassageEmbedding(embedder.result(), cache), child, progress)
            return manifest, reading, task.reader.embedded + cache.count() - known


def keep_originals(data_dir: Path, files: Iterable[FileToRead]) -> None:
    """Keep the bytes that were ingested, by their SHA-256, so that a citation's page can be shown later.

    A kept file of another size was cut short when the machine stopped, and is written again.
    """
    folder = data_dir / "originals"
    folder.mkdir(exist_ok=True)
    for file in files:
        target = folder / file.content_hash
        try:
            if target.exists() and target.stat().st_size == file.path.stat().st_size:
                continue
            data = file.path.read_bytes()
        except OSError as error:
            data = b""
            log.debug("%s: %s", file.source, error)
        if sha256(data).hexdigest() != file.content_hash:
            log.warning("%s changed after it was read; its pages cannot be shown until the next sync.", file.source)
            continue
        temporary = target.with_suffix(".tmp")
        temporary.write_bytes(data)
        os.replace(temporary, target)


def _write(task: Build, reading: Reading, embedding: PassageEmbedding, child: Verifier, progress: Progress) -> Manifest:
    data_dir, base = task.settings.data_dir, task.base
    size = generations.size_on_disk(base.path) if base else 0
    vectors = len(reading.passages) + len(sentences_of(reading.passages))
    require_free_space(data_dir, 2 * size + _BYTES_A_VECTOR * vectors)
    with generations.building(data_dir, base.id if base else None) as path:
        with ThreadPoolExecutor(max_workers=1) as meanwhile:
            kept = meanwhile.submit(keep_originals, data_dir, [file for file, _, _ in reading.documents])
            before = meanwhile.submit(_write_catalog, path, task.plan, reading)
            new = embedding.embed(reading.passages, lambda done, total: progress("Embed", done, total))
            kept.result()
        worn, probes = _write_vectors(path, base, before.result(), reading.passages, new, embedding)
        manifest = _seal(task, path, embedding.embedder, worn)
        progress("Verify", 0, 1)
        if problem := child.problem(path, *probes):
            # A graph that threads built, or that vectors were taken out of, can leave one out of reach.
            log.warning("The new index is not sound (%s); its vectors are written again.", problem)
            current = _passages(path)
            rewrite_vectors(path / CHROMA, embedding.embed(current))
            manifest = _seal(task, path, embedding.embedder, worn=0)
            with verifier() as fresh:
                fresh.verify(path, *embedding.probes(NO_VECTORS, current))
        progress("Verify", 1, 1)
        task.judge(manifest.id)
        generations.publish(data_dir, path, manifest)
    return manifest


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
    """Write the delta into the vectors, or all of them; return their wear and what the check is to look for."""
    current = _passages(path)
    old_texts = {passage.id: passage.text for passage in before}, sentences_of(before)
    new_texts = {passage.id: passage.text for passage in after}, sentences_of(after)
    gone = sum(len(old.keys() - texts.keys()) for old, texts in zip(old_texts, new_texts, strict=True))
    worn = base.manifest.worn + gone if base else 0
    size = len(current) + len(sentences_of(current))
    can_join = base and base.manifest.model_id == embedding.embedder.model_id and base.manifest.chunking == chunking.VERSION
    if can_join and worn <= _WORN_OUT * size:
        with VectorStore.open(path / CHROMA) as store:
            indexes, vectors = (store.passages, store.sentences), (new.passages, new.sentences)
            for index, old, texts, found in zip(indexes, old_texts, new_texts, vectors, strict=True):
                index.delete(identifier for identifier in old if identifier not in texts)
                put_vectors(index, {key: found[key] for key, text in texts.items() if old.get(key) != text})
    else:
        worn = 0
        new = new.joined(embedding.embed([p for p in current if p.id not in new.passages]))
        rewrite_vectors(path / CHROMA, new)
    return worn, embedding.probes(new, current)


def _passages(path: Path) -> list[Passage]:
    with Catalog.edit(path / CATALOG) as catalog:
        return list(catalog.all_passages())


def _seal(task: Build, path: Path, embedder: Embedder, worn: int) -> Manifest:
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
