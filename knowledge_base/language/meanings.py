"""Whether two words say the same, one says more widely what the other says, or they are opposites."""

from __future__ import annotations

import gzip
from functools import cache
from os.path import commonprefix
from pathlib import Path

from knowledge_base.language.negations import form_stem
from knowledge_base.language.vocabulary import listed

FILE = Path(__file__).with_name("meanings") / "en.tsv.gz"
"""Made of WordNet 3.0 by `training/meanings.py`; its licence lies next to it."""

# Letters that two French stems of one family share ("nomm", "nomme"; "inclus", "inclur"), and their share of both.
_SHORT_STEM, _LONG_STEM, _KIN = 4, 5, 0.8


def says(evidence: str, claim: str, language: str) -> bool:
    """Return whether a word of the evidence says what one of a claim says, the same or more precisely; both are stems."""
    if language == "fr":
        shared, shorter, longer = len(commonprefix((evidence, claim))), *sorted((len(evidence), len(claim)))
        is_ending = shared >= _SHORT_STEM and shared == shorter == longer - 1
        return evidence == claim or is_ending or shared >= max(_LONG_STEM, _KIN * longer)
    return evidence == claim or claim in _english().get(evidence, _NOTHING)[0]


def is_opposite(one: str, other: str, language: str) -> bool:
    """Return whether two stems are opposites ("grow", "shrink")."""
    if language == "en" and (other in _english().get(one, _NOTHING)[1] or one in _english().get(other, _NOTHING)[1]):
        return True
    return any({one, other} <= left | right and (one in left) != (other in left) for left, right in opposites(language))


@cache
def opposites(language: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """Return the pairs of opposites that the language's own list has, the stems of each side."""
    rows = [row.split(" | ") for row in listed("meaning.opposites", language)]
    stems = [tuple(frozenset(form_stem(word, language) for word in side.split()) for side in row) for row in rows]
    return tuple((left, right) for left, right in stems)


_NOTHING: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


@cache
def _english() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Map each stem to the stems that it says, and to its opposites."""
    rows = (line.split("\t") for line in gzip.decompress(FILE.read_bytes()).decode().splitlines())
    return {stem: (frozenset(same.split()), frozenset(others.split())) for stem, same, others in rows}
