"""Bring the index in line with the documents: compare, then build and publish what changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Literal

from ingest.sync import chunking
from ingest.sync.gate import Gate
from ingest.sync.plan import SyncPlan, limits_of, make_plan, refuse_mass_deletion
from ingest.sync.report import Progress, Reading, SyncReport, make_report, passage_changes
from ingest.sync.scan import Found, require_folder, scan_folder, scan_roots
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
    with _base(settings, options, mend=False) as (base, notices):
        plan = _full_plan(settings, options, base, progress)
        _require_something(plan, base, options)
        reading = _preview_reading(settings, plan, progress)
        passages = base.manifest.counts["passages"] if base else 0
        changes = passage_changes(base.catalog, plan, reading) if base else []
        notices += _refusal(plan, base, options)
        report = make_report(plan, reading, base.id if base else None, passages, notices, changes=changes)
    return _timed(report, started)


def _preview_reading(settings: Settings, plan: SyncPlan, progress: Progress) -> Reading:
    if not plan.to_read:
        return Reading()
    # Imported here, for most previews find nothing new and need no embedding model.
    from ingest.sync.reading import LocalReader, read_plan
    from knowledge_base.models.embeddings import open_embedder

    return read_plan(settings, plan, LocalReader(), cache(partial(open_embedder, settings)), progress)


def sync(settings: Settings, options: SyncOptions, progress: Progress = lambda *_: None) -> SyncReport:
    """Bring the index in line with the documents and publish it; readers keep theirs until their next question."""
    started = perf_counter()
    if options.folder:
        require_folder(options.folder)
    with writer_lock(settings.data_dir), storage_errors(settings.data_dir):
        report = _sync(settings, options, progress)
        drop_notices(settings.data_dir)
        generations.prune(settings.data_dir, settings.generations_kept)
    return _timed(report, started)


def _timed(report: SyncReport, started: float) -> SyncReport:
    return replace(report, seconds=round(perf_counter() - started, 3))


def _sync(settings: Settings, options: SyncOptions, progress: Progress) -> SyncReport:
    with _base(settings, options, mend=True) as (base, notices):
        plan = _full_plan(settings, options, base, progress)
        if base and not options.allow_deletions:
            refuse_mass_deletion(plan, base.catalog.content_hashes(), by_root=options.folder is None)
        if base and _is_current(base, plan, settings):
            return make_report(plan, Reading(), base.id, base.manifest.counts["passages"], notices)
        _require_something(plan, base, options)
        return _build(settings, options, base, plan, notices, progress)


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

    gate = Gate(settings, progress) if options.gate else None
    with verifier() as child:
        task = Build(settings, options.folder, base, plan, _reader(options), gate.judge if gate else lambda _: None)
        manifest, reading, embedded = build(task, child, progress)
    said = [*notices, *(gate.notices if gate else ())]
    changes = passage_changes(base.catalog, plan, reading) if base else []
    return make_report(plan, reading, manifest.id, manifest.counts["passages"], said, embedded, changes)


def _reader(options: SyncOptions) -> Reader:
    if options.engine == "local":
        from ingest.sync.reading import LocalReader

        return LocalReader()
    from ingest.sync.ray_engine import RayReader

    return RayReader(options.ray_address)


def _refusal(plan: SyncPlan, base: Generation | None, options: SyncOptions) -> list[str]:
    """Return what a sync would answer in place of carrying the plan out."""
    try:
        if base:
            refuse_mass_deletion(plan, base.catalog.content_hashes(), by_root=options.folder is None)
    except KnowledgeBaseError as error:
        return [f"A sync would refuse this: {error}"]
    return []


def _is_current(base: Generation, plan: SyncPlan, settings: Settings) -> bool:
    """Say whether the index already holds what the documents say, the list of failures included, made as it would be now."""
    failures = {f.source for f in base.catalog.failures()} == {f.source for f in plan.failed}
    same_model = base.manifest.model_id.rpartition("@")[0] == _model_name(settings)
    return plan.changes_nothing and failures and same_model and base.manifest.chunking == chunking.VERSION


def _model_name(settings: Settings) -> str:
    """Return the name that the ids of the configured model's vectors begin with, without opening it."""
    path = Path(settings.embedding_model)
    return path.resolve().name if path.is_dir() else settings.embedding_model


