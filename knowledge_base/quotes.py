"""Whether a quote that was kept still stands in the documents: at its place, at another one, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from knowledge_base.catalog import Catalog
from knowledge_base.errors import DamagedIndexError
from knowledge_base.generations import open_generation
from knowledge_base.passages import Page

Standing = Literal["there", "moved", "gone"]


@dataclass(frozen=True, slots=True)
class KeptQuote:
    """A quote as an answer kept it: characters `start` to `end` of page `page` (None: no pages) of `source`.

    `generation` is the index that it was taken from, where that is known.
    """

    source: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str
    generation: str | None = None


@dataclass(frozen=True, slots=True)
class QuoteStanding:
    """Where a kept quote stands now; `source` and the rest are None where it is gone."""

    standing: Standing
    source: str | None = None
    page: int | None = None
    start: int = 0
    end: int = 0


def standings(data_dir: Path, quotes: Sequence[KeptQuote]) -> list[QuoteStanding]:
    """Say of each quote where it stands in the published generation."""
    with open_generation(data_dir) as generation:
        hashes = _earlier_hashes(data_dir, quotes, generation.catalog)
        return [find_quote(quote, generation.catalog, hashes.get((quote.generation, quote.source))) for quote in quotes]


def _earlier_hashes(data_dir: Path, quotes: Iterable[KeptQuote], current: Catalog) -> dict[tuple[str | None, str], str]:
    """Return the content hashes of documents that are not there any more, by the generation and source of a quote."""
    present = current.content_hashes()
    found: dict[tuple[str | None, str], str] = {}
    for name in sorted({quote.generation for quote in quotes if quote.generation and quote.source not in present}):
        wanted = {quote.source for quote in quotes if quote.generation == name}
        try:
            with open_generation(data_dir, name) as generation:
                hashes = generation.catalog.content_hashes()
        except DamagedIndexError:
            continue  # it is kept no longer: a renamed document is then known by its title
        found |= {(name, source): hashes[source][0] for source in wanted if source in hashes}
    return found


def find_quote(quote: KeptQuote, catalog: Catalog, content_hash: str | None = None) -> QuoteStanding:
    """Look for a quote at its place, then elsewhere in its document, or in the one that this became by a rename.

    That one has the bytes of `content_hash`, or (None: not known) the title of the quote's document.
    """
    page = catalog.page(quote.source, quote.page)
    if page is not None and page.text[quote.start : quote.end] == quote.quote:
        return QuoteStanding("there", quote.source, quote.page, quote.start, quote.end)
    for source in _candidates(quote, catalog, content_hash):
        found = _nearest(quote, catalog.pages(source))
        if found:
            return QuoteStanding("moved", source, *found)
    return QuoteStanding("gone")


def _candidates(quote: KeptQuote, catalog: Catalog, content_hash: str | None) -> list[str]:
    if catalog.document(quote.source):
        return [quote.source]
    if content_hash:
        return [row.source for row in catalog.documents() if row.content_hash == content_hash]
    return [row.source for row in catalog.documents() if row.title == quote.title]


def _nearest(quote: KeptQuote, pages: Sequence[Page]) -> tuple[int | None, int, int] | None:
    """Return page, start and end of the occurrence that is nearest to where the quote stood; line breaks do not count."""
    words = r"\s+".join(map(re.escape, quote.quote.split()))
    if not words:
        return None
    places = [(page.number, *match.span()) for page in pages for match in re.finditer(words, page.text)]
    return min(places, key=lambda p: (abs((p[0] or 0) - (quote.page or 0)), abs(p[1] - quote.start)), default=None)
