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

EntryState = Literal["failed", "waiting", "changed", "going", "indexed"]
_ORDER: dict[EntryState, int] = {"failed": 0, "going": 1, "changed": 1, "waiting": 1, "indexed": 2}


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the published generation holds."""

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
        """Say whether it is a record of the register."""
        return self.document is not None and self.document.kind == "record"


def read_holdings(data_dir: Path) -> Holdings:
    """Return what the published generation holds; raise NoIndexError or DamagedIndexError where there is none to read."""
    with open_generation(data_dir) as generation:
        return Holdings(generation.manifest, tuple(generation.catalog.documents()), tuple(generation.catalog.failures()))


def entries(holdings: Holdings | None, uploads: Iterable[Upload], health: Sequence[Mapping[str, Any]] = ()) -> list[Entry]:
    """Return all documents, those that failed first, then those that wait; `health` is what ingest says of them."""
    told = {str(row["source"]): row for row in health}
    documents = {row.source: row for row in holdings.documents} if holdings else {}
    reasons = {row.source: row.reason for row in holdings.failures} if holdings else {}
    states: dict[str, EntryState] = dict.fromkeys(documents, "indexed")
    states |= dict.fromkeys(reasons, "failed")
    states |= {upload.source: upload.state for upload in uploads}
    listed = [_entry(s, state, documents.get(s), reasons.get(s), told.get(s, {})) for s, state in states.items()]
    return sorted(listed, key=lambda entry: (_ORDER[entry.state], entry.title.casefold(), entry.source))


def _entry(
    source: str, state: EntryState, document: DocumentRow | None, reason: str | None, health: Mapping[str, Any]
) -> Entry:
    title = document.title if document else source.rpartition("/")[2]
    problem = reason if state == "failed" else health.get("problem")
    pages = map(_page_read, health.get("page_health") or health.get("page_problems") or ())
    return Entry(source, title, state, document, str(problem) if problem else None, tuple(pages))


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
