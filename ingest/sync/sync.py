"""Bring the index in line with the documents: compare, then build and publish what changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from ingest.sync import chunking
from ingest.sync.gate import Gate
from ingest.sync.plan import SyncPlan, limits_of, make_plan, refuse_mass_deletion
from ingest.sync.report import Progress, Reading, SyncReport, make_report, passage_changes
from ingest.sync.scan import require_folder, scan_folder, scan_roots
from knowledge_base.errors import DamagedIndexError, KnowledgeBaseError, NoIndexError, WrongRootsError
from knowledge_base.files import storage_errors, writer_lock
from knowledge_base.settings import Settings
from knowledge_base.store import generations
from knowledge_base.store.generations import Generation
from knowledge_base.store.manifest import read_manifest
from knowledge_base.store.recovery import drop_notices, open_readable, restore
from knowledge_base.terminal_text import on_a_line

if TYPE_CHECKING:
    from ingest.sync.reading import Reader

Engine = Literal["local", "ray"]


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How to sync: one `folder` in place of the configured roots; whether many deletions are meant; a build from nothing.

    With `gate` what was built is published only if it passes its evaluation.
    `engine` says what reads and embeds: "local", this machine's cores; "ray", a Ray cluster at `ray_address` (None: here).
    """

    folder: Path | None = None
    allow_deletions: bool = False
    rebuild: bool = False
    gate: bool = False
    engine: Engine = "local"
    ray_address: str | None = None


def preview(settings: Settings, options: SyncOptions, progress: Progress = lambda *_: None) -> SyncReport:
    """Report what a sync would do: the files are read as it would read them, and nothing is written."""
    started = perf_counter()
    with _base(settings, options, repair=False) as (base, notices):
        plan = _plan(settings, options, base, progress)
        reading = Reading()
        if plan.to_read:
            # Imported here, for most previews find nothing new and need no embedding model.
            from ingest.sync.reading import LocalReader, read_plan
            from knowledge_base.models.embeddings import open_embedder

            reading = read_plan(settings, plan, LocalReader(), cache(partial(open_embedder, settings)), progress)
        changes = passage_changes(base.catalog, plan, reading) if base else []
        try:
            _refuse_mass_deletion(plan, base, options)
        except KnowledgeBaseError as error:
            notices.append(f"A sync would refuse this: {error}")
        passages = base.manifest.counts["passages"] if base else 0
        report = make_report(plan, reading, base.id if base else None, passages, notices, changes=changes)
    return replace(report, seconds=round(perf_counter() - started, 3))


def sync(settings: Settings, options: SyncOptions, progress: Progress = lambda *_: None) -> SyncReport:
    """Bring the index in line with the documents and publish it; readers keep theirs until their next question."""
    started = perf_counter()
    if options.folder:
        require_folder(options.folder)
    with writer_lock(settings.data_dir), storage_errors(settings.data_dir):
        with _base(settings, options, repair=True) as (base, notices):
            plan = _plan(settings, options, base, progress)
            if not options.allow_deletions:
                _refuse_mass_deletion(plan, base, options)
            if base and _is_current(base, plan, settings):
                report = make_report(plan, Reading(), base.id, base.manifest.counts["passages"], notices)
            else:
                report = _build(settings, options, base, plan, notices, progress)
        drop_notices(settings.data_dir)
        generations.prune(settings.data_dir, settings.generations_kept)
    return replace(report, seconds=round(perf_counter() - started, 3))


def _build(
    settings: Settings,
    options: SyncOptions,
    base: Generation | None,
    plan: SyncPlan,
    notices: list[str],
    progress: Progress,
) -> SyncReport:
    # Imported here, for most syncs find nothing to do and need no embedding model.
    from ingest.sync.building import Build, build
    from knowledge_base.store.verification import verifier

    reader: Reader
    if options.engine == "ray":
        from ingest.sync.ray_engine import RayReader

        reader = RayReader(options.ray_address)
    else:
        from ingest.sync.reading import LocalReader

        reader = LocalReader()
    gate = Gate(settings, progress) if options.gate else None
    with verifier() as child:
        task = Build(settings, options.folder, base, plan, reader, gate.judge if gate else lambda _: None)
        manifest, reading, embedded = build(task, child, progress)
    said = [*notices, *(gate.notices if gate else ())]
    changes = passage_changes(base.catalog, plan, reading) if base else []
    return make_report(plan, reading, manifest.id, manifest.counts["passages"], said, embedded, changes)