@contextmanager
def _base(settings: Settings, options: SyncOptions, *, mend: bool) -> Iterator[tuple[Generation | None, list[str]]]:
    """Give the generation to build on (None where there is none), and what is to be said about it.

    A damaged one is mended or replaced first; without `mend` nothing is written, and its catalog alone is read.
    """
    base, notices = (None, []) if options.rebuild else _open_base(settings, options, mend)
    try:
        yield base, notices
    finally:
        if base:
            base.close()


def _open_base(settings: Settings, options: SyncOptions, mend: bool) -> tuple[Generation | None, list[str]]:
    try:
        _refuse_other_roots(settings, options)
        notices = restore(settings) if mend else ()
        _refuse_other_roots(settings, options)
        base = open_readable(settings.data_dir)
        return base, [*notices, *base.notices]
    except NoIndexError:
        return None, []
    except DamagedIndexError as error:
        return None, [f"{error.message} A new one is built from the documents."]


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
        raise WrongRootsError(
            f"The index in {settings.data_dir} was made of {_roots(made_of)}, not of {_roots(asked)}.",
            "Choose another --data-dir, or replace the index with --rebuild.",
        )


def _roots(folder: str | None) -> str:
    return f"the folder {folder}" if folder else "the configured roots"


def _full_plan(settings: Settings, options: SyncOptions, base: Generation | None, progress: Progress) -> SyncPlan:
    """Compare the documents with the index; where the rules of chunking changed since, all of them are to be read."""
    plan = _plan(settings, options, base, progress)
    if base and base.manifest.chunking != chunking.VERSION:
        return _everything_again(settings, options, plan)
    return plan


def _plan(settings: Settings, options: SyncOptions, base: Generation | None, progress: Progress) -> SyncPlan:
    found = list(_scan(settings, options))
    if any(".." in file.source.split("/") for file in found):
        raise KnowledgeBaseError("A file's name leads out of its folder.", "Rename it.")
    done = 0

    def count(source: str) -> None:
        nonlocal done
        done += 1
        progress("Compare", done, len(found))

    catalogued = base.catalog.content_hashes() if base else {}
    failures = base.catalog.failures() if base else []
    return make_plan(found, catalogued, failures, settings.max_file_mb << 20, count, limits_of(settings))


def _scan(settings: Settings, options: SyncOptions) -> Iterator[Found]:
    if options.folder:
        return scan_folder(options.folder, settings.data_dir)
    return scan_roots(settings.roots, settings.data_dir)


def _require_something(plan: SyncPlan, base: Generation | None, options: SyncOptions) -> None:
    if base or plan.to_read:
        return
    place = str(options.folder) if options.folder else "the configured roots"
    reasons = "".join(f"\n  {on_a_line(f'{f.source}: {f.reason}')}" for f in plan.failed[:10])
    raise KnowledgeBaseError(
        f"There is nothing to index in {place}.{reasons}" + ("\n" if reasons else ""),
        "Put documents there: PDF, Markdown, HTML, DOCX, text or YAML files.",
    )


def _everything_again(settings: Settings, options: SyncOptions, plan: SyncPlan) -> SyncPlan:
    """Plan all files anew, because the rules of chunking changed: those unchanged are read again too."""
    fresh = make_plan(_scan(settings, options), {}, (), settings.max_file_mb << 20)
    by_source = {file.source: file for file in fresh.added}
    plan.updated = [*plan.updated, *(by_source[source] for source in plan.unchanged if source in by_source)]
    plan.unchanged = []
    return plan
