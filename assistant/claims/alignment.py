"""Lay a sentence word by word against one of the documents: what it adds, and what it says differently.

A sentence is said by another where each of its words is said there, and the small words by which a sentence may turn into
another (who does what to whom, all or some, must or may, if, not) are the same. What similarity of sentences leaves open
("reward" or "punish", "A fell to B" or "B fell to A") is decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, takewhile

from knowledge_base.language.dates import MONTHS
from knowledge_base.language.meanings import is_opposite, says
from knowledge_base.language.negations import form_stem
from knowledge_base.language.numbers import NUMBER_WORDS
from knowledge_base.language.text import Text
from knowledge_base.language.vocabulary import listed, word_set
from knowledge_base.language.words import fold, stop_words

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*(?:st|nd|rd|th|er|e|eme)?\b|[^\W_]+|[,;:.()]")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_ANCHORS = 4  # words nearest to a number that may tell what it counts
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
_BREAKS = frozenset(",;:.()")
_REACH = 3  # words of meaning after a small word ("must", "some") that it may be said of
_BEARS = 2  # of them that "some" or "must" bears on
_COMPOUND = 4  # words of a compound such as "security discussions"
_OPENING = 3  # words before a half of a sentence that show what it is there
_FAR = 15  # words after a preposition that it may still be said of, in a list
_NEAR = 2  # words between a verb and what shows that it is passive
_STRENGTHS = ("universal", "majority", "partial", "few")
_WEAKER = {
    "universal": {"universal", "majority", "partial"},
    "majority": {"majority", "partial"},
    "partial": {"partial"},
    "few": {"few"},
}
_BEFORE_COUNTED = 2  # words at most from a number to what it counts
_MODES = ("obligation", "advice", "possibility", "would")

Pairs = Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a sentence, folded, with its stem; `carries`: it has a meaning of its own."""

    text: str
    stem: str
    carries: bool
    is_name: bool = False

    @property
    def number_kind(self) -> str:
        """Return what kind of number it is, "" where it is none."""
        if not self.text[0].isdigit():
            return ""
        if _YEAR.fullmatch(self.text):
            return "year"
        return "ordinal" if self.text[-1].isalpha() else "count"


@dataclass(frozen=True, slots=True)
class Difference:
    """How a claim differs: the kind, what it says, and what the evidence says in its place; "" for nothing."""

    kind: str
    claim: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Alignment:
    """`covered`: the share of the claim's words that the evidence says; `missing`: the others, each one that it lacks, of
    which `missing_names` are names."""

    covered: float
    missing: tuple[str, ...]
    differences: tuple[Difference, ...]
    missing_names: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Return whether the evidence says all that the claim says."""
        return not self.missing and not self.differences


def align(claim: Text, evidence: Text, context: Text) -> Alignment:
    """Lay a claim against a sentence of its language; `context` are the title and headings that the sentence stands under."""
    mine, theirs = _words(claim), _words(evidence)
    around = {word.stem for word in _words(context)}
    joined = {fold(word) for word in _HYPHEN.sub("", evidence.text).split()}  # "anti-trust", "antitrust"
    written = {word.text for word in theirs} | evidence.initials | joined
    general = _not_of_all(mine, claim.language)
    pairs: dict[int, list[int]] = {}
    missing: list[int] = []
    spoken = {word.stem for word in mine}
    for position, word in enumerate(mine):
        if not word.carries:
            continue
        same = [place for place, other in enumerate(theirs) if other.stem == word.stem]
        free = [(p, other) for p, other in enumerate(theirs) if other.carries and other.stem not in spoken]
        wider = [p for p, other in free if says(other.stem, word.stem, claim.language)]
        if found := sorted([*same, *(wider if position in general else [])]):
            pairs[position] = found
        elif not (
            (word.stem in around and not _is_counted(mine, position))
            or word.text in written
            or (claim.initials & written and _is_initial(word, claim))
            or (word.text in _class("voices", claim.language) and _first(_class("first_person", claim.language), theirs))
        ):
            missing.append(position)
    differences = [
        *_opposed(mine, theirs, pairs, missing, claim.language),
        *_of_other_strength(mine, theirs, pairs, claim.language),
        *_of_other_mode(mine, theirs, pairs, claim.language),
        *_denied(claim, evidence, pairs, theirs),
        *_turned_round(mine, theirs, pairs, claim.language),
        *_of_other_numbers(mine, theirs, pairs),
    ]
    carrying = sum(word.carries for word in mine)
    return Alignment(
        1 - len(missing) / max(1, carrying),
        tuple(mine[p].text for p in missing),
        tuple(differences),
        tuple(mine[p].text for p in missing if mine[p].is_name),
    )


def _not_of_all(words: Sequence[Word], language: str) -> set[int]:
    """Return the words of a claim that may be wider than the evidence's: what is said of all or none of a kind may not."""
    closed = _class("universal", language) | word_set("negation.words", language)
    bound = {
        place
        for position, word in enumerate(words)
        if word.text in closed
        for place in [p for p in range(position + 1, len(words)) if words[p].carries][:1]
    }
    return set(range(len(words))) - bound


