"""Finding a supporter by what people call it: accents, acronyms, legal forms, parts of the name, small typos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from knowledge_base.language.places import data
from knowledge_base.language.words import words

_PARENTHESES = re.compile(r"\(([^)]*)\)")
_LONG_NAME = 12  # letters from which two of them may be wrong
_SHORT_NAME = 6  # letters below which none may be
_NEAR = 65.0  # of 100: similarity from which a name is offered as near
MOST_CANDIDATES = 8


@dataclass(frozen=True, slots=True)
class NameMatch:
    """What a name may mean: `found` are the numbers of the supporters it names; else `candidates`, likely or near ones.

    `typo` says that it was found only by taking a letter or two as wrong; `part` that `candidates` hold the whole of it.
    """

    found: tuple[int, ...] = ()
    candidates: tuple[int, ...] = ()
    typo: bool = False
    part: bool = False


def match(name: str, supporters: Sequence[tuple[int, str]]) -> NameMatch:
    """Find `name` among (number, name) pairs: exact first, then without legal forms, then parts, then typos."""
    found = _match(key(name), supporters)
    plain = _without_introduction(key(name))
    if found.found or plain == key(name):
        return found
    again = _match(plain, supporters)
    return again if again.found and not again.typo else found


def _match(wanted: tuple[str, ...], supporters: Sequence[tuple[int, str]]) -> NameMatch:
    keys = [(number, _keys(official)) for number, official in supporters]
    for strip in (_same, _without_legal_forms, _without_descriptions):
        plain = strip(wanted)
        exact = tuple(number for number, names in keys if any(strip(found) == plain for found in names)) if plain else ()
        if exact:
            return NameMatch(found=exact)
    return _by_part(wanted, keys) or _by_typo(wanted, keys) or _near(wanted, supporters)


@lru_cache(maxsize=10_000)
def key(name: str) -> tuple[str, ...]:
    """Return the folded words of a name without a leading article."""
    found = tuple(words(name))
    return found[1:] if len(found) > 1 and found[0] in _listed("articles") else found


@cache
def _listed(which: str) -> frozenset[str]:
    return frozenset(data("register.toml")["names"][which].split())


@lru_cache(maxsize=10_000)
def _keys(name: str) -> list[tuple[str, ...]]:
    """Return the whole name, the name without what stands in parentheses, and each of those (acronyms, other names)."""
    if "(" not in name and " - " not in name:
        return [key(name)]
    variants = [name, _PARENTHESES.sub(" ", name), *_PARENTHESES.findall(name), *name.split(" - ")]
    return [found for found in map(key, variants) if found]


def _same(name: tuple[str, ...]) -> tuple[str, ...]:
    return name


@lru_cache(maxsize=20_000)
def _without_legal_forms(name: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in name if word not in _listed("legal_forms"))


@lru_cache(maxsize=20_000)
def _without_descriptions(name: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in _without_legal_forms(name) if word not in _listed("descriptions"))


def _without_introduction(name: tuple[str, ...]) -> tuple[str, ...]:
    """Drop "city of" and the like; a name made of such words alone stays."""
    first = next((i for i, word in enumerate(name) if word not in _listed("introductions")), 0)
    return name[first:]


def _by_part(wanted: tuple[str, ...], keys: Sequence[tuple[int, list[tuple[str, ...]]]]) -> NameMatch | None:
    """Find names that hold all of `wanted` in a row; one alone is meant by three words, or two that begin it."""
    if not wanted:
        return None
    text = f" {' '.join(wanted)} "
    holding = [number for number, names in keys if any(text in f" {' '.join(name)} " for name in names)]
    certain = [n for n, names in keys if any(name[: len(wanted)] == wanted for name in names)] if len(wanted) == 2 else holding
    if len(holding) == 1 and certain == holding and len(wanted) > 1:
        return NameMatch(found=tuple(holding))
    return NameMatch(candidates=tuple(holding), part=True) if holding else None


def _by_typo(wanted: tuple[str, ...], keys: Sequence[tuple[int, list[tuple[str, ...]]]]) -> NameMatch | None:
    from rapidfuzz.distance import OSA

    text = " ".join(_without_legal_forms(wanted))
    if len(text) < _SHORT_NAME:
        return None
    allowed = 2 if len(text) >= _LONG_NAME else 1
    lengths = range(len(text) - allowed, len(text) + allowed + 1)
    close = [
        number
        for number, names in keys
        if any(
            len(plain) in lengths and OSA.distance(text, plain, score_cutoff=allowed) <= allowed
            for plain in map(_joined, names)
        )
    ]
    return NameMatch(found=tuple(close), typo=True) if close else None


@lru_cache(maxsize=20_000)
def _joined(name: tuple[str, ...]) -> str:
    return " ".join(_without_legal_forms(name))


def _near(wanted: tuple[str, ...], supporters: Sequence[tuple[int, str]]) -> NameMatch:
    from rapidfuzz import fuzz, process

    choices = {number: " ".join(key(name)) for number, name in supporters}
    best = process.extract(" ".join(wanted), choices, scorer=fuzz.ratio, score_cutoff=_NEAR, limit=3)
    return NameMatch(candidates=tuple(number for _, _, number in best))
