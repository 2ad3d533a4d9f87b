"""Text that is struck out, by an annotation or a line drawn through it, and text that is blacked out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ingest.loaders.pdf_pages.lines import Box, PageCharacters, Word

_LOWEST, _HIGHEST = 0.27, 0.66
_OVERHANG = 0.7
_THICKEST = 0.28
_SHORTEST = 3.0
_MOST_RULES = 1000
_MOST_MARKED = 200
_COVERED, _TALLEST_BAR = 0.5, 4.0
_STEP, _TALLEST = 8.0, 400.0


class Struck(NamedTuple):
    """The extractor's indices of the struck characters, and how many passages they make."""

    indices: frozenset[int]
    passages: int


def find_covered(page: PageCharacters, words: Sequence[Word], dark: Sequence[Box]) -> Struck:
    """Return what is blacked out: dark letters in `dark` boxes, which nobody can read on the page."""
    found: set[int] = set()
    for box in dark[:_MOST_MARKED]:
        for word in words:
            if _is_covered(word, box) and _meets(word.box, box) and page.is_dark(word.start):
                found |= set(_inside(word, box, page))
    return Struck(frozenset(found), _passages(found, page.codes))


def _is_covered(word: Word, box: Box) -> bool:
    height = word.box.top - word.box.bottom
    return word.box.overlap_down(box) > _COVERED * height and box.top - box.bottom < _TALLEST_BAR * height


def find_struck(page: PageCharacters, words: Sequence[Word], rules: Sequence[Box], marked: Sequence[Box]) -> Struck:
    """Return what is struck out by drawn `rules`, thin lines across, and in the `marked` boxes of annotations."""
    rules = [rule for rule in rules if rule.right - rule.left >= _SHORTEST][:_MOST_RULES]
    found: set[int] = set()
    by_height = _by_height(words) if rules else {}
    for rule in rules:
        found |= set(_under_rule(rule, by_height.get(int(rule.bottom // _STEP), ()), page))
    for box in marked[:_MOST_MARKED]:
        found |= {index for word in words if _meets(word.box, box) for index in _inside(word, box, page)}
    return Struck(frozenset(found), _passages(found, page.codes))


def _by_height(words: Iterable[Word]) -> dict[int, list[Word]]:
    """Return the words whose middle passes each step of the page's height."""
    found: dict[int, list[Word]] = defaultdict(list)
    for word in words:
        height = word.box.top - word.box.bottom
        lowest, highest = word.box.bottom + _LOWEST * height, word.box.bottom + _HIGHEST * height
        for step in range(int(lowest // _STEP), int(min(highest, lowest + _TALLEST) // _STEP) + 1):
            found[step].append(word)
    return found


def _under_rule(rule: Box, words: Iterable[Word], page: PageCharacters) -> Iterator[int]:
    """Yield the characters that a rule runs through the middle of, where it begins and ends with them."""
    middle = (rule.bottom + rule.top) / 2
    crossed = [word for word in words if _meets(word.box, rule) and _runs_through(middle, word)]
    if not crossed or rule.top - rule.bottom > max(2.0, _THICKEST * crossed[0].size):
        return
    overhang = _OVERHANG * crossed[0].size
    left, right = min(word.box.left for word in crossed), max(word.box.right for word in crossed)
    if rule.left >= left - overhang and rule.right <= right + overhang:
        for word in crossed:
            yield from _inside(word, rule, page)


def _runs_through(middle: float, word: Word) -> bool:
    height = word.box.top - word.box.bottom
    return word.box.bottom + _LOWEST * height <= middle <= word.box.bottom + _HIGHEST * height


def _meets(one: Box, other: Box) -> bool:
    return one.left < other.right and other.left < one.right and one.bottom < other.top and other.bottom < one.top


def _inside(word: Word, box: Box, page: PageCharacters) -> Iterator[int]:
    for index in range(word.start, word.end):
        character = page.box(index)
        across, up = (character.left + character.right) / 2, (character.bottom + character.top) / 2
        height = character.top - character.bottom
        if box.left <= across <= box.right and box.bottom - height / 2 <= up <= box.top + height / 2:
            yield index


def _passages(struck: set[int], codes: Sequence[int]) -> int:
    """Count the runs of struck characters; spaces and line ends between them do not divide a run."""
    count, last = 0, -2
    for index in sorted(struck):
        between = range(last + 1, index)
        if last < 0 or any(not chr(codes[other]).isspace() for other in between):
            count += 1
        last = index
    return count
