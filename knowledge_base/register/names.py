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
    wanted = key(name)
    found = _match(wanted, supporters)
    introduced = next((i for i, word in enumerate(wanted) if word not in _listed("introductions")), 0)  # "city of ..."
    if found.found or not introduced:
        return found
    again = _match(wanted[introduced:], supporters)
    return again if again.found and not again.typo else found


@lru_cache(maxsize=10_000)
def key(name: str) -> tuple[str, ...]:
    """Return the folded words of a name without a leading article."""
    found = tuple(words(name))
    return found[1:] if len(found) > 1 and found[0] in _listed("articles") else found


@cache
def _listed(which: str) -> frozenset[str]:
    return frozenset(data("register.toml")["names"][which].split())


@lru_cache(maxsize=60_000)
def _without(name: tuple[str, ...], *lists: str) -> tuple[str, ...]:
    """Return a name without the words of some lists: legal forms, descriptions."""
    return tuple(word for word in name if not any(word in _listed(which) for which in lists))


@lru_cache(maxsize=10_000)
def _keys(name: str) -> list[tuple[str, ...]]:
    """Return the whole name, the name without what stands in parentheses, and each of those (acronyms, other names)."""
    if "(" not in name and " - " not in name:
        return [key(name)]
    variants = [name, _PARENTHESES.sub(" ", name), *_PARENTHESES.findall(name), *name.split(" - ")]
    return [found for found in map(key, variants) if found]


def _match(wanted: tuple[str, ...], supporters: Sequence[tuple[int, str]]) -> NameMatch:
    from rapidfuzz import fuzz, process

    keys = [(number, _keys(official)) for number, official in supporters]
    for lists in ((), ("legal_forms",), ("legal_forms", "descriptions")):
        plain = _without(wanted, *lists)
        exact = tuple(number for number, names in keys if any(_without(found, *lists) == plain for found in names))
        if plain and exact:
            return NameMatch(found=exact)
    if found := _by_part(wanted, keys) or _by_typo(wanted, keys):
        return found
    choices = {number: " ".join(key(official)) for number, official in supporters}
    best = process.extract(" ".join(wanted), choices, scorer=fuzz.ratio, score_cutoff=_NEAR, limit=3)
    return NameMatch(candidates=tuple(number for _, _, number in best))


def _by_part(wanted: tuple[str, ...], keys: Sequence[tuple[int, list[tuple[str, ...]]]]) -> NameMatch | None:
    """Find names that hold all of `wanted` in a row; a single one is meant by three words, or two that begin it."""
    text = f" {' '.join(wanted)} "
    holding = [number for number, names in keys if wanted and any(text in f" {' '.join(name)} " for name in names)]
    begins = [number for number, names in keys if any(name[: len(wanted)] == wanted for name in names)]
    certain = begins if len(wanted) == 2 else holding
    if len(holding) == 1 and certain == holding and len(wanted) > 1:
        return NameMatch(found=tuple(holding))
    return NameMatch(candidates=tuple(holding), part=True) if holding else None


def _by_typo(wanted: tuple[str, ...], keys: Sequence[tuple[int, list[tuple[str, ...]]]]) -> NameMatch | None:
    """Find names of which one letter is wrong, or two of a long one, legal forms left out."""
    from rapidfuzz.distance import OSA

    text = " ".join(_without(wanted, "legal_forms"))
    if len(text) < _SHORT_NAME:
        return None
    allowed = 2 if len(text) >= _LONG_NAME else 1
    close: list[int] = []
    for number, names in keys:
        plain = [" ".join(_without(name, "legal_forms")) for name in names]
        near = [name for name in plain if abs(len(name) - len(text)) <= allowed]
        if any(OSA.distance(text, name, score_cutoff=allowed) <= allowed for name in near):
            close.append(number)
    return NameMatch(found=tuple(close), typo=True) if close else None
