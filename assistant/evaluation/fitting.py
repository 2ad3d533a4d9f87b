"""Whether the items of a test set fit an index: the sources are in it, and the gold quotes stand on their pages."""

from __future__ import annotations

from collections.abc import Iterator

from assistant.evaluation.matching import letters, states
from assistant.evaluation.testset import GoldQuote, Place, TestItem, TestSet, raise_problems
from knowledge_base.catalog import Catalog


class IndexedText:
    """The pages of a catalog as letters, each read once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._pages: dict[tuple[str, int | None], str | None] = {}

    def page(self, source: str, page: int | None) -> str | None:
        """Return the letters of a page, or None where the index has no such page."""
        key = source, page
        if key not in self._pages:
            found = self._catalog.page(source, page)
            self._pages[key] = None if found is None else letters(found.text)
        return self._pages[key]

    def holds(self, source: str, page: int | None, quote: str) -> bool:
        """Say whether a quote stands, letter for letter, on a page."""
        text, wanted = self.page(source, page), letters(quote)
        return text is not None and bool(wanted) and wanted in text

    def problem_with(self, place: Place) -> str | None:
        """Say why a quote is not where it should be, or return None."""
        where = place.source if place.page is None else f"page {place.page} of {place.source}"
        if self.page(place.source, place.page) is None:
            known = self._catalog.document(place.source) is not None
            return f"the index has no {where}" if known else f"the index has no document {place.source}"
        return None if self.holds(*_parts(place)) else f"{place.quote[:60]!r} does not stand in {where}"


def why_stale(item: TestItem, text: IndexedText) -> str | None:
    """Say why an item does not fit the index (any more), or return None: all places of a gold quote are gone.

    A question without gold quotes (one that nothing answers, a count of the register) fits any index.
    """
    return next(filter(None, (_gone(gold, text) for gold in item.gold)), None)


def _gone(gold: GoldQuote, text: IndexedText) -> str | None:
    problems = [text.problem_with(place) for place in gold.places()]
    return problems[0] if all(problems) else None


def require_fit(test_set: TestSet, catalog: Catalog) -> None:
    """Raise EvaluationError that lists each quote that is not on its page and each fact that no quote states."""
    text = IndexedText(catalog)
    problems = [f"{item.id}: {problem}" for item in test_set.items for problem in _problems(item, text)]
    if problems:
        raise_problems(test_set.name, problems)


def _problems(item: TestItem, text: IndexedText) -> Iterator[str]:
    places = [place for gold in item.gold for place in gold.places()]
    yield from filter(None, map(text.problem_with, places))
    if item.gold and item.register is None:
        quotes = "\n".join(place.quote for place in places)
        yield from (f"no quote states the fact {fact[0]!r}" for fact in item.must_include if not states(quotes, fact))


def _parts(place: Place) -> tuple[str, int | None, str]:
    return place.source, place.page, place.quote
