"""The documents as the page lists them: what the index holds of each, what failed, and what waits for the next sync."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from assistant.page.uploads import Upload
from knowledge_base.store.catalog import DocumentRow, FailureRow
from knowledge_base.store.generations import open_generation
from knowledge_base.store.manifest import Manifest

_ODD = 0.02

EntryState = Literal["failed", "waiting", "changed", "going", "undone", "indexed"]
_ORDER: dict[EntryState, int] = {"failed": 0, "going": 1, "changed": 1, "waiting": 1, "undone": 1, "indexed": 2}


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a generation holds."""

    manifest: Manifest
    documents: tuple[DocumentRow, ...]
    failures: tuple[FailureRow, ...]

    @property
    def indexed(self) -> dict[str, str]:
        """Map each document's source to its content hash."""
        return {row.source: row.content_hash for row in self.documents}

    @property
    def failed(self) -> dict[str, str]:
        """Map the source of each file that failed to its content hash."""
        return {row.source: row.content_hash for row in self.failures}


class PageRead(NamedTuple):
    """What was read of one page (None: a document without pages); `remarks` say what a reader must know of it."""

    page: int | None
    characters: int | None
    language: str | None
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of the list; `problem` is why it failed or what a reader must know, `pages` the same page by page."""

    source: str
    title: str
    state: EntryState
    document: DocumentRow | None = None
    problem: str | None = None
    pages: tuple[PageRead, ...] = ()

    @property
    def root(self) -> str:
        """Return the root that it lies in; empty where the index is made of one folder."""
        return self.source.partition("/")[0] if "/" in self.source else ""

    @property
    def is_record(self) -> bool:
        """Return whether it is a record of the register."""
        return self.document is not None and self.document.kind == "record"


def read_holdings(data_dir: Path, identifier: str | None = None) -> Holdings:
    """Return what a generation holds (None: the published one); raise NoIndexError or DamagedIndexError if there is none."""
    with open_generation(data_dir, identifier) as generation:
        return Holdings(generation.manifest, tuple(generation.catalog.documents()), tuple(generation.catalog.failures()))


def entries(holdings: Holdings | None, uploads: Iterable[Upload], health: Sequence[Mapping[str, Any]] = ()) -> list[Entry]:
    """Return all documents, those that failed first, then those that wait; `health` is what ingest says of them."""
    told = {str(row["source"]): row for row in health}
    documents = {row.source: row for row in holdings.documents} if holdings else {}
    reasons = {row.source: row.reason for row in holdings.failures} if holdings else {}
    states: dict[str, EntryState] = dict.fromkeys(documents, "indexed")
    states |= dict.fromkeys(reasons, "failed")
    states |= {upload.source: upload.state for upload in uploads}
    listed = []
    for source, state in states.items():
        document, of_health = documents.get(source), told.get(source, {})
        title = document.title if document else source.rpartition("/")[2]
        problem = reasons.get(source) if state == "failed" else of_health.get("problem")
        pages = map(_page_read, of_health.get("page_health") or of_health.get("page_problems") or ())
        listed.append(Entry(source, title, state, document, str(problem) if problem else None, tuple(pages)))
    return sorted(listed, key=lambda entry: (_ORDER[entry.state], entry.title.casefold(), entry.source))


def _page_read(told: Mapping[str, Any]) -> PageRead:
    odd = [f"{told['odd']:.0%} odd characters"] if told.get("odd", 0) > _ODD else []
    suspected = [f"{name} suspected" for name in ("columns", "tables") if told.get(name)]
    problem = [str(told["problem"])] if told.get("problem") else []
    return PageRead(told.get("page"), told.get("characters"), told.get("language"), (*problem, *odd, *suspected))


def chosen(listed: Iterable[Entry], root: str | None, words: str, *, records: bool) -> list[Entry]:
    """Return the entries of a root (None: of all) whose title or source holds all the words; records only where asked for."""
    wanted = words.casefold().split()
    return [
        entry
        for entry in listed
        if entry.is_record == records
        and (root is None or entry.root == root)
        and all(word in f"{entry.title} {entry.source}".casefold() for word in wanted)
    ]
