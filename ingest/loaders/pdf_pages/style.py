"""What is usual in a PDF document: the size of its body text, the distance of its lines, its words, its heading sizes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.loaders.pdf_pages.lines import LINE_END_HYPHEN, Line

_WORD = re.compile(rf"[\w{LINE_END_HYPHEN}]+(?:-[\w{LINE_END_HYPHEN}]+)*")
_KEEP_HYPHEN = frozenset({"self", "non", "ex", "quasi"})
_COMPOUNDING = frozenset({"cross", "well", "long", "short", "high", "low", "half", "two", "three", "four", "five"})
_ENDINGS = ("ened", "ening", "ered", "ering", "light")
_USUAL_PITCH = 1.35
_LARGEST_PITCH = 2.4
_ENOUGH_PITCHES = 3
_HEADING_RATIO = 1.12
_SAME_LEVEL_RATIO = 1.06


@dataclass(frozen=True, slots=True)
class Style:
    """Measures of a whole document, in points; `outline` gives the level of each title in the table of contents."""

    body_size: float
    body_bold: bool
    pitches: Mapping[int, float]
    words: frozenset[str]
    outline: Mapping[str, int]

    def pitch(self, size: float) -> float:
        """Return the usual distance between the baselines of two lines of this size."""
        return self.pitches.get(round(size), _USUAL_PITCH * size)

    def is_large(self, size: float) -> bool:
        """Tell whether text of this size stands out from the body."""
        return size >= _HEADING_RATIO * self.body_size

    def is_small(self, size: float) -> bool:
        """Tell whether text of this size is set as a note."""
        return size <= 0.9 * self.body_size


def measure(pages: Sequence[Sequence[Line]], outline: Mapping[str, int]) -> Style:
    """Measure the lines of a document; `outline`: letters of a title -> level from 1."""
    lines = [line for page in pages for line in page]
    sizes, bold = Counter[float](), 0
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
        bold += len(line.text) if line.bold else 0
    return Style(
        body_size=sizes.most_common(1)[0][0] if sizes else 0.0,
        body_bold=2 * bold > sizes.total(),
        pitches=_pitches(pages),
        words=words_of_lines(lines),
        outline=outline,
    )


def words_of_lines(lines: Sequence[Line]) -> frozenset[str]:
    """Return the words of a document, folded, that no line end divides."""
    return frozenset(_whole_words(lines))


def heading_levels(sizes: Iterable[float]) -> dict[float, int]:
    """Return the level of each heading size: the largest 1, nearly equal sizes the same, six at most."""
    levels: dict[float, int] = {}
    level, largest = 0, 0.0
    for size in sorted(set(sizes), reverse=True):
        if level == 0 or largest > _SAME_LEVEL_RATIO * size:
            level, largest = level + 1, size
        levels[size] = min(level, 6)
    return levels


def letters(text: str) -> str:
    """Return the letters and digits of `text`, folded, to compare titles."""
    return re.sub(r"[\W_]+", "", text).casefold()


def join_at_hyphen(before: str, after: str, words: frozenset[str]) -> bool:
    """Tell whether a hyphen at the end of a line only divides a word: `before` and `after` are its parts.

    The document's other words decide; where they say nothing, a capital or a digit after the hyphen keeps it.
    """
    if not after[:1].islower():
        return False
    compound, left, right = before.casefold(), before.casefold().split("-")[-1], after.casefold()
    if compound + right in words:
        return True
    if left in _COMPOUNDING and len(right) > 3 and not right.startswith(_ENDINGS):
        return False
    are_words = left in words and right in words and (left != compound or min(len(left), len(right)) > 2)
    return left not in _KEEP_HYPHEN and f"{compound}-{right}" not in words and not are_words


def _pitches(pages: Sequence[Sequence[Line]]) -> dict[int, float]:
    """Return the most usual distance of lines for each size; of several, the smallest."""
    found: dict[int, Counter[float]] = defaultdict(Counter)
    for page in pages:
        for upper, lower in pairwise(page):
            distance = upper.box.bottom - lower.box.bottom
            same = round(upper.size) == round(lower.size) and upper.box.overlap_across(lower.box) > 0
            if same and 0.6 * upper.size <= distance <= _LARGEST_PITCH * upper.size:
                found[round(upper.size)][round(distance)] += 1
    return {
        size: min(distance for distance, count in distances.items() if count >= 0.8 * max(distances.values()))
        for size, distances in found.items()
        if distances.total() >= _ENOUGH_PITCHES
    }


def _whole_words(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the words, and the parts of compounds, that no line end divides."""
    after_hyphen = False
    for line in lines:
        words = _WORD.findall(line.text)[int(after_hyphen) : -1 if line.text.endswith("-") else None]
        for word in words:
            if LINE_END_HYPHEN not in word:
                yield word.casefold()
                yield from word.casefold().split("-")
        after_hyphen = line.text.endswith((LINE_END_HYPHEN, "-"))
