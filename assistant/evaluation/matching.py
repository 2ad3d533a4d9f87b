"""When two texts say the same: the comparisons that all figures rest on, blind to typography, case and spacing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from assistant.evaluation.testset import GoldQuote, Place, TestItem, TestSet, raise_problems
from knowledge_base.store.catalog import Catalog

COVERING = 0.75  # share of a quote's distinct words that a passage must hold to cover it
OVERLAPPING = 0.5  # share of the shorter one's words that a citation and a gold quote must have in common
_PART_OF_QUOTE = 0.25  # share of the gold quote's words that an overlapping citation must hold

_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "\u00ad": None, "\u0002": "-", "…": "..."}
)
_SPACES = re.compile(r"\s+")
_WORD = re.compile(r"\w+")
_NO_LETTER = re.compile(r"[\W_]+")


def normalise(text: str) -> str:
    """Return the text in one case, with plain quotes, hyphens and single spaces."""
    plain = unicodedata.normalize("NFKC", text).translate(_PLAIN)
    return _SPACES.sub(" ", plain).casefold().strip()


def letters(text: str) -> str:
    """Return only the letters and digits: what is left when spaces, hyphens and punctuation are not looked at."""
    return _NO_LETTER.sub("", normalise(text))


@lru_cache(maxsize=8192)
def words(text: str) -> frozenset[str]:
    """Return the distinct words of a text."""
    return frozenset(_WORD.findall(normalise(text)))


def share(of: str, within: str) -> float:
    """Return the share of the distinct words of `of` that stand in `within`."""
    wanted = words(of)
    return len(wanted & words(within)) / len(wanted) if wanted else 0.0


def states(text: str, wordings: Iterable[str]) -> bool:
    """Return whether a text holds one of the wordings as whole words."""
    normal = normalise(text)
    return any(re.search(rf"(?<!\w){re.escape(normalise(wording))}(?!\w)", normal) for wording in wordings)


def overlaps(source: str, quote: str, gold: GoldQuote) -> bool:
    """Return whether a citation and a gold quote (or another place of it) overlap: the same source, half of the words."""
    return any(
        source == place.source
        and max(share(place.quote, quote), share(quote, place.quote)) >= OVERLAPPING
        and share(place.quote, quote) >= _PART_OF_QUOTE
        for place in gold.places()
    )


def covers(source: str, text: str, gold: GoldQuote) -> bool:
    """Return whether a passage covers a gold quote (or another place of it): the same source, three quarters of the words."""
    return any(source == place.source and share(place.quote, text) >= COVERING for place in gold.places())


def first_covering(passages: Sequence[tuple[str, str]], gold: GoldQuote) -> int | None:
    """Return the rank, from 1, of the first (source, text) that covers a gold quote, or None."""
    return next((rank for rank, passage in enumerate(passages, start=1) if covers(*passage, gold)), None)


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
        """Return whether a quote stands, letter for letter, on a page."""
        text, wanted = self.page(source, page), letters(quote)
        return text is not None and bool(wanted) and wanted in text

    def problem_with(self, place: Place) -> str | None:
        """Return why a quote is not where it should be, or None."""
        where = place.source if place.page is None else f"page {place.page} of {place.source}"
        if self.page(place.source, place.page) is None:
            known = self._catalog.document(place.source) is not None
            return f"the index has no {where}" if known else f"the index has no document {place.source}"
        return None if self.holds(place.source, place.page, place.quote) else f"{place.quote[:60]!r} does not stand in {where}"


def why_stale(item: TestItem, text: IndexedText) -> str | None:
    """Return why an item does not fit the index (any more): all places of a gold quote are gone; None where it fits.

    A question without gold quotes (one that nothing answers, a count of the register) fits any index.
    """
    for gold in item.gold:
        problems = [text.problem_with(place) for place in gold.places()]
        if all(problems):
            return problems[0]
    return None


def require_fit(test_set: TestSet, catalog: Catalog) -> None:
    """Raise EvaluationError that lists each quote that is not on its page and each fact that no quote states."""
    text = IndexedText(catalog)
    problems = []
    for item in test_set.items:
        places = [place for gold in item.gold for place in gold.places()]
        problems += [f"{item.id}: {problem}" for problem in map(text.problem_with, places) if problem]
        if item.gold and item.register is None:
            quotes = "\n".join(place.quote for place in places)
            unstated = [fact[0] for fact in item.must_include if not states(quotes, fact)]
            problems += [f"{item.id}: no quote states the fact {fact!r}" for fact in unstated]
    if problems:
        raise_problems(test_set.name, problems)