def _is_counted(words: Sequence[Word], position: int) -> bool:
    """Return whether a word is what a number counts ("12 principles"): a heading does not say how many there are."""
    return any(word.number_kind == "count" for word in words[max(0, position - _BEFORE_COUNTED) : position])


def _words(text: Text) -> list[Word]:
    """Return the words and the marks of a text with its numbers in digits, in order."""
    found: list[Word] = []
    for match in _TOKEN.finditer(text.digits):
        folded = fold(match[0])
        is_month = match[0][0].isupper() and folded in MONTHS
        folded = f"{folded}." if is_month else folded  # "May" is no "may"
        carries = not is_month and len(folded) > 1 and folded.isalpha() and folded not in _unsaid(text.language)
        is_name = bool(found) and match[0][0].isupper() and found[-1].text != "."
        found.append(Word(folded, form_stem(folded, text.language), carries, is_name))
    return found


def _class(name: str, language: str) -> frozenset[str]:
    return word_set(f"claims.{name}", language)


@cache
def _unsaid(language: str) -> frozenset[str]:
    """Return the words that carry no meaning of their own, or one that is compared apart."""
    apart = (*_STRENGTHS, *_MODES, "exclusive", "less", "condition", "light")
    classes = (_class(name, language) for name in apart)
    denying = word_set("negation.words", language)
    return stop_words(language) | NUMBER_WORDS | MONTHS.keys() | denying | frozenset[str]().union(*classes)


def _is_initial(word: Word, claim: Text) -> bool:
    """Return whether a word of a claim is part of a name that the evidence may write in its initials."""
    return any(word.text in name.run for name in claim.names if len(name.run) > 1)


def _opposed(
    mine: Sequence[Word], theirs: Sequence[Word], pairs: Pairs, missing: Sequence[int], language: str
) -> Iterator[Difference]:
    """Give the words of the claim whose opposites the evidence has; "less" is one, and "only" where the evidence lacks it."""
    taken = {place for places in pairs.values() for place in places}
    for position in missing:
        for place, other in enumerate(theirs):
            if other.carries and place not in taken and is_opposite(mine[position].stem, other.stem, language):
                yield Difference("opposite", mine[position].text, other.text)
    for name in ("less", "exclusive"):
        here, there = (_first(_class(name, language), words) for words in (mine, theirs))
        if bool(here) != bool(there) and (here or name == "less"):
            yield Difference("scope", here, there)


def _first(wanted: frozenset[str], words: Sequence[Word]) -> str:
    return next((word.text for word in words if word.text in wanted), "")


