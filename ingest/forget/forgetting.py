"""Take a document out of everything: generations, originals, cached vectors, its file, evaluations and, where asked, answers.

What is to be erased is written down first, in DATA_DIR/forgetting/journal.json, without a word of its text, so that the next
run finishes one that was interrupted.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

from ingest.forget.traces import Traces, erase_questions, evaluations_that_hold, find_traces, questions_that_hold
from ingest.loaders import ocr
from knowledge_base.errors import DamagedIndexError, StorageError
from knowledge_base.files import SHARDS, replace_file, require_free_space, storage_errors, sync_directory, writer_lock
from knowledge_base.models.embeddings import Embedder, open_embedder
from knowledge_base.platform_limits import FolderHold
from knowledge_base.settings import Settings
from knowledge_base.store import generations
from knowledge_base.store.catalog import Catalog
from knowledge_base.store.embedding_cache import EmbeddingCache
from knowledge_base.store.generations import BUILDING, Generation, current_id, open_generation
from knowledge_base.store.manifest import CATALOG, CHROMA, Manifest
from knowledge_base.store.passage_vectors import text_to_embed
from knowledge_base.store.saved_citations import (
    DAMAGED_FILES,
    FILE_NAME,
    HoldingAnswer,
    answers_that_hold,
    erase_answers,
    erase_asked_again,
)
from knowledge_base.store.vectors import VectorIndex, VectorStore
from knowledge_base.store.verification import verifier

Progress = Callable[[str, int, int], None]

_JOURNAL = "journal.json"
_PATIENCE = 2.0  # seconds until a generation is removed that a reader holds
_BUSY_SECONDS = 10.0
_STEPS = 5
_BATCH = 2000  # vectors
_PROBES = 200  # passages that the check looks for


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What forgetting a document does, or (`forgotten`) did.

    `names` are all sources that it had; `generations` are removed, and `generation` is published in their place (None: the
    published one does not hold it). `files` are deleted, `evaluations` are runs that are, `questions`
    counts test questions of the reader's own that quote it. `answers` hold text of it: they stay,
    and lose their page, unless they are erased too; then none is listed any more. `originals` and `vectors` count what is
    erased.
    """

    source: str
    forgotten: bool
    names: list[str]
    files: list[str]
    generations: list[str]
    evaluations: list[str]
    answers: list[HoldingAnswer]
    notices: list[str]
    questions: int = 0
    generation: str | None = None
    originals: int = 0
    vectors: int = 0
    erased_answers: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Journal:
    """What an interrupted run was to erase."""

    names: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    with_answers: bool = False

    @classmethod
    def read(cls, data_dir: Path) -> _Journal:
        try:
            return cls(**json.loads((data_dir / "forgetting" / _JOURNAL).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()

    def write(self, data_dir: Path) -> None:
        folder = data_dir / "forgetting"
        folder.mkdir(exist_ok=True)
        record = {"names": self.names, "hashes": self.hashes, "with_answers": self.with_answers}
        replace_file(folder / _JOURNAL, json.dumps(record).encode())


def plan_forgetting(settings: Settings, source: str) -> Forgetting:
    """Report what forgetting a document would do, writing nothing. Raise where there is none, or where it would come back."""
    with storage_errors(settings.data_dir):
        journal = _Journal.read(settings.data_dir)
        return _planned(settings.data_dir, find_traces(settings, source, journal.names, journal.hashes))


def forget(settings: Settings, source: str, *, with_answers: bool = False, progress: Progress = lambda *_: None) -> Forgetting:
    """Take a document out of everything, and publish a generation without it. Raise where there is none."""
    started = perf_counter()
    data_dir = settings.data_dir
    with writer_lock(data_dir), storage_errors(data_dir):
        journal = _Journal.read(data_dir)
        traces = find_traces(settings, source, journal.names, journal.hashes)
        planned = _planned(data_dir, traces)
        with_answers = with_answers or journal.with_answers
        embedder = open_embedder(settings)  # before anything is erased: it may be missing
        _Journal(sorted(traces.names), sorted(traces.hashes), with_answers).write(data_dir)
        done = _erase(data_dir, traces, planned, embedder, with_answers, lambda step: progress("Forget", step, _STEPS))
        shutil.rmtree(data_dir / "forgetting")
    return replace(done, forgotten=True, seconds=round(perf_counter() - started, 3))


def _planned(data_dir: Path, traces: Traces) -> Forgetting:
    notices = []
    if traces.copies:
        copies = ", ".join(traces.copies)
        notices.append(f"The same bytes stay under another name; forget these too, if you mean them: {copies}.")
    if any(name.startswith("official/") for name in traces.names):
        notices.append("It is one of the fetched documents: the next `python -m ingest fetch` brings it back.")
    damaged = ", ".join(sorted(path.name for path in data_dir.glob(DAMAGED_FILES)))
    if damaged:
        notices.append(f"Damaged conversations were renamed and cannot be searched: {damaged}. --with-answers deletes them.")
    return Forgetting(
        source=traces.source,
        forgotten=False,
        names=sorted(traces.names),
        files=[str(file) for file in traces.files],
        generations=list(traces.generations),
        evaluations=[str(run) for run in evaluations_that_hold(data_dir, traces.names)],
        answers=answers_that_hold(data_dir, traces.hold),
        notices=notices,
        questions=len(questions_that_hold(data_dir, traces.names)[0]),
    )


def _erase(
    data_dir: Path,
    traces: Traces,
    planned: Forgetting,
    embedder: Embedder,
    with_answers: bool,
    progress: Callable[[int], None],
) -> Forgetting:
    """Erase step by step; each can be done again. Answers go first, for the texts that they are known by go with the rest."""
    progress(0)
    erased = 0
    if with_answers:
        for path in data_dir.glob(DAMAGED_FILES):
            path.unlink()
        erased = erase_answers(data_dir, planned.answers)
    erase_asked_again(data_dir, traces.hold)
    _clear_free_pages(data_dir / FILE_NAME)
    progress(1)
    _delete_files(data_dir, traces)
    generation = None
    if current_id(data_dir) in traces.generations:
        with open_generation(data_dir) as base:
            generation = publish_without(data_dir, base, traces.names).id
    progress(2)
    for folder in (BUILDING, SHARDS):  # what a killed sync left, and what a next one would have taken up
        shutil.rmtree(data_dir / folder, ignore_errors=True)
    for name in traces.generations:
        _remove_generation(data_dir, name)
    progress(3)
    for run in planned.evaluations:
        _remove(Path(run))
    erase_questions(data_dir, traces.names)
    originals = [path for digest in traces.hashes for path in (data_dir / "originals").glob(f"{digest}*")]
    for path in originals:  # those of an interrupted copy included
        path.unlink()
    progress(4)
    vectors = _clean_cache(data_dir, embedder)
    progress(5)
    left = [] if with_answers else planned.answers  # the report, which may be kept, must not bring back what they asked
    return replace(
        planned, generation=generation, originals=len(originals), vectors=vectors, erased_answers=erased, answers=left
    )


def publish_without(data_dir: Path, base: Generation, names: Collection[str]) -> Manifest:
    """Publish what `base` holds but for the documents `names`, written from nothing so that no byte of them is in its files.

    Nothing is embedded. The caller holds the writer's lock.
    """
    import numpy as np

    require_free_space(data_dir, 2 * generations.size_on_disk(base.path))
    with verifier() as child, generations.building(data_dir, None) as path:
        shutil.copyfile(base.path / CATALOG, path / CATALOG)
        with Catalog.edit(path / CATALOG) as catalog:
            for name in names:
                catalog.delete_document(name)
            catalog.set_failures([failure for failure in catalog.failures() if failure.source not in names])
            catalog.compact()
            passages, counts = list(catalog.all_passages()), catalog.counts()
        sentences = [identifier for passage in passages for identifier in passage.quotable_sentences]
        with VectorStore.create(path / CHROMA) as store:  # a fresh one: Chroma never gives the place of a vector back
            _copy_vectors(base.vectors.passages, store.passages, [passage.id for passage in passages])
            _copy_vectors(base.vectors.sentences, store.sentences, sentences)
        made = replace(
            base.manifest, id=generations.next_id(data_dir), created=generations.now(), counts=counts, worn=0, checksums={}
        )
        sealed = generations.seal(path, made)
        sample = [passage.id for passage in passages[:: max(1, len(passages) // _PROBES)]]
        found = base.vectors.passages.get(sample)
        probes = np.stack([found[identifier] for identifier in sample]) if sample else np.zeros((0, 1), dtype=np.float32)
        child.verify(path, sample, probes)
        generations.publish(data_dir, path, sealed)
    return sealed


def _copy_vectors(source: VectorIndex, target: VectorIndex, ids: Sequence[str]) -> None:
    import numpy as np

    for first in range(0, len(ids), _BATCH):
        part = ids[first : first + _BATCH]
        found = source.get(part)
        if len(found) != len(part):
            raise DamagedIndexError(f"The index is damaged: {len(part) - len(found)} of {len(part)} vectors are missing.")
        target.put(part, np.stack([found[identifier] for identifier in part]))


def _clear_free_pages(database: Path) -> None:
    """Write a database again without its free pages: they hold text of answers that were deleted before."""
    if not database.exists():
        return
    with closing(sqlite3.connect(database, timeout=_BUSY_SECONDS)) as connection:
        try:
            connection.execute("VACUUM")
            is_busy = bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            is_busy = True
    if is_busy:
        raise StorageError(
            f"{database} is in use, so that text of answers that were deleted may still be in it.",
            "End the page (`python -m assistant serve`), then forget the document again.",
        )


def _delete_files(data_dir: Path, traces: Traces) -> None:
    """Delete the document's files, and of a fetched one the archive that an interrupted download left."""
    for file in traces.files:
        for interrupted in file.parent.glob(f".{glob.escape(file.name)}.*.tmp"):
            interrupted.unlink()
        file.unlink()
        sync_directory(file.parent)
    for name in traces.names:
        root, _, rest = name.partition("/")
        if root == "official":
            for partial in (data_dir / root / ".partial").glob(f"{rest.partition('/')[0]}.*"):
                _remove(partial)


def _remove_generation(data_dir: Path, name: str) -> None:
    """Remove a generation when nobody holds it, and after a while all the same: whoever has it open keeps it for the moment."""
    path = data_dir / "generations" / name
    if not path.exists():
        return
    with closing(FolderHold(path)) as hold:
        hold.take(patience=_PATIENCE)
        doomed = data_dir / "forgetting" / name
        shutil.rmtree(doomed, ignore_errors=True)
        os.rename(path, doomed)
        sync_directory(path.parent)
        shutil.rmtree(doomed)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _clean_cache(data_dir: Path, embedder: Embedder) -> int:
    """Keep in the cache only the vectors of what the remaining generations hold; return how many are erased.

    What was read of pictures goes whole: it is read again when a file with pictures is.
    """
    _remove(data_dir / ocr.FOLDER)
    for damaged in data_dir.glob("embeddings.sqlite3.damaged-*"):
        damaged.unlink()
    if not (data_dir / "embeddings.sqlite3").exists():
        return 0

    def keys() -> Iterator[str]:
        for path in sorted((data_dir / "generations").glob("*")):
            with Catalog.read(path / CATALOG) as catalog:
                for passage in catalog.all_passages():
                    yield from text_to_embed(passage, embedder).keys

    with EmbeddingCache(data_dir / "embeddings.sqlite3") as cache:
        return cache.keep_only(keys())
