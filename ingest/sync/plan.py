"""What a sync would do: content hashes decide, never dates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ingest.loaders.document import loader_version
from ingest.sync.scan import Found, FoundFile, SkippedFile, UnreadableFolder
from knowledge_base.errors import DocumentError, KnowledgeBaseError
from knowledge_base.file_types import detect, skip_reason
from knowledge_base.store.catalog import FailureRow

if TYPE_CHECKING:
    from knowledge_base.settings import Settings


class Reason(NamedTuple):
    """A source and why it was skipped or failed."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file whose document is to be put into the catalog; `version` is that of the loader that reads it."""

    source: str
    path: Path
    content_hash: str
    version: str


@dataclass(slots=True)
class SyncPlan:
    """The files of each state; every file is in exactly one."""

    added: list[FileToRead] = field(default_factory=list)
    updated: list[FileToRead] = field(default_factory=list)
    renamed: list[tuple[FileToRead, str]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Reason] = field(default_factory=list)
    failed: list[FailureRow] = field(default_factory=list)

    @property
    def to_read(self) -> list[FileToRead]:
        """Return the files to parse, in order."""
        return [*self.added, *self.updated, *(file for file, _ in self.renamed)]

    @property
    def changes_nothing(self) -> bool:
        """Return whether there is nothing to read and nothing to take out."""
        return not (self.to_read or self.deleted)


def make_plan(
    found: Iterable[Found],
    catalogued: Mapping[str, tuple[str, str]],
    failures: Iterable[FailureRow],
    max_bytes: int,
    progress: Callable[[str], None] = lambda source: None,
    limits: str = "",
) -> SyncPlan:
    """Compare the files that are there with the catalog's (source -> content hash, loader version) and its failures.

    A file that failed is not read again until its bytes or its loader's version change; one that failed at one of the `limits`
    on a parser, also when these do.
    """
    plan = SyncPlan()
    failed_before = {(f.source, f.content_hash, f.loader_version): f for f in failures}
    gone = set(catalogued)
    for file in found:
        if isinstance(file, SkippedFile):
            plan.skipped.append(Reason(file.source, file.reason))
        elif isinstance(file, UnreadableFolder):
            plan.failed.append(FailureRow(file.source, "", "", file.reason))
            gone -= {source for source in catalogued if source.startswith(f"{file.source}/")}
        else:
            gone.discard(file.source)
            _place(plan, file, catalogued, failed_before, max_bytes, limits)
        progress(file.source)
    plan.deleted = sorted(gone)
    _find_renames(plan, catalogued)
    return plan


def _place(
    plan: SyncPlan,
    file: FoundFile,
    catalogued: Mapping[str, tuple[str, str]],
    failed_before: Mapping[tuple[str, str, str], FailureRow],
    max_bytes: int,
    limits: str,
) -> None:
    """Put one file into its state."""
    unread = skip_reason(file.source)
    if unread:
        plan.skipped.append(Reason(file.source, unread))
        return
    try:
        if file.path.stat().st_size > max_bytes:
            raise DocumentError(f"it is larger than {max_bytes >> 20} MB (PARISCALL_MAX_FILE_MB)")
        data = file.path.read_bytes()
        version = loader_version(detect(data, file.source) or "text")
    except (DocumentError, OSError) as error:
        reason = f"it cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        plan.failed.append(FailureRow(file.source, "", "", with_earlier_version(reason, file.source in catalogued)))
        return
    content_hash = sha256(data).hexdigest()
    to_read = FileToRead(file.source, file.path, content_hash, version)
    versions = (version, limited_version(version, limits))
    before = next(filter(None, (failed_before.get((file.source, content_hash, v)) for v in versions)), None)
    if before:
        plan.failed.append(before)
    elif file.source not in catalogued:
        plan.added.append(to_read)
    elif catalogued[file.source] == (content_hash, version):
        plan.unchanged.append(file.source)
    else:
        plan.updated.append(to_read)


def limits_of(settings: Settings) -> str:
    """Return the limits on a parser, in words."""
    return f"{settings.parse_seconds:g} s and {settings.parse_memory_mb} MB"


def limited_version(version: str, limits: str) -> str:
    """Return what a file that failed at one of the limits is kept with, in place of its loader's version."""
    return f"{version} within {limits}"


def with_earlier_version(reason: str, has_earlier: bool) -> str:
    """Add to the reason of a failure, where an earlier version of the file was read, what becomes of it."""
    return f"{reason} (its earlier version stays in the index)" if has_earlier else reason


def _find_renames(plan: SyncPlan, catalogued: Mapping[str, tuple[str, str]]) -> None:
    """Turn an added and a deleted file with the same bytes into a rename."""
    gone: dict[str, list[str]] = defaultdict(list)
    for source in plan.deleted:
        gone[catalogued[source][0]].append(source)
    still_added = []
    for file in plan.added:
        if gone.get(file.content_hash):
            plan.renamed.append((file, gone[file.content_hash].pop(0)))
        else:
            still_added.append(file)
    plan.added = still_added
    plan.deleted = sorted(source for sources in gone.values() for source in sources)


def refuse_mass_deletion(plan: SyncPlan, catalogued: Iterable[str], by_root: bool) -> None:
    """Raise where more than half of the documents, or of one root's, are gone: an unmounted folder looks just like that."""
    total, gone = (
        Counter(source.partition("/")[0] if by_root else "" for source in sources) for sources in (catalogued, plan.deleted)
    )
    for root, count in gone.items():
        if 2 * count > total[root]:
            place = f" of the root {root!r}" if by_root else ""
            raise KnowledgeBaseError(
                f"{count} of the {total[root]} documents{place} are gone; the index was left as it is.",
                "If they were removed on purpose, run the sync again with --allow-deletions; else mount or restore the folder.",
            )
