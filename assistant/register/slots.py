"""What the words of a question stand for in the register's vocabulary, and the filter that they add up to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from knowledge_base.language.numbers import in_digits
from knowledge_base.language.places import Place, country, data, lexicon, nearly
from knowledge_base.language.words import fold
from knowledge_base.register.table import Kind, RegisterFilter

STATE = Kind("state")
Phrase = tuple[str, ...]
_WORD = re.compile(r"[^\W_]+?(?=n't\b)|n't\b|[^\W_]+", re.IGNORECASE)
_LONGEST_PHRASE = 11
_SHORTEST_TYPO, _LONG_WORD = 6, 9  # letters from which one of a word, or two, may be wrong
_PASSED = ("filler", "are", "neutral", "member_of", "represented", "seat", "or", "each")


@dataclass(frozen=True, slots=True)
class Token:
    """A phrase of a question, characters `start` to `end` of it: what it may do there (`roles`) and what it names.

    `marks` are roles that leave a word unknown: it may only stand where a pattern expects it. `is_excluded`: a "not" before it
    takes out the kind or place that it names.
    """

    text: str
    start: int = 0
    end: int = 0
    roles: frozenset[str] = frozenset()
    marks: frozenset[str] = frozenset()
    kind: Kind | None = None
    places: tuple[Place, ...] = ()
    number: int | None = None
    is_excluded: bool = False
    traits: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        words, told = self.text.split(), data("register_words.toml")["light"]
        names = {
            "kind": self.kind, "place": self.places, "number": self.number, "state": self.kind == STATE,
            "plural": self.kind and any(word in told["many"] or (word.endswith("s") and word != "business") for word in words),
        }  # fmt: skip
        object.__setattr__(self, "traits", self.roles | self.marks | {name for name, value in names.items() if value})

    @property
    def is_known(self) -> bool:
        """Return whether the vocabulary holds it."""
        return bool(self.roles or self.kind or self.places or self.number is not None)

    def is_a(self, *traits: str) -> bool:
        """Return whether it has one of the roles and marks, or names a kind, place, number or state."""
        return not self.traits.isdisjoint(traits)


def has(read: Iterable[Token], *traits: str) -> bool:
    """Return whether a token has any of the traits."""
    return any(not token.traits.isdisjoint(traits) for token in read)


@lru_cache(maxsize=500)
def tokens(text: str, typos: bool = True) -> tuple[Token, ...]:
    """Read `text` phrase by phrase, the longest known one first; `typos`: unknown words may be countries slightly misspelt."""
    written = list(_WORD.finditer(text))
    folded = ["not" if word[0].lower() == "n't" else fold(word[0]) for word in written]
    read: list[Token] = []
    position, cased = 0, data("register_words.toml")["light"]["cased"]
    while position < len(folded):
        lengths = range(min(_LONGEST_PHRASE, len(folded) - position), 0, -1)
        phrases = (tuple(folded[position : position + length]) for length in lengths)
        found = next((phrase for phrase in phrases if phrase in _vocabulary()), (folded[position],))
        token = _vocabulary().get(found) or Token(found[0])
        if found[0] in cased and len(found) == 1 and not written[position][0].isupper():
            noun = _without_places().get(tuple(folded[position + 1 : position + 2]))
            is_before_noun = folded[position - 1 : position] == ["the"] or (noun and noun.kind)
            token = token if is_before_noun and found[0] != "un" else _without_places().get(found) or Token(found[0])
        if not token.is_known:
            number = _number(found[0]) if len(found) == 1 else None
            token = replace(
                token, number=number, places=nearly(found[0]) if typos and not token.marks and number is None else ()
            )
        last = position + len(found)
        read.append(replace(token, start=written[position].start(), end=written[last - 1].end()))
        position = last
    light = [replace(token, roles=frozenset(["filler"])) if is_light(read, i) else token for i, token in enumerate(read)]
    return _with_slots(light)


@cache
def _vocabulary() -> dict[Phrase, Token]:
    """Return what every phrase stands for; a place has no roles."""
    return _without_places() | {phrase: Token(" ".join(phrase), places=places) for phrase, places in lexicon().items()}


@cache
def _without_places() -> dict[Phrase, Token]:
    told = data("register_words.toml")
    found: dict[Phrase, Token] = {}
    for table, name in (("roles", "roles"), ("marks", "marks")):
        for role, phrases in told[table].items():
            for phrase in phrases:
                token = found.get(key := tuple(phrase.split())) or Token(phrase)
                found[key] = replace(token, **{name: getattr(token, name) | {role}})
    for entry in told["kinds"]:
        kind = Kind(entry.get("category"), tuple(entry.get("natures", ())))
        for phrase in entry["words"]:
            token = found.get(key := tuple(phrase.split())) or Token(phrase)
            found[key] = replace(token, kind=kind)
    return found


@lru_cache(maxsize=2000)
def _number(word: str) -> int | None:
    """Return a number below 100, in digits or in words of either language."""
    shown = word if word.isdecimal() else next((n for n in (in_digits(word, "en"), in_digits(word, "fr")) if n.isdecimal()), "")
    return int(shown) if 0 < len(shown) < 3 else None


def is_light(read: Sequence[Token], position: int) -> bool:
    """Return whether an unknown word stands where it changes nothing.

    Adverbs ("worldwide" is known, "verifiably" is not); what the register does ("does the register tabulate"); what has been
    done to supporters in it ("companies tabulated in the register").
    """
    token, told = read[position], data("register_words.toml")["light"]
    if token.is_known or token.text.isdecimal() or any(stem in token.text for stem in told["leaves_out"]):
        return False
    if token.text.endswith("ly") and len(token.text) > 5 and token.text not in told["no_adverbs"]:
        return True
    before = read[:position]
    after = [following for following in read[position + 1 :] if not following.is_a("in_the")]
    if before and before[-1].is_a("register"):
        return has(before[-4:-1], "do", "have")
    is_done = token.text.endswith("ed") and bool(before) and before[-1].is_a("kind", "supporter", "neutral", "are")
    return is_done and bool(after) and after[0].is_a("register") and read[position + 1] != after[0]


def _with_slots(read: list[Token]) -> tuple[Token, ...]:
    """Mark the places and kinds that a "not" before them takes out, with those that "or" adds; tell "US states" from states."""
    excluded: set[int] = set()
    for position, token in enumerate(read):
        target = following(read, position) if token.is_a("not") else None
        while target is not None and read[target].is_a("place", "kind"):
            excluded.add(target)
            added = following(read, target, ("or", "filler", "each"))
            target = added if added and read[added].is_a("place") == read[target].is_a("place") else None
    found: list[Token] = []
    for position, token in enumerate(read):
        places = read[position - 1].places if position else ()
        of_a_country = token.kind == STATE and token.text == "states" and len(places) == 1 and not places[0].is_group
        kind = Kind("public-authority", ("federated-state",)) if of_a_country else token.kind
        changed = kind != token.kind or position in excluded
        found.append(replace(token, kind=kind, is_excluded=position in excluded) if changed else token)
    return tuple(found)


def following(read: Sequence[Token], position: int, passed: Sequence[str] = _PASSED) -> int | None:
    """Return the position of the next word after `position` that has none of the `passed` roles."""
    return next((i for i in range(position + 1, len(read)) if read[i].roles.isdisjoint(passed)), None)


def filter_of(read: Sequence[Token]) -> RegisterFilter:
    """Return what the kinds and places among the tokens add up to, without dates; two kinds in a row are one."""
    places = [token.places[0] for token in read if token.places and not token.is_excluded]
    kept = [token for token in read if not token.is_excluded]
    kinds: list[Kind] = []
    for before, token in zip([None, *kept], kept, strict=False):
        both = joint_kind(kinds[-1], token.kind) if kinds and before and before.kind and token.kind else None
        if both:
            kinds[-1] = both
        elif token.kind:
            kinds.append(token.kind)
    if not kinds and any(place.is_group for place in places):  # "how many of the G7", "G7 members"; not "supporters of the EU"
        words = [token for token in kept if not token.is_a("article")]
        of = [
            before
            for before, token, after in zip([Token(""), *words], words, words[1:], strict=False)
            if token.is_a("of") and after.places
        ]
        are_members = has(kept, "members") or has(of, "any") or (of and not has(kept, "supporter", "neutral"))
        kinds = [STATE] if are_members else []
    out = [token for token in read if token.is_excluded]
    return RegisterFilter(
        kinds=tuple(dict.fromkeys(kinds)),
        places=tuple(dict.fromkeys(places)),
        excluded=tuple(dict.fromkeys(token.places[0] for token in out if token.places)),
        excluded_kinds=tuple(dict.fromkeys(token.kind for token in out if token.kind)),
    )


def joint_kind(first: Kind, second: Kind) -> Kind | None:
    """Return the kind that is both ("civil-society think tanks"), or None."""
    if first.category and second.category and first.category != second.category:
        return None
    if first.natures and second.natures and first.natures != second.natures:
        return None
    return Kind(first.category or second.category, first.natures or second.natures)


def narrowed(whole: RegisterFilter, part: RegisterFilter) -> RegisterFilter | None:
    """Return what passes both, joined when `whole` says; None where no one kind is both ("companies" among "states")."""
    kinds = whole.kinds or part.kinds
    if whole.kinds and part.kinds and whole.kinds != part.kinds:
        kinds = tuple(both for first in whole.kinds for second in part.kinds if (both := joint_kind(first, second)))
        if len(kinds) < len(part.kinds):
            return None
    outer, inner = ({code for place in wanted.places for code in place.codes} for wanted in (whole, part))
    places = part.places or whole.places
    if outer and inner and not inner <= outer:
        places = tuple(place for code in sorted(inner & outer) if (place := country(code)))
        if not places:
            return None
    return RegisterFilter(
        kinds=kinds,
        places=places,
        excluded=tuple(dict.fromkeys((*whole.excluded, *part.excluded))),
        excluded_kinds=tuple(dict.fromkeys((*whole.excluded_kinds, *part.excluded_kinds))),
        joined_since=part.joined_since or whole.joined_since,
        joined_before=part.joined_before or whole.joined_before,
    )


def with_typos_corrected(text: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return `text` with unknown words in lower case replaced by the known ones that they nearly are, and the pairs."""
    from rapidfuzz.distance import OSA

    pairs: list[tuple[str, str]] = []
    for token in reversed(tokens(text)):
        word = text[token.start : token.end]
        if token.is_known or token.marks or not word.islower() or len(token.text) < _SHORTEST_TYPO:
            continue
        wrong = 2 if len(token.text) >= _LONG_WORD else 1
        near = [(OSA.distance(token.text, known, score_cutoff=wrong), known) for known in _words_by_letter().get(word[0], ())]
        best = min(near, default=(wrong + 1, ""))
        if best[0] <= wrong:
            pairs.insert(0, (word, best[1]))
            text = text[: token.start] + best[1] + text[token.end :]
    return text, tuple(pairs)


@cache
def _words_by_letter() -> dict[str, list[str]]:
    """Return the words of kinds, roles and places that may be misspelt, by their first letter."""
    found: dict[str, set[str]] = {}
    for phrase, token in _vocabulary().items():
        for word in phrase if token.is_known and not token.is_a("filler") and (len(phrase) == 1 or not token.places) else ():
            if len(word) >= _SHORTEST_TYPO - 1:
                found.setdefault(word[0], set()).add(word)
    return {letter: sorted(words) for letter, words in found.items()}
