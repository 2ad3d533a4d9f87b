"""Fetch the official documents: download, take out what the list names, verify, swap into place."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Literal

from ingest.fetch.archive import extract
from ingest.fetch.download import AGAIN, DownloadLimits, PartialFile, Wanted, download
from ingest.fetch.sources import ROOT, Source, combined_hash, covers, read_source_list
from knowledge_base.errors import FetchError, KnowledgeBaseError
from knowledge_base.files import require_free_space, sha256, storage_errors, writer_lock
from knowledge_base.settings import Settings

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int | None], None]
"""Called with a source's name, the bytes that are there, and the bytes there will be (None: not known)."""

RECORD = Path(".fetched") / "files.json"
_SPARE_BYTES = 16 << 20
_ALTERED = (
    f"It was altered on its way or at its origin: nothing of it was taken, and what was there stays. To try anew, {AGAIN}."
)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What became of one source; `bytes` are those of its files, `received` those that came over the network."""

    name: str
    state: Literal["fetched", "unchanged", "failed"]
    folder: str
    files: int = 0
    bytes: int = 0
    received: int = 0
    resumed_from: int = 0
    notices: list[str] = field(default_factory=list)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What a fetch did, source by source; `seconds` is its wall time."""

    sources: list[SourceReport]
    seconds: float

    @property
    def failed(self) -> list[SourceReport]:
        """Return the sources that could not be had."""
        return [source for source in self.sources if source.state == "failed"]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the files of one source are, and where they are made ready."""

    target: Path
    partial: Path
    staging: Path
    previous: Path

    @classmethod
    def of(cls, source: Source, data_dir: Path) -> _Place:
        official = data_dir / ROOT
        work = official / ".partial"
        name = source.name
        return cls(official / name, work / f"{name}.download", work / f"{name}.staging", work / f"{name}.previous")


def fetch(
    settings: Settings,
    names: Iterable[str] = (),
    progress: Progress = lambda name, done, total: None,
    limits: DownloadLimits | None = None,
) -> FetchReport:
    """Bring the sources of the list, or those named, below DATA_DIR/official; each file is verified before it counts.

    A source that fails is in the report with its reason; the others go on, and what was there stays. Raise
    KnowledgeBaseError where nothing can be tried at all: a list that is not usable, an unknown name, a fetch under way.
    """
    started = perf_counter()
    limits = limits or DownloadLimits(loopback=settings.fetch_from_loopback)
    sources = read_source_list(settings).named(list(names))
    with storage_errors(settings.data_dir), writer_lock(settings.data_dir / ROOT / ".partial"):
        reports = [_fetch_or_say_why(source, settings.data_dir, limits, progress) for source in sources]
    return FetchReport(reports, round(perf_counter() - started, 3))


def _fetch_or_say_why(source: Source, data_dir: Path, limits: DownloadLimits, progress: Progress) -> SourceReport:
    try:
        with storage_errors(data_dir):
            return _fetch(source, data_dir, limits, progress)
    except KnowledgeBaseError as error:
        folder = str(data_dir / ROOT / source.name)
        return SourceReport(source.name, "failed", folder, reason=f"{source.name}: {error}")


def _fetch(source: Source, data_dir: Path, limits: DownloadLimits, progress: Progress) -> SourceReport:
    place = _Place.of(source, data_dir)
    _recover(place)
    there = _verified_files(place.target, source)
    if there is not None:
        return _report(source, "unchanged", place, there)
    require_free_space(data_dir, _SPARE_BYTES + sum(file.size for file in source.files))
    partial, wanted = PartialFile(place.partial), Wanted(source.url, source.allowed_hosts, source.max_mb << 20)
    received, resumed_from, notices = 0, 0, ["The download of an earlier run was complete; it was used."]
    if not partial.is_complete(source.url):
        done = download(wanted, partial, limits, lambda there, total: progress(source.name, there, total))
        received, resumed_from, notices = done.received, done.resumed_from, done.notices
    with _emptied(place.staging), _discarded_where_unusable(partial):
        hashes = _stage(source, place)
        _keep_own_files(place, hashes)
        _write_record(place.staging, source, hashes)
        _swap(place, data_dir)
    partial.discard()
    return _report(source, "fetched", place, hashes, received, resumed_from, notices)


def _report(
    source: Source,
    state: Literal["fetched", "unchanged"],
    place: _Place,
    hashes: dict[str, str],
    received: int = 0,
    resumed_from: int = 0,
    notices: Iterable[str] = (),
) -> SourceReport:
    size = sum((place.target / path).stat().st_size for path in hashes)
    return SourceReport(source.name, state, str(place.target), len(hashes), size, received, resumed_from, list(notices))


def _recover(place: _Place) -> None:
    """Put back the folder that a crash between the two steps of a swap left aside."""
    if place.previous.exists() and not place.target.exists():
        os.replace(place.previous, place.target)
    shutil.rmtree(place.previous, ignore_errors=True)


@contextmanager
def _emptied(staging: Path) -> Iterator[None]:
    """Give an empty folder to make files ready in, and leave nothing of it behind."""
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _discarded_where_unusable(partial: PartialFile) -> Iterator[None]:
    """Remove a download that is not what it should be: kept, it would fail again."""
    try:
        yield
    except FetchError:
        partial.discard()
        raise


def _stage(source: Source, place: _Place) -> dict[str, str]:
    """Make the files ready and verify them; return the SHA-256 of each by its path."""
    if source.sha256:
        _require_hash(source.sha256, sha256(place.partial), source.url)
    if not source.is_archive:
        shutil.copyfile(place.partial, place.staging / source.document_name)
        return {source.document_name: sha256(place.partial)}
    paths = extract(place.partial, place.staging, source.wants, source.folders_dropped)
    if not paths:
        raise FetchError(f"{source.url} holds none of the files that are wanted.", "Check take and folders_dropped.")
    hashes = {path: sha256(place.staging / path) for path in paths}
    if source.is_listed:
        verify(source, hashes)
    return hashes


def verify(source: Source, hashes: dict[str, str]) -> None:
    """Raise FetchError unless the files, a SHA-256 by path, are all that the list names, each of them unaltered."""
    for file in source.files:
        if file.path not in hashes:
            raise FetchError(f"{file.path} is missing in {source.url}.", _ALTERED)
        _require_hash(file.sha256, hashes[file.path], file.path)
    for group in source.groups:
        found = {path: digest for path, digest in hashes.items() if covers(group.pattern, path)}
        if len(found) != group.count:
            raise FetchError(f"{source.url} has {len(found):,} files {group.pattern}, not {group.count:,}.", _ALTERED)
        _require_hash(group.sha256, combined_hash(found), group.pattern)


def _require_hash(expected: str, found: str, what: str) -> None:
    if found != expected:
        raise FetchError(f"{what} is not what the list says: its SHA-256 is {found}, not {expected}.", _ALTERED)


def _verified_files(folder: Path, source: Source) -> dict[str, str] | None:
    """Return the SHA-256 of the source's files by path where all are there and unaltered, else None."""
    recorded = _recorded(folder, source)
    if recorded:
        return recorded if all(_has(folder / path, digest) for path, digest in recorded.items()) else None
    if not source.is_listed:
        return None
    found = {path: sha256(folder / path) for path in _paths(folder) if source.wants(path)}
    try:
        verify(source, found)
    except FetchError as error:
        log.info("The source %s is fetched: %s", source.name, error.message)
        return None
    return found


