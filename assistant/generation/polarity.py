"""Whether two sentences say yes or no to the same thing: negations with what they deny, and pairs of opposites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from assistant.generation.vocabulary import rows, word_set
from knowledge_base.text_terms import fold, stem, stop_words

Agreement = Literal["agree", "unsure", "conflict"]

_WORD = re.compile(r"[^\W_]+(?:['’](?:t|s)\b)?|[;:,.()]")
_REACH = 2  # of these, that it denies most likely
_SCOPE = 4  # content words after a negation that it may deny
_AND = frozenset(["and", "et"])
_SPANS = frozenset(";:.()")
_REPLY = re.compile(r"^\s*(?:yes|no|oui|non|si)\s*[,:;.–—-]+\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Denied:
    """A negation and the stems of the content words after it, the nearest first (before it, where none follow).

    The first `reach` of them are what it denies most likely.
    """

    stems: tuple[str, ...]
    reach: int = _REACH

    @property
    def near(self) -> tuple[str, ...]:
        """Return what it denies most likely."""
        return self.stems[: self.reach]


def compare(claim: str, evidence: str, language: str) -> Agreement:
    """Say whether a claim says the same yes or no as the evidence, in a language they share."""
    found = {_negations_agree(claim, evidence, language), _opposites_agree(claim, evidence, language)}
    if "conflict" in found:
        return "conflict"
    return "unsure" if "unsure" in found else "agree"


def overstates(claim: str, evidence: str, language: str) -> bool:
    """Say whether the claim holds a strong word ("all", "only", "must") that the evidence has in no like form."""
    code = "fr" if language == "fr" else "en"
    said = {fold(word) for word in _WORD.findall(claim)} & word_set("strong", code)
    held = {_stem(fold(word), code) for word in _WORD.findall(evidence)}
    return any(not held & _kin(word, code) for word in said)


@cache
def _stem(word: str, language: str) -> str:
    """Return the stem of a word, of an irregular English verb that of its first form."""
    forms = next((row.split() for row in rows("irregular") if word in row.split()), [word]) if language == "en" else [word]
    return stem(forms[0], language)


@cache
def _kin(word: str, language: str) -> frozenset[str]:
    kin = [row.split() for row in rows("kin") if word in row.split()]
    return frozenset(_stem(other, language) for row in [*kin, [word]] for other in row)


def _negations_agree(claim: str, evidence: str, language: str) -> Agreement:
    code = "fr" if language == "fr" else "en"
    mine, theirs = list(_denials(claim, code)), list(_denials(evidence, code))
    my_words, their_words = _stems(claim, code), _stems(evidence, code)
    verdicts = [_one_side(denied, my_words, theirs, their_words, code) for denied in mine]
    verdicts += [_one_side(denied, their_words, mine, my_words, code, omitted=True) for denied in theirs]
    if "conflict" in verdicts or _affirms_an_item(claim, evidence, code):
        return "conflict"
    if theirs and not mine and _is_close(my_words, their_words):
        return "unsure"
    return "unsure" if "unsure" in verdicts else "agree"


def _one_side(
    denied: _Denied, own: Sequence[str], others: Sequence[_Denied], words: Sequence[str], language: str, omitted: bool = False
) -> Agreement:
    """Look what one text denies up in the other: denied there too, affirmed there (a conflict), or not spoken of.

    `own` and `words` are the stems of this text and of the other. `omitted`: the claim may leave out what the evidence denies.
    """
    also = {word for other in others for word in other.stems}
    near = denied.near
    if any(word in also for word in (*denied.stems[:3], *near)) or any(set(other.near) & set(near) for other in others):
        return "agree"
    if any(_opposites_of(word, language) & set(words) for word in near):
        return "agree"
    shared = [word for word in denied.stems if word in words]
    if shared and shared[0] in near and not others and own.count(shared[0]) == 1:
        return "conflict"
    if shared:
        return "unsure"
    return "agree" if omitted or others else "unsure"


def _affirms_an_item(claim: str, evidence: str, language: str) -> bool:
    """Say whether a clause of the claim without a negation names one thing of those that the evidence denies ("nor B")."""
    words = _folded(evidence)
    starts = [position for position, word in enumerate(words) if word in word_set("negations", "coordinating")]
    ends = [*starts[1:], len(words)]
    items = [_after(words[:end], start, language)[:2] for start, end in zip(starts, ends, strict=False)]
    said = _folded(_plain(claim, language))
    clauses = {tuple(_clause(said, position)) for position in range(len(said))}
    affirmed = [set(_stems(" ".join(clause), language)) for clause in clauses if not any(_denials(" ".join(clause), language))]
    return len(clauses) > 1 and any(item and stems.issuperset(item) for item in items for stems in affirmed)


def _is_close(claim: Sequence[str], evidence: Sequence[str]) -> bool:
    """Say whether the claim takes over most of the words of the evidence."""
    return len(set(claim) & set(evidence)) >= 0.75 * len(set(evidence))


def _denials(text: str, language: str) -> Iterator[_Denied]:
    words = _folded(_plain(text, language))
    negations = word_set("negations", language)
    for position, word in enumerate(words):
        if word in word_set("negations", "halves") and language == "fr":
            continue
        if word in word_set("negations", "coordinating"):
            clause = _clause(words, position)
            around = tuple(_stem(w, language) for w in clause if w.isalnum() and w not in _unsaid(language))
            yield _Denied(around, len(around))
        elif word in negations:
            after = _after(words, position, language)
            first = _after(words[: _conjunction(words, position)], position, language)
            yield _Denied(after or _before(words, position, language), min(len(first) or _REACH, _REACH))
        elif (whole := _without_prefix(word)) and words[position - 1 : position] != ["not"]:
            yield _Denied((_stem(whole, language),))


def _folded(text: str) -> list[str]:
    return [fold(word).replace("’", "'") for word in _WORD.findall(text)]


def _clause(words: Sequence[str], position: int) -> Sequence[str]:
    """Return the words around a position up to those that begin a contrast ("but")."""
    breaks = [p for p, word in enumerate(words) if word in word_set("negations", "contrast") or word == ";"]
    start = max((p for p in breaks if p < position), default=-1)
    return words[start + 1 : min((p for p in breaks if p > position), default=len(words))]


def _plain(text: str, language: str) -> str:
    """Write "not" for phrases that say so; leave out negations that deny nothing, and the "no" that answers a question."""
    text = _REPLY.sub("", text)
    for phrase in rows("negations", "phrases"):
        text = re.sub(rf"\b{phrase}\b", " not " if language == "en" else " pas ", text, flags=re.IGNORECASE)
    for phrase in rows("negations", "doubles"):
        text = re.sub(rf"\b{phrase}\b", " ", text, flags=re.IGNORECASE)
    return text


def _without_prefix(word: str) -> str | None:
    """Return the word that a prefix denies ("nonbinding", "unlimited"), where that is one of the opposites' words."""
    for prefix in word_set("negations", "prefixes"):
        if word.startswith(prefix) and word[len(prefix) :] in word_set("negations", "prefixed"):
            return word[len(prefix) :]
    return None


