"""The filter that the words of a question spell: kinds, places, and what a "not" takes out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from assistant.register_words import Token
from knowledge_base.register import Kind, RegisterFilter

STATE = Kind("state")
_MEMBERS = frozenset(["member", "members", "membre", "membres", "members of", "membres de"])
SIGNIFICANT = ("act", "register", "supporter", "call")


def filter_of(read: Sequence[Token]) -> RegisterFilter:
    """Return what the kinds and places among the tokens ask for, without dates."""
    excluded = _excluded(read)
    places = [token.places[0] for i, token in enumerate(read) if token.places and i not in excluded]
    kept = [token for i, token in enumerate(read) if i not in excluded]
    kinds = _kinds(kept)
    if not kinds and any(place.is_group for place in places) and _speaks_of_members(kept):
        kinds = (STATE,)
    return RegisterFilter(
        kinds=kinds,
        places=tuple(dict.fromkeys(places)),
        excluded=tuple(dict.fromkeys(read[i].places[0] for i in excluded if read[i].places)),
        excluded_kinds=tuple(dict.fromkeys(kind for i in excluded if (kind := read[i].kind))),
    )


def _speaks_of_members(read: Sequence[Token]) -> bool:
    """Say whether the members of a group are meant: "G7 members", "how many of the G7"; not "supporters of the EU"."""
    if any(token.text in _MEMBERS for token in read):
        return True
    words = [token for token in read if token.text not in {"the", "l", "les"}]
    is_of = any(first.text in {"of", "des", "du", "de"} and second.places for first, second in pairwise(words))
    return is_of and not has(read, "supporter", "neutral")


def _kinds(read: Sequence[Token]) -> tuple[Kind, ...]:
    """Return the kinds named; two beside each other are one ("civil-society think tanks")."""
    found: list[Kind] = []
    previous: Token | None = None
    for position, token in enumerate(read):
        kind = _kind(read, position)
        if kind and previous and previous.kind and found and (joined := _joined(found[-1], kind)):
            found[-1] = joined
        elif kind:
            found.append(kind)
        previous = token
    return tuple(dict.fromkeys(found))


def _kind(read: Sequence[Token], position: int) -> Kind | None:
    """Return the kind of a token; "US states" are the federated states of one country, not states of the world."""
    token = read[position]
    before = read[position - 1].places if position else ()
    if token.kind == STATE and token.text == "states" and len(before) == 1 and not before[0].is_group:
        return Kind("public-authority", ("federated-state",))
    return token.kind


def _joined(first: Kind, second: Kind) -> Kind | None:
    if first.category and second.category and first.category != second.category:
        return None
    if first.natures and second.natures and first.natures != second.natures:
        return None
    return Kind(first.category or second.category, first.natures or second.natures)


def _excluded(read: Sequence[Token]) -> set[int]:
    """Return the positions of places and kinds that a "not" before them takes out, with those that "or" adds."""
    found: set[int] = set()
    for position, token in enumerate(read):
        if "not" in token.roles:
            target = _target(read, position)
            while target is not None and (read[target].places or read[target].kind):
                found.add(target)
                following = _target(read, target, only_or=True)
                target = following if following and bool(read[following].places) == bool(read[target].places) else None
    return found


def _target(read: Sequence[Token], position: int, only_or: bool = False) -> int | None:
    """Return the next word that matters after `position`: only across "or", "and" and articles where `only_or`."""
    passed = (
        {"or", "filler", "each"} if only_or else {"filler", "are", "neutral", "member_of", "represented", "seat", "or", "each"}
    )
    for following in range(position + 1, len(read)):
        token = read[following]
        if not token.roles & passed:
            return following
    return None


def is_negated(read: Sequence[Token]) -> bool:
    """Say whether a "not" takes out the signing itself."""
    for position, token in enumerate(read):
        if "not" in token.roles:
            target = _target(read, position)
            if target is None or (not read[target].kind and read[target].roles & {*SIGNIFICANT, "list", "any"}):
                return True
    return False


def narrowed(whole: RegisterFilter, part: RegisterFilter) -> RegisterFilter | None:
    """Return what is in both; None where no one kind is both ("companies" among "states")."""
    if whole.kinds and part.kinds and whole.kinds != part.kinds:
        kinds = tuple(joined for first in whole.kinds for second in part.kinds if (joined := _joined(first, second)))
        if len(kinds) < len(part.kinds):
            return None
    else:
        kinds = whole.kinds or part.kinds
    if whole.places and part.places and whole.places != part.places:
        return None if not _codes(part) <= _codes(whole) else replace(part, kinds=kinds)
    excluded = tuple(dict.fromkeys((*whole.excluded, *part.excluded)))
    excluded_kinds = tuple(dict.fromkeys((*whole.excluded_kinds, *part.excluded_kinds)))
    return replace(part, kinds=kinds, places=part.places or whole.places, excluded=excluded, excluded_kinds=excluded_kinds)


def _codes(wanted: RegisterFilter) -> set[str]:
    return {code for place in wanted.places for code in place.codes}


def has(read: Sequence[Token], *roles: str) -> bool:
    """Say whether a token has any of the roles."""
    return any(token.roles.intersection(roles) for token in read)
