"""Words written as names: of people, bodies, works."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from knowledge_base.language.dates import MONTHS
from knowledge_base.language.numbers import NUMBER_WORDS
from knowledge_base.language.vocabulary import listed, word_set
from knowledge_base.language.words import fold, split_words, stop_words

_OPENING_MARKS = " \n\t“\"«(‘'’-*•"
_ELIDED = re.compile(r"\b[dlqsnjc]u?$", re.IGNORECASE)
_ENDS = ".:!?;\n"
_SHORTEST_ADVERB = 6
_MOST_INITIALS = 7


@dataclass(frozen=True, slots=True)
class Name:
    """A word written as a name, folded; `is_doubtful` where only its place at the head of a sentence makes it look like one.

    `run` are the folded words of the run of capitalised words that it stands in.
    """

    word: str
    is_doubtful: bool = False
    run: tuple[str, ...] = ()


def names_in(text: str, language: str, places: Set[int]) -> Iterator[Name]:
    """Give the names of a text; `places` are the positions of those of its split words that name places."""
    written = split_words(text)
    runs = _runs(text, written, places)
    no_names = word_set("names.titles") | NUMBER_WORDS | MONTHS.keys()
    for position, (word, offset) in enumerate(written):
        folded = fold(word)
        if position in places or not _looks_like_a_name(word) or folded in no_names:
            continue
        before = _ELIDED.sub("", text[:offset].rstrip(_OPENING_MARKS)).rstrip(_OPENING_MARKS)
        heads = not before or before[-1] in _ENDS
        if heads and _may_be_lower(text, written[position : position + 2], language):
            continue
        inner = any(c.isupper() for c in word[1:]) or "." in word
        yield Name(folded, heads and not inner and len(runs[position]) == 1, runs[position])


def initials(text: str) -> frozenset[str]:
    """Return the folded initials of all runs of two to seven capitalised words, small words between them left out."""
    found: set[str] = set()
    letters: list[str] = []
    for word, _ in split_words(text):
        if word[:1].isupper():
            letters.append(fold(word[0]))
            found |= {"".join(letters[-length:]) for length in range(2, min(_MOST_INITIALS, len(letters)) + 1)}
        elif fold(word) not in word_set("names.small_words"):
            letters = []
    return frozenset(found)


def _looks_like_a_name(word: str) -> bool:
    return word[:1].isupper() and len(word) > 1


def _may_be_lower(text: str, pair: Sequence[tuple[str, int]], language: str) -> bool:
    """Return whether the first of two words, at the head of a sentence, may be no name: "Neither", "Founded (in)"."""
    word, after = pair[0][0], pair[-1][0]
    folded = fold(word)
    is_adverb = folded.endswith(listed("names.adverbs")) and len(folded) >= _SHORTEST_ADVERB
    is_participle = word.endswith(listed("names.participles", language)) and after.islower()
    return (
        folded in stop_words(language) | word_set("names.openings")
        or is_adverb
        or (is_participle and fold(after) in stop_words(language))
        or bool(re.search(rf"\b{re.escape(word.lower())}\b", text))
    )


def _runs(text: str, written: Sequence[tuple[str, int]], places: Set[int]) -> dict[int, tuple[str, ...]]:
    """Map each position to the folded words of the run of capitalised words that it stands in."""
    runs: list[list[int]] = [[]]
    for position, (word, offset) in enumerate(written):
        before, start = written[position - 1]
        is_apart = position == 0 or bool(text[start + len(before) : offset].strip())
        if not _looks_like_a_name(word) or position in places:
            runs.append([])
        elif is_apart:
            runs.append([position])
        else:
            runs[-1].append(position)
    return {position: tuple(fold(written[p][0]) for p in run) for run in runs for position in run}
