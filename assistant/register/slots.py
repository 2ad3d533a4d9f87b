"""The words of a question as the register's vocabulary reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from knowledge_base.language.places import Place, data, lexicon, nearly
from knowledge_base.language.words import fold
from knowledge_base.register.table import Kind, RegisterFilter

_WORD = re.compile(r"[^\W_]+")
_NOT = re.compile(r"n't\b", re.IGNORECASE)
_LONGEST_PHRASE = 11
_CASED = frozenset(["us", "eu", "un"])  # places in capitals, common words of English or French otherwise
_NUMBERS = {
    word: number
    for number, pair in enumerate(
        [
            "",
            "",
            "two deux",
            "three trois",
            "four quatre",
            "five cinq",
            "six",
            "seven sept",
            "eight huit",
            "nine neuf",
            "ten dix",
        ]
    )
    for word in pair.split()
}


_FILLER = frozenset(["filler"])
_NO_ADVERBS = frozenset(
    ["family", "supply", "reply", "ally", "assembly", "july", "only", "early", "friendly", "elderly", "newly"]
)
_LEAVES_OUT = re.compile(r"omit|lack|miss|exclu|leav|left|remov|delet|delist|drop|reject|refus|los[et]|oubli|manqu|retir|ignor")
_DO = frozenset(["do", "does", "did", "has", "have", "had", "can"])


@dataclass(frozen=True, slots=True)
class Token:
    """A phrase of a question: `roles` are what it may do there, `kind` and `places` what it names; none of them: unknown."""

    text: str
    roles: frozenset[str] = frozenset()
    kind: Kind | None = None
    places: tuple[Place, ...] = ()
    number: int | None = None

    @property
    def is_known(self) -> bool:
        """Say whether the vocabulary holds it."""
        return bool(self.roles or self.kind or self.places or self.number is not None)

    @property
    def is_plural(self) -> bool:
        """Say whether it names a kind in the plural, or a whole sector."""
        return any(word.endswith("s") and word != "business" or word in {"sector", "society"} for word in self.text.split())


def tokens(text: str, typos: bool = True) -> list[Token]:
    """Read `text` phrase by phrase, the longest known one first; `typos`: unknown words may be countries slightly misspelt."""
    written = _WORD.findall(_NOT.sub(" not", text))
    folded = [fold(word) for word in written]
    found: list[Token] = []
    position = 0
    while position < len(folded):
        token, length = _longest(folded, written, position) or (_single(folded, position, typos), 1)
        found.append(token)
        position += length
    return [Token(token.text, _FILLER) if is_light(found, position) else token for position, token in enumerate(found)]


def is_light(read: Sequence[Token], position: int) -> bool:
    """Say whether an unknown word stands where it changes nothing.

    Adverbs ("worldwide" is known, "verifiably" is not); what the register does ("does the register tabulate"); what has been
    done to supporters in it ("companies tabulated in the register").
    """
    word = read[position].text
    if read[position].is_known or word.isdigit() or _LEAVES_OUT.search(word):
        return False
    if word.endswith("ly") and len(word) > 5 and word not in _NO_ADVERBS:
        return True
    before, after = (
        read[:position],
        [token for token in read[position + 1 :] if token.text not in {"in", "on", "dans", "sur", "the"}],
    )
    if before and "register" in before[-1].roles:
        return any(token.text in _DO for token in before[-4:-1])
    is_done = (
        word.endswith("ed") and bool(before) and bool(before[-1].kind or before[-1].roles & {"supporter", "neutral", "are"})
    )
    return is_done and bool(after) and "register" in after[0].roles and read[position + 1] != after[0]


def _longest(folded: Sequence[str], written: Sequence[str], position: int) -> tuple[Token, int] | None:
    for length in range(min(_LONGEST_PHRASE, len(folded) - position), 0, -1):
        phrase = tuple(folded[position : position + length])
        roles, kind, places = _roles().get(phrase, frozenset()), _kinds().get(phrase), lexicon().get(phrase, ())
        if phrase[0] in _CASED and length == 1 and not _is_place(folded, written, position):
            places = ()
        if roles or kind or places:
            return Token(" ".join(phrase), frozenset() if places else roles, None if places else kind, places), length
    return None


def _is_place(folded: Sequence[str], written: Sequence[str], position: int) -> bool:
    """Say whether "us", "eu" or "un" is a place here: in capitals, or between "the" and a noun or before a kind."""
    if written[position].isupper():
        return True
    following = tuple(folded[position + 1 : position + 2])
    return folded[position] != "un" and (following in _kinds() or folded[position - 1 : position] == ["the"])


def _single(folded: Sequence[str], position: int, typos: bool) -> Token:
    word = folded[position]
    if word.isdigit() or word in _NUMBERS:
        return Token(word, number=int(word) if word.isdigit() and len(word) < 3 else _NUMBERS.get(word))
    return Token(word, places=nearly(word) if typos else ())


@cache
def _roles() -> dict[tuple[str, ...], frozenset[str]]:
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for role, phrases in data("register_words.toml")["roles"].items():
        for phrase in phrases:
            words = tuple(phrase.split())
            found[words] = found.get(words, frozenset()) | {role}
    return found


@cache
def _kinds() -> dict[tuple[str, ...], Kind]:
    entries = data("register_words.toml")["kinds"]
    return {
        tuple(phrase.split()): Kind(entry.get("category"), tuple(entry.get("natures", ())))
        for entry in entries
        for phrase in entry["words"]
    }


STATE = Kind("state")
_MEMBERS = frozenset(["member", "members", "membre", "membres", "members of", "membres de"])
SIGNIFICANT = ("act", "register", "supporter", "call")


def filter_of(read: Sequence[Token]) -> RegisterFilter:
    """Return what the kinds and places among the tokens ask for, without dates."""
    excluded = _excluded(read)
    places = [token.places[0] for i, token in enumerate(read) if token.places and i not in excluded]
    kept = [token for i, token in enumerate(read) if i not in excluded]
    kinds = _kinds_asked(kept)
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


def _kinds_asked(read: Sequence[Token]) -> tuple[Kind, ...]:
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
