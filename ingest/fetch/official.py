"""Fetch the official documents: download, take out what the list names, verify, swap into place."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Literal

from ingest.fetch.archive import extract
from ingest.fetch.download import AGAIN, DownloadLimits, Wanted, download
from ingest.fetch.sources import ROOT, Source, combined_hash, covers, read_source_list
from knowledge_base.errors import FetchError, KnowledgeBaseError
from knowledge_base.files import require_free_space, sha256, storage_errors, writer_lock
from knowledge_base.settings import Settings

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int | None], None]
"""Called with a source's name, the bytes that are there, and the bytes there will be (None: not known)."""

RECORD = Path(".fetched") / "files.json"
_ALTERED = (
    f"It was altered on its way or at its origin: nothing of it was taken, and what was there stays. To try again, {AGAIN}."
)


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What became of one source; `bytes` are those of its files, `received` those that were downloaded.

    `resumed_from` is 0: a download that was cut off begins again.
    """

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
        """Return the sources that could not be fetched."""
        return [source for source in self.sources if source.state == "failed"]


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
    known = read_source_list(settings)
    wanted = list(names) or list(known)
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise KnowledgeBaseError(f"There is no source {unknown[0]!r} in the list.", f"The list has: {', '.join(known)}.")
    reports = []
    with storage_errors(settings.data_dir), writer_lock(settings.data_dir / ROOT / ".partial"):
        for name in wanted:
            try:
                with storage_errors(settings.data_dir):
                    reports.append(_fetch(known[name], settings.data_dir, limits, progress))
            except KnowledgeBaseError as error:
                folder = str(settings.data_dir / ROOT / name)
                reports.append(SourceReport(name, "failed", folder, reason=f"{name}: {error}"))
    return FetchReport(reports, round(perf_counter() - started, 3))


def _fetch(source: Source, data_dir: Path, limits: DownloadLimits, progress: Progress) -> SourceReport:
    target, work = data_dir / ROOT / source.name, data_dir / ROOT / ".partial"
    staging, previous = work / f"{source.name}.staging", work / f"{source.name}.previous"
    if previous.exists() and not target.exists():  # a crash came between the two steps of a swap
        os.replace(previous, target)
    for left in (staging, previous):
        shutil.rmtree(left, ignore_errors=True)
    there = _verified_files(target, source)
    if there is not None:
        return _report(source, "unchanged", target, there)
    require_free_space(data_dir, sum(file.size for file in source.files))
    downloaded = work / f"{source.name}.{hashlib.sha256(source.url.encode()).hexdigest()[:16]}.download"
    received, notices = 0, ["The download of an earlier run was complete; it was used."]
    if not downloaded.exists():
        for other in work.glob(f"{source.name}.*"):  # of another address
            other.unlink()
        wanted = Wanted(source.url, source.allowed_hosts, source.max_mb << 20)
        received, notices = download(wanted, downloaded, limits, lambda done, total: progress(source.name, done, total)), []
    staging.mkdir()
    try:
        hashes = _stage(source, downloaded, staging, target)
        _swap(staging, target, previous, data_dir)
    except FetchError:
        downloaded.unlink()  # kept, it would fail again
        raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    downloaded.unlink()
    return _report(source, "fetched", target, hashes, received, notices)


def _report(
    source: Source,
    state: Literal["fetched", "unchanged"],
    folder: Path,
    hashes: dict[str, str],
    received: int = 0,
    notices: Iterable[str] = (),
) -> SourceReport:
    size = sum((folder / path).stat().st_size for path in hashes)
    return SourceReport(source.name, state, str(folder), len(hashes), size, received, notices=list(notices))


def _stage(source: Source, downloaded: Path, staging: Path, target: Path) -> dict[str, str]:
    """Put the verified files and their record into `staging`; return the SHA-256 of each by its path.

    Files that a person put into `target`, next to the fetched ones, are taken along.
    """
    if source.sha256:
        _require_hash(source.sha256, sha256(downloaded), source.url)
    if source.is_archive:
        paths = extract(downloaded, staging, source.wants, source.folders_dropped)
        if not paths:
            raise FetchError(f"{source.url} holds none of the files that are wanted.", "Check take and folders_dropped.")
    else:
        paths = [source.document_name]
        shutil.copyfile(downloaded, staging / source.document_name)
    hashes = {path: sha256(staging / path) for path in paths}
    verify(source, hashes)
    record = {"url": source.url, "fingerprint": source.fingerprint, "files": hashes}
    (staging / RECORD).parent.mkdir(exist_ok=True)
    (staging / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    fetched = {*hashes, *_recorded(target, None), RECORD.as_posix()}
    for path in (path for path in _paths(target) if path not in fetched):
        (staging / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(target / path, staging / path)
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
        intact = all((folder / path).is_file() and sha256(folder / path) == digest for path, digest in recorded.items())
        return recorded if intact else None
    if not source.is_listed:
        return None
    found = {path: sha256(folder / path) for path in _paths(folder) if source.wants(path)}
    try:
        verify(source, found)
    except FetchError as error:
        log.info("The source %s is fetched: %s", source.name, error.message)
        return None
    return found


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
        log.warning("The record %s is damaged (%s); the files are checked again.", folder / RECORD, error)
        return {}


def _swap(staging: Path, target: Path, previous: Path, data_dir: Path) -> None:
    """Put the staged folder in the place of the one that is there, while no sync reads it."""
    with writer_lock(data_dir):
        if target.exists():
            os.replace(target, previous)
        try:
            os.replace(staging, target)
        except OSError:
            if previous.exists():
                os.replace(previous, target)
            raise
    shutil.rmtree(previous, ignore_errors=True)