def _bearing(words: Sequence[Word], wanted: frozenset[str], held: set[int]) -> str:
    """Return the first of the small words that is said of a word that both sentences have, or ""."""
    for position, word in enumerate(words):
        following = [p for p in range(position + 1, len(words)) if words[p].carries][:_BEARS]
        if word.text in wanted and not held.isdisjoint(following):
            return word.text
    return ""


def _of_other_strength(mine: Sequence[Word], theirs: Sequence[Word], pairs: Pairs, language: str) -> Iterator[Difference]:
    """Give "all" where the evidence says "most", and the "most" that the claim leaves out."""
    held = {place for places in pairs.values() for place in places}
    claimed = {name: _first(_class(name, language), mine) for name in _STRENGTHS}
    stated = {name: _bearing(theirs, _class(name, language), held) for name in _STRENGTHS}
    anywhere = {name: _first(_class(name, language), theirs) for name in _STRENGTHS}
    for name, word in claimed.items():
        if word and not any(anywhere[other] and name in _WEAKER[other] for other in _STRENGTHS):
            yield Difference("scope", word, next(filter(None, stated.values()), ""))
    for name in ("majority", "partial", "few"):
        if stated[name] and not any(claimed[other] for other in _WEAKER[name]):
            yield Difference("scope", "", stated[name])


def _of_other_mode(mine: Sequence[Word], theirs: Sequence[Word], pairs: Pairs, language: str) -> Iterator[Difference]:
    """Give "may" for "must", a condition that one of them lacks, and what the evidence says is only planned or alleged."""
    held = {place for places in pairs.values() for place in places}
    claimed = {name: _first(_class(name, language), mine) for name in _MODES}
    stated = {name: _bearing(theirs, _class(name, language), held) for name in _MODES}
    for name in _MODES:
        if bool(claimed[name]) != bool(stated[name]):
            others = (word for other, word in (stated if claimed[name] else claimed).items() if other != name)
            rival = next(filter(None, others), "")
            yield Difference("modality", *((claimed[name], rival) if claimed[name] else (rival, stated[name])))
    here, there = (_first(_class("condition", language), words) for words in (mine, theirs))
    if bool(here) != bool(there):
        yield Difference("condition", here, there)
    for position, word in enumerate(theirs):
        if word.text in _class("unreal", language) and position not in held:
            after = [p for p in range(position + 1, len(theirs)) if theirs[p].carries][:_REACH]
            if not held.isdisjoint(after):
                yield Difference("only said", "", word.text)


def _denied(claim: Text, evidence: Text, pairs: Pairs, theirs: Sequence[Word]) -> Iterator[Difference]:
    """Give a negation that only one of them has, or that denies something else."""
    held = {theirs[place].stem for places in pairs.values() for place in places}
    bearing = [negation for negation in evidence.negations if not held.isdisjoint(negation.stems[:_REACH])]
    denied = {stem for negation in bearing for stem in negation.stems}

    def is_denied_there(stem: str) -> bool:
        return any(says(other, stem, claim.language) for other in denied)

    elsewhere = bearing and any(not any(map(is_denied_there, negation.near)) for negation in claim.negations)
    if bool(claim.negations) != bool(bearing) or elsewhere:
        denying = word_set("negation.words", claim.language)
        yield Difference("negation", _first(denying, _words(claim)), _first(denying, theirs))


