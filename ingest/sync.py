"""Bring the index in line with the documents: plan, parse, embed, build beside, verify, swap."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ingest import chunking
from ingest.plan import FileToRead, Reason, SyncPlan, make_plan, refuse_mass_deletion
from ingest.reading import read_documents
from ingest.scan import scan_folder, scan_roots
from knowledge_base import generations
from knowledge_base.catalog import Catalog, FailureRow
from knowledge_base.embedding_cache import EmbeddingCache, embed_with_cache
from knowledge_base.embeddings import Embedder, open_embedder
from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError, WrongRootsError
from knowledge_base.files import require_free_space, storage_errors, writer_lock
from knowledge_base.generations import CATALOG, CHROMA, Generation, Manifest, open_generation
from knowledge_base.passages import Document, Passage
from knowledge_base.sandbox import Sandbox
from knowledge_base.settings import Settings
from knowledge_base.vectors import VectorStore
from knowledge_base.verification import Verifier, verifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how much of it is done, and how much there is."""

_SPARE_BYTES = 64 << 20
_SAMPLE = 200
_WORN_OUT = 0.3  # share of deleted vectors past which the index is built anew, for Chroma never gives their place back


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did; `generation` is the published one's name (None: there is none), `seconds` its wall time."""

    generation: str | None
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    renamed: list[dict[str, str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    passages: int = 0
    embedded: int = 0
    notices: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How to sync: one `folder` in place of the configured roots; whether many deletions are meant; a build from nothing."""

    folder: Path | None = None
    allow_deletions: bool = False
    rebuild: bool = False


@dataclass(slots=True)
class _Reading:
    """What was read: documents with their passages, and the files that failed."""

    documents: list[tuple[FileToRead, Document, list[Passage]]] = field(default_factory=list)
    failed: list[FailureRow] = field(default_factory=list)

    @property
    def passages(self) -> list[Passage]:
        return [passage for _, _, passages in self.documents for passage in passages]


def preview(settings: Settings, options: SyncOptions, progress: Progress = lambda *_: None) -> SyncReport:
    """Report what a sync would do; nothing is written and no file is parsed."""
    started = perf_counter()
    with _base(settings, options) as base:
        plan = _plan(settings, options, base, progress)
        return _report(plan, _Reading(), base.id if base else None, 0, started, _base_notices(base, settings, options))


def sync(settings: Settings, options: SyncOptions, progress: Progress = lambda *_: None) -> SyncReport:
    """Bring the index in line with the documents and publish it; readers keep theirs until their next question."""
    started = perf_counter()
    with writer_lock(settings.data_dir), storage_errors(settings.data_dir), _base(settings, options) as base:
        notices = _base_notices(base, settings, options)
        plan = _plan(settings, options, base, progress)
        if base and not options.allow_deletions:
            refuse_mass_deletion(plan, base.catalog.content_hashes(), by_root=options.folder is None)
        if base and _is_current(base, plan):
            return _report(plan, _Reading(), base.id, base.manifest.counts["passages"], started, notices)
        _require_something(plan, base, options)
        with verifier() as child:
            manifest, reading, embedded = _build(settings, options, base, plan, child, progress)
        report = _report(plan, reading, manifest.id, manifest.counts["passages"], started, notices, embedded)
    generations.prune(settings.data_dir, settings.generations_kept)
    return report


def _is_current(base: Generation, plan: SyncPlan) -> bool:
    """Say whether the index already holds what the documents say, the list of failures included."""
    failures = {f.source for f in base.catalog.failures()} == {f.source for f in plan.failed}
    return plan.changes_nothing and failures and base.manifest.chunking == chunking.VERSION


def _base(settings: Settings, options: SyncOptions) -> Any:
    """Open the current generation to build on: none where there is none, it is damaged, or everything is to be built anew."""
    if options.rebuild or generations.current_id(settings.data_dir) is None:
        return nullcontext()
    try:
        base = open_generation(settings.data_dir)
    except DamagedIndexError as error:
        log.warning("%s It is built anew.", error.message)
        return nullcontext()
    asked = str(options.folder.resolve()) if options.folder else None
    if base.manifest.folder != asked:
        base.close()
        raise WrongRootsError(*_wrong_roots(settings, base.manifest.folder, asked))
    return base


def _wrong_roots(settings: Settings, made_of: str | None, asked: str | None) -> tuple[str, str]:
    def described(folder: str | None) -> str:
        return f"the folder {folder}" if folder else "the configured roots"

    return (
        f"The index in {settings.data_dir} was made of {described(made_of)}, not of {described(asked)}.",
        "Choose another --data-dir, or remove that directory to start over.",
    )


def _base_notices(base: Generation | None, settings: Settings, options: SyncOptions) -> list[str]:
    if base or options.rebuild or generations.current_id(settings.data_dir) is None:
        return []
    return ["The current index was damaged; a new one was built from the documents."]


def _plan(settings: Settings, options: SyncOptions, base: Generation | None, progress: Progress) -> SyncPlan:
    found = list(scan_folder(options.folder) if options.folder else scan_roots(settings.roots))
    if any(".." in file.source.split("/") for file in found):
        raise KnowledgeBaseError("A file's name leads out of its folder.", "Rename it.")
    done = 0

    def count(source: str) -> None:
        nonlocal done
        done += 1
        progress("Compare", done, len(found))

    catalogued = base.catalog.content_hashes() if base else {}
    failures = base.catalog.failures() if base else []
    return make_plan(found, catalogued, failures, settings.max_file_mb << 20, count)


def _require_something(plan: SyncPlan, base: Generation | None, options: SyncOptions) -> None:
    if base or plan.to_read:
        return
    place = str(options.folder) if options.folder else "the configured roots"
    reasons = "".join(f"\n  {f.source}: {f.reason}" for f in plan.failed[:10])
    raise KnowledgeBaseError(
        f"There is nothing to index in {place}.{reasons}",
        "Put documents there: PDF, Markdown, HTML, DOCX, text or YAML files.",
    )


def _build(
    settings: Settings, options: SyncOptions, base: Generation | None, plan: SyncPlan, child: Verifier, progress: Progress
) -> tuple[Manifest, _Reading, int]:
    """Read, embed, write, verify and publish."""
    embedder = open_embedder(settings)
    if base and base.manifest.chunking != chunking.VERSION:
        plan = _everything_again(settings, options, plan)
    reading = _read(settings, plan, embedder, progress)
    if not base and not reading.documents:
        raise KnowledgeBaseError(
            "None of the documents could be read; nothing was published."
            + "".join(f"\n  {f.source}: {f.reason}" for f in [*plan.failed, *reading.failed][:20]),
            "Mend or remove these files, then run the sync again.",
        )
    keep_originals(settings.data_dir, [file for file, _, _ in reading.documents])
    with EmbeddingCache(settings.data_dir / "embeddings.sqlite3") as cache:
        known = cache.count()
        embed = _embedding(embedder, cache, progress)
        vectors = embed(reading.passages)
        embedded = cache.count() - known
        in_place = base is not None and _same_make(base.manifest, embedder)
        require_free_space(settings.data_dir, _SPARE_BYTES + 2 * (generations.size_on_disk(base.path) if base else 0))
        with generations.building(settings.data_dir, base.id if base else None) as path:
            removed = _write_catalog(path, plan, reading)
            probes = _write_vectors(path, removed, vectors, embed, in_place)
            manifest = _sealed(settings, options, path, embedder)
            progress("Verify", 0, 1)
            child.verify(path, *probes)
            progress("Verify", 1, 1)
            generations.publish(settings.data_dir, path, manifest)
    return manifest, reading, embedded


def _same_make(manifest: Manifest, embedder: Embedder) -> bool:
    """Say whether vectors of a generation can stand beside new ones."""
    return manifest.model_id == embedder.model_id and manifest.chunking == chunking.VERSION


def _everything_again(settings: Settings, options: SyncOptions, plan: SyncPlan) -> SyncPlan:
    """Plan all files anew, because the rules of chunking changed: those unchanged are read again too."""
    found = scan_folder(options.folder) if options.folder else scan_roots(settings.roots)
    fresh = make_plan(found, {}, (), settings.max_file_mb << 20)
    by_source = {file.source: file for file in fresh.added}
    plan.updated = [*plan.updated, *(by_source[source] for source in plan.unchanged if source in by_source)]
    plan.unchanged = []
    return plan


def _read(settings: Settings, plan: SyncPlan, embedder: Embedder, progress: Progress) -> _Reading:
    reading, done = _Reading(), 0
    total = len(plan.to_read)

    def count(files: int) -> None:
        nonlocal done
        done += files
        progress("Read", done, total)

    workers = min(os.cpu_count() or 1, max(1, total))
    with Sandbox(workers, settings.parse_seconds, settings.parse_memory_mb << 20) as sandbox:
        for file, result in read_documents(plan.to_read, sandbox, count):
            passages = _chunk(result, embedder) if isinstance(result, Document) else []
            if isinstance(result, Document) and (passages or result.record):
                reading.documents.append((file, result, passages))
            else:
                reason = "it has no searchable text" if isinstance(result, Document) else result
                reading.failed.append(FailureRow(file.source, file.content_hash, file.version, reason))
    reading.documents.sort(key=lambda entry: entry[0].source)
    return reading


def _chunk(document: Document, embedder: Embedder) -> list[Passage]:
    """Cut a document; a record of the register is a row, not text to search."""
    return [] if document.record else chunking.chunk(document, embedder.count_tokens, embedder.max_tokens)


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Vectors of passages and of their quotable sentences, each by id."""

    passages: dict[str, NDArray[np.float32]]
    sentences: dict[str, NDArray[np.float32]]


Embed = Callable[[Sequence[Passage]], _Vectors]


def _embedding(embedder: Embedder, cache: EmbeddingCache, progress: Progress) -> Embed:
    """Return a function that embeds passages and their sentences, taking what it can from the cache."""

    def embed(passages: Sequence[Passage]) -> _Vectors:
        sentences = {i: text for p in passages for i, text in p.quotable_sentences().items()}
        texts = [*(chunking.embedded_text(p, embedder.count_tokens) for p in passages), *sentences.values()]
        vectors = embed_with_cache(embedder, cache, texts, lambda done: progress("Embed", done, len(texts)))
        ids = [p.id for p in passages]
        return _Vectors(
            dict(zip(ids, vectors[: len(ids)], strict=True)), dict(zip(sentences, vectors[len(ids) :], strict=True))
        )

    return embed


def keep_originals(data_dir: Path, files: Iterable[FileToRead]) -> None:
    """Keep the bytes that were ingested, by their SHA-256, so that a citation's page can be shown later."""
    folder = data_dir / "originals"
    folder.mkdir(exist_ok=True)
    for file in files:
        target = folder / file.content_hash
        if not target.exists():
            temporary = target.with_suffix(".tmp")
            temporary.write_bytes(file.path.read_bytes())
            os.replace(temporary, target)


def _write_catalog(path: Path, plan: SyncPlan, reading: _Reading) -> list[Passage]:
    """Write the delta into the catalog built in `path`; return the passages that are no longer there."""
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
        kept = {passage.id for passage in reading.passages}
        return [passage for passage in before if passage.id not in kept]


def _write_vectors(
    path: Path, removed: Sequence[Passage], new: _Vectors, embed: Embed, in_place: bool
) -> tuple[list[str], NDArray[np.float32]]:
    """Write the delta into the vectors, or all of them anew; return ids and vectors that the check is to look for."""
    import numpy as np

    with Catalog.edit(path / CATALOG) as catalog:
        current = list(catalog.all_passages())
    if not in_place or len(removed) > _WORN_OUT * len(current):
        new = embed(current)
        _write_fresh_vectors(path, new)
    else:
        with VectorStore.open(path / CHROMA) as store:
            store.passages.delete(passage.id for passage in removed)
            store.sentences.delete(i for passage in removed for i in passage.quotable_sentences())
            _put(store, new)
    sample = [p for p in current if p.id not in new.passages][:: max(1, len(current) // _SAMPLE)]
    probes = {**new.passages, **embed(sample).passages}
    return list(probes), np.stack(list(probes.values())) if probes else np.zeros((0, 1), dtype=np.float32)


def _put(store: VectorStore, vectors: _Vectors) -> None:
    import numpy as np

    for index, found in ((store.passages, vectors.passages), (store.sentences, vectors.sentences)):
        if found:
            index.put(list(found), np.stack(list(found.values())))


def _write_fresh_vectors(path: Path, vectors: _Vectors) -> None:
    shutil.rmtree(path / CHROMA, ignore_errors=True)
    with VectorStore.create(path / CHROMA) as store:
        _put(store, vectors)


def _sealed(settings: Settings, options: SyncOptions, path: Path, embedder: Embedder) -> Manifest:
    with Catalog.edit(path / CATALOG) as catalog:
        counts = catalog.counts()
    manifest = Manifest(
        id=generations.next_id(settings.data_dir),
        created=generations.now(),
        folder=str(options.folder.resolve()) if options.folder else None,
        model_id=embedder.model_id,
        dimension=embedder.dimension,
        chunking=chunking.VERSION,
        counts=counts,
    )
    return generations.seal(path, manifest)


def _report(
    plan: SyncPlan,
    reading: _Reading,
    generation: str | None,
    passages: int,
    started: float,
    notices: Sequence[str],
    embedded: int = 0,
) -> SyncReport:
    """Put plan and outcome together; a file that failed to parse is in `failed` alone."""
    failed = [Reason(f.source, f.reason) for f in [*plan.failed, *reading.failed]]
    bad = {reason.source for reason in failed}
    return SyncReport(
        generation=generation,
        added=[f.source for f in plan.added if f.source not in bad],
        updated=[f.source for f in plan.updated if f.source not in bad],
        renamed=[
            {"source": f.source, "from": previous, "reason": f"the same bytes as {previous} had"}
            for f, previous in plan.renamed
            if f.source not in bad
        ],
        deleted=plan.deleted,
        unchanged=plan.unchanged,
        skipped=[reason._asdict() for reason in plan.skipped],
        failed=[reason._asdict() for reason in failed],
        passages=passages,
        embedded=embedded,
        notices=list(notices),
        seconds=round(perf_counter() - started, 3),
    )
