"""What was read of each document, page by page, and what could not be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge_base.catalog import Catalog, DocumentRow
from knowledge_base.passages import Page
from knowledge_base.recovery import open_readable
from knowledge_base.settings import Settings

FEW_CHARACTERS = 25


@dataclass(frozen=True, slots=True)
class PageProblem:
    """A page that holds no searchable text, or hardly any."""

    page: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class DocumentHealth:
    """A document's state: `indexed`, or `failed` with the reason; `characters` counts its text."""

    source: str
    state: str
    kind: str | None = None
    language: str | None = None
    pages: int = 0
    characters: int = 0
    passages: int = 0
    problem: str | None = None
    page_problems: tuple[PageProblem, ...] = ()


def document_health(settings: Settings) -> list[DocumentHealth]:
    """Report on each document of the current index, then on the files that failed; register records are left out."""
    with open_readable(settings.data_dir) as generation:
        catalog = generation.catalog
        rows = [_indexed(row, catalog) for row in catalog.documents() if row.kind != "record"]
        return rows + [DocumentHealth(f.source, "failed", problem=f.reason) for f in catalog.failures()]


def _indexed(row: DocumentRow, catalog: Catalog) -> DocumentHealth:
    problems = tuple(_page_problems(catalog.pages(row.source)))
    summary = [*row.notices, *([f"{len(problems)} of {row.pages} pages without text"] if problems else [])]
    return DocumentHealth(
        row.source,
        "indexed",
        row.kind,
        row.language,
        row.pages,
        row.characters,
        row.passages,
        "; ".join(summary) or None,
        problems,
    )


def _page_problems(pages: list[Page]) -> Iterator[PageProblem]:
    for page in pages:
        if page.problem:
            yield PageProblem(page.number, page.problem)
        elif page.number is not None and len(page.text) < FEW_CHARACTERS:
            yield PageProblem(page.number, "it has hardly any text; if it is a picture, it needs text recognition (OCR)")