def _has(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest


def _paths(folder: Path) -> list[str]:
    """Return the files below a folder, without following links."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def _recorded(folder: Path, source: Source | None) -> dict[str, str]:
    """Return what an earlier fetch put here, a SHA-256 by path; nothing where the list has changed since."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
        return dict(record["files"]) if source is None or record["fingerprint"] == source.fingerprint else {}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, KeyError, TypeError) as error:
        log.warning("The record %s is damaged (%s); the files are checked anew.", folder / RECORD, error)
        return {}


def _write_record(folder: Path, source: Source, hashes: dict[str, str]) -> None:
    (folder / RECORD).parent.mkdir(exist_ok=True)
    record = {"url": source.url, "fingerprint": source.fingerprint, "files": hashes}
    (folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")


def _keep_own_files(place: _Place, fetched: dict[str, str]) -> None:
    """Take along the files that a person put beside the fetched ones."""
    known = {*fetched, *_recorded(place.target, None), RECORD.as_posix()}
    for path in _paths(place.target):
        if path not in known:
            (place.staging / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(place.target / path, place.staging / path)


def _swap(place: _Place, data_dir: Path) -> None:
    """Put the staged folder in the place of the one that is there, while no sync reads it."""
    with writer_lock(data_dir):
        if place.target.exists():
            os.replace(place.target, place.previous)
        try:
            os.replace(place.staging, place.target)
        except OSError:
            if place.previous.exists():
                os.replace(place.previous, place.target)
            raise
    shutil.rmtree(place.previous, ignore_errors=True)
