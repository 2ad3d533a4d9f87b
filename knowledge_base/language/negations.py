"""What a text denies: its negations, each with the words that it may deny."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from knowledge_base.language.vocabulary import listed, pattern, word_set
from knowledge_base.language.words import fold, stem, stop_words

WORD = re.compile(r"[^\W_]+(?:['’](?:t|s)\b)?|[;:,.()]")
_REPLY = pattern(r"^\s*{negation.replies}\s*[,:;.–—-]+\s+")
_NOT = pattern(r"\b{negation.phrases}\b")
_DENIES_NOTHING = pattern(r"\b{negation.doubles}\b")
_REACH = 2  # of the words after it, that a negation denies most likely
_SCOPE = 4  # content words after a negation that it may deny
_ENDS_OF_SCOPE = frozenset(";:.()")


@dataclass(frozen=True, slots=True)
class Negation:
    """A negation by the stems of the content words after it, the nearest first (before it, where none follow).

    The first `reach` of them are what it denies most likely.
    """

    stems: tuple[str, ...]
    reach: int = _REACH

    @property
    def near(self) -> tuple[str, ...]:
        """Return what it denies most likely."""
        return self.stems[: self.reach]


def negations_in(text: str, language: str) -> Iterator[Negation]:
    """Give the negations of a text in "en" or "fr"."""
    words = folded_marks(plainly_denied(text, language))
    for position, word in enumerate(words):
        if word in word_set("negation.halves", language):
            continue
        if word in word_set("negation.coordinating"):
            around = tuple(form_stem(w, language) for w in clause_around(words, position) if _may_be_denied(w, language))
            yield Negation(around, len(around))
        elif word in word_set("negation.words", language):
            after, before = words[position + 1 :], reversed(words[:position])
            first = takewhile(lambda w: w not in word_set("negation.and"), after)  # what follows "and" is denied less likely
            reach = min(len(first_denied(first, language)) or _REACH, _REACH)
            yield Negation(first_denied(after, language) or first_denied(before, language), reach)
        elif (whole := _without_prefix(word)) and words[position - 1 : position] != ["not"]:
            yield Negation((form_stem(whole, language),))


def folded_marks(text: str) -> list[str]:
    """Return the words of a text, folded, and its marks, in order."""
    return [fold(word).replace("’", "'") for word in WORD.findall(text)]


def plainly_denied(text: str, language: str) -> str:
    """Write "not" for phrases that say so; leave out negations that deny nothing, and the "no" that answers a question."""
    return _DENIES_NOTHING.sub(" ", _NOT.sub(f" {listed('negation.not', language)[0]} ", _REPLY.sub("", text)))


def clause_around(words: Sequence[str], position: int) -> Sequence[str]:
    """Return the words around a position up to those that begin a contrast ("but")."""
    breaks = [p for p, word in enumerate(words) if word in word_set("negation.contrast") or word == ";"]
    start = max((p for p in breaks if p < position), default=-1)
    return words[start + 1 : min((p for p in breaks if p > position), default=len(words))]


def first_denied(words: Iterable[str], language: str) -> tuple[str, ...]:
    """Return the stems of the first words that a negation before them may deny."""
    found: list[str] = []
    for word in words:
        if word in _ENDS_OF_SCOPE or len(found) == _SCOPE:
            break
        if _may_be_denied(word, language):
            found.append(form_stem(word, language))
    return tuple(found)


def _may_be_denied(word: str, language: str) -> bool:
    unsaid = (word_set("negation.words", language), word_set("negation.between"), stop_words(language))
    return word.isalnum() and not any(word in words for words in unsaid)


@cache
def _without_prefix(word: str) -> str | None:
    """Return the word that a prefix denies ("nonbinding", "unlimited"), where that is one of the opposites' words."""
    bare = (word.removeprefix(prefix) for prefix in listed("negation.prefixes") if word.startswith(prefix))
    return next((rest for rest in bare if rest in word_set("negation.prefixed")), None)


@cache
def form_stem(word: str, language: str) -> str:
    """Return the stem of a word, of an irregular English verb that of its first form."""
    forms = map(str.split, listed("forms.irregular", language))
    return stem(next((row[0] for row in forms if word in row), word), language)