def _refuse_mass_deletion(plan: SyncPlan, base: Generation | None, options: SyncOptions) -> None:
    if base:
        refuse_mass_deletion(plan, base.catalog.content_hashes(), by_root=options.folder is None)


def _is_current(base: Generation, plan: SyncPlan, settings: Settings) -> bool:
    """Return whether the index already holds what the documents say, the list of failures included, made as it would be now."""
    failures = {f.source for f in base.catalog.failures()} == {f.source for f in plan.failed}
    path = Path(settings.embedding_model)
    model = path.resolve().name if path.is_dir() else settings.embedding_model  # compared by name, without opening it
    same_model = base.manifest.model_id.rpartition("@")[0] == model
    return plan.changes_nothing and failures and same_model and base.manifest.chunking == chunking.VERSION


@contextmanager
def _base(settings: Settings, options: SyncOptions, *, repair: bool) -> Iterator[tuple[Generation | None, list[str]]]:
    """Give the generation to build on (None where there is none), and what is to be said about it.

    A damaged one is repaired or replaced first; without `repair` nothing is written, and only its catalog is read.
    """
    base: Generation | None = None
    notices: list[str] = []
    if not options.rebuild:
        try:
            _refuse_other_roots(settings, options)
            notices += restore(settings) if repair else ()
            _refuse_other_roots(settings, options)  # of what took a damaged one's place
            base = open_readable(settings.data_dir)
            notices += base.notices
        except NoIndexError:
            base = None
        except DamagedIndexError as error:
            notices = [f"{error.message} A new one is built from the documents."]
    try:
        yield base, notices
    finally:
        if base:
            base.close()


def _refuse_other_roots(settings: Settings, options: SyncOptions) -> None:
    """Raise where the current generation was made of other roots than those asked for."""
    try:
        current = generations.current_id(settings.data_dir)
        if current is None:
            return
        made_of = read_manifest(settings.data_dir / "generations" / current).folder
    except DamagedIndexError:
        return  # what takes its place is looked at then
    asked = str(options.folder.resolve()) if options.folder else None
    if made_of != asked:
        old, new = (f"the folder {folder}" if folder else "the configured roots" for folder in (made_of, asked))
        raise WrongRootsError(
            f"The index in {settings.data_dir} was made of {old}, not of {new}.",
            "Choose another --data-dir, or replace the index with --rebuild.",
        )


def _plan(settings: Settings, options: SyncOptions, base: Generation | None, progress: Progress) -> SyncPlan:
    """Compare the documents with the index; where the rules of chunking changed since, all of them are to be read.

    Raise KnowledgeBaseError where there is neither a document nor an index.
    """
    data_dir, max_bytes = settings.data_dir, settings.max_file_mb << 20
    found = list(scan_folder(options.folder, data_dir) if options.folder else scan_roots(settings.roots, data_dir))
    if any(".." in file.source.split("/") for file in found):
        raise KnowledgeBaseError("A file's name leads out of its folder.", "Rename it.")
    numbers = count(1)
    plan = make_plan(
        found,
        base.catalog.content_hashes() if base else {},
        base.catalog.failures() if base else (),
        max_bytes,
        lambda _: progress("Compare", next(numbers), len(found)),
        limits_of(settings),
    )
    if base and base.manifest.chunking != chunking.VERSION:
        to_read = {file.source: file for file in make_plan(found, {}, (), max_bytes).added}
        plan.updated += [to_read[source] for source in plan.unchanged if source in to_read]
        plan.unchanged = []
    if not base and not plan.to_read:
        place = str(options.folder) if options.folder else "the configured roots"
        reasons = "".join(f"\n  {on_a_line(f'{f.source}: {f.reason}')}" for f in plan.failed[:10])
        raise KnowledgeBaseError(
            f"There is nothing to index in {place}.{reasons}" + ("\n" if reasons else ""),
            "Put documents there: PDF, Markdown, HTML, DOCX, text or YAML files.",
        )
    return plan
