"""Make the next generation of a plan: read, embed, write beside the published one, verify, swap."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import chunking
from ingest.plan import FileToRead, SyncPlan, with_earlier_version
from ingest.report import Progress, Reading
from ingest.stages import Reader
from knowledge_base import generations
from knowledge_base.catalog import Catalog, FailureRow
from knowledge_base.embedding_cache import EmbeddingCache, VectorCache, embed_with_cache
from knowledge_base.embeddings import Embedder, open_embedder
from knowledge_base.errors import KnowledgeBaseError
from knowledge_base.files import require_free_space
from knowledge_base.generations import CATALOG, CHROMA, Generation, Manifest
from knowledge_base.passages import Document, Passage
from knowledge_base.settings import Settings
from knowledge_base.vectors import VectorIndex, VectorStore, warm_up_aside
from knowledge_base.verification import Verifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    VectorsById = Mapping[str, NDArray[np.float32]]

log = logging.getLogger(__name__)


_SPARE_BYTES = 64 << 20
_SAMPLE = 200
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


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Vectors of passages and of their quotable sentences, each by id."""

    passages: VectorsById
    sentences: VectorsById


@dataclass(frozen=True, slots=True)
class _Embedding:
    """Embeds passages and their sentences, taking what it can from the cache."""

    embedder: Embedder
    cache: VectorCache

    def embed(self, passages: Sequence[Passage], progress: Callable[[int, int], None] = lambda *_: None) -> _Vectors:
        ids, sentences = [p.id for p in passages], _sentences(passages)
        texts = [*map(self._text, passages), *sentences.values()]
        vectors = embed_with_cache(self.embedder, self.cache, texts, lambda done: progress(done, len(texts)))
        first, rest = vectors[: len(ids)], vectors[len(ids) :]
        return _Vectors(dict(zip(ids, first, strict=True)), dict(zip(sentences, rest, strict=True)))

    def _text(self, passage: Passage) -> str:
        return chunking.embedded_text(passage, self.embedder.count_tokens, self.embedder.max_tokens)


def embed_into(cache: VectorCache, embedder: Embedder, passages: Sequence[Passage]) -> None:
    """Put the vectors of passages and of their sentences into the cache, embedding what it lacks."""
    _Embedding(embedder, cache).embed(passages)


def build(task: Build, child: Verifier, progress: Progress) -> tuple[Manifest, Reading, int]:
    """Publish the next generation; return its manifest, what was read, and the number of texts that were embedded."""
    embedder = open_embedder(task.settings)
    warm_up_aside()
    reading = _read(task.settings, task.plan, task.reader, embedder, progress)
    _require_documents(task, reading)
    keep_originals(task.settings.data_dir, [file for file, _, _ in reading.documents])
    with EmbeddingCache(task.settings.data_dir / "embeddings.sqlite3") as cache:
        known = cache.count()
        embedding = _Embedding(embedder, cache)
        vectors = embedding.embed(reading.passages, lambda done, total: progress("Embed", done, total))
        manifest = _write(task, reading, vectors, embedding, child, progress)
        return manifest, reading, task.reader.embedded + cache.count() - known


# Read


def _read(settings: Settings, plan: SyncPlan, reader: Reader, embedder: Embedder, progress: Progress) -> Reading:
    reading, done = Reading(), 0
    total, updated = len(plan.to_read), {file.source for file in plan.updated}

    def count(files: int) -> None:
        nonlocal done
        done += files
        progress("Read", done, total)

    for file, result, passages in reader.read(settings, plan.to_read, embedder, count):
        if isinstance(result, Document) and (passages or result.record):
            reading.documents.append((file, result, passages))
        else:
            reading.failed.append(_failure(file, result, file.source in updated))
    reading.documents.sort(key=lambda entry: entry[0].source)
    return reading


def _failure(file: FileToRead, result: Document | str, has_earlier: bool) -> FailureRow:
    reason = _why_no_text(result) if isinstance(result, Document) else result
    return FailureRow(file.source, file.content_hash, file.version, with_earlier_version(reason, has_earlier))


def _why_no_text(document: Document) -> str:
    problems = dict.fromkeys(page.problem for page in document.pages if page.problem)
    found = "; ".join(filter(None, problems))
    return f"it has no searchable text ({found})" if found else "it has no searchable text"


