"""What a sync reads and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.sync.plan import FileToRead, Reason, SyncPlan
from knowledge_base.passages import Document, Passage
from knowledge_base.store.catalog import Catalog, FailureRow

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, how much of it is done, and how much there is."""


@dataclass(slots=True)
class Reading:
    """What was read: documents with their passages, and the files that failed."""

    documents: list[tuple[FileToRead, Document, list[Passage]]] = field(default_factory=list)
    failed: list[FailureRow] = field(default_factory=list)

    @property
    def passages(self) -> list[Passage]:
        """Return the passages of all documents, in order."""
        return [passage for _, _, passages in self.documents for passage in passages]


@dataclass(frozen=True, slots=True)
class PassageChange:
    """How many passages of an updated document are new, gone, and as they were."""

    source: str
    added: int
    removed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did; `generation` is the published one's name (None: there is none), `seconds` its wall time.

    `changes` has a line for each source of `updated`.
    """

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
    changes: list[PassageChange] = field(default_factory=list)


def passage_changes(catalog: Catalog, plan: SyncPlan, reading: Reading) -> list[PassageChange]:
    """Compare the passages that updated documents have in the catalog with those that were read of them now."""
    updated, changes = {file.source for file in plan.updated}, []
    for file, _, passages in reading.documents:
        if file.source in updated:
            before, after = {p.id for p in catalog.all_passages(file.source)}, {p.id for p in passages}
            changes.append(PassageChange(file.source, len(after - before), len(before - after), len(before & after)))
    return changes


def make_report(
    plan: SyncPlan,
    reading: Reading,
    generation: str | None,
    passages: int,
    notices: Sequence[str],
    embedded: int = 0,
    changes: Sequence[PassageChange] = (),
) -> SyncReport:
    """Put plan and outcome together; a file that failed to parse is only in `failed`. `seconds` is left to the caller."""
    failed = sorted(Reason(f.source, f.reason) for f in [*plan.failed, *reading.failed])
    bad = {reason.source for reason in failed}
    lost = [previous for f, previous in plan.renamed if f.source in bad]
    return SyncReport(
        generation=generation,
        added=[f.source for f in plan.added if f.source not in bad],
        updated=[f.source for f in plan.updated if f.source not in bad],
        renamed=[
            {"source": f.source, "from": previous, "reason": f"the same bytes as {previous} had"}
            for f, previous in plan.renamed
            if f.source not in bad
        ],
        deleted=sorted([*plan.deleted, *lost]),
        unchanged=plan.unchanged,
        skipped=[reason._asdict() for reason in plan.skipped],
        failed=[reason._asdict() for reason in failed],
        passages=passages,
        embedded=embedded,
        notices=list(notices),
        changes=list(changes),
    )