def _turned_round(mine: Sequence[Word], theirs: Sequence[Word], pairs: Pairs, language: str) -> Iterator[Difference]:
    """Give what stands on the other side of a verb or preposition, or in another order for no reason that is known."""
    known = sorted(p for p in pairs if not mine[p].text.endswith(listed("names.adverbs", language)))
    for position, word in enumerate(mine):
        left = max((p for p in known if p < position), default=None)
        right = min((p for p in known if p > position), default=None)
        if word.text in _class("relations", language):
            turns = [place for place, other in enumerate(theirs) if other.text == word.text]
            if turns and left is not None and all(_is_behind(left, right, pairs, theirs, place) for place in turns):
                yield Difference("roles", word.text, word.text)
        elif position in pairs and left is not None and right is not None:
            sides = ((place, min(pairs[left]) < place < max(pairs[right])) for place in pairs[position])
            if not all(keeps and _acts(mine, position, theirs, place, language) for place, keeps in sides):
                continue
            yield Difference("roles", word.text, word.text)
    order = _Order(mine, theirs, known, _placed(known, pairs), language)
    held = {place for places in pairs.values() for place in places}
    if (turn := order.unexplained(held)) is not None:
        yield Difference("order", mine[known[turn]].text, mine[known[turn + 1]].text)
    for one, other in pairwise(order.placed):
        if one < other and _has_own_subject(theirs, one, other, held, language):
            yield Difference("order", theirs[one].text, theirs[other].text)


def _placed(known: Sequence[int], pairs: Pairs) -> list[int]:
    """Return where each word of the claim stands in the evidence: of several places the one that keeps the order."""
    placed: list[int] = []
    for position in known:
        after = [place for place in pairs[position] if not placed or place > placed[-1]]
        placed.append(min(after, default=pairs[position][0]))
    return placed


@dataclass(frozen=True, slots=True)
class _Order:
    """The words of a claim at `known`, and where each is `placed` in the evidence."""

    mine: Sequence[Word]
    theirs: Sequence[Word]
    known: Sequence[int]
    placed: Sequence[int]
    language: str

    def unexplained(self, held: set[int]) -> int | None:
        """Return the first word whose follower comes before it in the evidence, where nothing explains that; else None."""
        turns = [n for n, (one, other) in enumerate(pairwise(self.placed)) if other < one]
        left = [n for n in turns if not (self._is_listed(n) or self._is_compound(n) or self._is_passive_once(n))]
        return None if not left or (len(turns) == 1 and self._is_moved(turns[0], held)) else left[0]

    def _is_listed(self, turn: int) -> bool:
        """Return whether two words are items of a list, whose order says nothing."""
        joins = word_set("numbers.and", self.language) | word_set("sentences.items_lead", self.language) | {","}
        between = {word.text for word in self.mine[self.known[turn] + 1 : self.known[turn + 1]]}
        return not between.isdisjoint(joins) and between <= joins | _class("determiners", self.language)

    def _is_compound(self, turn: int) -> bool:
        """Return whether "A of B" stands for "B A"."""
        between = {word.text for word in self.mine[self.known[turn] + 1 : self.known[turn + 1]]}
        there = self.theirs[self.placed[turn + 1] : self.placed[turn]]
        joins = _class("joins", self.language)
        is_near = len(there) <= _COMPOUND and all(word.carries for word in there)
        return is_near and not between.isdisjoint(joins) and between <= joins | _class("determiners", self.language)

    def _is_passive_once(self, turn: int) -> bool:
        """Return whether a verb next to the turn is passive in one of the two sentences only."""
        near = range(max(0, turn - 1), min(len(self.known), turn + 3))
        pairs = ((self.known[n], self.placed[n]) for n in near)
        return any(_is_passive(self.mine, p, self.language) != _is_passive(self.theirs, q, self.language) for p, q in pairs)

    def _is_moved(self, turn: int, held: set[int]) -> bool:
        """Return whether two parts only changed places: "In X, Y" and "Y in X", or "A is B" and "B is A"."""
        cut, placed = turn + 1, self.placed
        first = next(n for n, place in enumerate(placed) if place > placed[cut])
        last = next((n for n in range(len(placed) - 1, cut - 1, -1) if placed[n] < placed[turn]), cut)
        if sorted(placed) != [*placed[:first], *placed[cut : last + 1], *placed[first:cut], *placed[last + 1 :]]:
            return False
        here = {word.text for word in self.mine[self.known[turn] + 1 : self.known[cut]]}
        there = {word.text for word in self.theirs[placed[last] + 1 : placed[first]]}
        passive, articles = _class("passive", self.language), _class("determiners", self.language)
        if passive & here and passive & there:
            return True
        before = [word.text for word in self.theirs[max(0, placed[cut] - _OPENING) : placed[cut]] if not word.carries]
        opened = here & set(before) - articles - passive - _BREAKS
        governor = next((p for p in range(placed[cut] - 1, -1, -1) if self.theirs[p].carries), None)
        return bool(opened) and (governor is None or governor in held)