def _after(words: Sequence[str], position: int, language: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in words[position + 1 :]:
        if word in _SPANS or len(found) == _SCOPE:
            break
        if word.isalnum() and word not in _unsaid(language):
            found.append(_stem(word, language))
    return tuple(found)


def _conjunction(words: Sequence[str], position: int) -> int:
    """Return where the next "and" after a position stands: what follows it is denied less likely."""
    return next((p for p in range(position, len(words)) if words[p] in _AND), len(words))


def _before(words: Sequence[str], position: int, language: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in reversed(words[:position]):
        if word in _SPANS or len(found) == _SCOPE:
            break
        if word.isalnum() and word not in _unsaid(language):
            found.append(_stem(word, language))
    return tuple(found)


@cache
def _unsaid(language: str) -> frozenset[str]:
    return stop_words(language) | word_set("negations", language) | word_set("negations", "between")


def _stems(text: str, language: str) -> list[str]:
    return [
        _stem(folded, language)
        for word in _WORD.findall(text)
        if (folded := fold(word)).isalnum() and folded not in stop_words(language)
    ]


def _opposites_agree(claim: str, evidence: str, language: str) -> Agreement:
    """Say "conflict" where the claim takes one side of a pair of opposites and the evidence the other side alone."""
    code = "fr" if language == "fr" else "en"
    mine, theirs = _sides(claim, code), _sides(evidence, code)
    opposed = [pair for pair in mine.keys() & theirs.keys() if mine[pair].isdisjoint(theirs[pair])]
    return "conflict" if opposed else "agree"


def _sides(text: str, language: str) -> dict[int, set[int]]:
    """Map each pair of opposites that a text speaks of to the sides it takes; what it denies counts for the other side."""
    held = [_stem(fold(word), language) for word in _WORD.findall(text) if word.isalnum()]
    denials = list(_denials(text, language))
    denied = {word for denial in denials for word in denial.near}
    maybe = {word for denial in denials for word in denial.stems} - denied
    taken: dict[int, set[int]] = {}
    for number, pair in enumerate(_pairs(language)):
        for side, words in enumerate(pair):
            for word in words.intersection(held):
                is_open = word in maybe or (word in denied and held.count(word) > 1)
                sides = {0, 1} if is_open else {1 - side} if word in denied else {side}
                taken.setdefault(number, set()).update(sides)
    return taken


@cache
def _opposites_of(word: str, language: str) -> frozenset[str]:
    return frozenset(
        other for pair in _pairs(language) for side, words in enumerate(pair) if word in words for other in pair[1 - side]
    )


@cache
def _pairs(language: str) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    sides = [row.split(" | ") for row in rows("opposites")]
    return tuple(
        (frozenset(_stem(word, language) for word in left.split()), frozenset(_stem(word, language) for word in right.split()))
        for left, right in sides
    )
