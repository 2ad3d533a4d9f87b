"""Citations: verbatim quotes that are read again from the stored page before they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from knowledge_base.catalog import Catalog

CitationStatus = Literal["exact"]


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote on its page: characters `start` to `end` of the stored text of page `page` (None: no pages) of `source`.

    `number` is what the answer's text refers to as [number]; a quote that runs over a page has two citations, one a page.
    `date` is what the document says of its date, `heading` the headings above the quote.
    """

    number: int
    source: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    status: CitationStatus = "exact"
    date: str | None = None
    heading: str = ""


def stands_on_its_page(citation: Citation, catalog: Catalog) -> bool:
    """Say whether the quote is, letter for letter, what the stored page holds at its offsets."""
    page = catalog.page(citation.source, citation.page)
    return page is not None and bool(citation.quote) and page.text[citation.start : citation.end] == citation.quote
