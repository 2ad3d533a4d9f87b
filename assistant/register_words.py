"""The words of a question as the register's vocabulary reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from knowledge_base.countries import Place, data, lexicon, nearly
from knowledge_base.register import Kind
from knowledge_base.text_terms import fold

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
