"""When two texts say the same: the comparisons that all figures rest on, blind to typography, case and spacing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from assistant.evaluation.testset import GoldQuote

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
    """Return the letters and digits alone: what is left when spaces, hyphens and punctuation are not looked at."""
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
    """Say whether a text holds one of the wordings as whole words."""
    normal = normalise(text)
    return any(re.search(rf"(?<!\w){re.escape(normalise(wording))}(?!\w)", normal) for wording in wordings)


def overlaps(source: str, quote: str, gold: GoldQuote) -> bool:
    """Say whether a citation and a gold quote (or another place of it) overlap: the same source, half of the words."""
    return any(
        source == place.source
        and max(share(place.quote, quote), share(quote, place.quote)) >= OVERLAPPING
        and share(place.quote, quote) >= _PART_OF_QUOTE
        for place in gold.places()
    )


def covers(source: str, text: str, gold: GoldQuote) -> bool:
    """Say whether a passage covers a gold quote (or another place of it): the same source, three quarters of the words."""
    return any(source == place.source and share(place.quote, text) >= COVERING for place in gold.places())


def first_covering(passages: Sequence[tuple[str, str]], gold: GoldQuote) -> int | None:
    """Return the rank, from 1, of the first (source, text) that covers a gold quote, or None."""
    return next((rank for rank, passage in enumerate(passages, start=1) if covers(*passage, gold)), None)