def _has_own_subject(theirs: Sequence[Word], one: int, other: int, held: set[int], language: str) -> bool:
    """Return whether the second of two words belongs to another clause, with a subject that the claim does not name."""
    joins = word_set("numbers.and", language) | word_set("negation.contrast", language) | {";"}
    for place in range(one + 1, other):
        if theirs[place].text in joins:
            skipped = any(theirs[p].carries and not theirs[p].is_name and p not in held for p in range(one + 1, place))
            first = next((p for p in range(place + 1, other) if theirs[p].carries), None)
            if skipped and first is not None and first not in held:
                return True
    return False


def _is_behind(left: int, right: int | None, pairs: Pairs, theirs: Sequence[Word], turn: int) -> bool:
    """Return whether what the claim says before a preposition stands after it in the evidence, and what follows it does not."""
    ends = [p for p in range(turn, len(theirs)) if theirs[p].text in ".;:"]
    after = range(turn + 1, min([turn + _FAR, *ends]))
    follows = right is not None and any(place in after for place in pairs[right])
    return all(place in after for place in pairs[left]) and not follows


def _is_passive(words: Sequence[Word], position: int, language: str) -> bool:
    """Return whether a word is a verb in the passive."""
    before = [word.text for word in words[max(0, position - _NEAR) : position]]
    after = _up_to_next(words, position)
    return bool(_class("passive", language) & set(before)) or bool(_class("agent", language) & after)


def _acts(mine: Sequence[Word], position: int, theirs: Sequence[Word], place: int, language: str) -> bool:
    """Return whether one of them says "by" after a verb and the other is active, though the same stands on the same sides."""
    agent = _class("agent", language)
    one, other = (bool(agent & _up_to_next(words, at)) for words, at in ((mine, position), (theirs, place)))
    active = theirs if one else mine
    return one != other and not _is_passive(active, place if one else position, language)


def _up_to_next(words: Sequence[Word], position: int) -> set[str]:
    """Return the small words between a word and the next one that carries a meaning."""
    return {word.text for word in takewhile(lambda word: not word.carries, words[position + 1 :])}


def _of_other_numbers(mine: Sequence[Word], theirs: Sequence[Word], pairs: Pairs) -> Iterator[Difference]:
    """Give a number that the evidence says of something else: there another one of its kind stands nearer to its word."""
    for position, number in enumerate(mine):
        held = [p for p, word in enumerate(theirs) if word.text == number.text]
        rivals = [p for p, word in enumerate(theirs) if word.number_kind == number.number_kind and word.text != number.text]
        if not number.number_kind or not held or not rivals:
            continue
        anchors = [pairs[p] for p in sorted(pairs, key=lambda p: abs(p - position))[:_ANCHORS]]
        others = [w.text for w in mine if w.number_kind not in ("", number.number_kind)]
        shared = [places for text in others if (places := [p for p, word in enumerate(theirs) if word.text == text])]
        rivals = [p for p in rivals if theirs[p].text not in {word.text for word in mine}]
        for anchor in [*shared, *anchors] if rivals else []:
            near, (far, rival) = (min((abs(a - p), p) for a in anchor for p in places) for places in (held, rivals))
            if near[0] != far:  # "lamps" does not tell in "20 lamps here, 40 lamps there"
                if far < near[0]:
                    yield Difference("number", number.text, theirs[rival].text)
                break