def _require_documents(task: Build, reading: Reading) -> None:
    if task.base or reading.documents:
        return
    reasons = "".join(f"\n  {f.source}: {f.reason}" for f in [*task.plan.failed, *reading.failed][:20])
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
        if not target.exists():
            _keep(file, target)


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


def _write(
    task: Build, reading: Reading, new: _Vectors, embedding: _Embedding, child: Verifier, progress: Progress
) -> Manifest:
    data_dir, base = task.settings.data_dir, task.base
    require_free_space(data_dir, _SPARE_BYTES + 2 * (generations.size_on_disk(base.path) if base else 0))
    with generations.building(data_dir, base.id if base else None) as path:
        before = _write_catalog(path, task.plan, reading)
        worn, probes = _write_vectors(path, base, before, reading.passages, new, embedding)
        manifest = _sealed(task, path, embedding.embedder, worn)
        progress("Verify", 0, 1)
        child.verify(path, *probes)
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
    new: _Vectors,
    embedding: _Embedding,
) -> tuple[int, tuple[list[str], NDArray[np.float32]]]:
    """Write the delta into the vectors, or all of them anew; return their wear and what the check is to look for."""
    with Catalog.edit(path / CATALOG) as catalog:
        current = list(catalog.all_passages())
    gone = len({p.id for p in before} - {p.id for p in after}) + len(_sentences(before).keys() - _sentences(after).keys())
    worn = base.manifest.worn + gone if base else 0
    size = len(current) + len(_sentences(current))
    if base is None or not _same_make(base.manifest, embedding.embedder) or worn > _WORN_OUT * size:
        new = _merged(new, embedding.embed([p for p in current if p.id not in new.passages]))
        worn = 0
        _write_fresh_vectors(path, new)
    else:
        _change_vectors(path, before, after, new)
    return worn, _probes(new, embedding, current)


def _same_make(manifest: Manifest, embedder: Embedder) -> bool:
    """Say whether vectors of a generation can stand beside new ones."""
    return manifest.model_id == embedder.model_id and manifest.chunking == chunking.VERSION


def _sentences(passages: Sequence[Passage]) -> dict[str, str]:
    return {identifier: text for passage in passages for identifier, text in passage.quotable_sentences().items()}


def _merged(one: _Vectors, other: _Vectors) -> _Vectors:
    return _Vectors({**one.passages, **other.passages}, {**one.sentences, **other.sentences})


def _change_vectors(path: Path, before: Sequence[Passage], after: Sequence[Passage], new: _Vectors) -> None:
    with VectorStore.open(path / CHROMA) as store:
        _change(store.passages, {p.id: p.text for p in before}, {p.id: p.text for p in after}, new.passages)
        _change(store.sentences, _sentences(before), _sentences(after), new.sentences)


def _change(index: VectorIndex, before: Mapping[str, str], after: Mapping[str, str], vectors: VectorsById) -> None:
    """Take out what is gone and put in what is new or reads otherwise; what stayed is not touched."""
    index.delete(identifier for identifier in before if identifier not in after)
    _put(index, {identifier: vectors[identifier] for identifier, text in after.items() if before.get(identifier) != text})


def _put(index: VectorIndex, vectors: VectorsById) -> None:
    import numpy as np

    if vectors:
        index.put(list(vectors), np.stack(list(vectors.values())))


def _write_fresh_vectors(path: Path, vectors: _Vectors) -> None:
    shutil.rmtree(path / CHROMA, ignore_errors=True)
    with VectorStore.create(path / CHROMA) as store:
        _put(store.passages, vectors.passages)
        _put(store.sentences, vectors.sentences)


def _probes(new: _Vectors, embedding: _Embedding, current: Sequence[Passage]) -> tuple[list[str], NDArray[np.float32]]:
    """Return ids and vectors of what is new and of a sample of the rest."""
    import numpy as np

    others = [p for p in current if p.id not in new.passages]
    sample = others[:: max(1, len(others) // _SAMPLE)]
    probes = {**new.passages, **embedding.embed(sample).passages}
    return list(probes), np.stack(list(probes.values())) if probes else np.zeros((0, 1), dtype=np.float32)


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
